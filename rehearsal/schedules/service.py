"""EventBridge Scheduler's API where moto's is not enough: what AWS refuses, and updates."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import unquote

from botocore.model import ServiceModel
from moto.scheduler.models import scheduler_backends

from rehearsal.account import ACCOUNT
from rehearsal.errors import ApiError, invalid
from rehearsal.functions import records
from rehearsal.http import Request, Response
from rehearsal.schedules.expressions import parse
from rehearsal.validation import validate

_PATH = re.compile(r"/(schedules|schedule-groups)/([^/]+)")
_FUNCTION = re.compile(r"arn:aws[a-z-]*:lambda:[^:]+:\d{12}:function:[^:]+(:[^:]+)?")


class SchedulerService:
    """Answers the creation and update of schedules, and the creation of groups; moto answers
    everything else."""

    def __init__(self, model: ServiceModel) -> None:
        self._model = model

    def answer(self, request: Request) -> Response | None:
        found = _PATH.fullmatch(request.path)
        if found is None or request.method not in ("POST", "PUT"):
            return None
        kind, name = found[1], unquote(found[2])
        params = {**request.json, "Name": name}
        if kind == "schedule-groups":
            validate(self._input("CreateScheduleGroup"), params)
            return _create_group(request.region, name)
        operation = "CreateSchedule" if request.method == "POST" else "UpdateSchedule"
        validate(self._input(operation), params)
        _check(params, request.region)
        backend = scheduler_backends[ACCOUNT][request.region]
        values = {
            "description": params.get("Description"),
            "end_date": params.get("EndDate"),
            "flexible_time_window": params["FlexibleTimeWindow"],
            "group_name": params.get("GroupName"),
            "kms_key_arn": params.get("KmsKeyArn"),
            "name": name,
            "schedule_expression": params["ScheduleExpression"],
            "schedule_expression_timezone": params.get("ScheduleExpressionTimezone"),
            "start_date": params.get("StartDate"),
            "state": params.get("State", "ENABLED"),
            "target": params["Target"],
        }
        after = params.get("ActionAfterCompletion", "NONE")
        with records.motos_refusals():
            backend.get_schedule_group(params.get("GroupName"))
            if operation == "CreateSchedule":
                schedule = backend.create_schedule(**values, action_after_completion=after)
            else:
                schedule = backend.update_schedule(**values)
                schedule.action_after_completion = after
        return _json({"ScheduleArn": schedule.arn})

    def _input(self, operation: str) -> Any:
        return self._model.operation_model(operation).input_shape


def _create_group(region: str, name: str) -> Response | None:
    """CreateScheduleGroup refuses a name that is taken; moto would empty the group."""
    if name in scheduler_backends[ACCOUNT][region].schedule_groups:
        raise ApiError("ConflictException", f"Schedule group {name} already exists.", 409)
    return None


def _check(params: dict[str, Any], region: str) -> None:
    """Raise what AWS refuses, in its words, and what the local AWS does not have."""
    expression = params["ScheduleExpression"]
    zone = params.get("ScheduleExpressionTimezone") or "UTC"
    try:
        parse(expression, zone)
    except ValueError as error:
        if str(error).startswith("no time zone"):  # AWS's wording is not confirmed
            raise invalid(f"Invalid Schedule Expression Timezone {zone}.") from error
        raise invalid(f"Invalid Schedule Expression {expression}.") from error
    target = params["Target"]
    if not _FUNCTION.fullmatch(target["Arn"]):
        raise invalid(
            "The local AWS does not have schedule targets other than Lambda functions: "
            f"{target['Arn']}"
        )
    if not records.may_be_assumed_by(target["RoleArn"], "scheduler.amazonaws.com", region):
        raise invalid(
            "The execution role you provide must allow AWS EventBridge Scheduler to assume the "
            "role."
        )


def _json(answer: Any) -> Response:
    return Response(200, json.dumps(answer).encode(), [("Content-Type", "application/json")])
