"""On-demand prices by cell, and what several things cost together.

The snapshot that is shipped lacks many cells; `workshop cost --refresh` reads others. A price
that is not there is None: unknown, never zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path

from workshop.machine import Machine

_SHIPPED = Path(__file__).resolve().parent / "data" / "prices.csv"

# Uses that are storage, by what the Price List calls their volumes.
STUDIO_VOLUME = "studio-volume"
NOTEBOOK_VOLUME = "notebook-volume"
VOLUME_TYPES = {STUDIO_VOLUME: "gp3", NOTEBOOK_VOLUME: "gp2"}

# What AWS's own calculators take a month for.
HOURS_PER_MONTH = 730

# Prices change rarely; a snapshot older than this is worth another look.
STALE_DAYS = 90


@dataclass(frozen=True, slots=True, order=True)
class Cell:
    """What has a price of its own: an instance type, or a type of volume, for a use in a region.

    `usage` is a word of workshop.machine.Machine, or one of VOLUME_TYPES.
    """

    region: str
    usage: str
    instance_type: str

    @property
    def unit(self) -> str:
        """What the price is for: "hour" of one instance, or "GB-month"."""
        return "GB-month" if self.usage in VOLUME_TYPES else "hour"

    def __str__(self) -> str:
        """ "hosting on ml.m5.large in us-east-1"."""
        return f"{self.usage} on {self.instance_type} in {self.region}"


@dataclass(frozen=True, slots=True)
class Price:
    """USD per unit of its cell, when it was read ("2026-09-24" or "2026-09"), and where.

    `usd` is None where somebody looked and could not tell; then `source` says why.
    """

    usd: float | None
    as_of: str
    source: str

    def is_stale(self, today: date) -> bool:
        """Whether it was read more than STALE_DAYS ago; a month counts from its first day."""
        return (today - first_day(self.as_of)).days > STALE_DAYS


def first_day(as_of: str) -> date:
    """The day of "2026-09-24", the first one of "2026-09"; raises ValueError for no date."""
    return date.fromisoformat(as_of if as_of.count("-") > 1 else f"{as_of}-01")


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


@dataclass(frozen=True, slots=True)
class Prices:
    """Prices by cell."""

    by_cell: Mapping[Cell, Price] = field(default_factory=dict)

    def find(self, cell: Cell) -> Price | None:
        """What is known of a cell: also that nobody could tell; None where nobody looked."""
        return self.by_cell.get(cell)

    def usd(self, cell: Cell) -> float | None:
        """USD per unit of a cell, or None when it is not known."""
        found = self.by_cell.get(cell)
        return None if found is None else found.usd

    def rate(self, machines: Iterable[Machine] | None, region: str) -> Rate:
        """What machines cost per hour; None stands for machines that nobody could see."""
        if machines is None:
            return Rate(unknown=1)
        total = Rate()
        for machine in machines:
            usd = self.usd(Cell(region, machine.usage, machine.instance_type))
            total += Rate(unknown=1) if usd is None else Rate(usd * machine.count)
        return total

    def over(self, older: Prices) -> Prices:
        """These prices, and the older ones of the cells that these say nothing of."""
        return Prices({**older.by_cell, **self.by_cell})

    def stale(self, cells: Iterable[Cell], today: date) -> list[Cell]:
        """Those of some cells whose price is known and was read more than STALE_DAYS ago."""
        found = [(cell, self.by_cell.get(cell)) for cell in cells]
        return [
            cell
            for cell, price in found
            if price is not None and price.usd is not None and price.is_stale(today)
        ]

    def oldest(self, cells: Iterable[Cell] | None = None) -> str:
        """The day or month of the oldest price, of some cells or of all; "" without any."""
        chosen = self.by_cell if cells is None else cells
        dates = [found.as_of for cell in chosen if (found := self.by_cell.get(cell)) is not None]
        return min(dates, default="")


@cache
def shipped() -> Prices:
    """The snapshot that is shipped with the toolkit."""
    from costs.price_file import read_prices

    return read_prices(_SHIPPED)
