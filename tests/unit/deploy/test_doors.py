"""Closing the doors before a destruction: one value in the shared stack's template."""

from __future__ import annotations

import json

from deploy.destroy import find_stacks
from deploy.doors import close_doors, closed
from tests.unit.deploy.fake_cloudformation import Clock, FakeCloudFormation, refusal

OPEN = {"Mappings": {"Doors": {"Attendees": {"State": "open"}}}, "Resources": {}}
CLOSED = {"Mappings": {"Doors": {"Attendees": {"State": "closed"}}}, "Resources": {}}


def close(aws: FakeCloudFormation) -> list[str]:
    stacks = find_stacks("ml101", {"us-east-1", "eu-west-1"}, aws.clients)
    return close_doors(stacks, aws.clients, now=aws.clock.now, sleep=aws.clock.sleep)


def account(status: str = "CREATE_COMPLETE") -> FakeCloudFormation:
    aws = FakeCloudFormation(Clock())
    for region in ("us-east-1", "eu-west-1"):
        aws.add("ml101-shared", status, region, body=json.dumps(OPEN))
    aws.add("ml101-ann", "CREATE_COMPLETE", body=json.dumps(OPEN))
    return aws


def test_only_the_state_changes_and_the_given_template_stays_as_it_is() -> None:
    assert closed(OPEN) == CLOSED
    assert OPEN["Mappings"] == {"Doors": {"Attendees": {"State": "open"}}}


def test_closed_doors_and_templates_without_doors_need_no_update() -> None:
    assert closed(CLOSED) is None
    assert closed({"Resources": {}}) is None


def test_the_shared_stack_of_every_region_is_updated_and_waited_for() -> None:
    aws = account()

    assert close(aws) == []

    assert aws.changes() == [("update_stack", "ml101-shared")] * 2
    request = aws.requests["update_stack", "ml101-shared"]
    assert json.loads(request["TemplateBody"]) == CLOSED
    assert request["Tags"] == [{"Key": "workshop:name", "Value": "ml101"}]
    assert {s.status for s in aws.stacks.values()} == {"CREATE_COMPLETE", "UPDATE_COMPLETE"}


def test_a_stack_that_is_not_settled_is_passed_over() -> None:
    aws = account("ROLLBACK_COMPLETE")
    assert close(aws) == []
    assert aws.changes() == []


def test_a_refusal_is_told_and_the_other_regions_are_closed_all_the_same() -> None:
    aws = account()
    aws.refuse["update_stack", "ml101-shared"] = refusal("UpdateStack", "not allowed")
    assert close(aws) == ["doors in eu-west-1: not allowed", "doors in us-east-1: not allowed"]


def test_an_update_that_rolls_back_is_told_with_its_reason() -> None:
    aws = account()
    aws.outcome["ml101-shared"] = ("UPDATE_ROLLBACK_COMPLETE", "too many versions")
    problems = close(aws)
    assert problems
    assert all("too many versions" in problem for problem in problems)


def test_an_update_that_does_not_end_is_not_waited_for_for_ever() -> None:
    aws = account()
    aws.outcome["ml101-shared"] = ("UPDATE_IN_PROGRESS", "")
    assert close(aws) == [
        f"doors in {region}: the stack is still in UPDATE_IN_PROGRESS"
        for region in ("eu-west-1", "us-east-1")
    ]
