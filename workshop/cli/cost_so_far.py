"""What a workshop has cost so far, in words and as JSON."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cleanup.lifetimes import Lifetimes, Run
from cleanup.resources import Resource
from costs.meter import Amount, Bill, Lifetime

# Belongs to every figure.
_NEVER_COUNTED = "jobs' and endpoints' volumes and S3"


def not_counted(bill: Bill) -> str:
    """What is not in a figure, in words: more, where it comes from listings alone."""
    if bill.complete:
        return f"{_NEVER_COUNTED} are not in it"
    return f"what was deleted before is not in it, nor are {_NEVER_COUNTED}"


def find_lifetimes(resources: Iterable[Resource], lifetimes: Lifetimes) -> list[Lifetime]:
    """From when to when each resource billed, and on what, as far as SageMaker still tells."""
    return [lifetime_of(run) for run in lifetimes.find(resources)]


def lifetime_of(run: Run) -> Lifetime:
    """A run as the meter takes it."""
    return Lifetime(
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
