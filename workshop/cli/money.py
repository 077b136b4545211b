"""What resources cost per hour: what they run on, times the prices."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from cleanup.calls import Caller
from cleanup.machines import find_machines
from cleanup.resources import Key, Resource
from costs.prices import Prices, Rate
from workshop.aws import Clients

Rates = Mapping[Key, Rate]


def find_rates(resources: Iterable[Resource], clients: Clients, prices: Prices) -> dict[Key, Rate]:
    """USD per hour of everything that bills by the hour, by its key.

    Takes up to two reads for each of those whose listing does not say what they run on.
    """
    billing = [resource for resource in resources if resource.bills == "hour"]
    machines = find_machines(billing, Caller(clients))
    return {r.key: prices.rate(machines[r.key], r.region) for r in billing}


def total(resources: Iterable[Resource], rates: Rates) -> Rate:
    """What resources cost together; what bills by the hour and has no rate is unknown."""
    return sum((_rate(resource, rates) for resource in resources), Rate())


def _rate(resource: Resource, rates: Rates) -> Rate:
    return rates.get(resource.key, Rate(unknown=int(resource.bills == "hour")))


def cell(resource: Resource, rates: Rates) -> str:
    """What a table says of a resource's price."""
    if resource.bills == "month":
        return "storage"
    found = rates.get(resource.key)
    if found is None:
        return "unknown" if resource.bills == "hour" else "-"
    return "unknown" if found.unknown else f"{found.usd_per_hour:.3f}"
