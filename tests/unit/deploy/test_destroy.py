"""Destroying: attendees' stacks in parallel, then the shared ones, whatever the file says."""

from __future__ import annotations

from typing import Any

import pytest

from deploy.destroy import Destroyed, Destruction, find_stacks
from deploy.engine import Event
from tests.unit.deploy.fake_cloudformation import Clock, FakeCloudFormation, refusal


@pytest.fixture
def aws() -> FakeCloudFormation:
    found = FakeCloudFormation(Clock())
    for name in ("ml101-shared", "ml101-bob", "ml101-ann"):
        found.add(name, "CREATE_COMPLETE")
    return found


def destroy(
    aws: FakeCloudFormation, regions: tuple[str, ...] = ("us-east-1",), **options: Any
) -> dict[str, Destroyed]:
    stacks = find_stacks("ml101", set(regions), aws.clients)
    destruction = Destruction(aws.clients, now=aws.clock.now, sleep=aws.clock.sleep, **options)
    results = destruction.run(stacks)
    assert len(results) == len(stacks)
    return {result.stack: result for result in results}


def test_attendees_stacks_are_gone_before_the_shared_one_is_asked_for(
    aws: FakeCloudFormation,
) -> None:
    results = destroy(aws)

    assert all(result.ok for result in results.values())
    assert aws.names() == []
    assert [name for _, name in aws.changes()] == ["ml101-ann", "ml101-bob", "ml101-shared"]
    assert aws.clock.time >= 2 * aws.seconds


def test_stacks_are_found_by_their_tag_an_attendee_taken_out_of_the_file_included(
    aws: FakeCloudFormation,
) -> None:
    aws.add("ml101-removed", "CREATE_COMPLETE")
    aws.add("ml101-stranger", "CREATE_COMPLETE", tags={"team": "blue"})
    aws.add("ml1011-ann", "CREATE_COMPLETE", tags={"workshop:name": "ml1011"})

    destroy(aws)

    assert aws.names() == ["ml101-stranger", "ml1011-ann"]
    assert not {"ml101-stranger", "ml1011-ann"} & {name for _, name in aws.changes()}


def test_no_more_deletions_are_open_at_once_than_allowed(aws: FakeCloudFormation) -> None:
    for number in range(10):
        aws.add(f"ml101-a{number}", "CREATE_COMPLETE")
    destroy(aws, parallel=4)
    assert aws.names() == []
    assert aws.most_open == 4


def test_a_stack_that_cannot_be_deleted_keeps_the_shared_one_and_says_why(
    aws: FakeCloudFormation,
) -> None:
    aws.outcome["ml101-bob"] = ("DELETE_FAILED", "bucket not empty")

    results = destroy(aws)

    assert results["ml101-ann"].ok
    assert results["ml101-bob"].reason == "DELETE_FAILED: AWS::S3::Bucket Bucket: bucket not empty"
    assert "stacks that need it" in results["ml101-shared"].reason
    assert aws.names() == ["ml101-bob", "ml101-shared"]


def test_a_failure_in_one_region_does_not_keep_the_shared_stack_of_another(
    aws: FakeCloudFormation,
) -> None:
    aws.outcome["ml101-bob"] = ("DELETE_FAILED", "no")
    aws.add("ml101-shared", "CREATE_COMPLETE", "eu-west-1")

    destroy(aws, ("us-east-1", "eu-west-1"))

    assert sorted(region for region, name in aws.stacks if name == "ml101-shared") == ["us-east-1"]


def test_an_export_in_use_is_a_failure_not_a_wait_for_ever(aws: FakeCloudFormation) -> None:
    # The stack goes back to what it was (boto/botocore#2590).
    aws.outcome["ml101-shared"] = ("CREATE_COMPLETE", "Export ml101-vpc is in use by other")
    assert "is in use by other" in destroy(aws)["ml101-shared"].reason


def test_a_refused_deletion_is_reported_with_cloudformations_words(
    aws: FakeCloudFormation,
) -> None:
    aws.refuse["delete_stack", "ml101-ann"] = refusal("DeleteStack", "TerminationProtection is on")
    results = destroy(aws)
    assert results["ml101-ann"].reason == "TerminationProtection is on"
    assert results["ml101-bob"].ok


def test_an_update_that_is_under_way_is_waited_for_and_then_the_stack_is_deleted(
    aws: FakeCloudFormation,
) -> None:
    aws.add("ml101-ann", "UPDATE_IN_PROGRESS", becomes="UPDATE_COMPLETE", at=30.0)

    assert destroy(aws)["ml101-ann"].ok
    assert aws.changes().count(("delete_stack", "ml101-ann")) == 1
    assert aws.names() == []


