"""`workshop cost`: what the workshop will cost, and reading the prices for it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from workshop.cli.options import config_option, json_option
from workshop.cli.output import note, print_json
from workshop.errors import EXIT_OK, EXIT_UNVERIFIED

if TYPE_CHECKING:
    from datetime import date

    from costs.prices import Cell
    from workshop.model import Workshop


@click.command("cost")
@click.option(
    "--refresh",
    is_flag=True,
    help="Read the prices from AWS's Price List, and keep them beside the configuration.",
)
@config_option
@json_option
def command(refresh: bool, config: Path, as_json: bool) -> int:
    """Estimate what the workshop costs: low, expected and worst.

    Works without an AWS account. A price that is not known is shown as unknown, and every sum
    with it as "at least". With --refresh the prices of everything that attendees may use are
    read first (IAM: pricing:GetProducts) and kept in workshop.prices.csv beside workshop.yaml,
    where every command finds them; the file may be edited. Exit code 0: all prices are known;
    3: one is not.

    Example: workshop cost --refresh
    """
    from costs import budget
    from costs.estimate import estimate, needed_cells, usable_cells
    from costs.own_prices import load_prices, load_prices_of_here, read_elsewhere
    from costs.prices import STALE_DAYS
    from modules.declarations import load_module
    from workshop.aws import make_clients
    from workshop.cli.cost_views import as_json as estimate_json
    from workshop.cli.cost_views import show
    from workshop.config import load_workshop

    workshop = load_workshop(config)
    modules = [load_module(name) for name in workshop.modules]
    today = datetime.now(UTC).date()
    load_prices(config)  # a file that does not parse is not written over
    if refresh:
        _refresh(workshop, usable_cells(workshop, modules), config, today)
    prices = load_prices_of_here(config, make_clients())
    found = estimate(workshop, modules, prices)
    cells = needed_cells(workshop, modules)
    if as_json:
        print_json(estimate_json(workshop, found, prices, cells))
    else:
        show(found, prices, cells)
    if stale := prices.stale(cells, today):
        note(f"{len(stale)} of {len(cells)} prices are older than {STALE_DAYS} days")
        note("  fix: workshop cost --refresh")
    for host in read_elsewhere(load_prices(config), cells, make_clients()):
        note(f"prices were read at {host}, which is not where commands lead now: not counted")
        note("  fix: workshop cost --refresh")
    for text in budget.warnings(workshop.budget, found):
        note(text)
    if found.total.unknown:
        note(f"{len(found.total.unknown)} of {len(cells)} prices are unknown")
        if not refresh:
            note("  fix: workshop cost --refresh, which reads AWS's Price List")
    return EXIT_UNVERIFIED if found.total.unknown else EXIT_OK


def _refresh(workshop: Workshop, cells: tuple[Cell, ...], config: Path, today: date) -> None:
    from costs.own_prices import keep_prices
    from costs.price_list import endpoint_region, read_price_list
    from workshop.aws import make_clients

    region = endpoint_region(workshop.regions[0])
    note(f"reading {len(cells)} prices from the Price List in {region}")
    found = read_price_list(cells, make_clients(), region, today)
    path = keep_prices(config, found)
    unknown = [cell for cell in cells if found.usd(cell) is None]
    note(f"{len(cells) - len(unknown)} of {len(cells)} prices read; kept in {path}")
    for cell in unknown:
        price = found.find(cell)
        note(f"  unknown: {cell}: {price.source if price else 'not read'}")
