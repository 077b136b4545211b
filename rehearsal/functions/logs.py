"""A function's log lines, in CloudWatch Logs, and the tail that a caller may ask for."""

from __future__ import annotations

import base64
import logging
import time
from dataclasses import dataclass

from moto.core.exceptions import JsonRESTError
from moto.logs.models import logs_backends

from rehearsal.account import ACCOUNT

# "The last 4 KB of the execution log, which is base64-encoded" (Invoke, API reference).
_TAIL_BYTES = 4096

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Run:
    """What an invocation was: seconds, and KiB of memory at its peak.

    `init` is how long loading took when this was the process's first invocation.
    """

    request_id: str
    version: str
    seconds: float
    memory: int
    peak: int
    init: float | None = None
    status: str = ""


def start_line(request_id: str, version: str) -> str:
    """The line before an invocation's own."""
    return f"START RequestId: {request_id} Version: {version}"


def end_lines(run: Run) -> list[str]:
    """The lines after an invocation's own."""
    milliseconds = run.seconds * 1000
    report = [
        f"REPORT RequestId: {run.request_id}",
        f"Duration: {milliseconds:.2f} ms",
        f"Billed Duration: {int(milliseconds) + 1} ms",
        f"Memory Size: {run.memory} MB",
        f"Max Memory Used: {run.peak // 1024} MB",
    ]
    if run.init is not None:
        report.append(f"Init Duration: {run.init * 1000:.2f} ms")
    if run.status:
        report.append(f"Status: {run.status}")
    return [f"END RequestId: {run.request_id}", "\t".join(report)]


def tail(lines: list[str]) -> str:
    """The value of X-Amz-Log-Result."""
    text = "".join(f"{line}\n" for line in lines).encode()
    return base64.b64encode(text[-_TAIL_BYTES:]).decode()


def put(region: str, group: str, stream: str, lines: list[str], *, make_group: bool) -> None:
    """Append lines to a stream, which is made if need be; so is its group with `make_group`.

    Through moto's own backend and not over the wire: functions log while their callers wait.
    """
    backend = logs_backends[ACCOUNT][region]
    if not make_group and group not in backend.groups:
        return
    now = int(time.time() * 1000)
    events = [{"timestamp": now, "message": line} for line in lines if line.strip()]
    try:
        if make_group:
            backend.ensure_log_group(group)
        backend.ensure_log_stream(group, stream)
        backend.put_log_events(group, stream, events)
    except JsonRESTError as error:  # somebody sweeps the logs at this moment
        _log.warning("log stream %s: %s", stream, error.message)
