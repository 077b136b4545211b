"""What a workshop's budget says before anything is deployed."""

from __future__ import annotations

from pathlib import Path

from costs.budget import has_budget, refusal, warnings
from costs.estimate import estimate, needed_cells
from modules.declarations import load_module
from workshop.aws import Clients
from workshop.cli.prices import load_prices, read_elsewhere
from workshop.model import Workshop


def hold_against_budget(workshop: Workshop, config: Path, clients: Clients) -> list[str]:
    """In words, where the workshop is expected to cost more than its budget, and where its
    prices may be another place's; nothing without a budget.

    Raises WorkshopError when it has a budget and nobody can tell what it costs.
    """
    if not has_budget(workshop.budget):
        return []
    modules = [load_module(name) for name in workshop.modules]
    prices = load_prices(config)
    found = estimate(workshop, modules, prices)
    if refused := refusal(workshop.budget, found):
        raise refused
    hosts = read_elsewhere(prices, needed_cells(workshop, modules), clients)
    return [
        *warnings(workshop.budget, found),
        *(f"prices were read at {host}, which is not where this deploys" for host in hosts),
    ]
