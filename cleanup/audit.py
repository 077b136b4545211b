"""The audit log: every call that changes something, as a line of JSON before and after it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock
from typing import Any, Protocol, TextIO

from cleanup.steps import Call


class Audit(Protocol):
    """Takes note of a call: `result` is "sent" before it, then "accepted", "gone" (it was not
    there any more), "later" or "refused"; `detail` is what AWS said."""

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
    """Writes JSON lines to a stream. Safe to use from many threads.

    A line: {"at" (UTC, ISO 8601), "who", "account", "workshop", "region", "call",
    "kind", "name", "ids", "arn", "owner", "why", "result", "detail"}. The line that says
    "sent" is on its way to the disk before the call is made, so that a killed sweep has left
    a trace of all it may have done.
    """

    def __init__(
        self,
        stream: TextIO,
        actor: Actor,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._stream = stream
        self._actor = actor
        self._now = now
        self._lock = Lock()

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
        with self._lock:
            self._stream.write(json.dumps(line, ensure_ascii=False) + "\n")
            self._stream.flush()
