"""How fast calls may follow each other: a token bucket."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock


class Pace:
    """At most `calls_per_second` on average, and as many at once after a pause.

    AWS publishes no rates for SageMaker's control plane, so this is a cap and no promise; what
    is throttled all the same is tried again by the client. Safe to use from many threads.
    """

    def __init__(
        self,
        calls_per_second: float,
        now: Callable[[], float],
        sleep: Callable[[float], None],
    ) -> None:
        self._rate = calls_per_second
        self._now = now
        self._sleep = sleep
        self._lock = Lock()
        self._tokens = calls_per_second
        self._at = now()

    def wait(self) -> None:
        """Return when the next call may be made."""
        with self._lock:
            now = self._now()
            self._tokens = min(self._rate, self._tokens + (now - self._at) * self._rate)
            self._at = now
            # Taken in advance: those who come later wait behind this one.
            self._tokens -= 1
            seconds = -self._tokens / self._rate
        if seconds > 0:
            self._sleep(seconds)
