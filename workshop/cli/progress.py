"""Progress of many stacks: a live table on a terminal, a line per finished stack elsewhere, and
with --json a stream of events.

With --json standard error holds one JSON object a line, until the command ends or breaks:
`time` (UTC, ISO 8601) and `event`, which is "stack" (with stack, region, status, seconds,
done, reason and cause), "progress" (a whole operation's end, with what, finished, total,
failed and seconds) or "note" (with text, whatever else is said meanwhile).
"""

from __future__ import annotations

import io
import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any, TextIO

from workshop.cli.output import progress_console

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.live import Live

    from deploy.engine import Event

_SHOWN = 12


class EventStream(io.TextIOBase):
    """Standard error as a stream of events: what is written to it becomes a note a line.

    It is no terminal, so nobody is asked anything.
    """

    def __init__(
        self, stream: TextIO, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._stream = stream
        self._now = now
        self._begun = ""

    def emit(self, event: str, **values: Any) -> None:
        """Write one event."""
        moment = self._now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
        line = {"time": moment, "event": event, **values}
        self._stream.write(json.dumps(line, ensure_ascii=False, default=str) + "\n")
        self._stream.flush()

    def write(self, text: str) -> int:
        """Take in text; each line that is complete becomes a note."""
        *lines, self._begun = (self._begun + text).split("\n")
        for line in lines:
            self._note(line)
        return len(text)

    def finish(self) -> None:
        """Let what is no whole line yet become a note."""
        line, self._begun = self._begun, ""
        self._note(line)

    def writable(self) -> bool:
        """Whether it can be written to: always."""
        return True

    def _note(self, line: str) -> None:
        if line.strip():
            self.emit("note", text=line.rstrip())


@contextmanager
def events_on_stderr(as_json: bool) -> Iterator[EventStream | None]:
    """Turn standard error into a stream of events while --json asks for it; else give None."""
    if not as_json:
        yield None
        return
    usual = sys.stderr
    events = EventStream(usual)
    sys.stderr = events
    try:
        yield events
    finally:
        sys.stderr = usual
        events.finish()


class StackProgress:
    """Shows what happens to each of `total` stacks; a context manager and a callback."""

    def __init__(self, verb: str, total: int, events: EventStream | None = None) -> None:
        self._verb = verb
        self._total = total
        self._events = events
        self._finished = 0
        self._failed = 0
        # Ended after some time; what was up to date at once says nothing of the rest.
        self._worked = 0
        # (stack, region) -> status and when the stack was first heard of. The shared
        # stacks of all regions have one name.
        self._open: dict[tuple[str, str], tuple[str, float]] = {}
        self._started = time.monotonic()
        self._console = progress_console()
        self._live: Live | None = None

    def __enter__(self) -> StackProgress:
        if self._console.is_terminal and self._events is None:
            from rich.live import Live

            # Asked for four times a second, so that times go on while nothing happens.
            self._live = Live(
                console=self._console,
                refresh_per_second=4,
                transient=True,
                get_renderable=self._table,
            )
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live is not None:
            self._live.stop()
        elapsed = time.monotonic() - self._started
        if self._events is not None:
            self._events.emit(
                "progress",
                what=self._verb,
                finished=self._finished,
                total=self._total,
                failed=self._failed,
                seconds=round(elapsed, 1),
            )
            return
        failed = f", {self._failed} failed" if self._failed else ""
        self._console.print(
            f"{self._verb}: {self._finished} of {self._total} stacks{failed} in {elapsed:.0f} s"
        )

    def __call__(self, event: Event) -> None:
        key = (event.stack, event.region)
        if not event.done:
            _, since = self._open.get(key, ("", time.monotonic()))
            self._open[key] = (event.status, since)
        else:
            self._open.pop(key, None)
            self._finished += 1
            self._failed += event.status == "failed"
            self._worked += event.seconds > 0
        if self._events is not None:
            self._events.emit(
                "stack",
                stack=event.stack,
                region=event.region,
                status=event.status,
                seconds=round(event.seconds, 1),
                done=event.done,
                reason=event.reason,
                cause=event.cause,
            )
        elif event.done:
            self._console.print(
                f"[{self._finished}/{self._total}] {event.stack} ({event.region}) "
                f"{event.status} {event.seconds:.0f} s",
                markup=False,
            )
            if event.reason:
                self._console.print(f"    {event.reason}", markup=False)

    def _table(self) -> RenderableType:
        from rich.console import Group
        from rich.table import Table

        table = Table.grid(padding=(0, 2))
        # A copy: the live display asks from a thread of its own.
        rows = sorted(self._open.copy().items())
        for (name, region), (status, since) in rows[:_SHOWN]:
            table.add_row(name, region, status, f"{time.monotonic() - since:.0f} s")
        if len(rows) > _SHOWN:
            table.add_row(f"and {len(rows) - _SHOWN} more", "", "", "")
        return Group(table, self._count())

    def _count(self) -> str:
        elapsed = time.monotonic() - self._started
        failed = f", {self._failed} failed" if self._failed else ""
        line = f"{self._finished} of {self._total} stacks{failed}, {elapsed:.0f} s"
        left = remaining_seconds(elapsed, self._worked, self._total - self._finished)
        return line if left is None else f"{line}, about {left:.0f} s left"


def remaining_seconds(elapsed: float, worked: int, left: int) -> float | None:
    """How long `left` stacks still take, when `worked` took `elapsed` seconds; None before one
    has ended."""
    return elapsed / worked * left if worked and left else None
