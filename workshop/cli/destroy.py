"""`workshop destroy`: sweep, delete the stacks, and verify that nothing is left."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cleanup.resources import TAGS
from cleanup.sweep import SETTLE_SECONDS
from workshop.cli.cost_so_far import bill_json, not_counted, sentence
from workshop.cli.findings_of_scan import resource_rows
from workshop.cli.inventory import Inventory, assets_buckets, stacks_in, take_inventory
from workshop.cli.options import config_option, json_option, plan_options
from workshop.cli.output import decide, note, print_json, print_table
from workshop.cli.progress import events_on_stderr
from workshop.cli.sweep_views import describe, interruptible, rate_json
from workshop.errors import (
    EXIT_FAILED,
    EXIT_OK,
    EXIT_UNVERIFIED,
    UnverifiedError,
    WorkshopError,
)

if TYPE_CHECKING:
    from cleanup.audit import AuditLog
    from cleanup.resources import Scope
    from costs.meter import Bill
    from costs.prices import Prices, Rate
    from workshop.aws import Clients
    from workshop.cli.progress import EventStream
    from workshop.collecting.survey import Standing
    from workshop.model import Workshop

_SAVED = Path("collected")


@click.command("destroy")
@click.option(
    "--attendee",
    "attendees",
    multiple=True,
    metavar="ID",
    help="Only this attendee's environment; may be given several times.",
)
@click.option(
    "--save",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Where collected work is saved.  [default: collected/WORKSHOP]",
)
@click.option(
    "--discard-work", is_flag=True, help="Save nothing, and delete work that nobody collected."
)
@config_option
@plan_options
@json_option
def command(
    attendees: tuple[str, ...],
    save: Path | None,
    discard_work: bool,
    config: Path,
    yes: bool,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Delete everything of the workshop, attendees' files included, and verify it.

    Refuses, before anything is changed, while somebody's work is not collected (see
    `workshop collect`), and while something of an environment is to be kept (by the tag
    workshop:keep or cleanup.protected), since its stack would delete it. On a terminal the
    workshop's name must be typed.

    Closes the doors (attendees can start nothing any more, until the next deploy), sweeps what
    attendees made, saves the collected archives on this disk, deletes attendees' stacks, empties
    the bucket, deletes the shared stacks, then log streams; two last scans say what is left. Exit
    code 0: nothing is left; 1: something is; 3: a listing failed, so nothing can be said. A dry
    run shows what would be deleted, and leaves with 0, with 3, or with 1 when it would be
    refused. What went wrong on the way is told, and does not count once nothing is left.

    Example: workshop destroy --dry-run
    """
    from costs.own_prices import load_prices
    from workshop.config import load_workshop

    workshop = load_workshop(config)
    prices = load_prices(config)
    with events_on_stderr(as_json) as events:
        return _destroy(
            workshop,
            attendees,
            None if discard_work else save or _SAVED / workshop.name,
            prices=prices,
            yes=yes,
            dry_run=dry_run,
            events=events,
        )


def _destroy(
    workshop: Workshop,
    attendees: tuple[str, ...],
    save: Path | None,
    *,
    prices: Prices,
    yes: bool,
    dry_run: bool,
    events: EventStream | None,
) -> int:
    from cleanup.calls import Caller
    from cleanup.lifetimes import Lifetimes
    from workshop.aws import make_clients
    from workshop.cli import uncollected
    from workshop.cli.account import account_id, make_scope, workshop_stacks
    from workshop.cli.ledgers import guarded_regions, read_books
    from workshop.cli.spending import find_spending

    clients = make_clients()
    account, _ = account_id(clients, workshop.regions[0])
    stacks = workshop_stacks(workshop, clients)
    scope = replace(make_scope(workshop, stacks, only=attendees), account=account)
    assets = assets_buckets(scope, stacks)
    before = take_inventory(workshop, scope, assets, clients)
    view = _View(
        workshop,
        clients,
        prices,
        as_json=events is not None,
        whose=_whose(workshop, attendees),
        attendees=len(attendees) or len(workshop.attendees),
    )
    if before.empty and not before.blind:
        note(f"nothing of {view.whose} exists in {', '.join(workshop.regions)}")
        return view.report(before, [], executed=False)
    if events is None:
        print_table(
            ("kind", "region", "name", "status"),
            (row.values() for row in before.as_rows()),  # type: ignore[misc]
        )
    works = [] if save is None else uncollected.standings(scope, account, clients)
    for line in uncollected.describe(works):
        note(line)
    refusal = _protection(before) or uncollected.refusal(works)
    if refusal and not dry_run:
        raise refusal
    files = sum(before.objects.values())
    count = len(stacks_in(scope, stacks))
    summary = f"delete {count} stacks, {files} objects and all files of {view.whose}"
    if not decide(yes, dry_run, summary, name=workshop.name):
        if refusal:
            note(f"it would be refused: {refusal.what}; to be done first: {refusal.fix}")
        code = view.report(before, [], executed=False, works=works)
        return refusal.exit_code if refusal and code == EXIT_OK else code
    # Before the destruction: afterwards, nothing tells what has run, and the ledgers are gone.
    spending = find_spending(
        (*before.resources, *before.records),
        before.holes,
        Lifetimes(Caller(clients)),
        read_books(workshop, guarded_regions(workshop), prices, clients),
        datetime.now(UTC),
        scope.only,
    )
    problems = _carry_out(workshop, scope, assets, clients, save, events)
    bill = spending.bill(prices, datetime.now(UTC))
    return view.report(
        _look_twice(workshop, scope, assets, clients), problems, executed=True, bill=bill
    )


