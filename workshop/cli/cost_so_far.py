"""What a workshop has cost so far: what is listed, with its times, times the prices."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cleanup.lifetimes import Lifetimes
from cleanup.resources import Resource
from costs.meter import Amount, Bill, Lifetime
from costs.prices import Cell, Prices

# Belongs to every figure that comes from listings alone.
NOT_COUNTED = "what was deleted before is not in it, nor are jobs' and endpoints' volumes and S3"


def find_lifetimes(resources: Iterable[Resource], lifetimes: Lifetimes) -> list[Lifetime]:
    """From when to when each resource billed, and on what, as far as SageMaker still tells."""
    return [
        Lifetime(
            run.resource.owner,
            run.resource.kind,
            run.resource.name,
            run.resource.region,
            run.machines,
            run.began,
            run.ended,
            run.billable_seconds,
            run.perhaps_less,
        )
        for run in lifetimes.find(resources)
    ]


def sentence(bill: Bill, attendees: int) -> str:
    """ "at least 41.20 USD, 2.06 USD per attendee"; the mean of `attendees` people.

    "about", where something may have been stopped in between and cost less.
    """
    total = bill.total
    least = "" if bill.complete or total.unknown else "at least "
    each = Amount(total.usd / attendees if attendees else 0.0)
    per_head = f", {each} per attendee" if attendees > 1 and total.usd else ""
    if bill.perhaps_less:
        return f"about {str(total).removeprefix('at least ')}{per_head}"
    return f"{least}{total}{per_head}"


def oldest(found: Iterable[Lifetime], prices: Prices) -> str:
    """The day or month of the oldest price that was needed."""
    return prices.oldest(
        Cell(lifetime.region, machine.usage, machine.instance_type)
        for lifetime in found
        for machine in lifetime.machines or ()
    )


def bill_json(bill: Bill) -> dict[str, Any]:
    """A bill as JSON."""
    return {
        **_amount(bill.total),
        "complete": bill.complete,
        "perhaps_less": bill.perhaps_less,
        "attendees": {name: _amount(amount) for name, amount in bill.by_attendee.items()},
        "kinds": {name: _amount(amount) for name, amount in bill.by_kind.items()},
    }


def _amount(amount: Amount) -> dict[str, Any]:
    return {"usd": round(amount.usd, 4), "unknown": amount.unknown}
