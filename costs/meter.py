"""What ran and what runs, times its price: who has cost how much so far. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from costs.prices import HOURS_PER_MONTH, Cell, Prices
from workshop.machine import Machine


@dataclass(frozen=True, slots=True)
class Lifetime:
    """One thing that bills, or did: whose it is, on what, from when to when (UTC).

    `machines` are what it ran on; a volume is a Machine of a volume's usage, counted in GB;
    None: nobody could see it. `began` None: nobody could see that either. `ended` None: it still
    runs. `billable_seconds` are what AWS says it bills, per machine, where it says so; they take
    the place of the time between. `perhaps_less`: it may have been stopped in between.
    """

    attendee: str
    kind: str
    name: str
    region: str
    machines: tuple[Machine, ...] | None
    began: datetime | None
    ended: datetime | None = None
    billable_seconds: float | None = None
    perhaps_less: bool = False

    def seconds(self, now: datetime) -> float | None:
        """For how long it has billed; None when that is not known."""
        if self.billable_seconds is not None:
            return self.billable_seconds
        if self.began is None:
            return None
        return max(0.0, ((self.ended or now) - self.began).total_seconds())


@dataclass(frozen=True, slots=True)
class Amount:
    """USD of what is known, and of how many things it is not known what they cost."""

    usd: float = 0.0
    unknown: int = 0

    def __add__(self, other: Amount) -> Amount:
        return Amount(self.usd + other.usd, self.unknown + other.unknown)

    def __str__(self) -> str:
        """ "41.20 USD", or what is known of it: "at least 41.20 USD (2 unknown)"."""
        cents = self.usd >= 0.005 or not self.usd
        text = f"{self.usd:.2f} USD" if cents else f"{self.usd:.4f} USD"
        if not self.unknown:
            return text
        return f"at least {text} ({self.unknown} unknown)" if self.usd else "unknown"


@dataclass(frozen=True, slots=True)
class Bill:
    """What was spent: by attendee, and by kind.

    `complete`: nothing is missing that was deleted. Listings never know that, a ledger does;
    without one a bill is what has been spent at least. `perhaps_less`: something counts that
    may have been stopped in between, so that the sum may also be too high.
    """

    by_attendee: Mapping[str, Amount] = field(default_factory=dict)
    by_kind: Mapping[str, Amount] = field(default_factory=dict)
    complete: bool = False
    perhaps_less: bool = False

    @property
    def total(self) -> Amount:
        """Of everybody."""
        return sum(self.by_attendee.values(), Amount())


def cost(lifetime: Lifetime, prices: Prices, now: datetime) -> Amount:
    """What one thing has cost until now. To the cent, when its price and times are right."""
    if lifetime.machines == ():
        return Amount()
    seconds = lifetime.seconds(now)
    if seconds == 0:
        return Amount()
    if lifetime.machines is None or seconds is None:
        return Amount(unknown=1)
    usd, unknown = 0.0, False
    for machine in lifetime.machines:
        cell = Cell(lifetime.region, machine.usage, machine.instance_type)
        price = prices.usd(cell)
        if price is None:
            unknown = True
            continue
        hours = seconds / 3600 / (HOURS_PER_MONTH if cell.unit == "GB-month" else 1)
        usd += price * machine.count * hours
    return Amount(usd, int(unknown))


def add_up(
    lifetimes: Iterable[Lifetime], prices: Prices, now: datetime, *, complete: bool = False
) -> Bill:
    """The bill of many things until now."""
    by_attendee: dict[str, Amount] = {}
    by_kind: dict[str, Amount] = {}
    perhaps_less = False
    for lifetime in lifetimes:
        amount = cost(lifetime, prices, now)
        if amount == Amount():
            continue
        perhaps_less |= lifetime.perhaps_less and amount.usd > 0
        for sums, key in ((by_attendee, lifetime.attendee), (by_kind, lifetime.kind)):
            sums[key] = sums.get(key, Amount()) + amount
    return Bill(
        dict(sorted(by_attendee.items())), dict(sorted(by_kind.items())), complete, perhaps_less
    )