def _whose(workshop: Workshop, attendees: tuple[str, ...]) -> str:
    return f"{', '.join(attendees)} in {workshop.name}" if attendees else workshop.name


def _protection(before: Inventory) -> WorkshopError | None:
    """Why nothing may be destroyed, or None: a stack deletes all that it made, kept or not."""
    unseen = [what for what in before.blind if what.startswith(f"{TAGS} ")]
    if unseen:
        return UnverifiedError(
            "whether something is to be kept cannot be seen",
            f"could not be read: {', '.join(unseen)}",
            "allow tag:GetResources, then run the command again",
        )
    kept = [r for r in before.resources if r.managed and r.protected]
    if not kept:
        return None
    reasons = sorted({resource.protected for resource in kept})
    return WorkshopError(
        f"destroy would delete what is kept: {', '.join(describe(r) for r in kept)}",
        f"it is part of an environment, whose stack deletes it, and kept by: {', '.join(reasons)}",
        "remove the tag workshop:keep, or the name from cleanup.protected; "
        "workshop cleanup leaves it",
    )


def _carry_out(
    workshop: Workshop,
    scope: Scope,
    assets: Mapping[str, str],
    clients: Clients,
    target: Path | None,
    events: EventStream | None,
) -> list[str]:
    from workshop.cli.destruction import Order

    with _audit_log(workshop, scope, clients) as audit, interruptible(audit):
        problems = Order(
            workshop=workshop,
            scope=scope,
            assets=assets,
            clients=clients,
            save=target,
            audit=audit,
            events=events,
        ).carry_out()
    if audit.written:
        note(f"audit log of the sweeps: {audit.path}")
    return problems


def _audit_log(workshop: Workshop, scope: Scope, clients: Clients) -> AuditLog:
    """Where the sweeps of a destruction are written down; on this disk, since the bucket goes."""
    from cleanup.audit import Actor, AuditLog

    arn = str(clients("sts", workshop.regions[0]).get_caller_identity()["Arn"])
    name = f"{workshop.name}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}-destroy.jsonl"
    return AuditLog(Path("sweeps") / name, Actor(arn, scope.account, workshop.name))


def _look_twice(
    workshop: Workshop, scope: Scope, assets: Mapping[str, str], clients: Clients
) -> Inventory:
    """What is left. Where nothing is, it is looked for again: lists lag behind changes."""
    found = take_inventory(workshop, scope, assets, clients)
    if not found.empty or found.blind:
        return found
    time.sleep(SETTLE_SECONDS)
    return take_inventory(workshop, scope, assets, clients)


class _View:
    """Says what is left, or what there is."""

    def __init__(
        self,
        workshop: Workshop,
        clients: Clients,
        prices: Prices,
        *,
        as_json: bool,
        whose: str,
        attendees: int,
    ) -> None:
        self._regions = workshop.regions
        self._attendees = attendees
        self._clients = clients
        self._prices = prices
        self._as_json = as_json
        self.whose = whose

    def report(
        self,
        after: Inventory,
        problems: list[str],
        *,
        executed: bool,
        works: Sequence[Standing] = (),
        bill: Bill | None = None,
    ) -> int:
        """Print it, with what it has cost; returns the exit code."""
        ok = after.empty and not after.blind
        rate = self._rate(after)
        if self._as_json:
            self._print(after, problems, executed, works, rate, bill)
        if not executed:
            return EXIT_UNVERIFIED if after.blind else EXIT_OK
        for problem in problems:
            note(f"problem: {problem}")
        for row in after.as_rows():
            note(f"left: {row['kind']} {row['name']} ({row['region']}) {row['status']}")
        if rate:
            note(f"what is left costs {rate}")
        if bill is not None:
            cost = sentence(bill, self._attendees)
            note(f"{self.whose} has cost {cost} ({not_counted(bill)})")
        if ok:
            regions = ", ".join(self._regions)
            note(f"verified in {regions}: nothing of {self.whose} is left, nothing bills")
        if not after.empty:
            return EXIT_FAILED
        return EXIT_OK if ok else EXIT_UNVERIFIED

    def _rate(self, after: Inventory) -> Rate:
        from workshop.cli.money import find_rates, total

        return total(after.resources, find_rates(after.resources, self._clients, self._prices))

    def _print(
        self,
        after: Inventory,
        problems: list[str],
        executed: bool,
        works: Sequence[Standing],
        rate: Rate,
        bill: Bill | None,
    ) -> None:
        from workshop.cli.uncollected import as_rows

        print_json(
            {
                "ok": after.empty and not after.blind,
                "executed": executed,
                "verified": not after.blind,
                "left": after.as_rows(),
                "unknown": after.blind,
                "uncollected": as_rows(works),
                "problems": problems,
                "resources": resource_rows(after.resources),
                "cost": rate_json(rate),
                "spent": None if bill is None else bill_json(bill),
            }
        )
