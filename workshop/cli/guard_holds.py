"""`workshop guard --hold` and `--release`: nothing is stopped for a while, or again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from guard.ledger import Hold
from guard.rule import shown
from workshop.cli.account import need_attendee
from workshop.cli.boundary import explain
from workshop.cli.guard_desk import Desk
from workshop.cli.ledgers import Book
from workshop.cli.output import decide, note, print_json, print_table
from workshop.errors import EXIT_FAILED, EXIT_OK, UsageError, WorkshopError

# A hold that somebody forgot must end by itself.
_LONGEST = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class _Change:
    """In a region, one hold: as it was, and as it will be (None: none)."""

    book: Book
    attendee: str
    before: Hold | None
    after: Hold | None

    def as_row(self) -> dict[str, Any]:
        return {
            "region": self.book.region,
            "attendee": self.attendee or None,
            "held_until": self.before.until if self.before else None,
            "until": self.after.until if self.after else None,
        }


def change_holds(
    desk: Desk,
    duration: timedelta | None,
    attendees: tuple[str, ...],
    *,
    yes: bool,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Hold everybody, or some attendees, for a duration; None releases them.

    Raises UsageError for a duration that cannot be, or an attendee that is none. Returns the
    exit code: 1 when a region's ledger could not be written.
    """
    if duration is not None and not timedelta() < duration <= _LONGEST:
        raise UsageError(
            "a hold is at most 24 h long, and longer than nothing",
            "what is held bills on, whatever it costs",
            "workshop guard --hold 2h; more time for the whole workshop: workshop extend 1h",
        )
    now = datetime.now(UTC)
    people = [need_attendee(desk.workshop, attendee) for attendee in attendees]
    regions = {person.region for person in people} if people else set(desk.regions)
    books = desk.books(region for region in desk.regions if region in regions)
    problems = _unreadable(books)
    changes = []
    for book in books:
        there = [p.id for p in people if p.region == book.region] if people else [""]
        hold = None if duration is None else now + duration
        changes += list(_changes(book, there, hold, desk.caller, now))
    if not as_json:
        print_table(
            ("region", "attendee", "held until", "then until"),
            (
                (c.book.region, c.attendee or "everybody", _until(c.before), _until(c.after))
                for c in changes
            ),
        )
    executed = bool(changes) and decide(yes, dry_run, _summary(changes, duration))
    if executed:
        problems += _write(changes)
    _explain(changes, duration, executed)
    for problem in problems:
        note(problem)
    ok = not problems and (executed or dry_run or not changes)
    if as_json:
        rows = [change.as_row() for change in changes]
        print_json({"ok": ok, "executed": executed, "holds": rows, "problems": problems})
    return EXIT_OK if ok else EXIT_FAILED


def _unreadable(books: Iterable[Book]) -> list[str]:
    return [
        f"{book.region}: {book.problem.what}: {book.problem.why}"
        for book in books
        if book.problem is not None
    ]


def _changes(
    book: Book, attendees: list[str], until: datetime | None, by: str, now: datetime
) -> Iterable[_Change]:
    if book.ledger is None:
        return
    present = {hold.attendee: hold for hold in book.ledger.holds if hold.until > now}
    if until is None and attendees == [""]:
        # Whoever releases all means those that were held alone, too.
        attendees = sorted(present)
    for attendee in attendees:
        before = present.get(attendee)
        after = None if until is None else Hold(until, attendee, by)
        if before is not None or after is not None:
            yield _Change(book, attendee, before, after)


def _write(changes: Iterable[_Change]) -> list[str]:
    problems = []
    for change in changes:
        try:
            if change.after is not None:
                change.book.table.put_hold(change.after)
            else:
                change.book.table.delete_hold(change.attendee)
        except (ClientError, BotoCoreError, WorkshopError) as error:
            explained = explain(error)
            problems.append(f"{change.book.region}: {explained.what}: {explained.why}")
    return problems


def _explain(changes: list[_Change], duration: timedelta | None, executed: bool) -> None:
    if not changes and duration is None:
        note("nobody is held")
    for change in changes:
        ledger = change.book.ledger
        everybody = ledger and next((h for h in ledger.holds if not h.attendee), None)
        now = datetime.now(UTC)
        if duration is None and change.attendee and everybody and everybody.until > now:
            if any(other.attendee == "" for other in changes):
                continue
            note(f"{change.attendee} is still held with everybody until {shown(everybody.until)}")
    if executed and duration is not None:
        note("what runs goes on billing meanwhile, also beyond the end and the budget")


def _until(hold: Hold | None) -> str:
    return "-" if hold is None else shown(hold.until)


def _summary(changes: list[_Change], duration: timedelta | None) -> str:
    who = sorted({change.attendee for change in changes})
    whose = "" if "" in who else f" of {', '.join(who)}"
    if duration is None:
        return f"let the guard stop things{whose} again"
    until = max(change.after.until for change in changes if change.after is not None)
    return f"stop nothing{whose} until {shown(until)}"
