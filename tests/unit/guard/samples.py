"""What the tests of the guard share: times, prices, resources."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from cleanup.resources import Resource
from costs.prices import Cell, Price, Prices
from guard.policy import GuardPolicy
from workshop.machine import Machine

REGION = "us-east-1"
DAY = datetime(2030, 6, 3, tzinfo=UTC)
PRICES = Prices(
    {
        Cell(REGION, usage, kind): Price(usd, "2030-01", "a test")
        for usage, kind, usd in (
            ("hosting", "ml.m5.large", 1.0),
            ("hosting", "ml.g5.xlarge", 5.0),
            ("training", "ml.m5.xlarge", 2.0),
            ("training-warm-pool", "ml.m5.xlarge", 2.0),
            ("notebook", "ml.t3.medium", 0.5),
            ("notebook-volume", "gp2", 7.3),
            ("studio-jupyterlab", "ml.t3.medium", 0.5),
            ("studio-volume", "gp3", 7.3),
        )
    }
)


def at(minutes: float) -> datetime:
    """So many minutes into the day."""
    return DAY + timedelta(minutes=minutes)


def hosting(count: int = 1, instance_type: str = "ml.m5.large") -> tuple[Machine, ...]:
    """The instances of an endpoint; none when it is scaled to zero."""
    return (Machine("hosting", instance_type, count),) if count else ()


def resource(kind: str, name: str = "ml101-ann-x", **more: Any) -> Resource:
    """Something of ann's that runs, made as the day began."""
    status = {"training-job": "InProgress", "processing-job": "InProgress"}.get(kind, "InService")
    values: dict[str, Any] = {
        "region": REGION,
        "ids": (("Name", name),),
        "status": status,
        "owner": "ann",
        "why": "name",
        "created": DAY,
        **more,
    }
    return Resource(kind=kind, name=name, **values)


def policy(**changes: Any) -> GuardPolicy:
    """The policy of a one-day workshop ml101 in us-east-1, which ends at 17:00."""
    values: dict[str, Any] = {
        "workshop": "ml101",
        "region": REGION,
        "regions": (REGION,),
        "ends": at(17 * 60),
        "grace": timedelta(minutes=60),
        "after_end": "stop",
        "workspace_idle": timedelta(minutes=60),
        "endpoint_idle": timedelta(minutes=60),
        "job_age": timedelta(hours=4),
        "unseen_age": timedelta(hours=12),
        "instances": 2,
        "allowed": {
            "training": ("ml.m5.xlarge",),
            "processing": ("ml.m5.xlarge",),
            "transform": ("ml.m5.xlarge",),
            "endpoint": ("ml.m5.large",),
        },
        "prices": PRICES,
        **changes,
    }
    return GuardPolicy(**values)
