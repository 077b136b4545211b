"""Requests and answers at the HTTP level, as the local AWS's services see and make them."""

from __future__ import annotations

import html
import io
import json
import re
import uuid
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol
from urllib.parse import parse_qs

from rehearsal.errors import ApiError

Environ = dict[str, Any]
Headers = list[tuple[str, str]]

_SCOPE = re.compile(r"Credential=([^/]+)/\d{8}/([^/]+)/([^/]+)/aws4_request")


class Request:
    """One request. Reading the body leaves it readable for whoever answers instead of us."""

    def __init__(self, environ: Environ) -> None:
        self.environ = environ
        self.path: str = environ.get("PATH_INFO", "")
        self.method: str = environ.get("REQUEST_METHOD", "GET")
        # Which service is meant is in the signature's credential scope, or nowhere.
        scope = _SCOPE.search(environ.get("HTTP_AUTHORIZATION", ""))
        self.key, self.region, self.service = scope.groups() if scope else ("", "", "")

    @cached_property
    def body(self) -> bytes:
        """The request's body."""
        body: bytes = self.environ["wsgi.input"].read(int(self.environ.get("CONTENT_LENGTH") or 0))
        self.environ["wsgi.input"] = io.BytesIO(body)
        return body

    @cached_property
    def operation(self) -> str:
        """The operation, as AWS's JSON and query protocols name it; "" for REST protocols."""
        target: str = self.environ.get("HTTP_X_AMZ_TARGET", "")
        if target:
            return target.rpartition(".")[2]
        if "x-www-form-urlencoded" in self.environ.get("CONTENT_TYPE", ""):
            return self.form.get("Action", "")
        return ""

    @property
    def form(self) -> dict[str, str]:
        """The fields of a request of the query protocol."""
        return {name: values[0] for name, values in parse_qs(self.body.decode(), True).items()}

    @property
    def query(self) -> dict[str, str]:
        """The parameters of the query string."""
        found = parse_qs(self.environ.get("QUERY_STRING", ""), keep_blank_values=True)
        return {name: values[0] for name, values in found.items()}

    @property
    def json(self) -> dict[str, Any]:
        """The body of a JSON protocol. Raises SerializationException when it is not JSON."""
        try:
            params = json.loads(self.body or b"{}")
        except ValueError as error:
            raise ApiError("SerializationException", "The request is not JSON") from error
        if not isinstance(params, dict):
            raise ApiError("SerializationException", "The request is not a JSON object")
        return params


@dataclass(frozen=True, slots=True)
class Response:
    """One answer."""

    status: int
    body: bytes
    headers: Headers = field(default_factory=list)


class Service(Protocol):
    """What answers an AWS service's requests."""

    def answer(self, request: Request) -> Response | None:
        """The answer, or None for what moto is to answer. Raises ApiError to refuse."""
        ...


def json_response(answer: Any, status: int = 200) -> Response:
    """An answer of AWS's JSON protocols."""
    body = json.dumps(answer, default=str).encode()
    return Response(status, body, [("Content-Type", "application/x-amz-json-1.1")])


def json_error(error: ApiError) -> Response:
    """A refusal of AWS's JSON protocols, which REST-JSON clients read as well."""
    answer = {"__type": error.code, "message": error.message, **error.members}
    response = json_response(answer, error.status)
    return Response(
        error.status, response.body, [*response.headers, ("x-amzn-ErrorType", error.code)]
    )


def xml_error(error: ApiError, namespace: str) -> Response:
    """A refusal of AWS's query protocol."""
    body = (
        f'<ErrorResponse xmlns="{namespace}"><Error>'
        f"<Type>Sender</Type><Code>{error.code}</Code>"
        f"<Message>{html.escape(error.message, quote=False)}</Message></Error>"
        f"<RequestId>{uuid.uuid4()}</RequestId></ErrorResponse>"
    ).encode()
    return Response(error.status, body, [("Content-Type", "text/xml")])
