"""Sweeps of a small AWS in memory, and what came of them."""

from __future__ import annotations

from typing import Any

from cleanup.resources import Scope
from cleanup.sweep import Sweep, SweepResult
from tests.unit.cleanup.fake_aws import FakeAws

SCOPE = Scope("ml101", frozenset({"ann", "bob"}), ("us-east-1",))
CHANGES = ("stop_", "delete_")


def make_sweep(aws: FakeAws, scope: Scope = SCOPE, **options: Any) -> Sweep:
    return Sweep(scope, aws.clients, now=aws.clock.now, sleep=aws.clock.sleep, **options)


def run(aws: FakeAws, scope: Scope = SCOPE, **options: Any) -> SweepResult:
    return make_sweep(aws, scope, **options).run()


def changes(aws: FakeAws) -> list[tuple[str, str]]:
    return [call for call in aws.calls if call[0].startswith(CHANGES)]


def failures(result: SweepResult) -> dict[str, str]:
    return {left.resource.name: left.reason for left in result.remaining}


def add_served_model(aws: FakeAws, attendee: str) -> None:
    aws.add("endpoint", f"ml101-{attendee}-e", "InService")
    aws.add("endpoint-config", f"ml101-{attendee}-c")
    aws.add("model", f"ml101-{attendee}-m")
