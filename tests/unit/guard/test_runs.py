"""Whole runs of the guard under faults: what is not known is not stopped for it, and whatever a
run could not do the next one does."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from guard.execute import Report
from guard.ledger import Extension, Hold
from rehearsal.faults.reach import parse
from tests.unit.guard.two_days.classroom import (
    ENDPOINT_IDLE,
    WORKSPACE_IDLE,
    Classroom,
    Running,
)
from tests.unit.guard.two_days.guarded import GRACE, PERIOD, Guarded, make_policy
from tests.unit.guard.two_days.people import Endpoint, Job, Person
from tests.unit.rehearsal.bench import REGION, Bench
from tests.unit.rehearsal.wire import Wire

# When the endpoints and environments below are idle for long enough, and the guard looks.
_ALL_IDLE = 100
_TWO_PERIODS = 2 * PERIOD
_CHANGES = ("delete_", "stop_")


def people() -> tuple[Person, ...]:
    """Ann's endpoint is not used from minute 20 on, and her work ends at 30; bob hangs on to an
    instance until then, and cid's job goes on."""
    live = Endpoint("ml101-ann-live", 0, (15, 20))
    return (
        Person("ann", "studio", "notebook", ((0, 30),), (live,)),
        Person("bob", "notebook", "notebook", ((0, 30),)),
        Person("cid", "studio", "notebook", ((0, 2000),), jobs=(Job("ml101-cid-train", **_JOB),)),
    )


_JOB: dict[str, Any] = {"kind": "training-job", "made": 5, "minutes": None}


@pytest.fixture
def guarded(bench: Bench, wire: Wire) -> Guarded:
    classroom = Classroom(people(), bench, wire)
    return Guarded(classroom, make_policy(classroom), wire)


def fault(bench: Bench, **rule: Any) -> None:
    """Let AWS fail from now on."""
    bench.world.faults.set(parse([rule]))


def running(guarded: Guarded) -> set[str]:
    return {thing.kind for thing in guarded.classroom.running()}


def stopped(report: Report) -> dict[str, str]:
    """What a run has stopped, with the rule that did it."""
    return {one.subject.resource.kind: one.verdict.rule for one in report.plan.stops}


# -- what cannot be read ----------------------------------------------------------------


def test_an_endpoint_whose_use_cannot_be_read_is_not_stopped_for_idleness(
    guarded: Guarded, bench: Bench
) -> None:
    guarded.run_until(50, begin=0)
    fault(bench, fault="throttle", operation="GetMetricData")

    report = guarded.run_until(_ALL_IDLE)

    assert running(guarded) == {"app", "endpoint", "training-job"}
    assert not report.plan.verified
    assert "the use of 1 endpoints could not be read" in report.plan.unseen[0]
    assert report.plan.unseen[0] in report.told or any(
        report.plan.unseen[0] in earlier.told for earlier in guarded.reports
    )


def test_what_is_too_old_is_stopped_while_its_use_cannot_be_read(
    guarded: Guarded, bench: Bench
) -> None:
    fault(bench, fault="throttle", operation="GetMetricData")

    guarded.run_until(260, begin=0)

    assert running(guarded) == {"app", "endpoint"}
    guarded.policy = replace(guarded.policy, unseen_age=timedelta(hours=4))
    assert stopped(guarded.run()) == {"endpoint": "unseen"}


def test_once_their_use_can_be_read_again_idle_endpoints_are_stopped(
    guarded: Guarded, bench: Bench
) -> None:
    fault(bench, fault="throttle", operation="GetMetricData")
    guarded.run_until(_ALL_IDLE, begin=0)
    bench.world.faults.set([])

    report = guarded.run()

    assert stopped(report) == {"endpoint": "idle-endpoint"}
    assert report.plan.verified
    assert "All problems told of before are over." in report.told


def test_of_a_kind_that_cannot_be_listed_nothing_ends_and_others_are_dealt_with(
    guarded: Guarded, bench: Bench
) -> None:
    guarded.run_until(50, begin=0)
    fault(bench, fault="refuse", operation="ListEndpoints")

    report = guarded.run_until(_ALL_IDLE)

    lives = guarded.table.read().lives.values()
    assert [life.over for life in lives if life.kind == "endpoint"] == [False]
    assert {one.rule for one in _verdicts(guarded)} >= {"idle-workspace"}
    assert not report.plan.verified
    assert report.plan.unseen[0].startswith("endpoint could not be listed: AccessDenied")
    assert running(guarded) == {"app", "endpoint", "training-job"}


