"""The clock that states move on: real time, real time with short waits, or stepped by hand."""

from __future__ import annotations

import time
from typing import Protocol

# 1 January 9000: dates beyond the year 9999 cannot be written.
_LAST = 221_845_392_000.0

KINDS = ("real", "scaled", "stepped")


class Clock(Protocol):
    """Tells the time, and how long a wait that AWS would take lasts here."""

    @property
    def kind(self) -> str:
        """One of KINDS."""
        ...

    def now(self) -> float:
        """Seconds since the epoch (UTC)."""
        ...

    def after(self, seconds: float) -> float:
        """The time at which a wait that takes AWS `seconds` is over."""
        ...


class ScaledClock:
    """Real time, with AWS's waits multiplied by `pace` (0.01: a 3-minute wait takes 1.8 s).

    Timestamps stay real, so that signatures, presigned links and logs mean what they say.
    """

    def __init__(self, pace: float = 1.0) -> None:
        self._pace = pace

    @property
    def kind(self) -> str:
        return "real" if self._pace == 1.0 else "scaled"

    def now(self) -> float:
        return time.time()

    def after(self, seconds: float) -> float:
        return self.now() + seconds * self._pace


class SteppedClock:
    """A clock that stands still until it is moved."""

    kind = "stepped"

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self._now = now

    def now(self) -> float:
        return self._now

    def after(self, seconds: float) -> float:
        return self._now + seconds

    def step(self, seconds: float) -> None:
        """Move the time forward. Raises ValueError for what is not a span of time."""
        if not 0 <= seconds <= _LAST - self._now:  # which nan is not either
            raise ValueError(f"{seconds:g} seconds are not a step forward, or lead beyond 9000")
        self._now += seconds


def make_clock(kind: str, pace: float) -> Clock:
    """A clock of a kind: real, scaled by `pace`, or stepped from the present time on."""
    if kind == "stepped":
        return SteppedClock(time.time())
    return ScaledClock(1.0 if kind == "real" else pace)
