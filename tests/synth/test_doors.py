"""What the doors let through while they are open, and while a workshop is being destroyed."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest

from deploy.doors import closed
from rehearsal.cloudformation.intrinsics import Resolver
from rehearsal.policies import Policy, evaluate
from stacks import policies, shared_policies
from tests.factories import make_attendee, make_workshop
from tests.synth.conftest import Assembly, Synthesise
from tests.synth.test_policies import WORDS, subject
from tests.synth.test_sweep_policies import CALLS, NEVER, action, arn, context_of
from workshop import names
from workshop.model import Environment

SHARED = "ml101-shared-us-east-1"
BUCKET = "arn:aws:s3:::ml101-111122223333-us-east-1"
ACCOUNT = {"AWS::Partition": "aws", "AWS::AccountId": "111122223333", "AWS::Region": "us-east-1"}
BOUNDARY = "ml101-shared-boundary-us-east-1"


def boundary(assembly: Assembly, *, shut: bool) -> dict[str, Any]:
    """The boundary's document as CloudFormation resolves it."""
    template = assembly.template(SHARED)
    if shut:
        changed = closed(template)
        assert changed is not None
        template = changed
    (found,) = [
        resource["Properties"]["PolicyDocument"]
        for resource in template["Resources"].values()
        if resource.get("Properties", {}).get("ManagedPolicyName") == BOUNDARY
    ]
    resolver = Resolver(template, ACCOUNT, {}, (), lambda name, _: name)
    document: dict[str, Any] = resolver.resolve(found)
    return document


def allowed(document: dict[str, Any], operation: str, resource: str, **context: str) -> bool:
    policy = Policy("boundary", "identity", document)
    keys = {key.replace("_", ":").lower(): [value] for key, value in context.items()}
    return evaluate([policy], operation, resource, keys).decision == "allowed"


@pytest.fixture
def assembly(synthesise: Synthesise) -> Assembly:
    return synthesise(make_workshop(["ann", make_attendee("bob", "notebook")]))


def test_the_doors_are_open_in_every_template_and_one_value_closes_them(
    assembly: Assembly,
) -> None:
    template = assembly.template(SHARED)
    assert template["Mappings"] == {"Doors": {"Attendees": {"State": "open"}}}
    changed = closed(template)
    assert changed is not None
    assert changed["Mappings"] == {"Doors": {"Attendees": {"State": "closed"}}}
    assert {**changed, "Mappings": 0} == {**template, "Mappings": 0}
    assert closed(changed) is None


@pytest.mark.parametrize("shut", [False, True])
def test_the_boundary_fits_its_limit_in_both_states(assembly: Assembly, shut: bool) -> None:
    text = json.dumps(boundary(assembly, shut=shut), separators=(",", ":"))
    assert len(text) <= policies.MAX_MANAGED
    assert ("DoorsClosed" in text) is shut


def granted(environment: Environment) -> set[str]:
    """The SageMaker actions that an attendee's policies name."""
    documents = (
        policies.attendee_document(subject(environment)),
        shared_policies.common_document("us-east-1", "b", "arn:aws:s3:::b/p*"),
    )
    found: set[str] = set()
    for document in documents:
        for statement in policies.filled(document, WORDS)["Statement"]:
            listed = statement["Action"]
            if statement["Effect"] == "Allow":
                found.update([listed] if isinstance(listed, str) else listed)
    return {name for name in found if name.startswith("sagemaker:")}


# What does not make, start or open anything. UpdateTrainingJob ends warm pools and no more.
HARMLESS = ("Describe", "List", "Delete", "Stop", "AddTags", "InvokeEndpoint", "UpdateTrainingJob")


@pytest.mark.parametrize("environment", ["studio", "notebook"])
def test_closed_doors_let_nothing_new_begin(assembly: Assembly, environment: Environment) -> None:
    shut = boundary(assembly, shut=True)
    opening = {
        name
        for name in granted(environment)
        if not name.removeprefix("sagemaker:").startswith(HARMLESS)
    }
    assert {"sagemaker:CreateTrainingJob", "sagemaker:UpdateEndpoint"} <= opening
    for name in opening:
        for kind in ("app", "endpoint", "notebook-instance"):
            assert not allowed(shut, name, arn(kind, "ml101-ann")), name


def test_nothing_that_sagemaker_can_create_or_start_begins_behind_closed_doors(
    assembly: Assembly,
) -> None:
    shut = boundary(assembly, shut=True)
    client: Any = boto3.client("sagemaker", "us-east-1")
    verbs = ("Create", "Start", "Retry", "Import", "SendPipeline", "BatchAdd")
    operations = [
        name for name in client.meta.service_model.operation_names if name.startswith(verbs)
    ]
    assert len(operations) > 80
    for name in operations:
        assert not allowed(shut, f"sagemaker:{name}", arn("training-job", "ml101-ann"))


@pytest.mark.parametrize(
    ("operation", "kind"),
    [
        ("sagemaker:CreatePresignedDomainUrl", "app"),
        ("sagemaker:CreatePresignedNotebookInstanceUrl", "notebook-instance"),
        ("sagemaker:CreateApp", "app"),
    ],
)
def test_signing_in_is_possible_until_the_doors_close(
    assembly: Assembly, operation: str, kind: str
) -> None:
    own = arn(kind, "ml101-ann")
    assert allowed(boundary(assembly, shut=False), operation, own)
    assert not allowed(boundary(assembly, shut=True), operation, own)


@pytest.mark.parametrize(("kind", "operation"), [call for call in CALLS if call[1] not in NEVER])
def test_an_attendees_own_sweep_works_behind_closed_doors(
    assembly: Assembly, kind: str, operation: str
) -> None:
    shut = boundary(assembly, shut=True)
    context = context_of(kind, "ml101-ann")
    assert allowed(shut, action(operation), arn(kind, "ml101-ann"), **context)


def test_collected_work_is_saved_behind_closed_doors(assembly: Assembly) -> None:
    shut = boundary(assembly, shut=True)
    key = f"{BUCKET}/attendees/ann/collected/home.tar.gz"
    for operation in ("s3:PutObject", "s3:GetObject", "s3:AbortMultipartUpload"):
        assert allowed(shut, operation, key)
    assert allowed(shut, "sagemaker:InvokeEndpoint", arn("endpoint", "ml101-ann"))


# As IAM knows it of somebody whose role the guard has tagged.
TAGGED = {f"aws:principaltag/{names.TAG_STOPPED}": ["true"]}


@pytest.mark.parametrize("environment", ["studio", "notebook"])
def test_who_has_spent_a_budget_starts_nothing_while_all_others_do(
    assembly: Assembly, environment: Environment
) -> None:
    policy = Policy("boundary", "identity", boundary(assembly, shut=False))
    own = arn("app" if environment == "studio" else "endpoint", "ml101-ann")
    for name in granted(environment):
        verb = name.removeprefix("sagemaker:")
        if verb == "UpdateTrainingJob":  # of training jobs alone
            continue
        stopped = evaluate([policy], name, own, TAGGED).decision == "allowed"
        others = evaluate([policy], name, own, {}).decision == "allowed"
        assert stopped is (others and verb.startswith(HARMLESS)), name


def test_nobody_unshuts_their_own_door(assembly: Assembly) -> None:
    role = "arn:aws:iam::111122223333:role/ml101-ann"
    for operation in ("iam:UntagRole", "iam:TagRole"):
        assert not allowed(boundary(assembly, shut=False), operation, role)