def test_what_was_refused_for_a_while_is_billed_for_all_of_it_and_then_stopped(
    guarded: Guarded, bench: Bench
) -> None:
    guarded.run_until(50, begin=0)
    fault(bench, fault="refuse", operation="ListEndpoints")
    guarded.run_until(_ALL_IDLE)
    bench.world.faults.set([])

    report = guarded.run()

    assert stopped(report) == {"endpoint": "idle-endpoint"}
    endpoint = guarded.classroom.find("endpoint", "ml101-ann-live")
    spent = report.plan.bill.by_kind["endpoint"].usd
    assert endpoint.cost(_ALL_IDLE) <= spent <= endpoint.cost(_ALL_IDLE + PERIOD)


def test_without_its_ledger_a_guard_stops_nothing(guarded: Guarded, bench: Bench) -> None:
    guarded.classroom.advance(300)
    fault(bench, fault="refuse", service="dynamodb", operation="Query")

    with pytest.raises(ClientError, match="AccessDenied"):
        guarded.run()

    assert _changes(guarded) == []


def test_with_a_ledger_that_cannot_be_written_a_guard_stops_nothing(
    guarded: Guarded, bench: Bench
) -> None:
    guarded.classroom.advance(300)
    fault(bench, fault="refuse", service="dynamodb", operation="PutItem")

    with pytest.raises(ClientError, match="AccessDenied"):
        guarded.run()

    assert _changes(guarded) == []


# -- clocks -----------------------------------------------------------------------------


@pytest.mark.parametrize("minutes", [-4, 4])
def test_with_a_wrong_clock_the_active_go_on_and_the_idle_are_stopped(
    guarded: Guarded, minutes: int
) -> None:
    guarded.skew = timedelta(minutes=minutes)
    limits = {"endpoint": ENDPOINT_IDLE, "training-job": 240}

    for minute in range(0, 130, PERIOD):
        guarded.classroom.advance(minute)
        report = guarded.run()
        for kind in stopped(report):
            thing = _find(guarded, kind)
            idle = minute - guarded.classroom.last_used(thing, minute)
            assert idle >= limits.get(kind, WORKSPACE_IDLE), thing
        for thing in guarded.classroom.running():
            idle = minute - guarded.classroom.last_used(thing, minute)
            assert idle <= limits.get(thing.kind, WORKSPACE_IDLE) + _TWO_PERIODS, thing

    assert {(t.kind, t.owner) for t in guarded.classroom.running()} == {
        ("app", "cid"),
        ("training-job", "cid"),
    }


# -- runs that end halfway --------------------------------------------------------------


class Dying:
    """Clients with which a run ends at one of its changes: before it is made."""

    def __init__(self, clients: Callable[[str, str], Any], at: int) -> None:
        self._clients, self._left = clients, at
        self._lock = threading.Lock()

    def __call__(self, service: str, region: str) -> Any:
        return _Watched(self._clients(service, region), self._change)

    def _change(self) -> None:
        with self._lock:
            self._left -= 1
            if self._left < 0:
                raise KilledError


class KilledError(Exception):
    """The function ran out of its time or its memory."""


class _Watched:
    def __init__(self, client: Any, change: Callable[[], None]) -> None:
        self._client, self._change = client, change

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._client, name)
        if not name.startswith(_CHANGES) or self._client.meta.service_model.service_name != (
            "sagemaker"
        ):
            return found

        def call(**parameters: Any) -> Any:
            self._change()
            return found(**parameters)

        return call


@pytest.mark.parametrize("at", [0, 1, 2, 3])
def test_after_a_run_that_was_killed_the_next_one_ends_what_it_began(
    guarded: Guarded, wire: Wire, at: int
) -> None:
    guarded.policy = replace(guarded.policy, budget_total=1.0, budget_per_attendee=None)
    guarded.classroom.advance(0)
    guarded.run()
    guarded.classroom.advance(PERIOD)
    # All of it in one run: what it costs is beyond the limit, and what was started goes.
    guarded.policy = replace(guarded.policy, budget_total=0.01)
    guarded.clients = Dying(wire, at)

    with pytest.raises(KilledError):
        guarded.run()
    left = len(guarded.classroom.running())
    guarded.clients = wire
    guarded.classroom.advance(PERIOD + 5)
    told = guarded.run().told
    guarded.classroom.advance(2 * PERIOD)
    last = guarded.run()

    assert left >= 4 - at
    assert guarded.classroom.running() == []
    assert "100 % of 0.01 USD: stopped" in told
    assert last.told == ""
    _check_lives(guarded)
    truth = guarded.classroom.spent()
    assert truth <= last.plan.bill.total.usd <= truth + guarded.classroom.burn(4 * PERIOD)


