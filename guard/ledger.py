"""What the guard remembers from one run to the next: plain data. `guard.table` keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from costs.meter import Amount
from workshop.machine import Machine


@dataclass(frozen=True, slots=True)
class Extension:
    """The workshop goes on until `until`, where its file still says that it ends at `of`.

    Whoever writes another end into the file and deploys has said something newer.
    """

    of: datetime
    until: datetime
    by: str = ""


@dataclass(frozen=True, slots=True)
class Hold:
    """Nothing is stopped until `until`: of one attendee, or of all when `attendee` is ""."""

    until: datetime
    attendee: str = ""
    by: str = ""


@dataclass(frozen=True, slots=True)
class Segment:
    """A time in which something billed on the same machines. `ended` None: it still does.

    `machines` None: nobody could see them. `began` and `ended` are at most one run of the guard
    too early and too late, where AWS does not say them.
    """

    began: datetime
    ended: datetime | None
    machines: tuple[Machine, ...] | None
    # What AWS says it bills for the segment, per machine, where it says so.
    billable_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Life:
    """One thing that bills, or did, as the guard saw it. `id` tells it from all others of the
    region, also from one of the same name before it. `part` is "volume" or "warm-pool" of what
    is billed beside its machine. `final`: AWS has told all of it, and it will not change."""

    id: str
    attendee: str
    kind: str
    name: str
    segments: tuple[Segment, ...]
    part: str = ""
    final: bool = False

    @property
    def over(self) -> bool:
        """Whether it bills no more."""
        return all(segment.ended is not None for segment in self.segments)


@dataclass(frozen=True, slots=True)
class Spent:
    """What was spent in another region until `at` (UTC), as its own guard wrote it; None: it
    cannot be told."""

    amount: Amount | None
    by_attendee: Mapping[str, Amount] = field(default_factory=dict)
    by_kind: Mapping[str, Amount] = field(default_factory=dict)
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Ledger:
    """All that is remembered of one region, and what other regions have spent.

    `warned` are the keys of the warnings that were sent. `last_run` is when the newest complete
    run looked; `digest` what the last notice said, by which the next one knows what is news.
    """

    extension: Extension | None = None
    holds: tuple[Hold, ...] = ()
    # The attendees whose doors the guard has shut.
    shut: frozenset[str] = frozenset()
    lives: Mapping[str, Life] = field(default_factory=dict)
    warned: frozenset[str] = frozenset()
    elsewhere: Mapping[str, Spent] = field(default_factory=dict)
    last_run: datetime | None = None
    digest: str = ""

    def hold(self, attendee: str, now: datetime) -> Hold | None:
        """The hold that is in force for an attendee, the longest one; None without any."""
        found = [h for h in self.holds if h.until > now and h.attendee in ("", attendee)]
        return max(found, key=lambda hold: hold.until, default=None)
