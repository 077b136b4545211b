"""Builds of CodeBuild. moto keeps the projects; what it calls a build always succeeds."""

from __future__ import annotations

import threading
import uuid
from dataclasses import dataclass, field
from typing import Any

from moto.codebuild.models import codebuild_backends

from rehearsal.account import ACCOUNT
from rehearsal.clock import Clock
from rehearsal.codebuild.run import BuildTimedOut, Order, run
from rehearsal.errors import ApiError
from rehearsal.http import Request, Response, json_response
from rehearsal.jobs.work import Work
from rehearsal.machine import Machine
from rehearsal.sagemaker.resource import Outcome

_STATUS = {
    "Succeeded": "SUCCEEDED",
    "Failed": "FAILED",
    "Stopped": "STOPPED",
    "TimedOut": "TIMED_OUT",
}
_CODE = {"TimedOut": "BUILD_TIMED_OUT"}
# "from 5 to 2160 ... The default is 60 minutes" (Project$timeoutInMinutes, CodeBuild API).
_TIMEOUT_MINUTES = 60


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
        # Of projects that moto is about to make: it drops them.
        self._limits: dict[tuple[str, str], int] = {}
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
        with self._lock:
            self._keep_limits()
            if request.operation == "CreateProject":
                self._await_limit(request.json, request.region)
            operation = self._operations.get(request.operation)
            if operation is None:
                return None
            return json_response(operation(request.json, request.region))

    def _await_limit(self, params: dict[str, Any], region: str) -> None:
        name = params.get("name", "")
        self._limits.pop((region, name), None)
        if _find(name, region) is None and "concurrentBuildLimit" in params:
            self._limits[(region, name)] = params["concurrentBuildLimit"]

    def _keep_limits(self) -> None:
        for (region, name), limit in list(self._limits.items()):
            project = _find(name, region)
            if project is not None:
                project["concurrentBuildLimit"] = limit
                del self._limits[(region, name)]

    def _start(self, params: dict[str, Any], region: str) -> dict[str, Any]:
        name = params.get("projectName", "")
        project = _project(name, region)
        self._admit(project, region)
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
            try:
                run(order, self._machine, stopping, lambda *phase: self._note(build, *phase))
            except BuildTimedOut:
                return Outcome("TimedOut", "Build has timed out. ")
            return Outcome("Succeeded")

        self._builds[(region, order.id)] = build
        build.work = Work(order.id, work)
        return {"build": self._shown(build)}

    def _admit(self, project: dict[str, Any], region: str) -> None:
        """Raises ApiError for one build more than the project may have at once.

        "Builds return an error if the number of running builds reaches the concurrent build
        limit for the project" (CodeBuild user guide, builds-working); its words are ours.
        """
        limit = project.get("concurrentBuildLimit", 0)
        running = sum(
            where == region
            and build.shown["projectName"] == project["name"]
            and build.work is not None
            and build.work.poll() is None
            for (where, _), build in self._builds.items()
        )
        # "To remove this limit, set this value to -1" (UpdateProject).
        if 0 < limit <= running:
            raise ApiError(
                "AccountLimitExceededException",
                f"Cannot have more than {limit} running builds for the project {project['name']}",
            )

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
            code = _CODE.get(outcome.status, "CLIENT_ERROR")
            context = [{"statusCode": code, "message": outcome.reason}]
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
    """A project as moto keeps it, to be read and changed. Raises ApiError when there is none."""
    found = _find(name, region)
    if found is None:
        raise ApiError("ResourceNotFoundException", f"Project cannot be found: {name}")
    return found


def _find(name: str, region: str) -> dict[str, Any] | None:
    found = codebuild_backends[ACCOUNT][region].codebuild_projects.get(name)
    kept: dict[str, Any] | None = found.project_metadata if found else None
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
        timeout_seconds=60
        * (
            params.get("timeoutInMinutesOverride")
            or project.get("timeoutInMinutes")
            or _TIMEOUT_MINUTES
        ),
    )
