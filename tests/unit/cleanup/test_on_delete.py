"""The function behind Custom::WorkshopSweep, against a small AWS and a real ResponseURL."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cleanup.deletion import MOST_INVOCATIONS
from cleanup.kinds import BY_NAME
from cleanup.kinds.attendees import BUILDER_KINDS
from cleanup.needed import attendee_kinds, leftover_kinds, needed_kinds
from cleanup.on_delete import handler
from tests.unit.cleanup.deletions import Account, Answers, Context, serve_answers
from tests.unit.cleanup.fake_aws import FakeAws, refusal
from tests.unit.cleanup.sweeps import add_served_model, changes

ROOT = Path(__file__).parents[3]


@pytest.fixture
def answers() -> Iterator[Answers]:
    yield from serve_answers()


@pytest.fixture
def account(aws: FakeAws, answers: Answers) -> Account:
    return Account(aws, answers)


def deleted_stack(attendee: str, status: str = "DELETE_COMPLETE") -> dict[str, str]:
    return {
        "StackName": f"ml101-{attendee}",
        "TemplateDescription": f"Workshop ml101: the environment of {attendee}",
        "StackStatus": status,
    }


class FullBucket:
    """The SDK's bucket with `pages` of a thousand objects, each of which takes a second to
    delete. Other buckets do not exist."""

    def __init__(self, account: Account, pages: int) -> None:
        self._clock = account.aws.clock
        self._left = pages * 1000
        self.deleted = 0
        self.held_at_most = 0

    def get_bucket_tagging(self, **_request: Any) -> None:
        raise refusal("NoSuchBucket", "GetBucketTagging")

    def get_paginator(self, operation: str) -> Any:
        class Pages:
            @staticmethod
            def paginate(**request: Any) -> Iterator[dict[str, Any]]:
                return self._pages(operation, request["Bucket"])

        return Pages()

    def _pages(self, operation: str, bucket: str) -> Iterator[dict[str, Any]]:
        if not bucket.startswith("sagemaker-"):
            raise refusal("NoSuchBucket", operation)
        if operation == "list_multipart_uploads":
            return
        listed = self.deleted
        for _ in range(self._left // 1000):
            listed += 1000
            self.held_at_most = max(self.held_at_most, listed - self.deleted)
            yield {"Versions": [{"Key": "ml101-ann-x", "VersionId": str(n)} for n in range(1000)]}

    def delete_objects(self, **request: Any) -> dict[str, Any]:
        self._clock.time += 1.0
        count = len(request["Delete"]["Objects"])
        self.deleted += count
        self._left -= count
        return {}


def test_a_creation_is_answered_at_once_and_always_with_the_same_id(account: Account) -> None:
    # Without tools it would need AWS's own, for which there is no configuration here.
    for _ in range(2):
        handler(account.request("Create"), Context(account.aws, 0.0))

    first, second = account.answers.bodies
    assert first == second
    assert account.answers.last == {
        "Status": "SUCCESS",
        "Reason": "done",
        "PhysicalResourceId": "sweep-ann",
        "StackId": account.request()["StackId"],
        "RequestId": "request-1",
        "LogicalResourceId": "Sweep",
    }


def test_an_update_keeps_the_id_that_the_resource_has(account: Account) -> None:
    account.invoke(account.request("Update", PhysicalResourceId="older"))

    assert account.answers.last["Status"] == "SUCCESS"
    assert account.answers.last["PhysicalResourceId"] == "older"


def test_a_creation_waits_for_no_import_but_the_standard_library() -> None:
    code = (
        "import sys, cleanup.on_delete; "
        "print('boto3' in sys.modules, 'cleanup.sweep' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["False", "False"]


def test_a_deletion_sweeps_what_the_attendee_made_and_nobody_elses(account: Account) -> None:
    aws = account.aws
    add_served_model(aws, "ann")
    add_served_model(aws, "bob")
    aws.add("notebook-instance", "ml101-ann", "InService")

    account.invoke(account.request())

    assert account.answers.last["Status"] == "SUCCESS"
    assert aws.names() == ["ml101-ann", "ml101-bob-c", "ml101-bob-e", "ml101-bob-m"]
    # The environment is the stack's: it is stopped, and not deleted.
    assert ("stop_notebook_instance", "ml101-ann") in changes(aws)
    assert ("delete_notebook_instance", "ml101-ann") not in changes(aws)


@pytest.mark.parametrize(
    "status",
    ["UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "UPDATE_ROLLBACK_IN_PROGRESS", "CREATE_COMPLETE"],
)
def test_a_resource_that_an_update_takes_away_touches_nothing(
    account: Account, status: str
) -> None:
    add_served_model(account.aws, "ann")
    account.status = status

    account.invoke(account.request())

    assert account.answers.last["Status"] == "SUCCESS"
    assert account.aws.calls == []


def test_a_creation_that_is_rolled_back_is_swept(account: Account) -> None:
    add_served_model(account.aws, "ann")
    account.status = "ROLLBACK_IN_PROGRESS"

    # CloudFormation makes an id up for a resource whose creation it had no answer of.
    account.invoke(account.request(PhysicalResourceId="ml101-ann-Sweep-1ABC"))

    assert account.answers.last["Status"] == "SUCCESS"
    assert account.answers.last["PhysicalResourceId"] == "ml101-ann-Sweep-1ABC"
    assert account.aws.names() == []


def test_what_takes_longer_than_an_invocation_goes_on_in_the_next(account: Account) -> None:
    aws = account.aws
    aws.seconds = 1500.0  # an app has been seen to take twenty minutes
    aws.add("endpoint", "ml101-ann-e", "InService")

    account.invoke(account.request())

    assert account.answers.bodies == []
    (following,) = account.invoked
    assert following["RequestId"] == "request-1"
    assert aws.clock.time < 900.0
    account.invoked.clear()
    assert account.invoke_all(following) == 1
    assert account.answers.last["Status"] == "SUCCESS"
    assert aws.names() == []


def test_what_takes_longer_than_cloudformation_waits_fails_with_its_name(account: Account) -> None:
    aws = account.aws
    aws.seconds = 10_000.0
    aws.add("endpoint", "ml101-ann-e", "InService")

    invocations = account.invoke_all(account.request())

    assert 3 <= invocations <= MOST_INVOCATIONS
    assert aws.clock.time < 3600.0
    assert len(account.answers.bodies) == 1
    assert account.answers.last["Status"] == "FAILED"
    assert "endpoint ml101-ann-e" in account.answers.last["Reason"]


def test_a_function_that_gets_little_time_calls_itself_only_so_often(account: Account) -> None:
    aws = account.aws
    aws.seconds = 10_000.0
    aws.add("endpoint", "ml101-ann-e", "InService")
    request = account.request()

    count = 0
    while not account.answers.bodies:
        count += 1
        account.invoke(request, seconds=90.0)
        request = account.invoked.pop() if account.invoked else request

    assert count == MOST_INVOCATIONS < 16
    assert account.answers.last["Status"] == "FAILED"
    assert f"after {MOST_INVOCATIONS} invocations" in account.answers.last["Reason"]


def test_an_event_that_lambda_repeats_does_not_begin_the_hour_anew(account: Account) -> None:
    aws = account.aws
    aws.seconds = 10_000.0
    aws.add("endpoint", "ml101-ann-e", "InService")
    request = account.request()
    account.invoke(request)
    account.invoked.clear()
    aws.clock.time = 3300.0

    assert account.invoke_all(request) == 1

    assert account.answers.last["Status"] == "FAILED"
    assert aws.clock.time < 3600.0


def test_an_hour_begins_when_the_stack_asks_and_not_with_the_stacks_deletion(
    account: Account,
) -> None:
    account.aws.clock.time = account.asked_at = 5000.0
    account.aws.add("endpoint", "ml101-ann-e", "InService")

    account.invoke(account.request())

    assert account.answers.last["Status"] == "SUCCESS"
    assert account.aws.names() == []


@pytest.mark.parametrize(
    "tags",
    [
        {},
        {"workshop:name": "ml102", "workshop:attendee": "ann"},
        {"workshop:name": "ml101"},
        {"workshop:name": "ml101", "workshop:attendee": "bob"},
    ],
)
def test_a_stack_that_is_not_the_attendees_is_refused_in_one_line(
    account: Account, tags: dict[str, str]
) -> None:
    add_served_model(account.aws, "ann")
    request = account.request()
    account.tags = tags

    account.invoke(request)

    assert account.answers.last["Status"] == "FAILED"
    assert account.answers.last["Reason"] == "nothing is touched: ml101-ann is no stack of ml101"
    assert account.aws.calls == []


def test_whose_things_go_is_said_by_the_stack_and_not_by_the_request(account: Account) -> None:
    aws = account.aws
    add_served_model(aws, "ann")
    add_served_model(aws, "bob")
    request = account.request()
    request["ResourceProperties"] |= {"Attendee": "bob", "What": "region"}

    account.invoke(request)

    assert account.answers.last["Status"] == "SUCCESS"
    assert aws.names() == ["ml101-bob-c", "ml101-bob-e", "ml101-bob-m"]


def test_what_aws_refuses_fails_at_once_with_the_reason_in_one_line(account: Account) -> None:
    aws = account.aws
    aws.add("model", "ml101-ann-m")
    aws.instead["delete_model"] = lambda _: refusal(
        "AccessDeniedException", "DeleteModel", "no\nno"
    )

    assert account.invoke_all(account.request()) == 1

    reason = account.answers.last["Reason"]
    assert account.answers.last["Status"] == "FAILED"
    assert "model ml101-ann-m" in reason
    assert "AccessDeniedException: no no" in reason
    assert "\n" not in reason
    assert aws.clock.time < 60.0


def test_a_listing_that_fails_is_tried_again(account: Account) -> None:
    aws = account.aws
    aws.add("endpoint", "ml101-ann-e", "InService")
    aws.instead["list_models"] = lambda _: (
        refusal("InternalFailure", "ListModels") if aws.clock.time < 200 else None
    )

    account.invoke(account.request())

    assert account.answers.last["Status"] == "SUCCESS"
    assert 200 <= aws.clock.time < 900


def test_what_cannot_be_listed_in_all_the_time_is_not_clean(account: Account) -> None:
    account.aws.instead["list_models"] = lambda _: refusal("InternalFailure", "ListModels", "down")

    account.invoke_all(account.request())

    assert account.answers.last["Status"] == "FAILED"
    assert "model could not be listed: InternalFailure: down" in account.answers.last["Reason"]
    assert account.aws.clock.time < 3600.0


def test_a_listing_that_is_denied_fails_at_once(account: Account) -> None:
    account.aws.instead["list_models"] = lambda _: refusal("AccessDeniedException", "ListModels")

    account.invoke_all(account.request())

    assert account.answers.last["Status"] == "FAILED"
    assert account.aws.clock.time < 60.0


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (refusal("AccessDenied", "DescribeStacks", "not allowed"), "not allowed"),
        (KeyError("Stacks"), "KeyError: 'Stacks'"),
    ],
)
def test_whatever_goes_wrong_is_answered(account: Account, error: Exception, words: str) -> None:
    account.refuse_stacks = error
    add_served_model(account.aws, "ann")

    account.invoke(account.request())

    assert account.answers.last["Status"] == "FAILED"
    assert words in account.answers.last["Reason"]
    assert changes(account.aws) == []


@pytest.mark.parametrize("how", ["tag", "name"])
def test_what_is_to_be_kept_stays_and_is_no_failure(account: Account, how: str) -> None:
    aws = account.aws
    arn = "arn:aws:sagemaker:us-east-1:111122223333:endpoint/ml101-ann-e"
    aws.add("endpoint", "ml101-ann-e", "InService", EndpointArn=arn)
    if how == "tag":
        aws.tags["us-east-1"] = {arn: {"workshop:keep": "yes"}}
    else:
        account.protected = frozenset({"ml101-ann-e"})

    account.invoke(account.request())

    assert account.answers.last["Status"] == "SUCCESS"
    assert aws.names() == ["ml101-ann-e"]


def test_an_answer_is_short_enough_signed_as_it_is_and_sent_again(account: Account) -> None:
    aws = account.aws
    for number in range(12):
        aws.add("model", f"ml101-ann-{number:02d}")
    aws.instead["delete_model"] = lambda _: refusal("AccessDenied", "DeleteModel", "ä" * 400)
    account.answers.refusals = 3

    account.invoke(account.request())

    assert len(account.answers.bodies[-1]) <= 4096
    assert account.answers.last["Reason"].startswith("model ml101-ann-00")
    assert account.answers.types == [""]


def test_a_region_waits_for_its_attendees_stacks(account: Account) -> None:
    aws = account.aws
    add_served_model(aws, "ann")
    account.stacks = [deleted_stack("ann", "CREATE_COMPLETE"), deleted_stack("ann")]

    account.invoke_all(account.request(what="region"))

    assert account.answers.last["Status"] == "FAILED"
    assert "attendees' stacks are to be deleted first: ml101-ann" in account.answers.last["Reason"]
    assert changes(aws) == []


def test_a_region_knows_its_attendees_by_their_deleted_stacks(account: Account) -> None:
    aws = account.aws
    aws.add("feature-group", "ml101-ann-features", "Created")
    aws.add("model", "ml101-carl-m")  # a stack of that name was no environment of ours
    account.stacks = [deleted_stack("ann"), {**deleted_stack("carl"), "TemplateDescription": "?"}]

    account.invoke(account.request(what="region"))

    assert account.answers.last["Status"] == "SUCCESS"
    assert aws.names() == ["ml101-carl-m"]


def test_a_region_leaves_what_its_own_stack_deletes_and_ends_orphans(account: Account) -> None:
    aws = account.aws
    aws.add("notebook-instance", "ml101-ann", "InService")
    aws.add("notebook-lifecycle-config", "ml101-shared-notebook")
    account.stacks = [deleted_stack("ann")]

    account.invoke(account.request(what="region"))

    assert account.answers.last["Status"] == "SUCCESS"
    assert aws.names() == ["ml101-shared-notebook"]


def test_what_only_others_make_and_an_older_boto3_cannot_list_is_named_and_no_failure(
    account: Account, caplog: pytest.LogCaptureFixture
) -> None:
    aws = account.aws
    aws.missing = {"list_inference_routers", "list_hubs"}
    aws.add("feature-group", "ml101-ann-features", "Created")
    aws.add("endpoint", "ml101-ann-e", "InService")
    account.stacks = [deleted_stack("ann")]

    assert account.invoke_all(account.request(what="region")) == 1

    assert account.answers.last["Status"] == "SUCCESS"
    assert aws.names() == []
    assert aws.clock.time < 60.0
    # What is listed under hubs is not looked for either.
    assert (
        "not looked for: hub, hub-content, hub-content-reference, inference-router" in caplog.text
    )


@pytest.mark.parametrize(
    ("kind", "what"), [("model", "attendee"), ("model", "region"), ("user-profile", "region")]
)
def test_what_attendees_make_or_work_in_fails_at_once_when_it_cannot_be_listed(
    account: Account, kind: str, what: str
) -> None:
    account.aws.missing = {BY_NAME[kind].list_op}

    assert account.invoke_all(account.request(what=what)) == 1

    assert account.answers.last["Status"] == "FAILED"
    assert f"{kind} could not be listed: this boto3 has no" in account.answers.last["Reason"]
    assert account.aws.clock.time < 60.0


def test_what_only_others_make_and_aws_refuses_to_list_fails_at_once(account: Account) -> None:
    account.aws.instead["list_hubs"] = lambda _: refusal("AccessDeniedException", "ListHubs")

    assert account.invoke_all(account.request(what="region")) == 1

    assert "hub could not be listed: AccessDenied" in account.answers.last["Reason"]
    assert account.aws.clock.time < 60.0


def test_an_app_that_is_started_again_does_not_keep_the_space(account: Account) -> None:
    aws = account.aws
    profile = {"DomainId": "d-1", "OwnershipSettingsSummary": {"OwnerUserProfileName": "ml101-ann"}}
    aws.add("space", "ml101-ann", "InService", **profile)
    app = {"DomainId": "d-1", "SpaceName": "ml101-ann", "AppType": "JupyterLab"}
    aws.add("app", "default", "InService", **app)
    starts = iter(range(2))

    def start_again(_name: str) -> None:
        # The first time that the space is to go, the attendee was quicker.
        if next(starts, None) == 0:
            aws.add("app", "again", "InService", **app)
            raise refusal("ResourceInUse", "DeleteSpace", "it has an app")

    aws.instead["delete_space"] = start_again

    account.invoke(account.request())

    assert account.answers.last["Status"] == "SUCCESS"
    assert aws.names() == []


def test_a_full_bucket_is_emptied_page_by_page_while_there_is_time(account: Account) -> None:
    account.s3 = FullBucket(account, pages=1000)
    account.stacks = [deleted_stack("ann")]

    count = account.invoke_all(account.request(what="region"))

    assert account.answers.last["Status"] == "SUCCESS"
    assert count == 2
    assert account.s3.deleted == 1_000_000
    assert account.s3.held_at_most <= 2000


def test_an_attendees_sweep_looks_for_all_that_must_be_gone_before() -> None:
    wanted = {kind.name for kind in attendee_kinds()}
    assert "space" in wanted, "another one of theirs would keep their profile"
    assert {after for name in wanted for after in BY_NAME[name].after} <= wanted
    assert {kind.name for kind in leftover_kinds()} >= {"efs-file-system", "nfs-security-group"}


def test_an_attendees_sweep_looks_for_images_they_may_have_built() -> None:
    assert {kind.name for kind in attendee_kinds()} >= BUILDER_KINDS
    assert needed_kinds() >= BUILDER_KINDS
