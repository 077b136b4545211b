"""The clock that states move on: real time, real time with short waits, or stepped by a test."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Tells the time, and how long a wait that AWS would take lasts here."""

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

    def now(self) -> float:
        return time.time()

    def after(self, seconds: float) -> float:
        return self.now() + seconds * self._pace


class SteppedClock:
    """A clock that a test moves."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self._now = now

    def now(self) -> float:
        return self._now

    def after(self, seconds: float) -> float:
        return self._now + seconds

    def step(self, seconds: float) -> None:
        """Move the time forward."""
        self._now += seconds
