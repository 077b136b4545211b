"""What resources cost per hour: what they run on, times the shipped prices."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from cleanup.calls import Caller
from cleanup.machines import find_machines
from cleanup.resources import Key, Resource
from costs.prices import Rate, rate
from workshop.aws import Clients

Rates = Mapping[Key, Rate]


def find_rates(resources: Iterable[Resource], clients: Clients) -> dict[Key, Rate]:
    """USD per hour of everything that bills by the hour, by its key.

    Takes up to two reads for each of those whose listing does not say what they run on.
    """
    billing = [resource for resource in resources if resource.bills == "hour"]
    machines = find_machines(billing, Caller(clients))
    return {r.key: rate(machines[r.key], r.region) for r in billing}


def total(resources: Iterable[Resource], rates: Rates) -> Rate:
    """What resources cost together; those without a rate do not bill by the hour."""
    return sum((rates[r.key] for r in resources if r.key in rates), Rate())


def cell(resource: Resource, rates: Rates) -> str:
    """What a table says of a resource's price."""
    if resource.bills == "month":
        return "storage"
    found = rates.get(resource.key)
    if found is None:
        return "-"
    return "unknown" if found.unknown else f"{found.usd_per_hour:.3f}"
