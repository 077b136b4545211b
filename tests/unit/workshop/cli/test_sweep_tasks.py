"""A task knows what it runs on, and refuses to work where it would not be spared."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cleanup.audit import Actor
from cleanup.resources import Blind, Resource, Scan, Scope
from cleanup.steps import Decision, Policy
from cleanup.sweep import Plan
from workshop.cli.sweep_tasks import Task
from workshop.errors import WorkshopError

REGION = "eu-west-1"
SEAT = Resource(
    kind="notebook-instance",
    region=REGION,
    name="ml101-ann",
    ids=(("NotebookInstanceName", "ml101-ann"),),
    status="InService",
    owner="ann",
    why="name prefix",
)


def no_aws(service: str, region: str) -> Any:
    raise AssertionError(f"{service} in {region} was called")


def task(module: str = "") -> Task:
    return Task(
        scope=Scope("ml101", frozenset({"ann"}), (REGION,), module=module),
        policy=Policy(seat=SEAT.key),
        clients=no_aws,
        actor=Actor("arn", "111122223333", "ml101"),
        directory=Path("nowhere"),
        seat=SEAT.key,
    )


def plan(*found: Resource, blind: tuple[Blind, ...] = ()) -> Plan:
    return Plan(Scan(found, blind=blind), Decision((), (), (), ()), 0.0)


def test_what_a_command_runs_on_is_found_in_its_plan() -> None:
    seen = plan(SEAT)

    task().check_seat(seen)
    assert task().seat_in(seen) == [SEAT]


def test_nothing_is_swept_where_the_seat_cannot_be_told_from_the_rest() -> None:
    with pytest.raises(WorkshopError) as caught:
        task().check_seat(plan())

    assert caught.value.what == "what this runs on was not found"
    assert caught.value.fix


def test_a_labs_sweep_and_one_that_could_not_see_everything_need_not_find_the_seat() -> None:
    task("iris").check_seat(plan())
    task().check_seat(plan(blind=(Blind(REGION, "app", "AccessDenied"),)))
