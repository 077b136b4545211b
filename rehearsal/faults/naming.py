"""What a request calls: the service's names and the operation, for REST protocols too."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

import botocore.session
from botocore.exceptions import UnknownServiceError
from botocore.model import OperationModel, ServiceModel

from rehearsal.http import Request

# boto3's name of a service where the signature has another.
_BOTO_NAMES = {
    "apigateway": "apigatewayv2",
    "elasticfilesystem": "efs",
    "monitoring": "cloudwatch",
    "servicequotas": "service-quotas",
    "states": "stepfunctions",
    "tagging": "resourcegroupstaggingapi",
}
_PLACE = re.compile(r"\{(\w+)(\+?)\}")


@lru_cache(maxsize=1)
def _session() -> botocore.session.Session:
    return botocore.session.get_session()


@lru_cache(maxsize=64)
def model_of(service: str) -> ServiceModel | None:
    """botocore's model of the service with this signing name, or None."""
    try:
        return _session().get_service_model(_BOTO_NAMES.get(service, service))
    except UnknownServiceError:
        return None


def names(service: str) -> tuple[str, ...]:
    """All names of a service: the signature's and boto3's."""
    return (service, *filter(None, [_BOTO_NAMES.get(service)]))


@dataclass(frozen=True, slots=True)
class _Route:
    """An operation of a REST protocol: what a request for it must look like."""

    operation: str
    method: str
    path: re.Pattern[str]
    query: dict[str, str]  # fixed; "" is any value
    headers: tuple[str, ...]
    weight: tuple[int, int]  # the more a route asks for, the more it says

    def fits(self, request: Request, query: dict[str, str]) -> bool:
        return (
            request.method == self.method
            and self.path.fullmatch(request.path) is not None
            and all(n in query and v in ("", query[n]) for n, v in self.query.items())
            and all(header in request.environ for header in self.headers)
        )


@lru_cache(maxsize=32)
def _routes(service: str) -> tuple[_Route, ...]:
    model = _session().get_service_model("sagemaker-runtime") if service == "sagemaker" else None
    model = model or model_of(service)
    if model is None or not model.protocol.startswith("rest-"):
        return ()
    made = [_route(model.operation_model(name)) for name in model.operation_names]
    return tuple(sorted(made, key=lambda route: route.weight, reverse=True))


def _route(operation: OperationModel) -> _Route:
    path, _, fixed = operation.http["requestUri"].partition("?")
    query = {}
    for pair in filter(None, fixed.split("&")):
        name, _, value = pair.partition("=")
        query[name] = value
    headers = []
    shape = operation.input_shape
    for name in shape.required_members if shape is not None else ():
        member = shape.members[name].serialization
        if member.get("location") == "querystring":
            query[member["name"]] = ""
        elif member.get("location") == "header":
            headers.append("HTTP_" + member["name"].upper().replace("-", "_"))
    return _Route(
        operation=operation.name,
        method=operation.http["method"],
        path=_path_pattern(path),
        query=query,
        headers=tuple(headers),
        weight=(len(query) + len(headers), len(_PLACE.sub("", path))),
    )


def _path_pattern(template: str) -> re.Pattern[str]:
    parts = []
    position = 0
    for place in _PLACE.finditer(template):
        parts.append(re.escape(template[position : place.start()]))
        parts.append(".+" if place[2] else "[^/]+")
        position = place.end()
    parts.append(re.escape(template[position:].rstrip("/")))
    return re.compile("".join(parts) + "/?")


def operation(request: Request) -> str:
    """The operation a request calls, or "METHOD /path" when no model says."""
    if request.operation:
        return request.operation
    query = request.query
    for route in _routes(request.service):
        if route.fits(request, query):
            return route.operation
    return f"{request.method} {request.path}"
