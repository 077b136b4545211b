"""The step rule, by cases."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cleanup.kinds import BY_NAME, KINDS
from cleanup.resources import Blind, Resource
from cleanup.steps import Decision, Policy, decide
from tests.unit.cleanup.resources import make_resource
from workshop.names import SHARED


def calls(decision: Decision) -> list[str]:
    return [f"{call.operation} {call.resource.name}" for call in decision.calls]


def names(resources: Iterable[Resource]) -> list[str]:
    return [resource.name for resource in resources]


def kept(decision: Decision) -> dict[str, str]:
    return {resource.name: reason for resource, reason in decision.kept}


def shared(kind: str, name: str, status: str = "", **changes: Any) -> Resource:
    return make_resource(kind, name, status, owner=SHARED, **changes)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_one_resource_alone_gets_the_tables_action_in_every_status(kind: Any) -> None:
    for status, action in (kind.on_status or {"": kind.always}).items():
        decision = decide([make_resource(kind.name, "x", status)])
        called = [] if action in ("wait", "gone", "rest", "paid") else [f"{action} x"]
        waiting = ["x"] if action == "wait" else []
        assert (calls(decision), names(decision.waiting)) == (called, waiting), status
        assert decision.finished is (action in ("gone", "rest", "paid"))


@pytest.mark.parametrize(
    ("kind", "status", "operation", "verb"),
    [
        ("notebook-instance", "InService", "stop_notebook_instance", "stop"),
        ("notebook-instance", "Stopped", "delete_notebook_instance", "delete"),
        ("training-job", "InProgress", "stop_training_job", "stop"),
        ("endpoint", "Failed", "delete_endpoint", "delete"),
    ],
)
def test_stop_and_delete_are_told_apart(kind: str, status: str, operation: str, verb: str) -> None:
    (call,) = decide([make_resource(kind, "x", status)]).calls
    assert (call.operation, call.verb) == (operation, verb)


def test_what_bills_by_the_hour_goes_before_what_is_free() -> None:
    found = [
        make_resource("model", "a", owner="bob"),
        make_resource("space", "b", "InService", owner="bob"),
        make_resource("endpoint", "z", "InService"),
        make_resource("notebook-instance", "y", "Stopped"),  # bills for its volume only
        make_resource("training-job", "x", "InProgress"),
    ]
    hourly = calls(decide(found))[:2]
    # What is stopped first can be deleted later on: it goes before what is deleted at once.
    assert hourly == ["stop_training_job x", "delete_endpoint z"]


def test_the_same_findings_in_any_order_give_the_same_decision() -> None:
    found = [
        make_resource("endpoint", "e", "InService"),
        make_resource("model", "m"),
        make_resource("endpoint-config", "c"),
    ]
    assert decide(found) == decide(reversed(found))


def test_an_endpoint_goes_before_its_config_and_that_before_the_model() -> None:
    endpoint = make_resource("endpoint", "e", "InService")
    config, model = make_resource("endpoint-config", "c"), make_resource("model", "m")

    first = decide([endpoint, config, model])
    second = decide([config, model])
    third = decide([model])

    assert (calls(first), names(first.blocked)) == (["delete_endpoint e"], ["c", "m"])
    assert (calls(second), names(second.blocked)) == (["delete_endpoint_config c"], ["m"])
    assert calls(third) == ["delete_model m"]


def test_a_record_that_rests_blocks_nothing() -> None:
    done = make_resource("transform-job", "t", "Completed")
    assert calls(decide([done, make_resource("model", "m")])) == ["delete_model m"]


def test_nobody_waits_for_another_attendee() -> None:
    found = [
        make_resource("endpoint", "e", "Creating"),
        make_resource("model", "ann-model"),
        make_resource("model", "bob-model", owner="bob"),
    ]
    decision = decide(found)
    assert calls(decision) == ["delete_model bob-model"]
    assert names(decision.blocked) == ["ann-model"]


def test_nobody_waits_for_another_region() -> None:
    found = [
        make_resource("endpoint", "e", "Deleting", region="us-east-1"),
        make_resource("model", "m", region="eu-west-1"),
    ]
    assert calls(decide(found)) == ["delete_model m"]


def test_what_is_shared_waits_for_everybody_and_everybody_for_what_is_shared() -> None:
    space = make_resource("space", "s", "Deleting", owner="bob")
    domain = shared("domain", "d", "InService")
    assert names(decide([space, domain], Policy(keep_managed=False)).blocked) == ["d"]

    endpoint = shared("endpoint", "e", "Deleting")
    assert names(decide([endpoint, make_resource("model", "m")]).blocked) == ["m"]


def managed(kind: str, status: str) -> Resource:
    return make_resource(kind, "ml101-ann", status, managed=True)


@pytest.mark.parametrize(
    ("resource", "group"),
    [
        (managed("space", "InService"), "kept"),
        (managed("user-profile", "Updating"), "kept"),
        (managed("notebook-instance", "InService"), "stopped"),
        (managed("notebook-instance", "Pending"), "waiting"),
        (managed("notebook-instance", "Stopping"), "waiting"),
        (managed("notebook-instance", "Stopped"), "kept"),
        (managed("notebook-instance", "Failed"), "kept"),
    ],
)
def test_the_environment_is_stopped_where_that_helps_and_otherwise_left(
    resource: Resource, group: str
) -> None:
    decision = decide([resource])
    groups = {
        "kept": bool(decision.kept),
        "stopped": calls(decision) == ["stop_notebook_instance ml101-ann"],
        "waiting": bool(decision.waiting),
    }
    assert [name for name, applies in groups.items() if applies] == [group]


def test_the_environment_goes_too_when_asked() -> None:
    space = managed("space", "InService")
    assert calls(decide([space], Policy(keep_managed=False))) == ["delete_space ml101-ann"]


def test_an_environment_that_stays_does_not_hold_what_attendees_made() -> None:
    found = [
        managed("space", "InService"),
        make_resource("user-profile", "ml101-ann-extra", "InService"),
    ]
    assert calls(decide(found)) == ["delete_user_profile ml101-ann-extra"]


def test_what_is_protected_is_never_touched_nor_is_what_it_may_need() -> None:
    found = [
        make_resource("endpoint", "keep", "InService", protected="keep is protected"),
        make_resource("endpoint-config", "c"),
        make_resource("model", "m"),
        make_resource("model", "other", owner="bob"),
    ]
    decision = decide(found, Policy(keep_managed=False))
    assert calls(decision) == ["delete_model other"]
    assert kept(decision)["keep"] == "protected: keep is protected"
    assert "endpoint keep stays" in kept(decision)["c"]
    assert "stays" in kept(decision)["m"]


def test_what_stays_holds_also_what_comes_two_steps_later() -> None:
    found = [
        make_resource("app", "a", "InService", protected="keep is protected"),
        make_resource("space", "s", "InService"),
        shared("domain", "d", "InService"),
        shared("studio-lifecycle-config", "l"),
    ]
    assert sorted(kept(decide(found, Policy(keep_managed=False)))) == ["a", "d", "l", "s"]


def test_a_protected_notebook_instance_is_not_even_stopped() -> None:
    notebook = make_resource(
        "notebook-instance", "n", "InService", managed=True, protected="keep is protected"
    )
    assert kept(decide([notebook])) == {"n": "protected: keep is protected"}


def test_what_may_be_used_by_something_that_could_not_be_listed_stays() -> None:
    found = [make_resource("model", "m"), make_resource("training-job", "j", "InProgress")]
    decision = decide(found, blind=[Blind("us-east-1", "endpoint", "AccessDenied")])
    assert calls(decision) == ["stop_training_job j"]
    assert "endpoint could not be listed" in kept(decision)["m"]


def test_a_listing_that_failed_elsewhere_holds_nothing_here() -> None:
    decision = decide([make_resource("model", "m")], blind=[Blind("eu-west-1", "endpoint", "x")])
    assert calls(decision) == ["delete_model m"]


def test_what_a_sweep_has_set_aside_is_left_and_holds_its_owners_things_only() -> None:
    stuck = make_resource("endpoint", "e", "Creating")
    found = [stuck, make_resource("model", "m"), make_resource("model", "n", owner="bob")]
    decision = decide(found, aside={stuck.key})
    assert calls(decision) == ["delete_model n"]
    assert sorted(kept(decision)) == ["e", "m"]
    assert not decision.waiting


def test_a_training_plan_is_never_called_and_its_fee_is_said() -> None:
    plan = make_resource("training-plan", "p", "Active", fee="120.00 USD")
    decision = decide([plan])
    assert not decision.calls
    assert "120.00 USD" in kept(decision)["p"]


def test_where_tags_could_not_be_read_nothing_is_touched() -> None:
    found = [make_resource("endpoint", "e", "InService"), make_resource("model", "m")]
    decision = decide(found, blind=[Blind("us-east-1", "tags", "AccessDenied")])
    assert not decision.remaining
    assert all("tags could not be read" in reason for reason in kept(decision).values())


def test_environments_go_on_running_when_they_are_to_be_kept() -> None:
    found = [
        make_resource("app", "default", "InService"),
        managed("notebook-instance", "InService"),
        make_resource("notebook-instance", "ml101-ann-own", "InService"),
        make_resource("endpoint", "e", "InService"),
    ]
    decision = decide(found, Policy(keep_environments=True))
    assert calls(decision) == ["stop_notebook_instance ml101-ann-own", "delete_endpoint e"]
    assert sorted(kept(decision)) == ["default", "ml101-ann"]


def test_what_the_command_runs_on_stays() -> None:
    seat = make_resource("app", "default", "InService")
    other = make_resource("app", "other", "InService")
    decision = decide([seat, other], Policy(seat=seat.key))
    assert calls(decision) == ["delete_app other"]
    assert kept(decision) == {"default": "this command runs on it"}


NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("created", "reason"),
    [
        (NOON - timedelta(hours=1), None),
        (NOON + timedelta(hours=1), "too young"),
        (None, "its age is not known"),
    ],
)
def test_only_what_is_old_enough_goes_and_an_unknown_age_is_not_old(
    created: datetime | None, reason: str | None
) -> None:
    endpoint = make_resource("endpoint", "e", "InService", created=created)
    decision = decide([endpoint], Policy(created_before=NOON))
    assert kept(decision).get("e") == reason


def test_what_an_endpoint_that_is_too_young_needs_stays_however_old() -> None:
    young = make_resource("endpoint", "e", "InService", created=NOON + timedelta(hours=1))
    old = make_resource("model", "m", created=NOON - timedelta(hours=9))
    assert not decide([young, old], Policy(created_before=NOON)).calls


def test_records_of_ended_jobs_go_only_when_asked() -> None:
    job = make_resource("training-job", "j", "Completed")
    assert not decide([job]).calls
    assert calls(decide([job], Policy(records=True))) == ["delete_training_job j"]
    # There is no DeleteTransformJob.
    assert decide([make_resource("transform-job", "t", "Completed")], Policy(records=True)).finished


def test_what_a_domain_leaves_behind_stays_with_a_domain_that_its_stack_deletes() -> None:
    domain = shared("domain", "ml101-shared", "InService", managed=True)
    group = shared("nfs-security-group", "g", "empty")
    assert "domain ml101-shared stays" in kept(decide([domain, group]))["g"]
    assert len(calls(decide([group]))) == 1


def test_every_kind_has_a_place_in_the_order_after_what_must_be_gone_first() -> None:
    for kind in KINDS:
        for other in kind.after:
            first = make_resource(other, "a", next(iter(BY_NAME[other].on_status), ""))
            second = make_resource(kind.name, "b", next(iter(kind.on_status), ""))
            decision = decide([second, first])
            if first in decision.remaining:
                assert "b" not in [call.resource.name for call in decision.calls], kind.name


def test_what_a_domain_would_leave_behind_is_claimed_before_the_domain_goes() -> None:
    domain = shared("domain", "d", "InService")
    group = shared("nfs-security-group", "g", "ingress rules", claimed=False)
    first = decide([domain, group], Policy(keep_managed=False))
    assert calls(first) == ["create_tags g"]
    assert names(first.blocked) == ["d"]

    claimed = replace(group, claimed=True)
    second = decide([domain, claimed], Policy(keep_managed=False))
    assert calls(second) == ["delete_domain d"]
    assert names(second.blocked) == ["g"]


def test_before_its_stack_deletes_a_domain_its_leftovers_are_claimed_when_asked() -> None:
    domain = shared("domain", "ml101-shared", "InService", managed=True)
    group = shared("nfs-security-group", "g", "empty", claimed=False)
    assert calls(decide([domain, group], Policy(claim=True))) == ["create_tags g"]
    assert calls(decide([domain, group])) == []


def test_a_domain_does_not_wait_for_a_claim_that_was_refused() -> None:
    domain = shared("domain", "d", "InService")
    group = shared("nfs-security-group", "g", "ingress rules", claimed=False)
    assert calls(decide([domain, group], aside={group.key})) == ["delete_domain d"]


def test_a_part_of_what_is_kept_is_kept_however_deep() -> None:
    found = [
        shared("domain", "d", "InService", ids=(("DomainId", "d-1"),), protected="tag x"),
        make_resource("user-profile", "p", "InService", within=(("domain", "d-1"),)),
        make_resource("space", "s", "InService", within=(("user-profile", "p"),)),
        make_resource("app", "a", "InService", within=(("space", "s"),)),
        make_resource("app", "other", "InService", within=(("space", "elsewhere"),)),
    ]
    decision = decide(found, Policy(keep_managed=False))
    assert calls(decision) == ["delete_app other"]
    assert kept(decision)["a"] == "protected: part of space s"


@pytest.mark.parametrize(
    ("holder", "part", "field"),
    [
        ("endpoint", "inference-component", "EndpointName"),
        ("endpoint", "monitoring-schedule", "EndpointName"),
        ("model-package-group", "model-package", "ModelPackageGroupName"),
        ("cluster", "compute-quota", "ClusterArn"),
        ("cluster", "cluster-scheduler-config", "ClusterArn"),
        ("space", "app", "SpaceName"),
        ("user-profile", "app", "UserProfileName"),
        ("domain", "space", "DomainId"),
    ],
)
def test_the_table_says_what_is_a_part_of_what(holder: str, part: str, field: str) -> None:
    assert (holder, field) in BY_NAME[part].within
