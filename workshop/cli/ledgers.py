"""The ledgers of a workshop's guards, one per region, as the commands read them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

from botocore.exceptions import BotoCoreError, ClientError

from costs.meter import Bill
from costs.prices import Prices
from guard.ledger import Ledger, Spent
from guard.lives import bill, summary
from guard.policy import PERIOD, GuardPolicy, freeze, thaw
from guard.table import Table
from workshop.aws import Clients
from workshop.cli.account import choose_regions
from workshop.cli.boundary import explain
from workshop.errors import WorkshopError
from workshop.model import Workshop

# A guard that has missed some of its runs is not at work.
LATE = 3 * PERIOD


@dataclass(frozen=True, slots=True)
class Book:
    """A region's ledger. `ledger` None: it could not be read, `problem` says why; `missing`:
    since there is none, or not one of this version."""

    region: str
    policy: GuardPolicy
    table: Table
    ledger: Ledger | None
    problem: WorkshopError | None = None
    missing: bool = False

    def is_fresh(self, now: datetime) -> bool:
        """Whether its guard has looked at everything lately."""
        last = None if self.ledger is None else self.ledger.last_run
        return last is not None and now - last <= LATE


def guarded_regions(workshop: Workshop, asked: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Of the regions asked for (all by default) those that have attendees, and so a guard.

    Raises UsageError for a region that the workshop does not have.
    """
    return tuple(r for r in choose_regions(workshop, asked) if workshop.attendees_in(r))


def policy_of(workshop: Workshop, region: str, prices: Prices) -> GuardPolicy:
    """What a guard of a region would go by, if the workshop were deployed as it is written."""
    return thaw(freeze(workshop, region, prices))


def read_books(
    workshop: Workshop,
    regions: Sequence[str],
    prices: Prices,
    clients: Clients,
    *,
    elsewhere: bool = False,
) -> list[Book]:
    """The ledgers of some regions, read side by side, in the regions' order; on request each
    with what others have spent."""

    def read(region: str) -> Book:
        policy = policy_of(workshop, region, prices)
        table = Table(clients, policy)
        try:
            return Book(region, policy, table, table.read(elsewhere=elsewhere))
        except (ClientError, BotoCoreError) as error:
            return Book(region, policy, table, None, explain(error))
        except WorkshopError as error:
            return Book(region, policy, table, None, error, missing=True)

    with ThreadPoolExecutor(max_workers=len(regions) or 1) as pool:
        return list(pool.map(read, regions))


def spent_until(books: Iterable[Book], prices: Prices, now: datetime) -> Bill:
    """What was spent in all regions until `now` (UTC), as their ledgers have it.

    A region whose ledger cannot be read, or whose guard does not run, counts as unknown.
    """
    spent = {book.region: _spent(book, prices, now) for book in books}
    return bill({}, spent, prices, "", now)


def _spent(book: Book, prices: Prices, now: datetime) -> Spent:
    if book.ledger is None:
        return Spent(None)
    found = summary(book.ledger.lives, prices, book.region, now)
    return Spent(found.amount, found.by_attendee, found.by_kind, book.ledger.last_run)
