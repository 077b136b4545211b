"""`workshop guard`: whether the guards are at work, and what they know."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from costs.meter import Amount, Bill
from costs.prices import Prices
from guard.board import Board, Thing
from guard.ledger import Extension, Hold
from guard.policy import GuardPolicy
from guard.rule import end, shown
from workshop.cli.boundary import explain
from workshop.cli.cost_so_far import bill_json
from workshop.cli.guard_desk import Desk, Schedule, in_utc
from workshop.cli.ledgers import LATE, Book, spent_until
from workshop.cli.output import note, print_json, print_table
from workshop.errors import EXIT_FAILED, EXIT_OK, EXIT_UNVERIFIED, WorkshopError

_MOST_PEOPLE = 5
_MOST_THINGS = 10


@dataclass(frozen=True, slots=True)
class _Region:
    """What is known of one region's guard at `now`."""

    now: datetime
    book: Book
    schedule: Schedule
    board: Board | None
    board_problem: WorkshopError | None = None

    @property
    def name(self) -> str:
        return self.book.region

    @property
    def policy(self) -> GuardPolicy:
        """What its runs go by: as it is deployed, else as the YAML says."""
        return self.schedule.policy or self.book.policy

    @property
    def looked(self) -> datetime | None:
        """When the newest run looked, whether it saw everything or not."""
        last = None if self.book.ledger is None else self.book.ledger.last_run
        seen = None if self.board is None else self.board.at
        return max((at for at in (last, seen) if at is not None), default=None)

    @property
    def blind(self) -> tuple[str, ...]:
        """What the newest run could not see."""
        return () if self.board is None else self.board.blind

    @property
    def ends(self) -> datetime | None:
        """When the workshop ends there; None where the ledger could not be read."""
        return None if self.book.ledger is None else end(self.policy, self.book.ledger)

    @property
    def deadline(self) -> datetime | None:
        """When everything is stopped."""
        return None if self.ends is None else self.ends + self.policy.grace

    @property
    def extension(self) -> Extension | None:
        """The extension that is in force."""
        found = None if self.book.ledger is None else self.book.ledger.extension
        return found if found is not None and found.of == self.policy.ends else None

    @property
    def holds(self) -> list[Hold]:
        """The holds that are in force."""
        ledger = self.book.ledger
        found = () if ledger is None else ledger.holds
        return sorted((h for h in found if h.until > self.now), key=lambda h: h.attendee)

    @property
    def shut(self) -> list[str]:
        """Who may start nothing more."""
        return [] if self.book.ledger is None else sorted(self.book.ledger.shut)

    @property
    def things(self) -> Iterator[tuple[str, Thing]]:
        """(whose, what) ran at the newest run."""
        for who, place in self.board.places.items() if self.board is not None else ():
            for thing in place.things:
                yield who, thing

    def failures(self) -> Iterator[str]:
        """Why the guard is not at work."""
        if self.schedule.state == "missing":
            yield "its schedule is missing: workshop deploy"
        elif self.schedule.state == "DISABLED":
            yield "its schedule is DISABLED: enable it in EventBridge Scheduler"
        if self.book.missing and self.book.problem is not None:
            yield f"{self.book.problem.what}: {self.book.problem.fix}"
        elif self.book.ledger is not None and self.looked is None:
            yield "it has not run yet"
        elif self.looked is not None and self.now - self.looked > LATE:
            yield f"it has not run for {_minutes(self.now, self.looked)}"

    def doubts(self) -> Iterator[str]:
        """What cannot be said."""
        for problem in (
            self.schedule.problem if self.schedule.state != "missing" else None,
            None if self.book.missing else self.book.problem,
            self.board_problem,
        ):
            if problem is not None:
                yield f"{problem.what}: {problem.why}"
        for hole in self.blind:
            yield f"its last run could not see: {hole}"

    @property
    def differs(self) -> bool:
        """Whether it goes by other rules than the YAML has now, prices aside."""
        deployed = self.schedule.policy
        return deployed is not None and (
            replace(deployed, prices=Prices()) != replace(self.book.policy, prices=Prices())
        )


def show_state(desk: Desk, *, as_json: bool) -> int:
    """Print what the guards of all regions know; returns the exit code."""
    regions = _read(desk)
    now = regions[0].now
    bill = spent_until((region.book for region in regions), desk.prices, now)
    if as_json:
        print_json(_as_json(desk, regions, bill))
    else:
        _show(desk, regions, bill)
    failed = [f"{region.name}: {text}" for region in regions for text in region.failures()]
    unknown = [f"{region.name}: {text}" for region in regions for text in region.doubts()]
    for text in (*failed, *unknown):
        note(text)
    for region in regions:
        if region.shut:
            note(f"{region.name}: may start nothing more: {', '.join(region.shut)}")
        if region.differs:
            note(f"{region.name}: its rules are not those of the YAML: workshop deploy")
    if failed:
        return EXIT_FAILED
    return EXIT_UNVERIFIED if unknown else EXIT_OK


