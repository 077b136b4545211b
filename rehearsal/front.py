"""The front door: a WSGI application that answers SageMaker and CloudFormation itself and
hands everything else to moto. Clients need only `AWS_ENDPOINT_URL`.

Which service is meant is read from the signature's credential scope
(`Credential=KEY/DATE/REGION/SERVICE/aws4_request`), as AWS's own regional endpoints do by
their host names. Nothing of moto is patched.
"""

from __future__ import annotations

import html
import json
import logging
import re
import uuid
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qs, unquote

from moto.core.parse import QueryParser
from moto.core.serialize import QuerySerializer, SerializationContext
from moto.core.utils import get_service_model
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from rehearsal import inventory, quotas
from rehearsal.errors import ApiError
from rehearsal.machine import INTERNAL_AGENT
from rehearsal.sagemaker import runtime
from rehearsal.world import World

_log = logging.getLogger(__name__)

Environ = dict[str, Any]
StartResponse = Callable[[str, list[tuple[str, str]]], Any]
Body = Iterable[bytes]

_SCOPE = re.compile(r"Credential=[^/]+/\d{8}/([^/]+)/([^/]+)/aws4_request")
_INVOCATIONS = re.compile(r"/endpoints/([^/]+)/invocations")


class Front:
    """Dispatches a request to whoever answers it."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._moto = DomainDispatcherApplication(create_backend_app)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Body:
        path = environ.get("PATH_INFO", "")
        if path.startswith("/_local/"):
            return self._local(path, environ, start_response)
        region, service = _scope(environ)
        self._count(environ, service)
        try:
            if service == "sagemaker":
                return self._sagemaker(path, region, environ, start_response)
            if service == "cloudformation":
                return self._cloudformation(region, environ, start_response)
            if service == "servicequotas":
                return self._quotas(region, environ, start_response)
            if service == "tagging":
                return self._tagging(region, environ, start_response)
        except ApiError as error:
            return _json_error(error, start_response)
        except Exception:  # noqa: BLE001 - a defect of ours is AWS's InternalFailure, and is logged
            _log.exception("%s %s", service, environ.get("HTTP_X_AMZ_TARGET", path))
            return _json_error(ApiError("InternalFailure", "Internal error", 500), start_response)
        answer: Body = self._moto(environ, start_response)
        return answer

    def _count(self, environ: Environ, service: str) -> None:
        if INTERNAL_AGENT not in environ.get("HTTP_USER_AGENT", ""):
            with self._world.lock:
                self._world.calls[service] += 1

    # -- SageMaker ------------------------------------------------------------------

    def _sagemaker(
        self, path: str, region: str, environ: Environ, start_response: StartResponse
    ) -> Body:
        invocation = _INVOCATIONS.fullmatch(path)
        if invocation:
            name = unquote(invocation[1])
            reply = runtime.invoke(self._world, region, name, environ, _body(environ))
            return _respond(start_response, reply.status, reply.body, reply.headers)
        operation = environ.get("HTTP_X_AMZ_TARGET", "").partition(".")[2]
        params = _json_params(environ)
        with self._world.lock:
            answer = self._world.sagemaker.call(operation, params, region)
        return _json(start_response, answer)

    # -- CloudFormation -------------------------------------------------------------

    def _cloudformation(self, region: str, environ: Environ, start_response: StartResponse) -> Body:
        values = {k: v[0] for k, v in parse_qs(_body(environ).decode(), True).items()}
        name = values.pop("Action", "")
        model = get_service_model("cloudformation")
        if name not in model.operation_names:
            return _xml_error(ApiError("InvalidAction", f"No operation {name}"), start_response)
        operation = model.operation_model(name)
        request = {"values": values}
        serializer = QuerySerializer(operation, SerializationContext(str(uuid.uuid4())))
        try:
            params = QueryParser(operation).parse(request)
            with self._world.lock:
                result = self._world.cloudformation.call(name, params, region)
            response = serializer.serialize(_without_none(result))
        except ApiError as error:
            return _xml_error(error, start_response)
        except Exception:  # noqa: BLE001 - as above, in XML
            _log.exception("cloudformation %s", name)
            return _xml_error(ApiError("InternalFailure", "Internal error", 500), start_response)
        return _respond(
            start_response,
            response["status_code"],
            response["body"].encode(),
            [("Content-Type", "text/xml")],
        )

    # -- Resource Groups Tagging API ------------------------------------------------

    def _tagging(self, region: str, environ: Environ, start_response: StartResponse) -> Body:
        """GetResources over SageMaker's resources; moto's own are not merged in."""
        operation = environ.get("HTTP_X_AMZ_TARGET", "").partition(".")[2]
        if operation != "GetResources":
            answer: Body = self._moto(environ, start_response)
            return answer
        with self._world.lock:
            found = inventory.tagged(self._world, region, _json_params(environ))
        return _json(start_response, found)

    # -- Service Quotas -------------------------------------------------------------

    def _quotas(self, region: str, environ: Environ, start_response: StartResponse) -> Body:
        operation = environ.get("HTTP_X_AMZ_TARGET", "").partition(".")[2]
        if operation != "ListServiceQuotas":
            answer: Body = self._moto(environ, start_response)
            return answer
        return _json(start_response, quotas.list_service_quotas(_json_params(environ), region))

    # -- our own --------------------------------------------------------------------

    def _local(self, path: str, environ: Environ, start_response: StartResponse) -> Body:
        if path == "/_local/statistics":
            return _json(start_response, self._world.statistics())
        if path == "/_local/inventory":
            return _json(start_response, {"resources": inventory.everything(self._world)})
        if path == "/_local/homes":
            return _json(start_response, {"homes": inventory.homes(self._world)})
        if path == "/_local/open":
            return self._open(environ, start_response)
        return _respond(start_response, 404, b"not found\n", [("Content-Type", "text/plain")])

    def _open(self, environ: Environ, start_response: StartResponse) -> Body:
        token = parse_qs(environ.get("QUERY_STRING", "")).get("token", [""])[0]
        with self._world.lock:
            facts = self._world.sagemaker.links.facts(token, self._world.clock.now())
        if facts is None:
            page = _page("This link has expired", {"what to do": "workshop open ATTENDEE"})
            return _respond(start_response, 403, page, [("Content-Type", _HTML)])
        page = _page(
            f"{facts['what']} (local AWS)", {k: v for k, v in facts.items() if k != "what"}
        )
        return _respond(start_response, 200, page, [("Content-Type", _HTML)])


_HTML = "text/html; charset=utf-8"
_STYLE = (
    "body{font:16px system-ui,sans-serif;margin:4rem auto;max-width:36rem;color:#16191f}"
    "dt{color:#687078;margin-top:1rem}dd{margin:0;font-size:1.25rem}"
    "p{margin-top:2rem;color:#687078;font-size:.9rem}"
)


def _page(title: str, facts: dict[str, str]) -> bytes:
    rows = "".join(
        f"<dt>{html.escape(name)}</dt><dd id='{html.escape(name.replace(' ', '-'))}'>"
        f"{html.escape(value)}</dd>"
        for name, value in facts.items()
    )
    return (
        f"<!doctype html><html lang='en'><meta charset='utf-8'><title>{html.escape(title)}</title>"
        f"<style>{_STYLE}</style><h1>{html.escape(title)}</h1><dl>{rows}</dl>"
        "<p>On AWS this link opens JupyterLab. Here it shows who would be signed in where.</p>"
    ).encode()


def _scope(environ: Environ) -> tuple[str, str]:
    """The (region, service) of a signed request, or ("", "") of an unsigned one."""
    found = _SCOPE.search(environ.get("HTTP_AUTHORIZATION", ""))
    return (found[1], found[2]) if found else ("", "")


def _body(environ: Environ) -> bytes:
    body: bytes = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    return body


def _json_params(environ: Environ) -> dict[str, Any]:
    try:
        params: dict[str, Any] = json.loads(_body(environ) or b"{}")
    except ValueError as error:
        raise ApiError("SerializationException", "The request is not JSON") from error
    return params


def _without_none(node: Any) -> Any:
    if isinstance(node, dict):
        return {k: _without_none(v) for k, v in node.items() if v is not None}
    if isinstance(node, list):
        return [_without_none(item) for item in node]
    return node


_STATUS = {200: "OK", 400: "Bad Request", 403: "Forbidden", 404: "Not Found", 500: "Error"}


def _respond(
    start_response: StartResponse, status: int, body: bytes, headers: list[tuple[str, str]]
) -> Body:
    start_response(
        f"{status} {_STATUS.get(status, 'Status')}",
        [*headers, ("Content-Length", str(len(body))), ("x-amzn-RequestId", str(uuid.uuid4()))],
    )
    return [body]


def _json(start_response: StartResponse, answer: dict[str, Any], status: int = 200) -> Body:
    body = json.dumps(answer, default=str).encode()
    return _respond(start_response, status, body, [("Content-Type", "application/x-amz-json-1.1")])


def _json_error(error: ApiError, start_response: StartResponse) -> Body:
    answer = {"__type": error.code, "message": error.message, **error.members}
    return _json(start_response, answer, error.status)


def _xml_error(error: ApiError, start_response: StartResponse) -> Body:
    body = (
        '<ErrorResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><Error>'
        f"<Type>Sender</Type><Code>{error.code}</Code>"
        f"<Message>{html.escape(error.message, quote=False)}</Message></Error>"
        f"<RequestId>{uuid.uuid4()}</RequestId></ErrorResponse>"
    ).encode()
    return _respond(start_response, error.status, body, [("Content-Type", "text/xml")])