def _check_lives(guarded: Guarded) -> None:
    """Whatever has run has one life, with one end."""
    lives = [life for life in guarded.table.read().lives.values() if not life.part]
    assert sorted(life.kind for life in lives) == sorted(t.kind for t in guarded.classroom.things)
    for life in lives:
        # A notebook instance was made, and stopped, before anybody came.
        of_use = life.segments[-1:] if life.kind == "notebook-instance" else life.segments
        assert [segment.ended is None for segment in of_use] == [False], life


def test_two_guards_at_once_do_no_harm_and_each_warning_is_told_once(
    guarded: Guarded,
) -> None:
    guarded.policy = replace(guarded.policy, budget_total=0.01)
    guarded.classroom.advance(PERIOD)
    # Both have looked before either acts.
    plans = [guarded.plan(), guarded.plan()]
    failures: list[BaseException] = []

    def act(number: int) -> None:
        try:
            guarded.execute(plans[number])
        except BaseException as error:  # noqa: BLE001 - told by the test
            failures.append(error)

    threads = [threading.Thread(target=act, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    guarded.classroom.advance(2 * PERIOD)
    guarded.run()

    assert failures == []
    assert guarded.classroom.running() == []
    warned = [report for report in guarded.reports if "the workshop has spent" in report.told]
    assert len([r for r in warned if "Warnings:" in r.told]) == 1
    assert all(not report.remaining for report in guarded.reports)
    _check_lives(guarded)


# -- an older boto3 ---------------------------------------------------------------------


class Lacking:
    """Clients without some of their operations."""

    def __init__(self, clients: Callable[[str, str], Any], *operations: str) -> None:
        self._clients, self._operations = clients, operations

    def __call__(self, service: str, region: str) -> Any:
        return _Older(self._clients(service, region), self._operations)


class _Older:
    def __init__(self, client: Any, operations: tuple[str, ...]) -> None:
        self._client, self._operations = client, operations

    def __getattr__(self, name: str) -> Any:
        if name in self._operations:
            raise AttributeError(name)
        return getattr(self._client, name)


def test_what_attendees_can_make_and_this_boto3_cannot_list_makes_a_run_unverified(
    guarded: Guarded, wire: Wire
) -> None:
    guarded.run_until(50, begin=0)
    guarded.clients = Lacking(wire, "list_endpoints")

    report = guarded.run_until(_ALL_IDLE)

    assert running(guarded) == {"app", "endpoint", "training-job"}
    assert report.plan.unseen == ("endpoint could not be listed: this boto3 has no list_endpoints",)


def test_what_only_others_can_make_and_this_boto3_cannot_list_is_left_out(
    guarded: Guarded, wire: Wire
) -> None:
    guarded.run_until(50, begin=0)
    guarded.clients = Lacking(wire, "list_ai_benchmark_jobs", "list_training_sessions")

    report = guarded.run_until(_ALL_IDLE)

    assert running(guarded) == {"app", "training-job"}
    assert report.plan.verified


# -- what instructors say ---------------------------------------------------------------


def test_a_hold_keeps_what_is_idle_and_over_budget_and_its_end_does_not(guarded: Guarded) -> None:
    guarded.policy = replace(guarded.policy, budget_per_attendee=0.01)
    guarded.table.put_hold(Hold(guarded.classroom.at(120), "ann", "the instructor"))

    guarded.run_until(110, begin=0)
    held = {(thing.kind, thing.owner) for thing in guarded.classroom.running()}
    guarded.run_until(120)

    assert held == {("app", "ann"), ("endpoint", "ann")}
    assert guarded.classroom.running() == []


def test_an_extension_moves_the_deadline(guarded: Guarded) -> None:
    deadline = 60
    ends = guarded.classroom.at(deadline - GRACE)
    guarded.policy = replace(guarded.policy, ends=ends)
    guarded.table.put_extension(Extension(ends, guarded.classroom.at(deadline - GRACE + 60)))

    guarded.run_until(deadline + 50, begin=0)
    before = running(guarded)
    guarded.run_until(deadline + 70)

    assert before == {"app", "training-job"}
    assert guarded.classroom.running() == []


def test_after_the_deadline_what_attendees_made_is_deleted_and_environments_stop(
    guarded: Guarded, wire: Wire
) -> None:
    guarded.policy = replace(
        guarded.policy, ends=guarded.classroom.at(30 - GRACE), after_end="delete"
    )

    guarded.run_until(20, begin=0)
    made = _names(wire)
    guarded.run_until(40)

    assert made["endpoint"] == made["config"] == ["ml101-ann-live"]
    assert _names(wire) == {
        "endpoint": [],
        "config": [],
        "model": [],
        "app": ["Deleted"] * 2,
        "space": ["ml101-ann", "ml101-cid"],
        "notebook": [("ml101-bob", "Stopped")],
    }


def test_a_whole_hold_keeps_what_attendees_made_after_the_deadline(
    guarded: Guarded, wire: Wire
) -> None:
    guarded.policy = replace(
        guarded.policy, ends=guarded.classroom.at(30 - GRACE), after_end="delete"
    )
    guarded.table.put_hold(Hold(guarded.classroom.at(300)))

    guarded.run_until(60, begin=0)

    assert _names(wire)["endpoint"] == ["ml101-ann-live"]


# -- notices ----------------------------------------------------------------------------


def test_a_notice_that_was_refused_is_sent_by_the_next_run(guarded: Guarded, bench: Bench) -> None:
    guarded.policy = replace(guarded.policy, budget_total=0.01)
    fault(bench, fault="refuse", service="sns", operation="Publish")
    refused = guarded.run_until(PERIOD, begin=PERIOD)
    bench.world.faults.set([])

    report = guarded.run_until(2 * PERIOD)

    assert refused.told == ""
    assert any("the notice was not sent: AccessDenied" in said for said in refused.problems)
    assert guarded.classroom.running() == []
    assert "100 % of 0.01 USD: stopped" in report.told


def test_a_webhook_that_takes_nothing_is_a_problem_and_no_more(guarded: Guarded) -> None:
    asked: list[str] = []

    def refuse(url: str, text: str) -> None:
        asked.append(text)
        raise OSError(f"{url}: 403 Forbidden")

    guarded.policy = replace(guarded.policy, budget_total=0.01, webhook="https://chat.example/hook")
    guarded.send = refuse

    report = guarded.run_until(PERIOD, begin=PERIOD)

    assert guarded.classroom.running() == []
    assert [report.told] == asked
    assert report.problems == [
        "the webhook did not take the notice: https://chat.example/hook: 403 Forbidden"
    ]


# -- looking at it ----------------------------------------------------------------------


def _verdicts(guarded: Guarded) -> list[Any]:
    return [one.verdict for report in guarded.reports for one in report.plan.stops]


def _find(guarded: Guarded, kind: str) -> Running:
    return next(
        t for t in reversed(guarded.classroom.things) if t.kind == kind and t.owner != "cid"
    )


def _changes(guarded: Guarded) -> list[str]:
    """The calls of the local AWS that have stopped or deleted something of SageMaker."""
    wire = guarded.clients
    assert isinstance(wire, Wire)
    return [call for call in wire.calls if call.startswith(("sagemaker:Stop", "sagemaker:Delete"))]


def _names(wire: Wire) -> dict[str, list[Any]]:
    client = wire("sagemaker", REGION)
    return {
        "endpoint": [e["EndpointName"] for e in client.list_endpoints()["Endpoints"]],
        "config": [
            c["EndpointConfigName"] for c in client.list_endpoint_configs()["EndpointConfigs"]
        ],
        "model": [m["ModelName"] for m in client.list_models()["Models"]],
        "app": [app["Status"] for app in client.list_apps()["Apps"]],
        "space": sorted(s["SpaceName"] for s in client.list_spaces()["Spaces"]),
        "notebook": [
            (n["NotebookInstanceName"], n["NotebookInstanceStatus"])
            for n in client.list_notebook_instances()["NotebookInstances"]
        ],
    }
