"""Who may build container images, and with what: an attendee, their builds, and the ceiling."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import boto3
import pytest

from cleanup.kinds import BY_NAME
from cleanup.kinds.attendees import BUILDER_KINDS
from rehearsal.policies import Policy, evaluate
from stacks import build_policies, policies, shared_policies
from tests.synth.test_policies import WORDS, size, subject
from workshop import names

BUCKET = "ml101-111122223333-us-east-1"
ARN = "arn:aws:{}:us-east-1:111122223333:{}"
# A neighbour, somebody whose id goes on where hers ends, another workshop's, and what all share.
STRANGERS = ["ml101-bob", "ml101-anna", "ml1012-ann", "xml101-ann", "ml101-shared"]
TAGS = {f"aws:RequestTag/{key}": value for key, value in names.tags("ml101", "ann").items()}
PUSH = ["InitiateLayerUpload", "UploadLayerPart", "CompleteLayerUpload", "PutImage"]
PULL = ["BatchCheckLayerAvailability", "GetDownloadUrlForLayer", "BatchGetImage"]


def project(name: str) -> str:
    return ARN.format("codebuild", f"project/{name}-build")


def repository(name: str) -> str:
    return ARN.format("ecr", f"repository/{name}-iris")


def log(name: str) -> str:
    return ARN.format("logs", f"log-group:/aws/codebuild/{name}-build:log-stream:1")


def source(attendee: str) -> str:
    return f"arn:aws:s3:::{BUCKET}/attendees/{attendee}/build/source.zip"


@cache
def role(who: str, *, shut: bool = False) -> tuple[list[Policy], list[Policy]]:
    """What "attendee", "build", or "plain" grants (the attendee of a workshop without builds),
    and its boundary."""
    given: tuple[str, str, str] = ("us-east-1", BUCKET, "arn:aws:s3:::bundles/*")
    builds = who != "plain"
    ceiling = shared_policies.boundary_document("ml101", *given, builds_images=builds)
    if shut:
        ceiling["Statement"] += shared_policies.closed_doors("us-east-1", builds_images=builds)
    granted = [build_policies.service_document(subject())]
    if who != "build":
        granted = [
            policies.attendee_document(subject()),
            shared_policies.common_document(*given, builds_images=builds),
        ]
    if who == "attendee":
        granted.append(build_policies.attendee_document(subject()))
    return [_policy(document) for document in granted], [_policy(ceiling)]


def _policy(document: policies.Document) -> Policy:
    return Policy("a policy", "identity", policies.filled(document, WORDS))


def may(
    who: str,
    action: str,
    resource: str,
    context: Mapping[str, str] | None = None,
    *,
    shut: bool = False,
) -> bool:
    """Whether the policies and the boundary over them allow something."""
    if context is None:
        context = TAGS if action in ("ecr:CreateRepository", "ecr:TagResource") else {}
    keys = {key.lower(): [value] for key, value in context.items()}
    keys["aws:resourceaccount"] = ["111122223333"]
    return all(
        evaluate(documents, action, resource, keys).decision == "allowed"
        for documents in role(who, shut=shut)
    )


MAY: list[tuple[str, str, Any]] = [
    ("attendee", "codebuild:StartBuild", project),
    ("attendee", "codebuild:BatchGetBuilds", project),
    ("attendee", "codebuild:StopBuild", project),
    ("attendee", "logs:GetLogEvents", log),
    *(
        ("attendee", f"ecr:{action}", repository)
        for action in (
            *("CreateRepository", "TagResource", "DescribeImages", "DeleteRepository"),
            *PULL,
        )
    ),
    *(("build", f"ecr:{action}", repository) for action in (*PUSH, *PULL)),
    ("build", "logs:PutLogEvents", log),
    ("build", "logs:CreateLogStream", log),
]
MAY_NOT: list[tuple[str, str, str]] = [
    # The project, its role and its log are the stack's.
    *(
        ("attendee", f"codebuild:{action}", project("ml101-ann"))
        for action in (
            *("CreateProject", "UpdateProject", "DeleteProject", "StartBuildBatch"),
            *("StartSandbox", "UpdateProjectVisibility", "PutResourcePolicy", "RetryBuild"),
        )
    ),
    ("attendee", "iam:PassRole", "arn:aws:iam::111122223333:role/ml101-ann-build"),
    ("attendee", "ecr:SetRepositoryPolicy", repository("ml101-ann")),
    *(("attendee", f"ecr:{action}", repository("ml101-ann")) for action in PUSH),
    # A build makes no repositories, and reads nothing but its sources.
    ("build", "ecr:CreateRepository", repository("ml101-ann")),
    ("build", "ecr:DeleteRepository", repository("ml101-ann")),
    ("build", "s3:GetObject", f"arn:aws:s3:::{BUCKET}/attendees/ann/work.ipynb"),
    ("build", "s3:GetObject", source("bob")),
    ("build", "s3:PutObject", source("ann")),
    ("build", "logs:CreateLogGroup", log("ml101-ann")),
    ("build", "codebuild:StartBuild", project("ml101-ann")),
    ("build", "sagemaker:CreateTrainingJob", ARN.format("sagemaker", "training-job/ml101-ann-1")),
    ("build", "sts:AssumeRole", "arn:aws:iam::111122223333:role/ml101-ann"),
]


@pytest.mark.parametrize(("who", "action", "arn_of"), MAY)
def test_own_builds_and_images_are_within_reach(who: str, action: str, arn_of: Any) -> None:
    assert may(who, action, arn_of("ml101-ann"))


@pytest.mark.parametrize("stranger", STRANGERS)
@pytest.mark.parametrize(("who", "action", "arn_of"), MAY)
def test_nobody_elses_builds_and_images_are(
    who: str, action: str, arn_of: Any, stranger: str
) -> None:
    assert not may(who, action, arn_of(stranger))


@pytest.mark.parametrize(("who", "action", "resource"), MAY_NOT)
def test_what_a_build_needs_and_no_more(who: str, action: str, resource: str) -> None:
    assert not may(who, action, resource)


@pytest.mark.parametrize(("action", "arn_of"), [row[1:] for row in MAY if row[0] == "attendee"])
def test_without_a_module_that_builds_an_attendee_may_none_of_it(action: str, arn_of: Any) -> None:
    assert not may("plain", action, arn_of("ml101-ann"))
    assert not may("plain", "ecr:DescribeRepositories", ARN.format("ecr", "repository/*"))


@pytest.mark.parametrize("who", ["attendee", "build"])
def test_sources_are_written_by_the_attendee_and_read_by_the_build(who: str) -> None:
    assert may(who, "s3:GetObject", source("ann"))
    assert may(who, "s3:PutObject", source("ann")) is (who == "attendee")
    assert may(who, "ecr:GetAuthorizationToken", "*")


def test_repositories_are_listed_together_for_a_sweep() -> None:
    assert may("attendee", "ecr:DescribeRepositories", ARN.format("ecr", "repository/*"))
    assert not may("attendee", "ecr:DescribeImages", ARN.format("ecr", "repository/*"))


@pytest.mark.parametrize(
    "key",
    [
        "environment.computeType",
        "environment.type",
        "environment.fleet.fleetArn",
        "serviceRole",
        "autoRetryLimit",
    ],
)
def test_a_build_runs_on_what_its_project_says(key: str) -> None:
    context = {f"codebuild:{key}": "another"}
    assert not may("attendee", "codebuild:StartBuild", project("ml101-ann"), context)
    # What is built, and how, is the attendee's.
    free = {"codebuild:source.location": "x", "codebuild:source.buildspec": "true"}
    assert may("attendee", "codebuild:StartBuild", project("ml101-ann"), free)


@pytest.mark.parametrize(
    "tags",
    [
        {"aws:RequestTag/workshop:name": "ml101"},
        {"aws:RequestTag/workshop:name": "ml101", "aws:RequestTag/workshop:attendee": "bob"},
        {"aws:RequestTag/workshop:name": "ml102", "aws:RequestTag/workshop:attendee": "ann"},
    ],
)
@pytest.mark.parametrize("action", ["ecr:CreateRepository", "ecr:TagResource"])
def test_a_repository_says_whose_it_is(action: str, tags: dict[str, str]) -> None:
    assert not may("attendee", action, repository("ml101-ann"), tags)


@pytest.mark.parametrize(
    ("who", "action", "arn_of"),
    [
        ("attendee", "codebuild:StartBuild", project),
        ("attendee", "ecr:CreateRepository", repository),
        ("build", "ecr:PutImage", repository),
    ],
)
def test_closed_doors_let_no_build_begin_and_no_image_arrive(
    who: str, action: str, arn_of: Any
) -> None:
    assert not may(who, action, arn_of("ml101-ann"), shut=True)


@pytest.mark.parametrize("action", ["codebuild:StopBuild", "codebuild:BatchGetBuilds"])
def test_closed_doors_let_a_build_be_stopped(action: str) -> None:
    assert may("attendee", action, project("ml101-ann"), shut=True)


def test_closed_doors_let_images_be_deleted() -> None:
    assert may("attendee", "ecr:DeleteRepository", repository("ml101-ann"), shut=True)


def test_only_codebuild_takes_the_role_and_only_for_the_attendees_project() -> None:
    (statement,) = policies.filled(build_policies.service_trust(subject()), WORDS)["Statement"]
    assert statement["Principal"] == {"Service": "codebuild.amazonaws.com"}
    assert statement["Condition"] == {
        "StringEquals": {
            "aws:SourceAccount": "111122223333",
            "aws:SourceArn": project("ml101-ann"),
        }
    }


def test_the_policies_fit_their_limits_with_the_longest_names() -> None:
    bundles = policies.objects_arn("cdk-hnb659fds-assets-111122223333-ap-southeast-4", "w" * 30)
    given: tuple[str, str, str] = ("ap-southeast-4", "b" * 63, bundles)
    ceiling = shared_policies.boundary_document("w" * 18, *given, builds_images=True)
    ceiling["Statement"] += shared_policies.closed_doors("ap-southeast-4", builds_images=True)
    assert size(ceiling) <= policies.MAX_MANAGED
    common = shared_policies.common_document(*given, builds_images=True)
    assert size(common) <= policies.MAX_MANAGED
    longest = subject(workshop="w" * 9, attendee="a" * 9, region="ap-southeast-4")
    assert size(build_policies.attendee_document(longest)) <= policies.MAX_MANAGED
    assert size(build_policies.service_document(longest)) <= policies.MAX_INLINE


def test_every_sid_occurs_once() -> None:
    given: tuple[str, str, str] = ("us-east-1", "b", "arn:aws:s3:::b/p*")
    for document in (
        build_policies.attendee_document(subject()),
        build_policies.service_document(subject()),
        shared_policies.common_document(*given, builds_images=True),
        shared_policies.boundary_document("ml101", *given, builds_images=True),
    ):
        sids = [statement["Sid"] for statement in document["Statement"]]
        assert len(set(sids)) == len(sids)
        assert all(sid.isalnum() for sid in sids)


def test_an_attendees_sweep_may_list_and_delete_what_only_builders_make() -> None:
    assert BUILDER_KINDS
    for name in BUILDER_KINDS:
        kind = BY_NAME[name]
        assert kind.service == "ecr"
        model = boto3.client("ecr", "us-east-1").meta.method_to_api_mapping
        assert may("attendee", f"ecr:{model[kind.list_op]}", ARN.format("ecr", "repository/*"))
        for call in kind.calls:
            assert may("attendee", f"ecr:{model[call]}", repository("ml101-ann"))
            assert not may("attendee", f"ecr:{model[call]}", repository("ml101-bob"))