def _read(desk: Desk) -> list[_Region]:
    now = datetime.now(UTC)

    def read(book: Book) -> _Region:
        schedule = desk.schedule(book.region)
        if book.ledger is None:
            return _Region(now, book, schedule, None)
        try:
            return _Region(now, book, schedule, book.table.read_board())
        except (ClientError, BotoCoreError, WorkshopError) as error:
            return _Region(now, book, schedule, None, explain(error))

    books = desk.books(elsewhere=False)
    with ThreadPoolExecutor(max_workers=len(books)) as pool:
        return list(pool.map(read, books))


def _show(desk: Desk, regions: Sequence[_Region], bill: Bill) -> None:
    print_table(
        ("region", "schedule", "last run", "saw", "end", "everything stops", "running"),
        (
            (
                *(r.name, r.schedule.state or "unknown", _ago(r.now, r.looked)),
                "-" if r.board is None else "not all" if r.blind else "all",
                *(_end(r), shown(r.deadline) if r.deadline else "unknown"),
                "unknown" if r.board is None else len(list(r.things)),
            )
            for r in regions
        ),
    )
    holds = [(r.name, h.attendee or "everybody", shown(h.until), h.by) for r, h in _holds(regions)]
    if holds:
        print_table(("region", "held", "until", "by"), holds)
    budget = desk.workshop.budget
    rows = [("the workshop", *_share(bill.total, budget.total))]
    rows += [(who, *_share(amount, budget.per_attendee)) for who, amount in _dearest(bill)]
    print_table(("spent by", "spent", "budget", "of it"), rows)
    coming = _next(regions)
    if coming:
        print_table(
            ("stopped next", "kind", "name", "attendee", "region", "rule", "why"),
            (
                (
                    *(_due(region, thing), thing.kind, thing.name, who, region.name),
                    *(thing.rule, thing.reason),
                )
                for region, who, thing in coming[:_MOST_THINGS]
            ),
        )
    if len(coming) > _MOST_THINGS:
        note(f"and {len(coming) - _MOST_THINGS} more; --json has them all")


def _as_json(desk: Desk, regions: Sequence[_Region], bill: Bill) -> dict[str, Any]:
    budget = desk.workshop.budget
    return {
        "ok": not any([*r.failures(), *r.doubts()] for r in regions),
        "regions": [
            {
                "region": r.name,
                "schedule": r.schedule.state,
                "last_run": None if r.book.ledger is None else r.book.ledger.last_run,
                "last_look": r.looked,
                "ends": in_utc(r.ends),
                "deadline": in_utc(r.deadline),
                "extended_by": r.extension.by if r.extension else None,
                "running": None if r.board is None else len(list(r.things)),
                "shut": r.shut,
                "differs": r.differs,
                "problems": list(r.failures()),
                "unknown": list(r.doubts()),
            }
            for r in regions
        ],
        "holds": [
            {"region": r.name, "attendee": h.attendee or None, "until": h.until, "by": h.by}
            for r, h in _holds(regions)
        ],
        "spent": bill_json(bill),
        "budget": {"total": budget.total, "per_attendee": budget.per_attendee},
        "next": [
            {
                "due": in_utc(thing.due),
                "action": thing.action,
                "kind": thing.kind,
                "name": thing.name,
                "attendee": who,
                "region": region.name,
                "rule": thing.rule,
                "reason": thing.reason,
            }
            for region, who, thing in _next(regions)
        ],
    }


def _holds(regions: Iterable[_Region]) -> Iterator[tuple[_Region, Hold]]:
    return ((region, hold) for region in regions for hold in region.holds)


def _next(regions: Iterable[_Region]) -> list[tuple[_Region, str, Thing]]:
    """What is stopped, as far as one knows: the first one first."""
    found = [
        (thing.due, region.name, thing.kind, thing.name, (region, who, thing))
        for region in regions
        for who, thing in region.things
        if thing.due is not None
    ]
    return [row[-1] for row in sorted(found, key=lambda row: row[:-1])]


def _due(region: _Region, thing: Thing) -> str:
    assert thing.due is not None
    return shown(thing.due) if thing.due > region.now else "now"


def _dearest(bill: Bill) -> list[tuple[str, Amount]]:
    by_cost = sorted(bill.by_attendee.items(), key=lambda row: (-row[1].usd, row[0]))
    return by_cost[:_MOST_PEOPLE]


def _share(spent: Amount, limit: float | None) -> tuple[str, str, str]:
    if limit is None:
        return str(spent), "-", "-"
    part = f"{spent.usd / limit:.0%}" if limit else "100%"
    return str(spent), f"{limit:.2f} USD", part


def _end(region: _Region) -> str:
    if region.ends is None:
        return "unknown"
    extension = region.extension
    if extension is None:
        return shown(region.ends)
    return f"{shown(region.ends)}, extended{f' by {extension.by}' if extension.by else ''}"


def _ago(now: datetime, moment: datetime | None) -> str:
    return "never" if moment is None else f"{_minutes(now, moment)} ago"


def _minutes(now: datetime, moment: datetime) -> str:
    minutes = int((now - moment).total_seconds() // 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h"
