"""Progress of many stacks: a live table on a terminal, a line per finished stack elsewhere."""

from __future__ import annotations

import time
from types import TracebackType
from typing import TYPE_CHECKING

from workshop.cli.output import progress_console

if TYPE_CHECKING:
    from rich.live import Live
    from rich.table import Table

    from deploy.engine import Event

_SHOWN = 12


class StackProgress:
    """Shows what happens to each of `total` stacks; a context manager and a callback."""

    def __init__(self, verb: str, total: int) -> None:
        self._verb = verb
        self._total = total
        self._finished = 0
        self._failed = 0
        # (stack, region) -> status and when the stack was first heard of. The shared
        # stacks of all regions have one name.
        self._open: dict[tuple[str, str], tuple[str, float]] = {}
        self._started = time.monotonic()
        self._console = progress_console()
        self._live: Live | None = None

    def __enter__(self) -> StackProgress:
        if self._console.is_terminal:
            from rich.live import Live

            self._live = Live(console=self._console, refresh_per_second=4, transient=True)
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
            line = (
                f"[{self._finished}/{self._total}] {event.stack} ({event.region}) "
                f"{event.status} {event.seconds:.0f} s"
            )
            self._console.print(line, markup=False)
            if event.reason:
                self._console.print(f"    {event.reason}", markup=False)
        if self._live is not None:
            self._live.update(self._table())

    def _table(self) -> Table:
        from rich.table import Table

        table = Table.grid(padding=(0, 2))
        for (name, region), (status, since) in sorted(self._open.items())[:_SHOWN]:
            table.add_row(name, region, status, f"{time.monotonic() - since:.0f} s")
        hidden = len(self._open) - _SHOWN
        if hidden > 0:
            table.add_row(f"and {hidden} more", "", "", "")
        return table
