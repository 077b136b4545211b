"""On-demand prices of instances, from the snapshot that is shipped in data/.

The snapshot lacks many cells. A price that it does not have is None: unknown, never zero.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from workshop.machine import Machine

_TABLE = Path(__file__).resolve().parent / "data" / "prices.csv"


@dataclass(frozen=True, slots=True)
class Price:
    """USD per instance and hour, when it was read ("2026-09-24" or "2026-09"), and where."""

    usd_per_hour: float
    as_of: str
    source: str


@dataclass(frozen=True, slots=True)
class Rate:
    """What several things cost together: USD per hour of those whose price is known, and how
    many there are whose price is not."""

    usd_per_hour: float = 0.0
    unknown: int = 0

    def __add__(self, other: Rate) -> Rate:
        return Rate(self.usd_per_hour + other.usd_per_hour, self.unknown + other.unknown)

    def __bool__(self) -> bool:
        """Whether anything costs anything, or may."""
        return bool(self.usd_per_hour or self.unknown)

    def __str__(self) -> str:
        """ "0.46 USD/h", or what is known of it: "at least 0.46 USD/h (2 unknown)"."""
        text = f"{self.usd_per_hour:.2f} USD/h"
        if not self.unknown:
            return text
        return f"at least {text} ({self.unknown} unknown)" if self.usd_per_hour else "unknown"


def price(usage: str, instance_type: str, region: str) -> Price | None:
    """The price of one instance, or None when the snapshot does not have it."""
    return _by_cell().get((usage, instance_type, region))


def rate(machines: Iterable[Machine] | None, region: str) -> Rate:
    """What machines cost per hour; None stands for machines that nobody could see."""
    if machines is None:
        return Rate(unknown=1)
    total = Rate()
    for machine in machines:
        found = price(machine.usage, machine.instance_type, region)
        total += Rate(found.usd_per_hour * machine.count) if found else Rate(unknown=1)
    return total


def oldest() -> str:
    """The day or month of the snapshot's oldest price."""
    return min(found.as_of for found in _by_cell().values())


@cache
def _by_cell() -> dict[tuple[str, str, str], Price]:
    with _TABLE.open(encoding="utf-8", newline="") as file:
        return {
            (row["usage"], row["instance_type"], row["region"]): Price(
                float(row["usd_per_hour"]), row["as_of"], row["source"]
            )
            for row in csv.DictReader(file)
        }
