"""What attendees may do, read off the documents themselves."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from stacks import policies, shared_policies
from workshop.model import Environment, Instances

WORDS = {
    "${AWS::Partition}": "aws",
    "${AWS::AccountId}": "111122223333",
    "${Domain}": "d-abcdefghijkl",
}
INSTANCES = Instances(
    workspace="ml.t3.medium",
    training=("ml.m5.xlarge",),
    processing=("ml.c5.xlarge",),
    transform=("ml.m5.large",),
    endpoint=("ml.m4.xlarge",),
)


def subject(environment: Environment = "studio", **changes: Any) -> policies.Subject:
    values: dict[str, Any] = {
        "workshop": "ml101",
        "attendee": "ann",
        "region": "us-east-1",
        "environment": environment,
        "instances": INSTANCES,
        "bucket": "ml101-${AWS::AccountId}-us-east-1",
        "domain": "${Domain}",
        "max_runtime_seconds": 28_800,
    }
    return policies.Subject(**{**values, **changes})


def statements(environment: Environment = "studio", **changes: Any) -> dict[str, Any]:
    document = policies.attendee_document(subject(environment, **changes))
    return {s["Sid"]: s for s in policies.filled(document, WORDS)["Statement"]}


def size(document: Any) -> int:
    return len(json.dumps(policies.filled(document, WORDS), separators=(",", ":")))


@pytest.mark.parametrize("environment", ["studio", "notebook"])
def test_the_longest_names_still_fit_the_inline_limit(environment: Environment) -> None:
    types = tuple(f"ml.{family}.24xlarge" for family in ("m5", "c5", "r5", "g5", "g4dn", "p4d"))
    many = Instances("ml.t3.medium", types, types, types, types)
    longest = subject(
        environment, workshop="w" * 9, attendee="a" * 9, region="ap-southeast-4", instances=many
    )
    assert size(policies.attendee_document(longest)) <= policies.MAX_INLINE


def test_the_managed_policies_fit_their_limit() -> None:
    bundles = policies.objects_arn("cdk-hnb659fds-assets-111122223333-ap-southeast-4", "w" * 30)
    arguments = ("ap-southeast-4", "b" * 63, bundles)
    boundary = shared_policies.boundary_document("w" * 18, *arguments)
    assert size(boundary) <= policies.MAX_MANAGED
    boundary["Statement"] += shared_policies.closed_doors("ap-southeast-4")
    assert size(boundary) <= policies.MAX_MANAGED
    assert size(shared_policies.common_document(*arguments)) <= policies.MAX_MANAGED


def test_every_sid_is_one_iam_accepts_and_occurs_once() -> None:
    documents = [
        policies.attendee_document(subject()),
        policies.attendee_document(subject("notebook")),
        shared_policies.common_document("us-east-1", "b", "arn:aws:s3:::b/p*"),
        shared_policies.boundary_document("ml101", "us-east-1", "b", "arn:aws:s3:::b/p*"),
    ]
    for document in documents:
        sids = [s["Sid"] for s in document["Statement"]]
        assert len(set(sids)) == len(sids)
        assert all(re.fullmatch("[A-Za-z0-9]+", sid) for sid in sids)


@pytest.mark.parametrize("environment", ["studio", "notebook"])
def test_everything_allowed_is_the_attendees_own(environment: Environment) -> None:
    own = re.compile(
        r"(ml101-ann(-\*|/\*|-\*:log-stream:\*)?$)|(/attendees/ann/\*$)|(domain/d-\w+$)"
    )
    for sid, statement in statements(environment).items():
        if statement["Effect"] == "Deny" or sid == "ListOwnObjects":
            continue
        resources = statement["Resource"]
        for resource in [resources] if isinstance(resources, str) else resources:
            assert own.search(resource), (sid, resource)


def test_only_the_own_prefix_of_the_bucket_is_listed() -> None:
    listing = statements()["ListOwnObjects"]
    allowed = listing["Condition"]["StringLike"]["s3:prefix"]
    assert allowed == ["attendees/ann", "attendees/ann/*"]


@pytest.mark.parametrize(
    ("sid", "types"),
    [
        ("Train", ["ml.m5.xlarge"]),
        ("Process", ["ml.c5.xlarge"]),
        ("Transform", ["ml.m5.large"]),
        ("ConfigureEndpoint", ["ml.m4.xlarge"]),
    ],
)
def test_an_instance_type_must_be_sent_and_be_on_the_list(sid: str, types: list[str]) -> None:
    condition = statements()[sid]["Condition"]
    assert condition["ForAllValues:StringEquals"] == {"sagemaker:InstanceTypes": types}
    assert condition["Null"] == {"sagemaker:InstanceTypes": "false"}


@pytest.mark.parametrize("sid", ["Train", "Process"])
def test_a_job_has_a_ceiling_on_its_run_time(sid: str) -> None:
    ceiling = statements()[sid]["Condition"]["NumericLessThanEquals"]
    assert ceiling == {"sagemaker:MaxRuntimeInSeconds": "28800"}


def test_a_use_without_instance_types_is_not_granted() -> None:
    none = Instances("ml.t3.medium", ("ml.m5.xlarge",), (), (), ())
    granted = statements(instances=none)
    assert "Train" in granted
    assert not {"Process", "Transform", "ConfigureEndpoint", "Deploy"} & set(granted)


def test_only_the_own_role_is_passed_and_only_to_sagemaker() -> None:
    passing = statements()["PassOwnRole"]
    assert passing["Resource"] == "arn:aws:iam::111122223333:role/ml101-ann"
    assert passing["Condition"] == {
        "StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}
    }


def test_apps_run_in_the_own_private_space_alone() -> None:
    start = statements()["StartApp"]
    profile = "arn:aws:sagemaker:us-east-1:111122223333:user-profile/d-abcdefghijkl/ml101-ann"
    assert start["Condition"]["ArnEquals"] == {"sagemaker:OwnerUserProfileArn": profile}
    assert start["Condition"]["StringEquals"] == {"sagemaker:SpaceSharingType": "Private"}


def test_tags_are_added_while_creating_and_never_name_somebody_else() -> None:
    granted = statements()
    assert "sagemaker:TaggingAction" in granted["TagOwn"]["Condition"]["StringEquals"]
    other = granted["OnlyOwnName"]
    assert other["Effect"] == "Deny"
    assert other["Condition"]["StringNotEquals"] == {"aws:RequestTag/workshop:attendee": "ann"}


def test_nobody_exempts_their_own_things_from_the_guard() -> None:
    keeping = statements()["NoKeeping"]
    assert (keeping["Effect"], keeping["Action"], keeping["Resource"]) == (
        "Deny",
        "sagemaker:AddTags",
        "*",
    )
    assert keeping["Condition"] == {"Null": {"aws:RequestTag/workshop:keep": "false"}}


def test_another_attendees_door_stays_shut_under_any_policy() -> None:
    profile = "arn:aws:sagemaker:us-east-1:111122223333:user-profile/d-abcdefghijkl/ml101-ann"
    instance = "arn:aws:sagemaker:us-east-1:111122223333:notebook-instance/ml101-ann"
    assert statements("studio")["NoOtherDoors"]["NotResource"] == profile
    assert statements("notebook")["NoOtherDoors"]["NotResource"] == instance


def test_kinds_that_cannot_be_capped_are_beyond_the_boundary() -> None:
    boundary = shared_policies.boundary_document("ml101", "us-east-1", "b", "arn:aws:s3:::b/p*")
    (never,) = [s for s in boundary["Statement"] if s["Sid"] == "Never"]
    assert never["Effect"] == "Deny"
    assert {
        "sagemaker:CreateAutoMLJob*",
        "sagemaker:CreateMlflow*",
        "sagemaker:CreateOptimizationJob",
        "sagemaker:CreateDomain",
        "sagemaker:StartSession",
    } <= set(never["Action"])


def test_a_wildcard_before_the_own_name_is_not_taken_for_the_attendees_own() -> None:
    ann = subject()
    wide = "arn:aws:sagemaker:us-east-1:1:training-job/*"
    neighbour = "arn:aws:sagemaker:us-east-1:1:training-job/ml101-ann*"
    document = policies.document([policies.allow("Wide", ["ListTags"], [wide, neighbour])])

    assert policies.own_wildcards(ann, document) == []
    assert policies.own_wildcards(ann, policies.attendee_document(ann)) != []
