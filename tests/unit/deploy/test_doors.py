"""Closing the doors before a destruction: one value in the shared stack's template."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from deploy.assembly import INLINE_LIMIT
from deploy.destroy import find_stacks
from deploy.doors import Doors, closed
from tests.unit.deploy.fake_cloudformation import Clock, FakeCloudFormation, refusal

OPEN: dict[str, Any] = {"Mappings": {"Doors": {"Attendees": {"State": "open"}}}, "Resources": {}}
CLOSED = {"Mappings": {"Doors": {"Attendees": {"State": "closed"}}}, "Resources": {}}
REGIONS = ("eu-west-1", "us-east-1")


class FakeS3:
    """Takes in objects."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def put_object(self, **request: Any) -> None:
        self.objects[f"{request['Bucket']}/{request['Key']}"] = request["Body"]


def close(aws: FakeCloudFormation, s3: FakeS3 | None = None) -> list[str]:
    stacks = find_stacks("ml101", set(REGIONS), aws.clients)

    def clients(service: str, region: str) -> Any:
        return s3 if service == "s3" else aws.clients(service, region)

    doors = Doors(
        "ml101",
        clients,
        lambda region: f"assets-{region}",
        now=aws.clock.now,
        sleep=aws.clock.sleep,
    )
    return doors.close(stacks)


def account(
    status: str = "CREATE_COMPLETE", template: dict[str, Any] = OPEN, **changes: Any
) -> FakeCloudFormation:
    aws = FakeCloudFormation(Clock())
    for region in REGIONS:
        aws.add("ml101-shared", status, region, body=json.dumps(template), **changes)
    aws.add("ml101-ann", "CREATE_COMPLETE", body=json.dumps(OPEN))
    return aws


def test_only_the_state_changes_and_the_given_template_stays_as_it_is() -> None:
    assert closed(OPEN) == CLOSED
    assert OPEN["Mappings"] == {"Doors": {"Attendees": {"State": "open"}}}


def test_closed_doors_need_no_update() -> None:
    aws = account(template=CLOSED)
    assert close(aws) == []
    assert aws.changes() == []


def test_a_stack_without_doors_is_told() -> None:
    aws = account(template={"Resources": {}})
    assert close(aws) == [
        f"doors in {region} stay open: its template has none that could be closed"
        for region in REGIONS
    ]


def test_the_shared_stack_of_every_region_is_updated_side_by_side_and_waited_for() -> None:
    aws = account()

    assert close(aws) == []

    assert aws.changes() == [("update_stack", "ml101-shared")] * 2
    assert aws.most_open == 2
    request = aws.requests["update_stack", "ml101-shared"]
    assert json.loads(request["TemplateBody"]) == CLOSED
    assert request["Tags"] == [{"Key": "workshop:name", "Value": "ml101"}]
    assert {s.status for s in aws.stacks.values()} == {"CREATE_COMPLETE", "UPDATE_COMPLETE"}


def test_a_template_that_is_too_large_to_be_sent_goes_through_the_bucket() -> None:
    large = {**OPEN, "Description": "x" * INLINE_LIMIT}
    aws, s3 = account(template=large), FakeS3()

    assert close(aws, s3) == []

    (key,) = [key for key in s3.objects if key.startswith("assets-us-east-1/")]
    assert json.loads(s3.objects[key]) == closed(large)
    assert key.startswith("assets-us-east-1/workshops/ml101/")
    url = aws.requests["update_stack", "ml101-shared"]["TemplateURL"]
    assert url == f"https://assets-us-east-1.s3.us-east-1.amazonaws.com/{key.partition('/')[2]}"


@pytest.mark.parametrize("status", ["ROLLBACK_COMPLETE", "DELETE_FAILED", "DELETE_IN_PROGRESS"])
def test_a_stack_that_was_never_made_or_goes_has_no_doors(status: str) -> None:
    aws = account(status)
    assert close(aws) == []
    assert aws.changes() == []


def test_an_update_that_is_under_way_is_waited_for_first() -> None:
    aws = account("UPDATE_IN_PROGRESS", becomes="UPDATE_COMPLETE", at=30.0)
    assert close(aws) == []
    assert aws.changes() == [("update_stack", "ml101-shared")] * 2


def test_a_stack_that_cannot_be_updated_is_told() -> None:
    aws = account("UPDATE_ROLLBACK_FAILED")
    assert close(aws) == [
        f"doors in {region} stay open: the stack is in UPDATE_ROLLBACK_FAILED" for region in REGIONS
    ]


def test_a_refusal_is_told() -> None:
    aws = account()
    aws.refuse["update_stack", "ml101-shared"] = refusal("UpdateStack", "not allowed")
    assert close(aws) == [f"doors in {region} stay open: not allowed" for region in REGIONS]


def test_credentials_that_have_expired_end_it() -> None:
    aws = account()
    aws.refuse["update_stack", "ml101-shared"] = refusal("X", "it is expired", "ExpiredToken")
    with pytest.raises(ClientError, match="expired"):
        close(aws)


def test_an_update_that_rolls_back_is_told_with_its_reason() -> None:
    aws = account()
    aws.outcome["ml101-shared"] = ("UPDATE_ROLLBACK_COMPLETE", "too many versions")
    problems = close(aws)
    assert len(problems) == 2
    assert all("too many versions" in problem for problem in problems)


def test_an_update_that_does_not_end_is_not_waited_for_for_ever() -> None:
    aws = account()
    aws.outcome["ml101-shared"] = ("UPDATE_IN_PROGRESS", "")
    assert close(aws) == [
        f"doors in {region} stay open: the stack is still in UPDATE_IN_PROGRESS"
        for region in REGIONS
    ]
