"""What a workshop's budget says before anything is deployed."""

from __future__ import annotations

from pathlib import Path

from costs.budget import has_budget, refusal, warnings
from costs.estimate import estimate
from costs.own_prices import load_prices, load_prices_of_here, read_elsewhere
from modules.declarations import load_module
from workshop.aws import Clients
from workshop.errors import WorkshopError
from workshop.model import Workshop


def hold_against_budget(workshop: Workshop, config: Path, clients: Clients) -> list[str]:
    """In words, where the workshop is expected to cost more than its budget; nothing without
    a budget.

    Raises WorkshopError when it has a budget and nobody can tell what it costs. Prices that were
    read at another place, such as a local AWS, tell nothing of it.
    """
    if not has_budget(workshop.budget):
        return []
    modules = [load_module(name) for name in workshop.modules]
    found = estimate(workshop, modules, load_prices_of_here(config, clients))
    if refused := refusal(workshop.budget, found):
        elsewhere = [
            f"prices that were read at {host} do not count: this does not deploy there"
            for host in read_elsewhere(load_prices(config), found.total.unknown, clients)
        ]
        raise WorkshopError(refused.what, "; ".join([refused.why, *elsewhere]), refused.fix)
    return warnings(workshop.budget, found)
