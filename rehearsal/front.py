"""The front door: a WSGI application that answers some services itself and hands everything
else to moto. Clients need only `AWS_ENDPOINT_URL`.

Which service is meant is read from the signature's credential scope
(`Credential=KEY/DATE/REGION/SERVICE/aws4_request`), as AWS's own regional endpoints do by
their host names. Nothing of moto is patched.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Iterable
from typing import Any

from rehearsal.errors import ApiError
from rehearsal.faults import naming
from rehearsal.http import Environ, Request, Response, json_error
from rehearsal.inprocess import moto_application
from rehearsal.machine import INTERNAL_AGENT
from rehearsal.pages import Pages
from rehearsal.services import make_services
from rehearsal.world import World

_log = logging.getLogger(__name__)

StartResponse = Callable[[str, list[tuple[str, str]]], Any]
Body = Iterable[bytes]

_STATUS = {200: "OK", 400: "Bad Request", 403: "Forbidden", 404: "Not Found", 500: "Error"}


class Front:
    """Dispatches a request to whoever answers it."""

    def __init__(self, world: World, *, check_answers: bool = False) -> None:
        self._world = world
        self._services = make_services(world, check_answers=check_answers)
        self._pages = Pages(world)
        self._moto = moto_application()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Body:
        request = Request(environ)
        if request.path.startswith("/_local/"):
            return _respond(start_response, self._pages.answer(request))
        self._count(request)
        response = self._world.faults.meet(request, self._world.machine.closing.wait)
        if response is None:
            response = self._answer(request)
        if response is None:
            body: Body = self._moto(environ, start_response)
            return body
        return _respond(start_response, response)

    def _answer(self, request: Request) -> Response | None:
        """The answer of one of our own services, or None for moto's."""
        service = self._services.get(request.service)
        if service is None:
            return None
        try:
            return service.answer(request)
        except ApiError as error:
            return json_error(error)
        except Exception:  # noqa: BLE001 - a defect of ours is AWS's InternalFailure, and is logged
            _log.exception("%s %s", request.service, request.operation or request.path)
            return json_error(ApiError("InternalFailure", "Internal error", 500))

    def _count(self, request: Request) -> None:
        if INTERNAL_AGENT not in request.environ.get("HTTP_USER_AGENT", ""):
            # Without a signature (a presigned link, a page) nobody is told apart by operation.
            operation = naming.operation(request) if request.service else ""
            call = (request.key, request.service, operation)
            with self._world.lock:
                self._world.calls[call] += 1


def _respond(start_response: StartResponse, response: Response) -> Body:
    start_response(
        f"{response.status} {_STATUS.get(response.status, 'Status')}",
        [
            *response.headers,
            ("Content-Length", str(len(response.body))),
            ("x-amzn-RequestId", str(uuid.uuid4())),
        ],
    )
    return [response.body]
