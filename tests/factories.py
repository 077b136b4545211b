"""Workshops for tests, made directly: no file, no loader."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from workshop.model import (
    Attendee,
    Budget,
    Cleanup,
    Environment,
    Guard,
    Idle,
    Instances,
    Repository,
    Workshop,
)


def make_attendee(
    id: str, environment: Environment = "studio", region: str = "us-east-1"
) -> Attendee:
    """An attendee without name and email."""
    return Attendee(id=id, region=region, environment=environment)


def make_workshop(attendees: Iterable[Attendee | str] = ("ann",), **changes: Any) -> Workshop:
    """A one-day workshop `ml101`; attendees given by id alone use Studio in us-east-1."""
    people = tuple(
        sorted(
            (make_attendee(a) if isinstance(a, str) else a for a in attendees), key=lambda a: a.id
        )
    )
    values: dict[str, Any] = {
        "name": "ml101",
        "title": "Machine learning 101",
        "environment": "studio",
        "attendees": people,
        "regions": tuple(dict.fromkeys(a.region for a in people)),
        "starts": datetime(2030, 6, 3, 9, tzinfo=UTC),
        "ends": datetime(2030, 6, 3, 17, tzinfo=UTC),
        "repository": Repository("https://github.com/example/ml-labs", "main"),
        "modules": ("iris-xgboost",),
        "instances": Instances(
            workspace="ml.t3.medium",
            training=("ml.m5.xlarge",),
            processing=("ml.m5.xlarge",),
            transform=("ml.m5.xlarge",),
            endpoint=("ml.m5.large",),
        ),
        "networks": {},
        "domains": {},
        "idle": Idle(workspace_minutes=60, endpoint_minutes=60),
        "budget": Budget(total=None, per_attendee=None),
        "cleanup": Cleanup(grace_minutes=60, protected=()),
        "guard": Guard(job_minutes=240, instances=1, unseen_hours=12),
    }
    return Workshop(**{**values, **changes})
