"""What must not happen whatever people write, start or hold while the guard is at work."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from http.client import BadStatusLine
from typing import Any

import pytest

from costs.meter import Bill
from guard.doors import Doors
from guard.execute import line
from guard.handler import write
from guard.ledger import Hold, Ledger, Spent
from guard.notices import compose
from guard.plan import Judged
from guard.rule import Finding, Subject, Verdict, decide
from rehearsal.faults.reach import parse
from tests.unit.guard.samples import at, hosting, policy, resource
from tests.unit.guard.two_days.classroom import BUCKET, Classroom
from tests.unit.guard.two_days.guarded import GRACE, PERIOD, Guarded, make_policy
from tests.unit.guard.two_days.people import Endpoint, Person
from tests.unit.rehearsal.bench import REGION, Bench
from tests.unit.rehearsal.wire import Wire
from workshop import names

_IDLE = 100


@pytest.fixture
def guarded(bench: Bench, wire: Wire) -> Guarded:
    """Ann's endpoint is forgotten, and so is bob's instance."""
    live = Endpoint("ml101-ann-live", 0, (15, 20))
    people = (
        Person("ann", "studio", "notebook", ((0, 30),), (live,)),
        Person("bob", "notebook", "notebook", ((0, 30),)),
    )
    classroom = Classroom(people, bench, wire)
    return Guarded(classroom, make_policy(classroom), wire)


def deletes_at(guarded: Guarded, minute: int) -> None:
    """Let the deadline be at a minute, and what attendees made be deleted then."""
    ends = guarded.classroom.at(minute - GRACE)
    guarded.policy = replace(guarded.policy, ends=ends, after_end="delete")


def models(wire: Wire) -> list[str]:
    return [m["ModelName"] for m in wire("sagemaker", REGION).list_models()["Models"]]


# -- what attendees write ---------------------------------------------------------------


def test_half_a_character_in_what_an_environment_writes_harms_no_run(
    guarded: Guarded, wire: Wire, capfd: pytest.CaptureFixture[str]
) -> None:
    guarded.classroom.advance(10)
    told = {"at": guarded.classroom.at(10).isoformat(), "latest": None, "verdict": "unknown"}
    wire("s3", REGION).put_object(
        Bucket=BUCKET,
        Key=names.activity_key("ann"),
        Body=json.dumps({**told, "reason": "\ud800"}).encode(),
    )

    guarded.run()
    for written in guarded.log:
        write(written)

    assert any(said.get("kind") == "app" for said in guarded.log)
    assert capfd.readouterr().out.isascii()


# -- what is started meanwhile ----------------------------------------------------------


def test_what_somebody_starts_again_while_the_guard_works_goes_on(
    guarded: Guarded, wire: Wire
) -> None:
    guarded.run_until(_IDLE - PERIOD, begin=0)
    guarded.classroom.advance(_IDLE)
    plan = guarded.plan()
    started: list[str] = []

    def start_again() -> None:
        instance = wire("sagemaker", REGION).describe_notebook_instance
        if instance(NotebookInstanceName="ml101-bob")["NotebookInstanceStatus"] == "Stopped":
            wire("sagemaker", REGION).start_notebook_instance(NotebookInstanceName="ml101-bob")
            started.append("ml101-bob")

    guarded.classroom.sleep = _first(guarded.classroom.sleep, start_again)  # type: ignore[assignment, method-assign]
    guarded.execute(plan)
    guarded.classroom.sleep(600)

    status = wire("sagemaker", REGION).describe_notebook_instance(NotebookInstanceName="ml101-bob")
    assert started == ["ml101-bob"]
    assert status["NotebookInstanceStatus"] == "InService"


def _first(sleep: Callable[[float], None], do: Callable[[], None]) -> Callable[[float], None]:
    """A sleep after which something is done, until it has been."""

    def then(seconds: float) -> None:
        sleep(seconds)
        do()

    return then


# -- holds, and the end -----------------------------------------------------------------


def test_nothing_of_whoever_is_held_is_deleted_after_the_end(guarded: Guarded, wire: Wire) -> None:
    deletes_at(guarded, 30)
    guarded.table.put_hold(Hold(guarded.classroom.at(300), "ann"))

    guarded.run_until(60, begin=0)

    assert models(wire) == ["ml101-ann-live"]
    assert {thing.kind for thing in guarded.classroom.running()} == {"app", "endpoint"}
    guarded.table.delete_hold("ann")
    guarded.run_until(70)
    assert models(wire) == []


def test_nothing_is_deleted_before_it_is_stopped(guarded: Guarded) -> None:
    deletes_at(guarded, 30)
    guarded.classroom.advance(30)

    just_before = guarded.plan()
    guarded.skew = timedelta(minutes=5)

    assert (just_before.swept, just_before.stops) == (frozenset(), ())
    assert guarded.plan().swept == {"ann", "bob", names.SHARED}


def test_a_stop_and_a_deletion_share_one_limit_of_time(guarded: Guarded, bench: Bench) -> None:
    deletes_at(guarded, 0)
    bench.world.faults.set(
        parse([{"fault": "stick", "kind": "endpoint", "resource": "ml101-ann-live"}])
    )
    guarded.classroom.advance(10)
    before = guarded.classroom.minute

    report = guarded.run()

    assert guarded.classroom.minute - before < 10
    assert [left.resource.name for left in report.remaining] == ["ml101-ann-live"]
    assert "ml101-ann-live" in report.told


# -- what is not known ------------------------------------------------------------------


def test_without_tags_nothing_is_stopped_and_the_run_does_not_say_that_it_was(
    guarded: Guarded, bench: Bench
) -> None:
    guarded.run_until(50, begin=0)
    guarded.policy = replace(guarded.policy, ends=guarded.classroom.at(-GRACE))
    bench.world.faults.set(parse([{"fault": "refuse", "operation": "GetResources"}]))

    report = guarded.run_until(60)

    assert report.done == []
    assert {left.resource.kind for left in report.remaining} >= {"endpoint"}
    assert "tags could not be read" in report.told


def test_an_endpoint_is_unknown_where_its_components_cannot_be_listed(
    guarded: Guarded, bench: Bench
) -> None:
    guarded.run_until(50, begin=0)
    bench.world.faults.set(parse([{"fault": "refuse", "operation": "ListInferenceComponents"}]))

    report = guarded.run_until(_IDLE)

    assert "endpoint" in {thing.kind for thing in guarded.classroom.running()}
    assert any("inference components could not be listed" in said for said in report.plan.unseen)


def test_a_region_that_cannot_be_read_opens_no_door(guarded: Guarded) -> None:
    guarded.policy = replace(guarded.policy, budget_per_attendee=0.01)
    guarded.run_until(30, begin=0)
    raised = replace(guarded.policy, budget_per_attendee=100.0, regions=(REGION, "us-east-1"))

    ledger = guarded.table.read()
    assert ledger.shut == {"ann", "bob"}
    guarded.policy = raised

    assert guarded.table.read().elsewhere == {"us-east-1": Spent(None)}
    assert guarded.plan().doors == Doors()
    guarded.policy = replace(raised, regions=(REGION,))
    assert guarded.plan().doors == Doors(opened=("ann", "bob"))


def test_a_role_that_was_made_anew_is_tagged_again(guarded: Guarded, wire: Wire) -> None:
    guarded.policy = replace(guarded.policy, budget_per_attendee=0.01)
    guarded.run_until(20, begin=0)
    iam: Any = wire("iam", REGION)
    iam.untag_role(RoleName="ml101-ann", TagKeys=[names.TAG_STOPPED])

    guarded.run_until(30)

    tags = iam.list_role_tags(RoleName="ml101-ann")["Tags"]
    assert {"Key": names.TAG_STOPPED, "Value": "true"} in tags
    shut = [said["attendee"] for said in guarded.log if said["guard"] == "shut"]
    assert sorted(shut) == ["ann", "bob"]


# -- counting, and telling --------------------------------------------------------------


def test_the_groups_of_a_jobs_instances_add_up_and_variants_do_not() -> None:
    groups = tuple(
        replace(one, usage="training", instance_type="ml.m5.xlarge") for one in hosting()
    )
    job = Subject(resource("training-job"), at(0), groups * 5)
    endpoint = Subject(resource("endpoint"), at(0), hosting() * 5)

    assert _rules(job)["ceiling"].reason == "5 instances for training, 2 at most"
    assert "ceiling" not in _rules(endpoint)


def _rules(subject: Subject) -> dict[str, Finding]:
    verdict = decide(at(1), subject, policy(), Ledger(), Bill())
    return {found.rule: found for found in verdict.findings}


@pytest.mark.parametrize(
    "error", [BadStatusLine("x"), UnicodeEncodeError("ascii", "é", 0, 1, "no"), OSError("gone")]
)
def test_whatever_a_webhook_answers_the_run_ends_well(guarded: Guarded, error: Exception) -> None:
    def fail(_url: str, _text: str) -> None:
        raise error

    guarded.policy = replace(guarded.policy, budget_total=0.01, webhook="https://chat.example/hook")
    guarded.send = fail

    report = guarded.run_until(20, begin=20)

    assert len(report.problems) == 1
    assert guarded.table.read().last_run is not None


def test_a_problem_is_told_once_though_its_numbers_change() -> None:
    def digest(seconds: int, before: str) -> tuple[str, str]:
        found = compose(
            "ml101",
            "us-east-1",
            stops=(),
            done=(),
            remaining=(),
            unseen=[f"not done after {seconds} s"],
            shut={},
            opened=(),
            warnings=(),
            before=before,
        )
        return found.text, found.state

    first, state = digest(480, "")

    assert "not done after 480 s" in first
    assert digest(312, state) == ("", state)


def test_a_judged_thing_says_what_is_to_be_done() -> None:
    verdict = Verdict("stop", "budget", "ann has spent it", at(0))
    one = Judged(Subject(resource("endpoint"), at(0), hosting()), verdict)
    assert line(one)["reason"] == "to be stopped: ann has spent it"