@pytest.mark.parametrize("status", ["DELETE_FAILED", "ROLLBACK_COMPLETE", "CREATE_IN_PROGRESS"])
def test_a_stack_in_any_other_state_is_deleted_at_once(
    aws: FakeCloudFormation, status: str
) -> None:
    aws.add("ml101-ann", status)
    assert destroy(aws)["ml101-ann"].ok


def test_a_deletion_of_an_earlier_run_is_joined(aws: FakeCloudFormation) -> None:
    aws.add("ml101-ann", "DELETE_IN_PROGRESS", becomes=None, at=30.0)
    assert destroy(aws)["ml101-ann"].ok
    assert aws.names() == []


def test_the_number_of_listings_does_not_depend_on_the_number_of_stacks() -> None:
    counts = []
    for number in (1, 15):
        aws = FakeCloudFormation(Clock())
        for n in range(number):
            aws.add(f"ml101-a{n:02}", "CREATE_COMPLETE")
        destroy(aws)
        counts.append(sum(operation == "describe_stacks" for operation, _ in aws.calls))
    assert counts[0] == counts[1]


def test_without_stacks_there_is_nothing_to_do() -> None:
    aws = FakeCloudFormation(Clock())
    assert destroy(aws) == {}
    assert aws.changes() == []


def test_what_was_mended_is_tried_once_more_and_leaves_out_what_it_was_told_to(
    aws: FakeCloudFormation,
) -> None:
    aws.outcome["ml101-bob"] = ("DELETE_FAILED", "the function is gone")
    told: list[Event] = []

    def mend(failed: list[Destroyed]) -> dict[tuple[str, str], tuple[str, ...]]:
        assert [result.stack for result in failed] == ["ml101-bob"]
        del aws.outcome["ml101-bob"]
        return {failed[0].key: ("Sweep",)}

    results = destroy(aws, mend=mend, progress=told.append)

    assert all(result.ok for result in results.values())
    assert aws.left_out == {"ml101-bob": ["Sweep"]}
    ended = [(event.stack, event.status) for event in told if event.done]
    assert sorted(ended) == [(f"ml101-{who}", "destroyed") for who in ("ann", "bob", "shared")]


def test_what_fails_again_is_told_once_and_not_tried_a_third_time(aws: FakeCloudFormation) -> None:
    aws.outcome["ml101-bob"] = ("DELETE_FAILED", "bucket not empty")
    told: list[Event] = []

    results = destroy(
        aws, mend=lambda failed: {result.key: () for result in failed}, progress=told.append
    )

    assert not results["ml101-bob"].ok
    assert aws.changes().count(("delete_stack", "ml101-bob")) == 2
    assert [event.status for event in told if event.stack == "ml101-bob"] == ["failed"]


def test_a_deletion_that_does_not_end_is_named_and_does_not_hold_up_the_run(
    aws: FakeCloudFormation,
) -> None:
    aws.outcome["ml101-bob"] = ("DELETE_IN_PROGRESS", "")

    results = destroy(aws, limit_seconds=600)

    assert results["ml101-ann"].ok
    assert "not deleted after 10 minutes" in results["ml101-bob"].reason
    assert "ml101-shared" in aws.names()


def test_what_has_no_turn_in_time_is_named_too(aws: FakeCloudFormation) -> None:
    aws.outcome["ml101-ann"] = ("DELETE_IN_PROGRESS", "")
    results = destroy(aws, parallel=1, limit_seconds=600)
    assert results["ml101-bob"].reason == "not begun: others took 10 minutes"


def test_a_region_that_cannot_be_listed_any_more_does_not_hold_up_the_others(
    aws: FakeCloudFormation,
) -> None:
    aws.add("ml101-eve", "CREATE_COMPLETE", "eu-west-1")
    stacks = find_stacks("ml101", {"us-east-1", "eu-west-1"}, aws.clients)
    aws.refuse["describe_stacks", "us-east-1"] = refusal("DescribeStacks", "Rate exceeded", "T")

    results = Destruction(aws.clients, now=aws.clock.now, sleep=aws.clock.sleep).run(stacks)

    told = {result.stack: result.reason for result in results}
    assert told["ml101-eve"] == ""
    assert "us-east-1 could not be listed: Rate exceeded" in told["ml101-ann"]
    assert told["ml101-shared"].startswith("kept")


def test_what_must_happen_before_the_shared_stack_goes_happens_per_free_region(
    aws: FakeCloudFormation,
) -> None:
    aws.outcome["ml101-bob"] = ("DELETE_FAILED", "no")
    aws.add("ml101-shared", "CREATE_COMPLETE", "eu-west-1")
    told: list[str] = []
    stacks = find_stacks("ml101", {"us-east-1", "eu-west-1"}, aws.clients)

    Destruction(aws.clients, now=aws.clock.now, sleep=aws.clock.sleep).run(stacks, told.append)

    assert told == ["eu-west-1"]
