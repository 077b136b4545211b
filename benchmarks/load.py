"""Load by wrk: a request as boto3 sends it, sent again and again over several connections.

wrk is a program of its own (Debian and Ubuntu: `apt-get install wrk`). A client in Python
would be slower than the server, and the figure would be the client's.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.timing import run
from workshop.errors import WorkshopError

CONNECTIONS = 16
# wrk sets these itself.
_WRKS_OWN = {"host", "content-length"}

_SUMMARY = """
done = function(summary, latency, requests)
  local e = summary.errors
  print(string.format('{"requests": %d, "microseconds": %d, "failed": %d}',
    summary.requests, summary.duration,
    e.connect + e.read + e.write + e.status + e.timeout))
end
"""


@dataclass(frozen=True, slots=True)
class Recorded:
    """One request as it went over the wire."""

    method: str
    headers: Mapping[str, str]
    body: str

    def script(self) -> str:
        """The request as a script for wrk, which ends with its counts as a line of JSON."""
        # What JSON escapes in ASCII text, Lua reads alike.
        headers = (
            f"wrk.headers[{json.dumps(name)}] = {json.dumps(value)}"
            for name, value in self.headers.items()
            if name.lower() not in _WRKS_OWN
        )
        lines = (
            f"wrk.method = {json.dumps(self.method)}",
            f"wrk.body = {json.dumps(self.body)}",
            *headers,
        )
        return "\n".join(lines) + "\n" + _SUMMARY


def record(client: Any, call: Callable[[], Any]) -> Recorded:
    """Make a call of a boto3 client; returns the request that it sent."""
    sent: list[Any] = []

    def keep(request: Any, **_: Any) -> None:
        sent.append(request)

    client.meta.events.register("before-send", keep)
    try:
        call()
    finally:
        client.meta.events.unregister("before-send", keep)
    request = sent[-1]
    headers = {name: _text(value) for name, value in request.headers.items()}
    return Recorded(request.method, headers, _text(request.body or b""))


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value


@contextmanager
def written(directory: Path, recorded: Recorded) -> Iterator[Path]:
    """The request's script as a file, while it is needed."""
    path = directory / "request.lua"
    path.write_text(recorded.script(), encoding="utf-8")
    try:
        yield path
    finally:
        path.unlink()


def find_wrk(path: str | None = None) -> str:
    """Where wrk is, on PATH or on `path`. Raises WorkshopError when it is not installed."""
    found = shutil.which("wrk", path=path)
    if found is None:
        raise WorkshopError("wrk is not installed", "it makes the load", "apt-get install wrk")
    return found


def calls_per_second(wrk: str, url: str, script: Path, seconds: int) -> float:
    """How many requests a server answers per second over CONNECTIONS connections.

    Raises WorkshopError when one of them fails: an error is answered faster than a list.
    """
    command = [wrk, "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--timeout", "10s"]
    finished = run([*command, "-s", str(script), url], {"PATH": os.environ.get("PATH", "")})
    if finished.code != 0:
        raise WorkshopError("wrk failed", " ".join(finished.stderr.split())[-300:])
    try:
        summary = json.loads(finished.stdout.strip().splitlines()[-1])
    except (ValueError, IndexError) as error:
        raise WorkshopError("wrk did not say what it counted", str(error)) from error
    if summary["failed"] or not summary["requests"]:
        raise WorkshopError(
            f"{summary['failed']} of {summary['requests']} requests to {url} failed"
        )
    return float(summary["requests"]) / (float(summary["microseconds"]) / 1e6)
