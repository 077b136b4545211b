"""Load by wrk: what is sent, what is counted, and what makes a rate worthless."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import boto3
import pytest

from benchmarks.control_plane import Rates, judge
from benchmarks.load import Recorded, calls_per_second, find_wrk, record
from workshop.errors import WorkshopError


class Listener(BaseHTTPRequestHandler):
    """Says that there are no endpoints."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        body = b'{"Endpoints": []}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None: ...


@pytest.fixture
def url() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Listener)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def stand_in(directory: Path, printed: str, code: int = 0) -> str:
    """A program that answers like wrk."""
    path = directory / "wrk"
    path.write_text(f"#!{sys.executable}\nprint({printed!r})\nraise SystemExit({code})\n")
    path.chmod(0o755)
    return str(path)


def summary(requests: int, failed: int = 0) -> str:
    counted = {"requests": requests, "microseconds": 2_000_000, "failed": failed}
    return f"Running 2s test\n{json.dumps(counted)}"


def test_the_recorded_request_is_the_one_that_boto3_sends(url: str) -> None:
    session = boto3.Session("key", "secret", region_name="eu-west-1")
    client = session.client("sagemaker", endpoint_url=url)

    recorded = record(client, lambda: client.list_endpoints(MaxResults=7))

    assert (recorded.method, json.loads(recorded.body)) == ("POST", {"MaxResults": 7})
    assert recorded.headers["X-Amz-Target"] == "SageMaker.ListEndpoints"
    assert "/eu-west-1/sagemaker/aws4_request" in recorded.headers["Authorization"]


def test_the_script_says_the_request_in_lua() -> None:
    recorded = Recorded(
        "POST", {"X-Amz-Target": "A.B", "Host": "x", "Content-Length": "9"}, '{"a"}'
    )

    lines = recorded.script().splitlines()

    assert lines[:3] == [
        'wrk.method = "POST"',
        'wrk.body = "{\\"a\\"}"',
        'wrk.headers["X-Amz-Target"] = "A.B"',
    ]
    assert not any("Host" in line or "Content-Length" in line for line in lines)


def test_a_rate_is_requests_per_second_of_the_time_that_wrk_took(tmp_path: Path) -> None:
    wrk = stand_in(tmp_path, summary(500))

    assert calls_per_second(wrk, "http://127.0.0.1:9", tmp_path / "request.lua", 2) == 250.0


@pytest.mark.parametrize(
    ("printed", "code", "said"),
    [
        (summary(500, failed=1), 0, "1 of 500 requests"),
        (summary(0), 0, "0 of 0 requests"),
        ("unable to connect", 1, "wrk failed"),
        ("Running 2s test", 0, "did not say what it counted"),
    ],
)
def test_a_run_with_failures_has_no_rate(
    tmp_path: Path, printed: str, code: int, said: str
) -> None:
    wrk = stand_in(tmp_path, printed, code)

    with pytest.raises(WorkshopError, match=said):
        calls_per_second(wrk, "http://127.0.0.1:9", tmp_path / "request.lua", 2)


def test_without_wrk_the_figure_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(WorkshopError, match="apt-get install wrk"):
        find_wrk(str(tmp_path))


def test_the_operation_that_gains_least_is_the_figure() -> None:
    list_ = Rates("ListEndpoints", ((900.0, 100.0), (800.0, 100.0), (1000.0, 100.0)))
    describe = Rates("DescribeEndpoint", ((400.0, 100.0), (500.0, 100.0), (100.0, 100.0)))

    measured = judge([list_, describe])

    assert measured.value == 4.0
    assert "ListEndpoints 900 against 100 calls/s" in measured.detail
    assert "DescribeEndpoint 400 against 100 calls/s" in measured.detail
