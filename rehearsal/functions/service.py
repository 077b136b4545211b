"""Lambda's API where it is ours: invocations and function URLs. moto keeps the records."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import unquote

from rehearsal.errors import ApiError
from rehearsal.functions import records
from rehearsal.functions.background import Background
from rehearsal.functions.runner import Functions
from rehearsal.functions.urls import FunctionUrls
from rehearsal.http import Request, Response

_FUNCTIONS = re.compile(r"/[\d-]+/functions/?")
_PATH = re.compile(
    r"/[\d-]+/functions/(?P<name>.+)"
    r"/(?P<what>invocations|invoke-async|response-streaming-invocations|urls|url|configuration)/?"
)


class LambdaService:
    """Answers what moto does not have, or has only as a record."""

    def __init__(self, functions: Functions, background: Background, urls: FunctionUrls) -> None:
        self._functions = functions
        self._background = background
        self._urls = urls

    def answer(self, request: Request) -> Response | None:
        if request.method == "POST" and _FUNCTIONS.fullmatch(request.path):
            return _create(request)
        found = _PATH.fullmatch(request.path)
        if found is None:
            return None
        name, what = unquote(found["name"]), found["what"]
        if what == "invocations":
            return self._invoke(request, name)
        if what in ("url", "urls"):
            return self._url(request, name, what)
        if what == "configuration":
            return _configure(request, name) if request.method == "PUT" else None
        raise ApiError("InvalidParameterValueException", f"The local AWS does not have {what}.")

    def _invoke(self, request: Request, name: str) -> Response:
        """Invoke."""
        qualifier = request.query.get("Qualifier")
        kind = request.environ.get("HTTP_X_AMZ_INVOCATION_TYPE", "RequestResponse")
        if kind == "DryRun":
            records.find(request.region, name, qualifier)
            return Response(204, b"")
        if kind == "Event":
            self._background.enqueue(request.region, name, request.body, qualifier)
            return Response(202, b"")
        outcome = self._functions.invoke(request.region, name, request.body, qualifier)
        headers = [
            ("Content-Type", "application/json"),
            ("X-Amz-Executed-Version", outcome.version),
        ]
        if outcome.failed:
            headers.append(("X-Amz-Function-Error", "Unhandled"))
        if request.environ.get("HTTP_X_AMZ_LOG_TYPE") == "Tail":
            headers.append(("X-Amz-Log-Result", outcome.log))
        return Response(200, outcome.payload, headers)

    def _url(self, request: Request, name: str, what: str) -> Response:
        if request.query.get("Qualifier"):
            raise ApiError(
                "InvalidParameterValueException",
                "The local AWS does not have function URLs of aliases (Qualifier).",
            )
        region = request.region
        if what == "urls":
            return _json(self._urls.list(region, name))
        if request.method == "POST":
            return _json(self._urls.create(region, name, request.json), 201)
        if request.method == "PUT":
            return _json(self._urls.update(region, name, request.json))
        if request.method == "DELETE":
            self._urls.delete(region, name)
            return Response(204, b"")
        return _json(self._urls.get(region, name))


def _create(request: Request) -> Response:
    """CreateFunction. moto accepts any role that exists, and loses the log group."""
    params = request.json
    role = params.get("Role", "")
    if not records.may_be_assumed_by(role, "lambda.amazonaws.com", request.region):
        raise ApiError(
            "InvalidParameterValueException",
            "The role defined for the function cannot be assumed by Lambda.",
            400,
            {"Type": "User"},
        )
    name = params["FunctionName"].rsplit(":", 1)[-1]
    backend = records.backend(request.region)
    if any(found.function_name == name for found in list(backend.list_functions())):
        raise ApiError(
            "ResourceConflictException", f"Function already exist: {name}", 409, {"Type": "User"}
        )
    with records.motos_refusals():
        created = backend.create_function({**params, "FunctionName": name})
    _set_log_group(records.record(request.region, name), params)
    return _json(created.get_configuration(on_create=True), 201)


def _configure(request: Request, name: str) -> Response:
    """UpdateFunctionConfiguration."""
    found = records.record(request.region, name)
    with records.motos_refusals():
        found.update_configuration(request.json)
    _set_log_group(found, request.json)
    return _json(found.get_configuration())


def _set_log_group(found: Any, params: dict[str, Any]) -> None:
    group = (params.get("LoggingConfig") or {}).get("LogGroup")
    if group:
        found.logs_group_name = group


def _json(answer: Any, status: int = 200) -> Response:
    return Response(status, json.dumps(answer).encode(), [("Content-Type", "application/json")])
