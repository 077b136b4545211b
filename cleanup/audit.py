"""The audit log: every call that changes something, as a line of JSON before and after it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Any, Protocol, TextIO

from cleanup.steps import Call


class Audit(Protocol):
    """Takes note of a call: `result` is "sent" before it, then "accepted", "gone" (it was not
    there any more), "later" or "refused"; or "lost" without a call, since it is not ours any
    more. `detail` is the reason."""

    def __call__(self, call: Call, result: str, detail: str = "") -> None: ...


def no_audit(call: Call, result: str, detail: str = "") -> None:
    """Keeps nothing."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who sweeps: the caller's ARN, the account's 12-digit id and the workshop's name."""

    arn: str
    account: str
    workshop: str


class AuditLog:
    """Appends JSON lines to a file, which is opened when there is something to write. A context
    manager; safe to use from many threads.

    A line: {"at" (UTC, ISO 8601), "who", "account", "workshop", "region", "call",
    "kind", "name", "ids", "arn", "owner", "why", "result", "detail"}. The line that says
    "sent" is in the file before the call is made, so that a killed sweep has left a trace of
    all it may have done.
    """

    def __init__(
        self,
        path: Path,
        actor: Actor,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.path = path
        self._actor = actor
        self._now = now
        self._lock = Lock()
        self._stream: TextIO | None = None

    def __enter__(self) -> AuditLog:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._stream is not None:
            self._stream.close()

    @property
    def written(self) -> bool:
        """Whether there was anything to write."""
        return self._stream is not None

    def __call__(self, call: Call, result: str, detail: str = "") -> None:
        resource = call.resource
        line: dict[str, Any] = {
            "at": self._now().isoformat(timespec="milliseconds"),
            "who": self._actor.arn,
            "account": self._actor.account,
            "workshop": self._actor.workshop,
            "region": resource.region,
            "call": f"{resource.row.service}:{call.operation}",
            "kind": resource.kind,
            "name": resource.name,
            "ids": dict(resource.ids),
            "arn": resource.arn,
            "owner": resource.owner,
            "why": resource.why,
            "result": result,
            "detail": detail,
        }
        text = json.dumps(line, ensure_ascii=False) + "\n"
        with self._lock:
            if self._stream is None:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                self._stream = self.path.open("a", encoding="utf-8")
            self._stream.write(text)
            self._stream.flush()
