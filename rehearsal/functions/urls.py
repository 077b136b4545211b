"""Function URLs, served for real on loopback."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from moto.awslambda.models import lambda_backends

from rehearsal.account import ACCOUNT
from rehearsal.errors import ApiError
from rehearsal.functions import records
from rehearsal.functions.doors import Doors
from rehearsal.functions.messages import (
    HttpAnswer,
    HttpRequest,
    Route,
    answer_of,
    cross_origin,
    event_of,
    is_preflight,
)
from rehearsal.functions.runner import Functions

# "Starting in October 2025, new function URLs will require both lambda:InvokeFunctionUrl and
# lambda:InvokeFunction permissions" (Lambda developer guide, "Control access to Lambda
# function URLs").
_PUBLIC = ("lambda:InvokeFunctionUrl", "lambda:InvokeFunction")
_FORBIDDEN = {"Message": "Forbidden"}


class FunctionUrls:
    """The URL configurations, which moto keeps, and what answers at them."""

    def __init__(self, functions: Functions, doors: Doors) -> None:
        self._functions = functions
        self._doors = doors

    def create(self, region: str, name: str, params: dict[str, Any]) -> dict[str, Any]:
        """CreateFunctionUrlConfig."""
        found = records.record(region, name)
        if found.url_config is not None:
            raise ApiError(
                "ResourceConflictException",
                "Failed to create function url config for [functionArn = "
                f"{found.function_arn}]. Error message:  FunctionUrlConfig exists for this "
                "Lambda function",
                409,
                {"Type": "User"},
            )
        if params.get("InvokeMode") == "RESPONSE_STREAM":
            raise ApiError(
                "InvalidParameterValueException",
                "The local AWS does not have the invoke mode RESPONSE_STREAM.",
            )
        config = records.backend(region).create_function_url_config(name, params)
        config.url = self._open(region, found.function_name)
        return _shown(config)

    def get(self, region: str, name: str) -> dict[str, Any]:
        """GetFunctionUrlConfig."""
        records.record(region, name)
        with records.motos_refusals():
            return _shown(records.backend(region).get_function_url_config(name))

    def update(self, region: str, name: str, params: dict[str, Any]) -> dict[str, Any]:
        """UpdateFunctionUrlConfig."""
        self.get(region, name)
        return _shown(records.backend(region).update_function_url_config(name, params))

    def delete(self, region: str, name: str) -> None:
        """DeleteFunctionUrlConfig."""
        self.get(region, name)
        records.backend(region).delete_function_url_config(name)

    def list(self, region: str, name: str) -> dict[str, Any]:
        """ListFunctionUrlConfigs: moto has one at most, that of $LATEST."""
        config = records.record(region, name).url_config
        return {"FunctionUrlConfigs": [_shown(config)] if config else []}

    def keys(self) -> Iterator[str]:
        """The keys of the listeners that are to stay."""
        for region, backend in list(lambda_backends[ACCOUNT].items()):
            for found in list(backend.list_functions()):
                if found.url_config is not None:
                    yield _key(region, found.function_name)

    def _open(self, region: str, name: str) -> str:
        def serve(request: HttpRequest) -> HttpAnswer:
            return self.serve(region, name, request)

        return f"{self._doors.open(_key(region, name), serve)}/"

    def serve(self, region: str, name: str, request: HttpRequest) -> HttpAnswer:
        """Answer a request at a function's URL.

        What differs from AWS: a signature is asked for, not verified.
        """
        found = records.record(region, name)
        if found.url_config is None:
            return HttpAnswer.json(404, {"Message": None})
        cors = _camel(found.url_config.config.get("Cors"))
        extra = cross_origin(request, cors)
        if is_preflight(request, cors):
            return HttpAnswer(200, tuple(extra), b"")
        if not _admitted(found, request):
            return HttpAnswer.json(403, _FORBIDDEN).plus(extra)
        public = found.url_config.config.get("AuthType") == "NONE"
        route = Route(
            key="$default",
            stage="$default",
            api=name,
            account="anonymous" if public else ACCOUNT,
            path=request.path,
        )
        event = json.dumps(event_of(request, route)).encode()
        try:
            outcome = self._functions.invoke(region, name, event)
        except ApiError as error:
            return HttpAnswer.json(error.status, {"Message": error.message}).plus(extra)
        answer = None if outcome.failed else answer_of(outcome.payload)
        if answer is None:
            # Seen as 502 "Internal Server Error"; the guide does not give the body.
            answer = HttpAnswer(
                502, (("Content-Type", "application/json"),), b"Internal Server Error"
            )
        return answer.plus([*extra, ("x-amzn-RequestId", outcome.request_id)])


def _admitted(found: Any, request: HttpRequest) -> bool:
    if found.url_config.config.get("AuthType") == "AWS_IAM":
        return is_signed(request)
    return all(allows(found, "*", action) for action in _PUBLIC)


def is_signed(request: HttpRequest) -> bool:
    """Whether a request carries a signature, in its headers or its query string."""
    return request.header("authorization").startswith("AWS4-") or (
        "X-Amz-Signature=" in request.query
    )


def allows(found: Any, principal: str, action: str) -> bool:
    """Whether a function's resource policy lets everyone ("*") or a service do something.

    Conditions and source ARNs are not evaluated.
    """
    for statement in list(found.policy.statements):
        who = statement.get("Principal")
        names = list(who.values()) if isinstance(who, dict) else [who]
        what = statement.get("Action")
        if principal in names and what in (action, "lambda:*", "*"):
            return True
    return False


def _key(region: str, name: str) -> str:
    return f"url {region} {name}"


def _shown(config: Any) -> dict[str, Any]:
    shown = {k: v for k, v in config.to_dict().items() if v is not None}
    mode = shown.get("InvokeMode")
    return {**shown, "InvokeMode": "BUFFERED" if mode == "Buffered" else mode}


def _camel(cors: dict[str, Any] | None) -> dict[str, Any]:
    return {name[0].lower() + name[1:]: value for name, value in (cors or {}).items()}
