"""Builds of CodeBuild. moto keeps the projects; what it calls a build always succeeds."""

from __future__ import annotations

import threading
import uuid
from dataclasses import dataclass, field
from typing import Any

from moto.codebuild.models import codebuild_backends

from rehearsal.account import ACCOUNT
from rehearsal.clock import Clock
from rehearsal.codebuild.run import Order, run
from rehearsal.errors import ApiError
from rehearsal.http import Request, Response, json_response
from rehearsal.jobs.work import Work
from rehearsal.machine import Machine
from rehearsal.sagemaker.resource import Outcome

_STATUS = {"Succeeded": "SUCCEEDED", "Failed": "FAILED", "Stopped": "STOPPED"}


@dataclass(slots=True)
class _Build:
    """One build, as BatchGetBuilds shows it, and the thread that does it."""

    shown: dict[str, Any]
    phases: list[dict[str, Any]] = field(default_factory=list)
    work: Work | None = None


class CodeBuild:
    """Builds, and UpdateProject, which moto lacks; moto answers the rest of projects."""

    def __init__(self, machine: Machine, clock: Clock) -> None:
        self._machine = machine
        self._clock = clock
        self._builds: dict[tuple[str, str], _Build] = {}
        self._lock = threading.Lock()
        self._operations = {
            "StartBuild": self._start,
            "BatchGetBuilds": self._get,
            "StopBuild": self._stop,
            "ListBuilds": self._list,
            "ListBuildsForProject": self._list,
            "UpdateProject": self._update,
        }

    def answer(self, request: Request) -> Response | None:
        """The answer to an operation of builds, None for one of projects that moto has."""
        operation = self._operations.get(request.operation)
        if operation is None:
            return None
        with self._lock:
            return json_response(operation(request.json, request.region))

    def _start(self, params: dict[str, Any], region: str) -> dict[str, Any]:
        name = params.get("projectName", "")
        project = _project(name, region)
        order = _order(params, project, region)
        group, stream = order.stream
        build = _Build(
            {
                "id": order.id,
                "arn": f"arn:aws:codebuild:{region}:{ACCOUNT}:build/{order.id}",
                "projectName": name,
                "startTime": self._clock.now(),
                "currentPhase": "SUBMITTED",
                "buildStatus": "IN_PROGRESS",
                "buildComplete": False,
                "source": project["source"],
                "environment": project["environment"],
                "serviceRole": project["serviceRole"],
                "logs": {"groupName": group, "streamName": stream},
            }
        )
        self._note(build, "SUBMITTED", "SUCCEEDED")

        def work(stopping: threading.Event) -> Outcome:
            run(order, self._machine, stopping, lambda *phase: self._note(build, *phase))
            return Outcome("Succeeded")

        self._builds[(region, order.id)] = build
        build.work = Work(order.id, work)
        return {"build": self._shown(build)}

    def _get(self, params: dict[str, Any], region: str) -> dict[str, Any]:
        found, missing = [], []
        for wanted in params.get("ids", []):
            build = self._builds.get((region, wanted))
            if build is None:
                missing.append(wanted)
            else:
                found.append(self._shown(build))
        return {"builds": found, "buildsNotFound": missing}

    def _stop(self, params: dict[str, Any], region: str) -> dict[str, Any]:
        build = self._builds.get((region, params.get("id", "")))
        if build is None or build.work is None:
            raise ApiError("ResourceNotFoundException", "Build cannot be found")
        build.work.stop()
        return {"build": self._shown(build)}

    def _list(self, params: dict[str, Any], region: str) -> dict[str, Any]:
        wanted = params.get("projectName")
        ids = [
            build.shown["id"]
            for (where, _), build in self._builds.items()
            if where == region and wanted in (None, build.shown["projectName"])
        ]
        descending = params.get("sortOrder", "DESCENDING") == "DESCENDING"
        return {"ids": ids[::-1] if descending else ids}

    def _update(self, params: dict[str, Any], region: str) -> dict[str, Any]:
        """What a request does not name stays ("UpdateProject", CodeBuild API reference)."""
        project = _project(params.get("name", ""), region)
        project.update(params)
        return {"project": project}

    def _shown(self, build: _Build) -> dict[str, Any]:
        outcome = build.work.poll() if build.work else None
        if outcome is not None and not build.shown["buildComplete"]:
            status = _STATUS[outcome.status]
            context = [{"statusCode": "CLIENT_ERROR", "message": outcome.reason}]
            self._note(
                build, "COMPLETED", status, **({"contexts": context} if outcome.reason else {})
            )
            build.shown |= {
                "buildComplete": True,
                "buildStatus": status,
                "endTime": self._clock.now(),
            }
        return {**build.shown, "phases": list(build.phases)}

    def _note(self, build: _Build, name: str, status: str, **more: Any) -> None:
        now = self._clock.now()
        phase = {"phaseType": name, "phaseStatus": status, "startTime": now, "endTime": now}
        build.phases.append({**phase, **more})
        build.shown["currentPhase"] = name


def _project(name: str, region: str) -> dict[str, Any]:
    """A project as moto keeps it, to be read and changed."""
    found = codebuild_backends[ACCOUNT][region].codebuild_projects.get(name)
    if found is None:
        raise ApiError("ResourceNotFoundException", f"Project cannot be found: {name}")
    kept: dict[str, Any] = found.project_metadata
    return kept


def _order(params: dict[str, Any], project: dict[str, Any], region: str) -> Order:
    """What a request and its project ask for. Raises ApiError for sources other than S3."""
    source, environment = project["source"], project["environment"]
    kind = params.get("sourceTypeOverride", source["type"])
    if kind != "S3":
        raise ApiError("InvalidInputException", f"not built locally: a source of type {kind}")
    variables = {
        entry["name"]: entry["value"]
        for entry in (
            *environment.get("environmentVariables", []),
            *params.get("environmentVariablesOverride", []),
        )
        if entry.get("type", "PLAINTEXT") == "PLAINTEXT"
    }
    return Order(
        id=f"{params['projectName']}:{uuid.uuid4()}",
        project=params["projectName"],
        region=region,
        source=params.get("sourceLocationOverride", source.get("location", "")),
        buildspec=params.get("buildspecOverride", source.get("buildspec", "")),
        variables=variables,
        privileged=bool(
            params.get("privilegedModeOverride", environment.get("privilegedMode", False))
        ),
    )
