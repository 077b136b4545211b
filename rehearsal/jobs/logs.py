"""A process's output as a CloudWatch Logs stream."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

_log = logging.getLogger(__name__)

# "The maximum number of log events in a batch is 10,000", "The maximum batch size is
# 1,048,576 bytes", counted as UTF-8 plus 26 bytes per event; an event beyond 1 MiB is
# refused (PutLogEvents, API reference).
_BATCH_EVENTS = 10_000
_BATCH_BYTES = 1_048_576
_EVENT_OVERHEAD = 26


class LogStream:
    """Sends what a log file gains to a stream; the file is the source of truth.

    Safe to use from several threads. Losing the stream (somebody sweeps the logs while a
    job runs) makes it anew; logs never fail the work that writes them.
    """

    def __init__(self, logs: Any, group: str, stream: str, source: Path) -> None:
        self._logs = logs
        self._group = group
        self._stream = stream
        self._source = source
        self._sent = 0
        self._made = False
        self._lock = threading.Lock()

    def send(self, *, everything: bool = False) -> None:
        """Send the complete lines that were written since the last call.

        With `everything` a last line without an end is complete too: nothing follows it.
        """
        with self._lock:
            lines = self._new_lines(everything=everything)
            if not lines:
                return
            try:
                for batch in _batches(lines):
                    self._put(batch)
            except (BotoCoreError, ClientError) as error:
                _log.warning("log stream %s: %s", self._stream, error)

    def tail(self, lines: int = 3) -> str:
        """The last lines of the output."""
        if not self._source.exists():
            return ""
        text = self._source.read_text(encoding="utf-8", errors="replace")
        return "\n".join(text.strip().splitlines()[-lines:])

    def _new_lines(self, *, everything: bool) -> list[str]:
        if not self._source.exists() or self._source.stat().st_size == self._sent:
            return []
        with self._source.open("rb") as file:
            file.seek(self._sent)
            new = file.read()
        end = len(new) if everything else new.rfind(b"\n") + 1
        self._sent += end
        lines = new[:end].decode("utf-8", "replace").splitlines()
        return [line for line in lines if line.strip()]

    def _put(self, lines: list[str]) -> None:
        now = int(time.time() * 1000)
        request = {
            "logGroupName": self._group,
            "logStreamName": self._stream,
            "logEvents": [{"timestamp": now, "message": line} for line in lines],
        }
        if not self._made:
            self._make()
            self._made = True
        try:
            self._logs.put_log_events(**request)
        except self._logs.exceptions.ResourceNotFoundException:
            self._make()
            self._logs.put_log_events(**request)

    def _make(self) -> None:
        exists = self._logs.exceptions.ResourceAlreadyExistsException
        stream = {"logGroupName": self._group, "logStreamName": self._stream}
        try:
            with contextlib.suppress(exists):
                self._logs.create_log_stream(**stream)
        except self._logs.exceptions.ResourceNotFoundException:
            with contextlib.suppress(exists):  # the group is shared
                self._logs.create_log_group(logGroupName=self._group)
            with contextlib.suppress(exists):
                self._logs.create_log_stream(**stream)


def _batches(lines: list[str]) -> Iterator[list[str]]:
    """The lines in batches that PutLogEvents accepts; longer lines than an event are cut."""
    batch: list[str] = []
    size = 0
    for line in lines:
        text = line.encode()[: _BATCH_BYTES - _EVENT_OVERHEAD].decode("utf-8", "ignore")
        weight = len(text.encode()) + _EVENT_OVERHEAD
        if batch and (len(batch) == _BATCH_EVENTS or size + weight > _BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(text)
        size += weight
    if batch:
        yield batch
