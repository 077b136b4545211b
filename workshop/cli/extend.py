"""`workshop extend`: the workshop goes on for longer than its file says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from workshop.cli.durations import Duration
from workshop.cli.options import config_option, json_option, plan_options
from workshop.errors import EXIT_FAILED, EXIT_OK, UsageError, WorkshopError

if TYPE_CHECKING:
    from costs.prices import Rate
    from guard.ledger import Extension
    from workshop.cli.guard_desk import Desk, Schedule
    from workshop.cli.ledgers import Book


@click.command("extend")
@click.argument("duration", type=Duration(), required=False)
@click.option("--reset", is_flag=True, help="Go back to the end in the YAML.")
@config_option
@plan_options
@json_option
@click.pass_context
def command(
    context: click.Context,
    duration: timedelta | None,
    reset: bool,
    config: Path,
    yes: bool,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Let the workshop end later by DURATION (30m, 1h), for the guards of all regions.

    Nothing is deployed: the next run of every guard knows it, ten minutes later at most. It can
    be repeated, and also be done after the end, until the minutes of grace are over; what was
    stopped stays stopped. 0m brings a region that failed up to the others. Another end in the
    YAML, once deployed, takes its place. Exit code 0: done in all regions; 1: not in all.

    Example: workshop extend 1h
    """
    from workshop.aws import make_clients
    from workshop.cli.guard_desk import open_desk
    from workshop.cli.instructors import refuse_attendees

    if (duration is None) == (not reset):
        raise UsageError(
            "for how long?" if duration is None else "--reset takes no duration",
            "either the workshop goes on for longer, or no longer than its file says",
            "workshop extend 1h, or workshop extend --reset",
        )
    clients = make_clients()
    refuse_attendees(context, clients)
    return _extend(
        open_desk(config, (), clients), duration, yes=yes, dry_run=dry_run, as_json=as_json
    )


@dataclass(frozen=True, slots=True)
class _Region:
    """A region whose ledger can be read: the deployed end, and the one in force."""

    book: Book
    of: datetime
    end: datetime


def _extend(
    desk: Desk, duration: timedelta | None, *, yes: bool, dry_run: bool, as_json: bool
) -> int:
    from guard.ledger import Extension
    from guard.rule import shown
    from workshop.cli.guard_desk import in_utc
    from workshop.cli.output import decide, note, print_json, print_table

    regions, problems = _survey(desk)
    if not regions:
        raise next(iter(problems.values()))
    grace = timedelta(minutes=desk.workshop.cleanup.grace_minutes)
    now = datetime.now(UTC)
    # All regions end together, also where one could not be written before.
    old = max(region.end for region in regions)
    new = desk.workshop.ends if duration is None else old + duration
    if duration is not None:
        _need_time(now, old, new, grace)
    changes = [region for region in regions if region.end != new]
    rate = _rate(regions)
    if not as_json:
        print_table(
            ("region", "end", "everything stops", "new end", "everything stops then"),
            (
                (r.book.region, *map(shown, (r.end, r.end + grace, new, new + grace)))
                for r in regions
            ),
        )
    for line in _notes(now, old, new, grace, rate):
        note(line)
    executed = bool(changes) and decide(yes, dry_run, f"let the workshop end at {shown(new)}")
    failed: dict[str, WorkshopError] = {}
    if executed:
        by = desk.caller
        extensions = {r.book.region: Extension(r.of, new, by) for r in changes}
        failed = _write(changes, None if duration is None else extensions)
    for region, problem in {**problems, **failed}.items():
        note(f"{region} goes by its old end: {problem.what}: {problem.why}; fix: {problem.fix}")
    if failed or (problems and executed):
        note("once that is mended, this brings all regions to the same end: workshop extend 0m")
    ok = not problems and not failed and (executed or dry_run or not changes)
    if as_json:
        print_json(
            {
                "ok": ok,
                "executed": executed,
                "ends": in_utc(old),
                "deadline": in_utc(old + grace),
                "new_ends": in_utc(new),
                "new_deadline": in_utc(new + grace),
                "cost": {"usd_per_hour": round(rate.usd_per_hour, 4), "unknown": rate.unknown},
                "regions": {r.book.region: r.book.region not in failed for r in regions},
                "problems": {k: v.what for k, v in {**problems, **failed}.items()},
            }
        )
    return EXIT_OK if ok else EXIT_FAILED


