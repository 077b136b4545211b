"""An attendee's role against every call that their own sweep can make."""

from __future__ import annotations

from functools import cache
from typing import Any

import boto3
import pytest

from cleanup.kinds import BY_NAME
from cleanup.kinds.attendees import ATTENDEE_KINDS
from rehearsal.policies import Policy, evaluate
from stacks import policies, shared_policies
from tests.synth.test_policies import WORDS, subject
from workshop.model import Environment

BUCKET = "ml101-111122223333-us-east-1"
SAGEMAKER = "arn:aws:sagemaker:us-east-1:111122223333:"
# Whose things must stay out of reach: a neighbour's, those of somebody whose id goes on where
# hers ends, and another workshop's.
STRANGERS = ["ml101-bob", "ml101-anna", "ml1012-ann", "xml101-ann"]
# The ARN of a resource of somebody's, {name} being their environment's name (Service
# Authorization Reference, "Resource types defined by Amazon SageMaker").
ARNS = {
    "app": "app/d-abcdefghijkl/{name}/JupyterLab/default",
    "endpoint": "endpoint/{name}-live",
    "endpoint-config": "endpoint-config/{name}-live",
    "model": "model/{name}-live",
    "notebook-instance": "notebook-instance/{name}",
    "processing-job": "processing-job/{name}-1",
    "training-job": "training-job/{name}-1",
    "transform-job": "transform-job/{name}-1",
    "tuning-job": "hyper-parameter-tuning-job/{name}-1",
    "warm-pool": "training-job/{name}-1",
}
# An environment is its stack's: a sweep stops a notebook instance and never deletes it. The
# records of jobs that have ended bill nothing.
NEVER = {"delete_notebook_instance", *(BY_NAME[name].forget for name in ATTENDEE_KINDS)}
CALLS = sorted(
    (name, call) for name in ATTENDEE_KINDS for call in BY_NAME[name].calls if call not in NEVER
)
LISTS = sorted({BY_NAME[name].list_op for name in (*ATTENDEE_KINDS, "domain")})
PRICED = ["endpoint", "endpoint-config", "processing-job", "training-job", "transform-job"]
ENVIRONMENTS: list[Environment] = ["studio", "notebook"]
OF_ENVIRONMENT: dict[str, Environment] = {"app": "studio", "notebook-instance": "notebook"}


@cache
def role(environment: Environment) -> tuple[list[Policy], list[Policy]]:
    """What the role of ann grants, and its boundary."""
    given = ("us-east-1", BUCKET, "arn:aws:s3:::bundles/*")
    documents = {
        "own": policies.attendee_document(subject(environment)),
        "common": shared_policies.common_document(*given),
        "boundary": shared_policies.boundary_document("ml101", *given),
    }
    made = {
        name: Policy(name, "identity", policies.filled(document, WORDS))
        for name, document in documents.items()
    }
    return [made["own"], made["common"]], [made["boundary"]]


def may(environment: Environment, action: str, resource: str, **context: str) -> bool:
    """Whether ann may: both her policies and the boundary over them allow it."""
    keys = {key.replace("_", ":").lower(): [value] for key, value in context.items()}
    return all(
        evaluate(documents, action, resource, keys).decision == "allowed"
        for documents in role(environment)
    )


@cache
def action(operation: str) -> str:
    """An operation's name, as botocore's model has it."""
    client: Any = boto3.client("sagemaker", "us-east-1")
    return f"sagemaker:{client.meta.method_to_api_mapping[operation]}"


def arn(kind: str, name: str) -> str:
    return SAGEMAKER + ARNS[kind].format(name=name)


def context_of(kind: str, name: str) -> dict[str, str]:
    """The condition keys that a call on somebody's resource carries."""
    if kind == "warm-pool":
        return {"sagemaker_KeepAlivePeriod": "0"}
    if kind == "app":
        profile = f"{SAGEMAKER}user-profile/d-abcdefghijkl/{name}"
        return {
            "sagemaker_OwnerUserProfileArn": profile,
            "sagemaker_SpaceSharingType": "Private",
        }
    return {}


@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize("operation", LISTS)
def test_everything_a_sweep_lists_may_be_listed(environment: Environment, operation: str) -> None:
    assert may(environment, action(operation), "*")


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_whose_things_are_may_be_read_from_their_tags(environment: Environment) -> None:
    assert may(environment, "tag:GetResources", "*")
    assert not may(environment, "tag:TagResources", "*")


@pytest.mark.parametrize(("kind", "operation"), CALLS)
def test_own_things_may_be_stopped_and_deleted(kind: str, operation: str) -> None:
    of = OF_ENVIRONMENT.get(kind)
    for environment in [of] if of else ENVIRONMENTS:
        own = arn(kind, "ml101-ann")
        assert may(environment, action(operation), own, **context_of(kind, "ml101-ann"))


@pytest.mark.parametrize("stranger", STRANGERS)
@pytest.mark.parametrize(("kind", "operation"), CALLS)
def test_nobody_elses_things_may_be_touched(kind: str, operation: str, stranger: str) -> None:
    for environment in ENVIRONMENTS:
        theirs = arn(kind, stranger)
        assert not may(environment, action(operation), theirs, **context_of(kind, stranger))


@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize("operation", sorted(NEVER - {""}))
def test_environments_and_records_may_not_be_deleted(
    environment: Environment, operation: str
) -> None:
    (kind,) = [n for n in ATTENDEE_KINDS if operation in BY_NAME[n].calls]
    assert not may(environment, action(operation), arn(kind, "ml101-ann"))


def test_a_warm_pool_may_be_ended_and_not_prolonged() -> None:
    pool = arn("warm-pool", "ml101-ann")
    assert may("studio", "sagemaker:UpdateTrainingJob", pool, sagemaker_KeepAlivePeriod="0")
    assert not may("studio", "sagemaker:UpdateTrainingJob", pool, sagemaker_KeepAlivePeriod="3600")


@pytest.mark.parametrize("kind", PRICED)
def test_what_own_things_run_on_may_be_read_for_their_price(kind: str) -> None:
    operation = "describe_" + kind.replace("-", "_")
    assert may("studio", action(operation), arn(kind, "ml101-ann"))
    assert not may("studio", action(operation), arn(kind, "ml101-bob"))


@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize("key", ["collected/started", "collected/home.tar.gz", "audit/x.jsonl"])
def test_work_and_audit_logs_are_kept_below_the_own_prefix(
    environment: Environment, key: str
) -> None:
    objects = f"arn:aws:s3:::{BUCKET}/attendees/"
    for operation in ("s3:PutObject", "s3:GetObject", "s3:AbortMultipartUpload"):
        assert may(environment, operation, f"{objects}ann/{key}")
        assert not may(environment, operation, f"{objects}bob/{key}")


def test_every_kind_of_an_attendees_sweep_has_an_arn_here() -> None:
    assert set(ARNS) == ATTENDEE_KINDS
