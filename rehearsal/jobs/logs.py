"""A process's output as a CloudWatch Logs stream."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError


class LogStream:
    """Sends what a log file gains to a stream; the file is the source of truth."""

    def __init__(self, logs: Any, group: str, stream: str, source: Path) -> None:
        self._logs = logs
        self._group = group
        self._stream = stream
        self._source = source
        self._sent = 0
        self._made = False

    def send(self) -> None:
        """Send the complete lines that were written since the last call."""
        if not self._source.exists():
            return
        with self._source.open("rb") as file:
            file.seek(self._sent)
            new = file.read()
        end = new.rfind(b"\n") + 1
        if not end:
            return
        self._sent += end
        lines = new[:end].decode("utf-8", "replace").splitlines()
        self._make()
        now = int(time.time() * 1000)
        events = [{"timestamp": now, "message": line} for line in lines if line.strip()]
        if events:
            self._logs.put_log_events(
                logGroupName=self._group, logStreamName=self._stream, logEvents=events
            )

    def tail(self, lines: int = 3) -> str:
        """The last lines of the output."""
        if not self._source.exists():
            return ""
        text = self._source.read_text(encoding="utf-8", errors="replace")
        return "\n".join(text.strip().splitlines()[-lines:])

    def _make(self) -> None:
        if self._made:
            return
        with contextlib.suppress(ClientError):  # the group is shared: it may exist
            self._logs.create_log_group(logGroupName=self._group)
        self._logs.create_log_stream(logGroupName=self._group, logStreamName=self._stream)
        self._made = True
