"""Two days with twenty people: who is at work is left alone, and nothing is forgotten."""

from __future__ import annotations

from typing import Any

from guard.execute import Report
from guard.ledger import Extension, Hold
from guard.policy import GuardPolicy
from tests.unit.guard.two_days.classroom import (
    ENDPOINT_IDLE,
    WORKSHOP,
    WORKSPACE_IDLE,
    Classroom,
    Running,
)
from tests.unit.guard.two_days.guarded import (
    ENDS,
    GRACE,
    JOB_MINUTES,
    PERIOD,
    Guarded,
    make_policy,
)
from tests.unit.guard.two_days.people import DAY, HELD, SPENDER, draw_people
from tests.unit.rehearsal.bench import Bench
from tests.unit.rehearsal.wire import Wire

_SLACK = 2 * PERIOD  # nothing idle outlives its limit by more
_EXTENSIONS = {DAY + 7 * 60: 60, DAY + 8 * 60 + 30: 60}  # when -> by how much
_HOLD = (8 * 60, 12 * 60)


def test_two_days_of_twenty_people(bench: Bench, wire: Wire) -> None:
    classroom = Classroom(draw_people(seed=1), bench, wire)
    guarded = Guarded(classroom, make_policy(classroom), wire)
    table, until = guarded.table, ENDS
    most: dict[str, float] = {}  # USD that a period has cost at most, by person and of all
    for minute in range(0, ENDS + sum(_EXTENSIONS.values()) + GRACE + 60, PERIOD):
        # Of a night in which all rests one look in an hour tells as much as six.
        if minute % 60 and classroom.rests(minute - 60, minute + PERIOD):
            continue
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
            _check_that_it_was_time(thing, report, classroom, minute, until + GRACE)
        for thing in classroom.running():
            _check_that_it_is_not_overdue(thing, classroom, minute, until + GRACE)
        for who in ("", *classroom.people):
            most[who] = max(most.get(who, 0.0), classroom.burn(PERIOD, who))
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
        assert minute - thing.since >= JOB_MINUTES, told
    elif rule == "budget":
        budget = report.plan.policy.budget_per_attendee
        assert budget is not None
        # The guard takes what it did not see to have run since its last look.
        seen_late = classroom.burn(PERIOD, thing.owner)
        assert classroom.spent(thing.owner) >= budget - seen_late, told
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
        assert minute - thing.since <= JOB_MINUTES + _SLACK, thing
    else:
        limit = ENDPOINT_IDLE if thing.kind == "endpoint" else WORKSPACE_IDLE
        assert minute - classroom.last_used(thing, minute) <= limit + _SLACK, thing


def _check_the_budgets(classroom: Classroom, policy: GuardPolicy, most: dict[str, float]) -> None:
    assert policy.budget_total is not None
    assert policy.budget_per_attendee is not None
    assert classroom.spent() <= policy.budget_total + most[""]
    for who in classroom.people:
        assert classroom.spent(who) <= policy.budget_per_attendee + most[who], who
