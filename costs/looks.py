"""Adds up what is spent while one looks now and then at what runs."""

from __future__ import annotations

from dataclasses import dataclass, field

from costs.prices import Rate


@dataclass(slots=True)
class Looks:
    """USD of what ran between looks. Between two looks the price is taken to change halfway.

    What came and went between two looks is not seen: the closer the looks, the truer the sum.
    `unknown` is the most things at once whose price was not known.
    """

    usd: float = 0.0
    unknown: int = 0
    looks: int = 0
    _last: tuple[float, Rate] | None = field(default=None, repr=False)

    def note(self, at: float, rate: Rate) -> None:
        """Take in a look: when it was (seconds on any clock that only goes forward), and what
        everything that ran then cost per hour."""
        if self._last is not None:
            before, earlier = self._last
            self.usd += (at - before) / 3600 * (earlier.usd_per_hour + rate.usd_per_hour) / 2
        self._last = at, rate
        self.looks += 1
        self.unknown = max(self.unknown, rate.unknown)

    def __str__(self) -> str:
        """ "0.12 USD", or what is known of it: "at least 0.12 USD (1 price unknown)"."""
        text = f"{self.usd:.2f} USD" if self.usd >= 0.005 or not self.usd else "less than 0.01 USD"
        if not self.unknown:
            return text
        plural = "s" if self.unknown > 1 else ""
        return f"at least {text} ({self.unknown} price{plural} unknown)"
