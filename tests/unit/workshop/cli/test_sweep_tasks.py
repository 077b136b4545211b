"""A task knows what it runs on, and refuses to work where it would not be spared."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cleanup.audit import Actor
from cleanup.resources import TAGS, Blind, Resource, Scan, Scope
from cleanup.steps import Decision, Policy
from cleanup.sweep import Plan, Sweep
from costs.prices import Prices
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
        prices=Prices(),
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


@pytest.mark.parametrize("kind", ["notebook-instance", "domain", TAGS])
def test_a_labs_sweep_and_one_that_could_not_see_the_seat_need_not_find_it(kind: str) -> None:
    task("iris").check_seat(plan())
    task().check_seat(plan(blind=(Blind(REGION, kind, "AccessDenied"),)))


@pytest.mark.parametrize(("region", "kind"), [(REGION, "endpoint"), ("us-east-1", SEAT.kind)])
def test_a_listing_that_says_nothing_of_the_seat_is_no_excuse_for_not_finding_it(
    region: str, kind: str
) -> None:
    with pytest.raises(WorkshopError):
        task().check_seat(plan(blind=(Blind(region, kind, "AccessDenied"),)))


def test_a_seat_that_is_not_listed_any_more_was_not_stopped(
    capsys: pytest.CaptureFixture[str],
) -> None:
    # What has no operations lists nothing.
    nothing = Sweep(task().scope, lambda _service, _region: object(), kinds=())

    assert not task().stop_seat(nothing)
    assert "what this runs on was not stopped" in capsys.readouterr().err
