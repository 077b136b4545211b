"""Two days with twenty people: who is at work is left alone, and nothing is forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from costs.prices import Cell, Price, Prices
from guard.execute import Means, Report, execute
from guard.ledger import Extension, Hold
from guard.plan import make_plan
from guard.policy import GuardPolicy
from guard.table import Table
from rehearsal.account import ACCOUNT
from tests.unit.guard.two_days.classroom import (
    ENDPOINT_IDLE,
    RATES,
    WORKSHOP,
    WORKSPACE_IDLE,
    Classroom,
    Running,
)
from tests.unit.guard.two_days.people import DAY, HELD, SPENDER, draw_people
from tests.unit.rehearsal.bench import REGION, Bench
from tests.unit.rehearsal.wire import Wire

_PERIOD = 10  # minutes between two runs
_SLACK = 2 * _PERIOD  # nothing idle outlives its limit by more
_JOB_MINUTES = 240
_ENDS = DAY + 9 * 60
_GRACE = 60
_EXTENSIONS = {DAY + 7 * 60: 60, DAY + 8 * 60 + 30: 60}  # when -> by how much
_HOLD = (8 * 60, 12 * 60)
_USAGES = {
    "ml.t3.medium": ("studio-jupyterlab", "notebook"),
    "ml.m5.large": ("hosting",),
    "ml.c5.4xlarge": ("hosting",),
    "ml.m5.xlarge": ("training", "transform"),
}


def make_policy(classroom: Classroom, **changes: Any) -> GuardPolicy:
    """The rules of these two days. Volumes cost nothing, so that all costs are by the hour."""
    cells = {Cell(REGION, usage, t): RATES[t] for t, usages in _USAGES.items() for usage in usages}
    cells |= {
        Cell(REGION, "studio-volume", "gp3"): 0.0,
        Cell(REGION, "notebook-volume", "gp2"): 0.0,
    }
    values: dict[str, Any] = {
        "workshop": WORKSHOP,
        "region": REGION,
        "regions": (REGION,),
        "ends": classroom.at(_ENDS),
        "grace": timedelta(minutes=_GRACE),
        "after_end": "stop",
        "workspace_idle": timedelta(minutes=WORKSPACE_IDLE),
        "endpoint_idle": timedelta(minutes=ENDPOINT_IDLE),
        "job_age": timedelta(minutes=_JOB_MINUTES),
        "unseen_age": timedelta(hours=12),
        "instances": 1,
        "allowed": {
            "training": ("ml.m5.xlarge",),
            "processing": ("ml.m5.xlarge",),
            "transform": ("ml.m5.xlarge",),
            "endpoint": ("ml.m5.large", "ml.c5.4xlarge"),
        },
        "budget_total": 200.0,
        "budget_per_attendee": 9.0,
        "prices": Prices({cell: Price(usd, "2027-01", "test") for cell, usd in cells.items()}),
    }
    return GuardPolicy(**{**values, **changes})


@dataclass
class Guarded:
    """A classroom with its guard."""

    classroom: Classroom
    policy: GuardPolicy
    wire: Wire
    reports: list[Report] = field(default_factory=list)
    log: list[dict[str, Any]] = field(default_factory=list)

    def run(self) -> Report:
        """Let the guard look once."""
        table = Table(self.wire, self.policy)
        plan = make_plan(self.policy, ACCOUNT, table.read(), self.wire, self.classroom.now())
        means = Means(
            self.wire,
            table,
            self.classroom.topic,
            self.log.append,
            now=lambda: self.classroom.minute * 60,
            sleep=self.classroom.sleep,
        )
        report = execute(plan, means)
        self.reports.append(report)
        self.classroom.look()
        return report


@pytest.fixture(scope="module")
def wire() -> Wire:
    return Wire()


@pytest.fixture
def bench(tmp_path: Path, wire: Wire) -> Iterator[Bench]:
    bench = Bench(tmp_path / "machine")
    wire.connect(bench.world)
    yield bench
    bench.machine.close()


def test_two_days_of_twenty_people(bench: Bench, wire: Wire) -> None:
    classroom = Classroom(draw_people(seed=1), bench, wire)
    guarded = Guarded(classroom, make_policy(classroom), wire)
    table = Table(wire, guarded.policy)
    until = _ENDS
    most: dict[str, float] = {}  # USD that a period has cost at most, by person and of all
    for minute in range(0, _ENDS + _GRACE + 4 * 60, _PERIOD):
        classroom.advance(minute)
        if minute in _EXTENSIONS:
            until += _EXTENSIONS[minute]
            table.put_extension(
                Extension(guarded.policy.ends, classroom.at(until), "the instructor")
            )
        if minute == _HOLD[0]:
            table.put_hold(Hold(classroom.at(_HOLD[1]), HELD, "the instructor"))
        report = guarded.run()
        assert report.plan.verified
        for thing in _stopped(report, classroom):
            _check_that_it_was_time(thing, report, classroom, minute, until + _GRACE)
        for thing in classroom.running():
            _check_that_it_is_not_overdue(thing, classroom, minute, until + _GRACE)
        for who in ("", *classroom.people):
            most[who] = max(most.get(who, 0.0), classroom.burn(_PERIOD, who))
        _check_the_budgets(classroom, guarded.policy, most)

    assert classroom.running() == []
    rules = {one.verdict.rule for report in guarded.reports for one in report.plan.stops}
    assert rules == {"deadline", "budget", "ceiling", "job-age", "idle-endpoint", "idle-workspace"}
    assert any(line.get("rule") == "hold" for line in guarded.log)


def _stopped(report: Report, classroom: Classroom) -> list[Running]:
    """What a run has stopped, of what people had."""
    found = []
    for call in report.done:
        kind, name = call.resource.kind, call.resource.name
        if kind == "inference-component":
            continue
        name = call.resource.owner if kind == "app" else name
        name = f"{WORKSHOP}-{name}" if kind == "app" else name
        found.append(classroom.find(kind, name))
    return found


def _verdict(thing: Running, report: Report) -> Any:
    return next(
        one.verdict
        for one in report.plan.stops
        if one.subject.resource.owner == thing.owner
        and one.subject.resource.kind == thing.kind
        and (thing.kind == "app" or one.subject.resource.name == thing.name)
    )


def _check_that_it_was_time(
    thing: Running, report: Report, classroom: Classroom, minute: int, deadline: int
) -> None:
    rule = _verdict(thing, report).rule
    told = f"{thing} at {minute}: {_verdict(thing, report).reason}"
    held = thing.owner == HELD and _HOLD[0] <= minute < _HOLD[1]
    assert not held, told
    if rule == "deadline":
        assert minute >= deadline, told
    elif rule in ("idle-endpoint", "idle-workspace"):
        limit = ENDPOINT_IDLE if thing.kind == "endpoint" else WORKSPACE_IDLE
        assert minute - classroom.last_used(thing, minute) >= limit, told
    elif rule == "job-age":
        assert minute - thing.since >= _JOB_MINUTES, told
    elif rule == "budget":
        limit = report.plan.policy.budget_per_attendee
        assert limit is not None
        # The guard takes what it did not see to have run since its last look.
        seen_late = classroom.burn(_PERIOD, thing.owner)
        assert classroom.spent(thing.owner) >= limit - seen_late, told
        assert thing.owner == SPENDER, told
    else:
        assert rule == "ceiling", told
        assert "3 instances" in _verdict(thing, report).reason


def _check_that_it_is_not_overdue(
    thing: Running, classroom: Classroom, minute: int, deadline: int
) -> None:
    if thing.owner == HELD and _HOLD[0] <= minute <= _HOLD[1] + _SLACK:
        return
    assert minute < deadline + _SLACK, thing
    if thing.kind in ("training-job", "transform-job"):
        assert minute - thing.since <= _JOB_MINUTES + _SLACK, thing
    else:
        limit = ENDPOINT_IDLE if thing.kind == "endpoint" else WORKSPACE_IDLE
        assert minute - classroom.last_used(thing, minute) <= limit + _SLACK, thing


def _check_the_budgets(classroom: Classroom, policy: GuardPolicy, most: dict[str, float]) -> None:
    assert policy.budget_total is not None
    assert policy.budget_per_attendee is not None
    assert classroom.spent() <= policy.budget_total + most[""]
    for who in classroom.people:
        assert classroom.spent(who) <= policy.budget_per_attendee + most[who], who
