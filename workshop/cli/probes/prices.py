"""Prices that a workshop needs: read where they are missing, and what is still not known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from costs.budget import has_budget
from costs.estimate import needed_cells, usable_cells
from costs.own_prices import (
    keep_prices,
    load_prices_of_here,
    prices_path,
    with_better,
)
from costs.price_list import endpoint_region, read_price_list
from costs.prices import STALE_DAYS, Prices
from modules.declarations import Module
from workshop.aws import Clients
from workshop.cli.findings import Finding, unknown
from workshop.cli.probes.region import Failure
from workshop.model import Workshop

_PRICES = "prices"
_SHOWN = 5
_REFRESH = "workshop cost --refresh"


def read_missing_prices(
    workshop: Workshop,
    modules: Sequence[Module],
    config: Path,
    clients: Clients,
    now: datetime,
    *,
    keep: bool = True,
) -> tuple[Prices, list[Finding]]:
    """The prices for a workshop, those that are missing, old or another place's read from the
    Price List, and with `keep` kept beside its file; and why that could not be done, if so.

    What cannot be read is a note, and unknown only where a budget needs it.

    Raises ConfigError when the file with prices beside the configuration does not parse.
    """
    prices = load_prices_of_here(config, clients)
    cells = usable_cells(workshop, modules)
    stale = set(prices.stale(cells, now.date()))
    wanted = [cell for cell in cells if prices.usd(cell) is None or cell in stale]
    if not wanted:
        return prices, []
    try:
        found = read_price_list(wanted, clients, endpoint_region(cells[0].region), now.date())
    except Failure as error:
        refused = unknown("", "price list", error)
        needs = any(prices.usd(cell) is None for cell in needed_cells(workshop, modules))
        if needs and has_budget(workshop.budget):
            return prices, [refused]
        return prices, [replace(refused, state="ok")]
    read = with_better(prices, prices, found)
    if not keep:
        return read, []
    try:
        keep_prices(config, found)
    except OSError as error:
        return read, [
            Finding(
                "",
                "price list",
                "ok",
                f"read, but {prices_path(config)} cannot be written",
                error.strerror or str(error),
                "make the folder writable, or each command that needs the prices lacks them",
            )
        ]
    return read, []


def check_prices(
    workshop: Workshop, modules: Sequence[Module], prices: Prices, now: datetime
) -> Finding:
    """Are the prices known? With a budget the needed ones must be, as for a deployment."""
    cells = usable_cells(workshop, modules)
    needed = [cell for cell in needed_cells(workshop, modules) if prices.usd(cell) is None]
    if needed and has_budget(workshop.budget):
        return Finding(
            "",
            _PRICES,
            "problem",
            f"{len(needed)} that the estimate needs are not known: {_some(needed)}",
            "the workshop has a `budget`, so it does not deploy without them",
            f"{_REFRESH}, or remove `budget` from the YAML",
        )
    missing = [cell for cell in cells if prices.usd(cell) is None]
    if missing:
        return Finding(
            "",
            _PRICES,
            "ok",
            f"{len(missing)} of {len(cells)} are not known: {_some(missing)}",
            "what these cost is shown as unknown, and sums as 'at least'",
            _REFRESH,
        )
    what = f"all {len(cells)} are known"
    if stale := prices.stale(cells, now.date()):
        why = f"{len(stale)} are older than {STALE_DAYS} days, the oldest of {prices.oldest(stale)}"
        return Finding("", _PRICES, "ok", what, why, _REFRESH)
    return Finding("", _PRICES, "ok", f"{what}, the oldest of {prices.oldest(cells)}")


def _some(cells: Sequence[object]) -> str:
    more = f" and {len(cells) - _SHOWN} more" if len(cells) > _SHOWN else ""
    return ", ".join(str(cell) for cell in cells[:_SHOWN]) + more
