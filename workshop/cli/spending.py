"""What has run of a workshop: as the guards' ledgers have it, else as listings still tell."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from cleanup.lifetimes import Lifetimes
from cleanup.resources import Blind, Resource
from costs.meter import Bill, Lifetime, add_up
from costs.prices import Cell, Prices
from guard.lives import lifetimes as lifetimes_of
from guard.lives import update
from workshop.cli.cost_so_far import lifetime_of
from workshop.cli.ledgers import Book


@dataclass(frozen=True, slots=True)
class Spending:
    """From when to when everything billed. `complete`: what was deleted before is in it."""

    lifetimes: tuple[Lifetime, ...]
    complete: bool = False

    def bill(self, prices: Prices, now: datetime) -> Bill:
        """What that has cost until `now` (UTC); what runs, runs on until then."""
        return add_up(self.lifetimes, prices, now, complete=self.complete)

    def oldest(self, prices: Prices) -> str:
        """The day or month of the oldest price that is needed."""
        return prices.oldest(
            Cell(lifetime.region, machine.usage, machine.instance_type)
            for lifetime in self.lifetimes
            for machine in lifetime.machines or ()
        )


def find_spending(
    resources: Iterable[Resource],
    blind: Iterable[Blind],
    reader: Lifetimes,
    books: Collection[Book],
    now: datetime,
    only: Collection[str] | None = None,
) -> Spending:
    """What billed, from what is listed at `now` (UTC) and the ledgers of the same regions.

    `blind` are the listings that failed, `only` the attendees that were looked for (None: all).
    Where a region has no ledger that can be read, what was deleted there is not in it. Nothing
    is written into a ledger.
    """
    runs = reader.find(resources)
    unseen = tuple(blind)
    found: list[Lifetime] = []
    kept: set[str] = set()
    for book in books:
        if book.ledger is None:
            continue
        kept.add(book.region)
        lives = {
            identity: life
            for identity, life in book.ledger.lives.items()
            if only is None or life.attendee in only
        }
        here = [run for run in runs if run.resource.region == book.region]
        holes = {hole.kind for hole in unseen if hole.region == book.region}
        after, _ = update(lives, here, now, book.ledger.last_run, holes)
        found += lifetimes_of(after.values(), book.region)
    elsewhere = [run for run in runs if run.resource.region not in kept]
    found += [lifetime_of(run) for run in elsewhere]
    whole = bool(books) and not elsewhere and all(book.is_fresh(now) for book in books)
    return Spending(tuple(found), complete=whole and not unseen)
