"""HTTP APIs of API Gateway (version 2), served for real on loopback."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from moto.apigatewayv2.models import apigatewayv2_backends

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
    decoded,
    event_of,
    is_preflight,
)
from rehearsal.functions.runner import Functions
from rehearsal.functions.urls import allows, is_signed
from rehearsal.http import Request, Response

_APIS = re.compile(r"/v2/apis/?")
_GATEWAY = "apigateway.amazonaws.com"
_FUNCTION = re.compile(r"arn:aws[a-z-]*:lambda:[^:]+:\d{12}:function:[A-Za-z0-9_-]+(:[^:/]+)?")
_VARIABLE = re.compile(r"\{([^}+]+)(\+?)\}")


class HttpApis:
    """The APIs, which moto keeps, and what answers at their endpoints."""

    def __init__(self, functions: Functions, doors: Doors) -> None:
        self._functions = functions
        self._doors = doors

    def answer(self, request: Request) -> Response | None:
        """Answer CreateApi of an HTTP API; moto answers everything else."""
        if request.method != "POST" or not _APIS.fullmatch(request.path):
            return None
        params = request.json
        if params.get("protocolType") != "HTTP":
            return None
        if params.get("target"):
            raise ApiError(
                "BadRequestException",
                "The local AWS does not have the quick create of an API (Target): create its "
                "integration, route and stage.",
            )
        api = apigatewayv2_backends[ACCOUNT][request.region].create_api(
            api_key_selection_expression=params.get("apiKeySelectionExpression"),
            cors_configuration=params.get("corsConfiguration"),
            description=params.get("description"),
            disable_schema_validation=params.get("disableSchemaValidation"),
            disable_execute_api_endpoint=params.get("disableExecuteApiEndpoint"),
            name=params.get("name"),
            protocol_type="HTTP",
            route_selection_expression=params.get("routeSelectionExpression"),
            tags=params.get("tags") or {},
            version=params.get("version"),
        )
        api.api_endpoint = self._open(request.region, api.api_id)
        body = json.dumps(api.to_json()).encode()
        return Response(201, body, [("Content-Type", "application/json")])

    def keys(self) -> Iterator[str]:
        """The keys of the listeners that are to stay."""
        for region, backend in list(apigatewayv2_backends[ACCOUNT].items()):
            for api in list(backend.apis.values()):
                yield _key(region, api.api_id)

    def _open(self, region: str, api_id: str) -> str:
        def serve(request: HttpRequest) -> HttpAnswer:
            return self.serve(region, api_id, request)

        return self._doors.open(_key(region, api_id), serve)

    def serve(self, region: str, api_id: str, request: HttpRequest) -> HttpAnswer:
        """Answer a request at an API's endpoint, in API Gateway's words for its own errors."""
        api = apigatewayv2_backends[ACCOUNT][region].apis.get(api_id)
        if api is None:
            return _message(404, "Not Found")
        extra = cross_origin(request, api.cors_configuration)
        if is_preflight(request, api.cors_configuration):
            return HttpAnswer(204, tuple(extra), b"")
        return self._routed(region, api, request).plus(extra)

    def _routed(self, region: str, api: Any, request: HttpRequest) -> HttpAnswer:
        stage, path = _stage_of(api, decoded(request.path))
        found = _match(api, request.method, path) if stage is not None else None
        if stage is None or found is None:
            return _message(404, "Not Found")
        route, parameters = found
        kind = route.authorization_type or "NONE"
        if kind not in ("NONE", "AWS_IAM"):
            return _message(500, f"The local AWS does not have authorizers of type {kind}")
        if kind == "AWS_IAM" and not is_signed(request):
            return _message(403, "Forbidden")
        integration = api.integrations.get((route.target or "").rpartition("/")[2])
        function = _function_of(integration)
        if function is None:
            return _message(500, "The local AWS has Lambda proxy integrations only")
        event = event_of(
            request,
            Route(
                key=route.route_key,
                stage=stage.name,
                api=api.api_id,
                account=ACCOUNT,
                path=decoded(request.path),
                parameters=parameters,
                variables=stage.stage_variables,
            ),
        )
        return self._invoked(region, function, event)

    def _invoked(self, region: str, function: str, event: dict[str, Any]) -> HttpAnswer:
        try:
            if not allows(records.record(region, function), _GATEWAY, "lambda:InvokeFunction"):
                return _message(500, "Internal Server Error")
            outcome = self._functions.invoke(region, function, json.dumps(event).encode())
        except ApiError as error:
            throttled = error.code == "TooManyRequestsException"
            return (
                _message(503, "Service Unavailable")
                if throttled
                else _message(500, "Internal Server Error")
            )
        answer = None if outcome.failed else answer_of(outcome.payload)
        return answer or _message(500, "Internal Server Error")


def _message(status: int, text: str) -> HttpAnswer:
    return HttpAnswer.json(status, {"message": text})


def _key(region: str, api_id: str) -> str:
    return f"api {region} {api_id}"


def _stage_of(api: Any, path: str) -> tuple[Any, str]:
    """The stage that a path means, and the path below it: /STAGE/..., else $default."""
    first = path.split("/")[1] if path.count("/") else ""
    if first in api.stages and first != "$default":
        return api.stages[first], path[len(first) + 1 :] or "/"
    return api.stages.get("$default"), path


def _match(api: Any, method: str, path: str) -> tuple[Any, dict[str, str]] | None:
    """The route and its path parameters: "the most specific match" first: a full match, then
    with variables, then a greedy one, then $default; a method before ANY ("Routing API
    requests", API Gateway developer guide, "Create routes for HTTP APIs")."""
    best: tuple[tuple[int, int, int], Any, dict[str, str]] | None = None
    for route in list(api.routes.values()):
        if route.route_key == "$default":
            found: dict[str, str] | None = {}
            rank = (3, 0, 0)
        else:
            verb, _, pattern = route.route_key.partition(" ")
            found = _path_parameters(pattern, path) if verb in (method, "ANY") else None
            variables = _VARIABLE.findall(pattern)
            level = 2 if any(plus for _, plus in variables) else 1 if variables else 0
            rank = (level, -len(pattern.split("/")), int(verb == "ANY"))
        if found is not None and (best is None or rank < best[0]):
            best = (rank, route, found)
    return (best[1], best[2]) if best else None


def _path_parameters(pattern: str, path: str) -> dict[str, str] | None:
    parts = []
    names = []
    position = 0
    for variable in _VARIABLE.finditer(pattern):
        parts.append(re.escape(pattern[position : variable.start()]))
        parts.append("(.+)" if variable[2] else "([^/]+)")
        names.append(variable[1])
        position = variable.end()
    parts.append(re.escape(pattern[position:].rstrip("/") or ("/" if not parts else "")))
    found = re.fullmatch("".join(parts), path if path == "/" else path.rstrip("/"))
    return dict(zip(names, found.groups(), strict=True)) if found else None


def _function_of(integration: Any) -> str | None:
    """The ARN of the function of a Lambda proxy integration: given as it is, or inside
    arn:aws:apigateway:REGION:lambda:path/2015-03-31/functions/ARN/invocations."""
    if integration is None or integration.integration_type != "AWS_PROXY":
        return None
    found = _FUNCTION.search(unquote(integration.integration_uri or ""))
    return found[0] if found else None
