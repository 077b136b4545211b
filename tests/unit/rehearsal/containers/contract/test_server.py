"""The HTTP side of a container, over loopback."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from http import HTTPStatus

import pytest

from rehearsal.containers.contract.server import Reply, Request, RequestError, Server


def invoke(request: Request) -> Reply:
    """Echo; `teapot` is refused and `defect` breaks."""
    if request.body == b"teapot":
        raise RequestError(HTTPStatus.IM_A_TEAPOT, "short and stout")
    if request.body == b"defect":
        raise ZeroDivisionError("a defect")
    return Reply(request.body + request.accept.encode(), request.content_type)


@pytest.fixture
def connection() -> Iterator[http.client.HTTPConnection]:
    with Server(0, invoke, "MULTI_RECORD") as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        found = http.client.HTTPConnection("127.0.0.1", server.server_address[1], timeout=30)
        yield found
        found.close()
        server.shutdown()
        thread.join()


def ask(connection: http.client.HTTPConnection, body: bytes, **headers: str) -> tuple[int, bytes]:
    connection.request("POST", "/invocations", body, {"Content-Type": "text/csv", **headers})
    reply = connection.getresponse()
    return reply.status, reply.read()


@pytest.mark.parametrize(
    ("accept", "heard"),
    [
        ("application/json", b"1application/json"),
        ("*/*", b"1"),
        ("Text/CSV; q=0.9, application/json", b"1text/csv"),
    ],
)
def test_the_first_accepted_type_is_heard(
    connection: http.client.HTTPConnection, accept: str, heard: bytes
) -> None:
    assert ask(connection, b"1", Accept=accept) == (200, heard)


def test_one_connection_serves_good_refused_and_broken_requests(
    connection: http.client.HTTPConnection,
) -> None:
    answers = [ask(connection, body) for body in (b"1", b"teapot", b"defect", b"", b"2")]

    assert answers == [
        (200, b"1"),
        (418, b"short and stout"),
        (500, b"ZeroDivisionError: a defect"),
        (204, b""),
        (200, b"2"),
    ]
