"""`workshop status`: what of the workshop exists, whose it is, since when, and what it costs."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from workshop.cli.options import config_option, json_option, region_option
from workshop.cli.output import note, print_json, print_table
from workshop.errors import EXIT_OK, EXIT_UNVERIFIED, UsageError

if TYPE_CHECKING:
    from cleanup.lifetimes import Lifetimes
    from cleanup.resources import Resource, Scan
    from costs.meter import Bill
    from costs.prices import Prices
    from deploy.state import StackState
    from workshop.aws import Clients
    from workshop.cli.money import Rates
    from workshop.model import Workshop

_DEFAULT_SECONDS = 30


@click.command("status")
@click.option(
    "--attendee",
    "attendees",
    multiple=True,
    metavar="ID",
    help="Only this attendee's things; may be given several times.",
)
@click.option(
    "--running", is_flag=True, help="Only what bills by the hour, without stacks and storage."
)
@click.option("--watch", is_flag=True, help="Look again and again, until interrupted.")
@click.option(
    "--every",
    "seconds",
    type=click.IntRange(min=1),
    default=_DEFAULT_SECONDS,
    show_default=True,
    metavar="SECONDS",
    help="With --watch: how often to look.",
)
@click.option(
    "--boot", is_flag=True, help="Only how every environment's last boot went, and why it failed."
)
@click.option("--no-prices", is_flag=True, help="Do not read what things run on.")
@config_option
@region_option
@json_option
def command(
    config: Path,
    attendees: tuple[str, ...],
    regions: tuple[str, ...],
    running: bool,
    watch: bool,
    seconds: int,
    boot: bool,
    no_prices: bool,
    as_json: bool,
) -> int:
    """Show what of the workshop exists, whose it is, since when, and what it costs per hour.

    Exit code 0: everything could be read; 3: a listing failed, so the table is not complete.
    With --boot: 1 when an environment's boot failed, or takes over 20 minutes.

    Example: workshop status --running --watch
    """
    from costs.own_prices import load_prices
    from workshop.aws import make_clients
    from workshop.cli.account import choose_regions
    from workshop.config import load_workshop

    if watch and as_json:
        raise UsageError(
            "--watch and --json exclude each other",
            "a program reads one answer at a time",
            "call workshop status --json as often as you like",
        )
    workshop = load_workshop(config)
    prices = load_prices(config)
    clients = make_clients()
    chosen = choose_regions(workshop, regions)
    reader = None if no_prices else _reader(clients)
    while True:
        if boot:
            code = _show_boots(workshop, clients, chosen, attendees, watch, as_json)
            if not watch:
                return code
            _wait(seconds)
            continue
        stacks, found = look(workshop, clients, chosen, attendees)
        rates = {} if no_prices else _rates(found, clients, prices)
        bill = None
        if reader is not None:
            whose = attendees or None
            bill = _bill(workshop, clients, chosen, found, reader, prices, whose)
        shown = [r for r in found.resources if r.bills == "hour" or not running]
        if as_json:
            print_json(_as_json(stacks, shown, found, rates, bill))
        else:
            if watch:
                click.clear()
            _show([] if running or attendees else stacks, shown, rates)
            if bill is not None:
                note(_spent(bill, len(attendees) or len(workshop.attendees)))
        _note(found)
        if not watch:
            return EXIT_OK if found.complete else EXIT_UNVERIFIED
        _wait(seconds)


def _wait(seconds: int) -> None:
    note(f"{datetime.now(UTC):%H:%M:%S} UTC, again in {seconds} s; Ctrl-C ends")
    time.sleep(seconds)


def _show_boots(
    workshop: Workshop,
    clients: Clients,
    regions: tuple[str, ...],
    attendees: tuple[str, ...],
    watch: bool,
    as_json: bool,
) -> int:
    from workshop.cli.account import account_id, need_attendee
    from workshop.cli.boots import read_boots, report

    account, _ = account_id(clients, regions[0])
    people = [need_attendee(workshop, a) for a in attendees] or list(workshop.attendees)
    there = [attendee for attendee in people if attendee.region in regions]
    boots = read_boots(workshop.name, account, there, clients, datetime.now(UTC))
    if watch:
        click.clear()
    return report(boots, as_json)


def look(
    workshop: Workshop, clients: Clients, regions: tuple[str, ...], attendees: Iterable[str] = ()
) -> tuple[list[StackState], Scan]:
    """The workshop's stacks in some regions, and what else of it there is: of all attendees, or
    of the given ones."""
    from cleanup.calls import Caller
    from cleanup.scan import Scanner
    from workshop.cli.account import account_id, make_scope, workshop_stacks

    account, _ = account_id(clients, regions[0])
    stacks = workshop_stacks(workshop, clients, regions)
    scope = make_scope(workshop, stacks, regions=regions, only=attendees)
    return stacks, Scanner(replace(scope, account=account), Caller(clients)).look()


def _rates(found: Scan, clients: Clients, prices: Prices) -> Rates:
    from workshop.cli.money import find_rates

    return find_rates(found.resources, clients, prices)


def _reader(clients: Clients) -> Lifetimes:
    from cleanup.calls import Caller
    from cleanup.lifetimes import Lifetimes

    return Lifetimes(Caller(clients))


def _bill(
    workshop: Workshop,
    clients: Clients,
    regions: tuple[str, ...],
    found: Scan,
    reader: Lifetimes,
    prices: Prices,
    whose: tuple[str, ...] | None,
) -> Bill:
    from workshop.cli.ledgers import guarded_regions, read_books
    from workshop.cli.spending import find_spending

    books = read_books(workshop, guarded_regions(workshop, regions), prices, clients)
    now = datetime.now(UTC)
    spending = find_spending(found.resources, found.blind, reader, books, now, whose)
    return spending.bill(prices, now)


def _spent(bill: Bill, attendees: int) -> str:
    from workshop.cli.cost_so_far import not_counted, sentence

    return f"spent so far: {sentence(bill, attendees)} ({not_counted(bill)})"


def _note(found: Scan) -> None:
    from workshop.cli.findings_of_scan import note_scan

    note_scan(found)


def _show(stacks: Iterable[StackState], resources: list[Resource], rates: Rates) -> None:
    from workshop.cli.money import cell, total

    rows = [(stack.name, stack.region, stack.status) for stack in stacks]
    if rows:
        print_table(("stack", "region", "status"), rows)
    print_table(
        ("attendee", "region", "kind", "name", "status", "since (UTC)", "USD/h"),
        (
            (
                *(r.owner, r.region, r.kind, r.name, r.status or "-"),
                f"{r.created.astimezone(UTC):%Y-%m-%d %H:%M}" if r.created else "-",
                cell(r, rates),
            )
            for r in sorted(resources, key=lambda r: (r.bills != "hour", r.owner, r.key))
        ),
    )
    running = [r for r in resources if r.bills == "hour"]
    note(
        f"{len(resources)} resources, {len(running)} bill by the hour: {total(running, rates)}"
        if running
        else f"{len(resources)} resources, none bills by the hour"
    )


def _as_json(
    stacks: Iterable[StackState],
    resources: list[Resource],
    found: Scan,
    rates: Rates,
    bill: Bill | None,
) -> dict[str, Any]:
    from workshop.cli.cost_so_far import bill_json
    from workshop.cli.findings_of_scan import gap_rows, resource_rows
    from workshop.cli.money import total
    from workshop.cli.sweep_views import rate_json

    return {
        "verified": found.complete,
        "stacks": [{"name": s.name, "region": s.region, "status": s.status} for s in stacks],
        "resources": [
            {**row, "rate": rate_json(rates[r.key]) if r.key in rates else None}
            for r, row in zip(resources, resource_rows(resources), strict=True)
        ],
        "cost": rate_json(total(resources, rates)),
        "spent": None if bill is None else bill_json(bill),
        **gap_rows(found),
    }
