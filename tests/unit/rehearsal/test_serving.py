"""A model's container on its port: which of two programs answers there."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from rehearsal.jobs.child import Child
from rehearsal.jobs.logs import LogStream
from rehearsal.jobs.serving import ModelServer, free_port
from rehearsal.jobs.work import JobFailure
from tests.unit.rehearsal.test_work import LogsInMemory

MARK = "SERVED_BY_A_TEST"
# Answers from a process of its own, as gunicorn's workers do. With a taken port it ends, or stays.
CONTAINER = """
import os, sys, time
from http.server import BaseHTTPRequestHandler, HTTPServer

class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        self.answer(b"")
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(b"the model")
    def answer(self, body):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

if sys.argv[2] == "breaks":
    raise SystemExit(1)
try:
    server = HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler)
except OSError:
    if sys.argv[2] == "ends":
        raise
    time.sleep(600)
if os.fork() == 0:
    server.serve_forever()
server.server_close()
os.wait()
"""


class Another(BaseHTTPRequestHandler):
    """What a program that is no container of ours answers."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is written of it."""


@pytest.fixture
def taken() -> Iterator[int]:
    """A port on which another program answers."""
    server = HTTPServer(("127.0.0.1", 0), Another)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server.server_port
    server.shutdown()
    server.server_close()
    thread.join()


def serve(tmp_path: Path, how: str, ports: Iterator[int]) -> ModelServer:
    log = tmp_path / "container.log"

    def run(port: int) -> Child:
        with log.open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, "-c", CONTAINER, str(port), how],
                env={**os.environ, MARK: str(tmp_path)},
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        return Child(process, (MARK, str(tmp_path)))

    stream = LogStream(LogsInMemory(), "group", "stream", log)
    return ModelServer(run, tmp_path, stream, ports=lambda: next(ports))


@pytest.mark.parametrize("how", ["ends", "stays"])
def test_a_container_whose_port_another_program_took_starts_again_on_another(
    tmp_path: Path, taken: int, how: str
) -> None:
    server = serve(tmp_path, how, iter([taken, free_port()]))
    try:
        server.wait_until_ready(threading.Event())

        assert server.invoke(b"1", {}).body == b"the model"
    finally:
        server.stop()


def test_a_container_that_finds_every_port_taken_fails(tmp_path: Path, taken: int) -> None:
    server = serve(tmp_path, "stays", iter([taken] * 9))
    try:
        with pytest.raises(JobFailure, match="other programs took"):
            server.wait_until_ready(threading.Event())
    finally:
        server.stop()


def test_a_container_that_ends_on_a_port_of_its_own_fails(tmp_path: Path) -> None:
    server = serve(tmp_path, "breaks", iter([free_port()]))
    try:
        with pytest.raises(JobFailure, match="it exited with 1"):
            server.wait_until_ready(threading.Event())
    finally:
        server.stop()