def _survey(desk: Desk) -> tuple[list[_Region], dict[str, WorkshopError]]:
    """The regions that can be extended, and why others cannot.

    Raises WorkshopError when a guard goes by another end than the YAML says: an extension is of
    one end, and whoever wrote another one meant that.
    """
    from guard.rule import end, shown

    schedules = {region: desk.schedule(region) for region in desk.regions}
    other = {
        region: schedule.policy.ends
        for region, schedule in schedules.items()
        if schedule.policy is not None and schedule.policy.ends != desk.workshop.ends
    }
    if other:
        told = ", ".join(f"{region}: {shown(ends)}" for region, ends in sorted(other.items()))
        raise WorkshopError(
            "the end in the YAML is not the deployed one",
            f"the YAML says {shown(desk.workshop.ends)}, the guards go by {told}",
            "workshop deploy; or write the deployed end into the YAML again",
        )
    problems = {r: p for r, s in schedules.items() if (p := _problem(s, desk)) is not None}
    regions = []
    for book in desk.books(region for region in desk.regions if region not in problems):
        if book.ledger is None:
            assert book.problem is not None
            problems[book.region] = book.problem
        else:
            regions.append(_Region(book, book.policy.ends, end(book.policy, book.ledger)))
    return regions, problems


def _problem(schedule: Schedule, desk: Desk) -> WorkshopError | None:
    if schedule.state == "missing":
        return WorkshopError(
            f"{desk.workshop.name} has no guard in {schedule.region}",
            "its schedule does not exist",
            "workshop deploy",
        )
    return schedule.problem


def _need_time(now: datetime, old: datetime, new: datetime, grace: timedelta) -> None:
    """Raise UsageError when everything would be stopped all the same."""
    from guard.rule import shown

    if new + grace > now:
        return
    hours = ceil((now - old) / timedelta(hours=1)) + 1
    raise UsageError(
        f"{shown(new)} is over, too",
        f"the workshop ended at {shown(old)}, and it is {shown(now)}",
        f"workshop extend {hours}h",
    )


def _rate(regions: Sequence[_Region]) -> Rate:
    """What ran when the guards last looked costs per hour."""
    from botocore.exceptions import BotoCoreError, ClientError

    from costs.prices import Rate

    total = Rate()
    for region in regions:
        try:
            board = region.book.table.read_board()
        except (ClientError, BotoCoreError, WorkshopError):
            return Rate(unknown=1)
        for place in board.places.values() if board is not None else ():
            total = sum(
                (thing.rate for thing in place.things), total + Rate(unknown=place.left_out)
            )
    return total


def _notes(
    now: datetime, old: datetime, new: datetime, grace: timedelta, rate: Rate
) -> Sequence[str]:
    from guard.rule import shown

    said = []
    if rate and new > old:
        said.append(f"what runs costs {rate}")
    if now >= old + grace and new > old:
        said.append("what was stopped at the end stays stopped: workshop open starts workspaces")
    if new + grace <= now:
        said.append(f"{shown(new + grace)} is over: the next run of the guard stops everything")
    return said


def _write(
    changes: Sequence[_Region], extensions: Mapping[str, Extension] | None
) -> dict[str, WorkshopError]:
    from botocore.exceptions import BotoCoreError, ClientError

    from workshop.cli.boundary import explain

    failed: dict[str, Any] = {}
    for region in changes:
        table = region.book.table
        try:
            if extensions is None:
                table.delete_extension()
            else:
                table.put_extension(extensions[region.book.region])
        except (ClientError, BotoCoreError, WorkshopError) as error:
            failed[region.book.region] = explain(error)
    return failed
