"""What a guard of one region goes by, frozen into JSON when the stacks are synthesised.

It travels as the input of the guard's schedule, so that a template shows it, and holds no
attendees: those are found where they are, and adding one changes no shared stack.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from costs.prices import Cell, Price, Prices, shipped
from workshop.errors import WorkshopError

if TYPE_CHECKING:
    from workshop.model import Workshop

# How often the guard runs.
PERIOD = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class GuardPolicy:
    """The rules' numbers. Budgets are USD, None means no limit.

    `deadline` is when the workshop ends and its minutes of grace are over, unless it was
    extended. `allowed` are the instance types of a use ("training", ...); `instances` is how
    many of them a job or an endpoint variant may have. `prices` are over those shipped.
    """

    workshop: str
    region: str
    regions: tuple[str, ...]
    ends: datetime
    grace: timedelta
    after_end: str
    workspace_idle: timedelta
    endpoint_idle: timedelta
    job_age: timedelta
    unseen_age: timedelta
    instances: int
    allowed: Mapping[str, tuple[str, ...]]
    budget_total: float | None = None
    budget_per_attendee: float | None = None
    protected: frozenset[str] = frozenset()
    prices: Prices = Prices()  # noqa: RUF009 - frozen
    webhook: str = ""

    @property
    def deadline(self) -> datetime:
        """When everything is stopped."""
        return self.ends + self.grace


def freeze(workshop: Workshop, region: str, prices: Prices) -> dict[str, Any]:
    """The policy of a region as JSON. Of the prices only what the shipped ones do not say."""
    known = shipped()
    instances = workshop.instances
    return {
        "workshop": workshop.name,
        "region": region,
        "regions": [r for r in workshop.regions if workshop.attendees_in(r)],
        "ends": workshop.ends.isoformat(),
        "grace_minutes": workshop.cleanup.grace_minutes,
        "after_end": workshop.cleanup.after_end,
        "workspace_minutes": workshop.idle.workspace_minutes,
        "endpoint_minutes": workshop.idle.endpoint_minutes,
        "job_minutes": workshop.guard.job_minutes,
        "unseen_hours": workshop.guard.unseen_hours,
        "instances": workshop.guard.instances,
        "allowed": {
            "training": list(instances.training),
            "processing": list(instances.processing),
            "transform": list(instances.transform),
            "endpoint": list(instances.endpoint),
        },
        "budget_total": workshop.budget.total,
        "budget_per_attendee": workshop.budget.per_attendee,
        "protected": sorted(workshop.cleanup.protected),
        "prices": [
            [cell.usage, cell.instance_type, price.usd, price.as_of, price.source]
            for cell, price in sorted(prices.by_cell.items())
            if cell.region == region and price.usd is not None and known.find(cell) != price
        ],
        "webhook": workshop.guard.webhook,
    }


def thaw(found: Mapping[str, Any]) -> GuardPolicy:
    """The policy that `freeze` wrote. Raises WorkshopError when it is another one's JSON."""
    try:
        return GuardPolicy(
            workshop=str(found["workshop"]),
            region=str(found["region"]),
            regions=tuple(found["regions"]),
            ends=datetime.fromisoformat(found["ends"]),
            grace=timedelta(minutes=found["grace_minutes"]),
            after_end=str(found["after_end"]),
            workspace_idle=timedelta(minutes=found["workspace_minutes"]),
            endpoint_idle=timedelta(minutes=found["endpoint_minutes"]),
            job_age=timedelta(minutes=found["job_minutes"]),
            unseen_age=timedelta(hours=found["unseen_hours"]),
            instances=int(found["instances"]),
            allowed={use: tuple(types) for use, types in found["allowed"].items()},
            budget_total=found["budget_total"],
            budget_per_attendee=found["budget_per_attendee"],
            protected=frozenset(found["protected"]),
            prices=Prices(
                {
                    Cell(found["region"], usage, instance_type): Price(usd, as_of, source)
                    for usage, instance_type, usd, as_of, source in found["prices"]
                }
            ),
            webhook=str(found["webhook"]),
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise WorkshopError(
            "the guard's policy cannot be read",
            f"{type(error).__name__}: {error}",
            "deploy the workshop again: workshop deploy",
        ) from error
