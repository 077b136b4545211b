"""boto3 clients whose requests are answered in this process.

What we make on behalf of somebody who waits (a stack's resource, say) is made while the
world's lock is held, and then a request over the wire could wait for a thread of our own
server, all of which wait for that lock. These clients call the services directly instead:
no port, no thread, and a unit test has them too. botocore's "before-send" event is made for
that ("handlers ... may return a response", botocore.endpoint); nothing is patched.
"""

from __future__ import annotations

import io
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Protocol
from urllib.parse import unquote_to_bytes, urlsplit

import boto3
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from rehearsal.errors import ApiError
from rehearsal.http import Environ, Request, Response, Service, json_error
from rehearsal.machine import INTERNAL_AGENT

# Nobody is asked there: the request never leaves the process.
_NOWHERE = "http://127.0.0.1:9"


class Clients(Protocol):
    """Makes a boto3 client of a service in a region."""

    def __call__(self, service: str, region: str) -> Any: ...


class InProcess:
    """Makes such clients. `services` answer first, by their name in a signature's credential
    scope; moto answers the others."""

    def __init__(self, services: Mapping[str, Service]) -> None:
        self._services = services
        self._clients: dict[tuple[str, str], Any] = {}
        self._lock = threading.Lock()

    def __call__(self, service: str, region: str) -> Any:
        """A client, the same one every time."""
        with self._lock:
            if (service, region) not in self._clients:
                self._clients[service, region] = self._make(service, region)
            return self._clients[service, region]

    def _make(self, service: str, region: str) -> Any:
        session = boto3.Session(
            aws_access_key_id="local", aws_secret_access_key="local", region_name=region
        )
        client = session.client(
            service,
            endpoint_url=_NOWHERE,
            config=Config(
                user_agent_extra=INTERNAL_AGENT,
                retries={"total_max_attempts": 1},
                s3={"addressing_style": "path"},
            ),
        )
        answer_in_process(client, self._answer)
        return client

    def _answer(self, environ: Environ) -> Response:
        request = Request(environ)
        service = self._services.get(request.service)
        if service is not None:
            try:
                response = service.answer(request)
            except ApiError as error:
                return json_error(error)
            if response is not None:
                return response
        return run(moto_application(), environ)


@lru_cache(maxsize=1)
def moto_application() -> Any:
    """moto as a WSGI application. Its state is the process's, so one serves every world."""
    return DomainDispatcherApplication(create_backend_app)


def answer_in_process(client: Any, answer: Callable[[Environ], Response]) -> None:
    """Let a boto3 client's requests be answered by `answer` instead of being sent."""

    def send(request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        response = answer(_environ(request))
        headers = dict(response.headers)
        return AWSResponse(request.url, response.status, headers, _Raw(response.body))

    client.meta.events.register("before-send", send)


class _Raw(io.BytesIO):
    """A body as botocore reads it."""

    def stream(self, **_: Any) -> Iterator[bytes]:
        while chunk := self.read(65536):
            yield chunk


def _environ(request: AWSPreparedRequest) -> Environ:
    parts = urlsplit(request.url)
    body = request.body or b""
    if hasattr(body, "read"):
        body = body.read()
    if isinstance(body, str):
        body = body.encode()
    headers = {name: _text(value) for name, value in request.headers.items()}
    environ: Environ = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(parts.path).decode("latin-1"),
        "QUERY_STRING": parts.query,
        "SERVER_NAME": parts.hostname,
        "SERVER_PORT": str(parts.port),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_HOST": parts.netloc,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in headers.items():
        key = name.upper().replace("-", "_")
        environ[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"] = value
    environ["CONTENT_LENGTH"] = str(len(body))
    return environ


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def run(application: Any, environ: Environ) -> Response:
    """Call a WSGI application."""
    started: list[tuple[str, list[tuple[str, str]]]] = []

    def start_response(status: str, headers: list[tuple[str, str]], *_: Any) -> Any:
        started.append((status, headers))

    body = b"".join(application(environ, start_response))
    status, headers = started[-1]
    return Response(int(status.split()[0]), body, headers)
