"""The function that sweeps before a stack is deleted: its code, its role, who calls it when."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import boto3
import pytest

from cleanup.kinds import KINDS
from cleanup.kinds.elsewhere import MANAGED_BY
from cleanup.needed import attendee_kinds
from rehearsal.cloudformation.template import dependencies
from rehearsal.policies import Policy, evaluate
from stacks import policies, sweep_policies, sweeper, sweeper_policies
from stacks.lambda_code import build_code, code_files
from tests.factories import make_attendee, make_workshop
from tests.synth.conftest import Assembly, Synthesise
from tests.synth.test_policies import WORDS, size
from workshop.model import Cleanup, Network
from workshop.names import SWEEP_TYPE

SHARED = "ml101-shared-us-east-1"
ANN = "ml101-ann-us-east-1"
BOB = "ml101-bob-us-east-1"
FUNCTION = "ml101-shared-sweep"
SAGEMAKER = "arn:aws:sagemaker:us-east-1:111122223333:"


def before(assembly: Assembly, artifact: str, logical: str) -> set[str]:
    """The logical ids of all that CloudFormation deletes after a resource."""
    template = assembly.template(artifact)
    found: set[str] = set()
    waiting = {logical}
    while waiting:
        needs = dependencies(template, waiting.pop())
        waiting |= needs - found
        found |= needs
    return found


def types(assembly: Assembly, artifact: str, logicals: set[str]) -> set[str]:
    resources = assembly.template(artifact)["Resources"]
    return {resources[logical]["Type"] for logical in logicals}


@pytest.mark.parametrize("environment", ["studio", "notebook"])
def test_an_attendees_sweep_is_deleted_before_everything_else_of_theirs(
    synthesise: Synthesise, environment: Any
) -> None:
    assembly = synthesise(make_workshop([make_attendee("ann", environment)]))

    everything = set(assembly.template(ANN)["Resources"])
    assert before(assembly, ANN, "Sweep") == everything - {"Sweep"}
    request = assembly.one(ANN, SWEEP_TYPE)
    assert request["What"] == "attendee"
    assert request["Attendee"] == "ann"
    function = assembly.one(SHARED, "AWS::Lambda::Function", FunctionName=FUNCTION)
    told = function["Environment"]["Variables"]["SERVICE_SECONDS"]
    assert request["ServiceTimeout"] == int(told) == sweeper.SERVICE_SECONDS
    # A literal: an export would pin the function, and each import costs time.
    assert "ImportValue" not in json.dumps(request)
    assert ":function:ml101-shared-sweep" in json.dumps(request["ServiceToken"])


def test_a_region_is_swept_after_the_guards_schedule_and_its_function_goes_last_of_all(
    synthesise: Synthesise,
) -> None:
    assembly = synthesise(make_workshop(["ann", make_attendee("bob", "notebook")]))

    everything = set(assembly.template(SHARED)["Resources"])
    schedule = {name for name in everything if name.startswith("GuardSchedule")}
    assert before(assembly, SHARED, "Sweep") == everything - schedule - {"Sweep"}
    assert all("Sweep" in before(assembly, SHARED, name) for name in schedule)
    function = {"AWS::Lambda::Function", "AWS::IAM::Role", "AWS::Logs::LogGroup"}
    for request in ("Sweep", "Leftovers"):
        assert function <= types(assembly, SHARED, before(assembly, SHARED, request))


def test_leftovers_are_swept_between_the_domain_and_the_network(synthesise: Synthesise) -> None:
    assembly = synthesise(make_workshop(["ann"]))

    (domain,) = [
        logical
        for logical, resource in assembly.template(SHARED)["Resources"].items()
        if resource["Type"] == "AWS::SageMaker::Domain"
    ]
    assert "Leftovers" in before(assembly, SHARED, domain)
    after = types(assembly, SHARED, before(assembly, SHARED, "Leftovers"))
    assert {"AWS::EC2::VPC", "AWS::EC2::Subnet"} <= after
    assert "AWS::SageMaker::Domain" not in after


@pytest.mark.parametrize(
    "changes",
    [
        {"domains": {"us-east-1": "d-abc"}},
        {"networks": {"us-east-1": Network("vpc-1", ("subnet-1", "subnet-2"))}},
    ],
)
def test_what_exists_already_is_no_business_of_the_sweep(
    synthesise: Synthesise, changes: dict[str, Any]
) -> None:
    assembly = synthesise(make_workshop(["ann"], **changes))

    requests = {r["What"] for r in assembly.resources(SHARED, SWEEP_TYPE)}
    assert requests == ({"region"} if "domains" in changes else {"region", "leftovers"})
    assert "ec2:Vpc" not in assembly.texts[SHARED]


def test_the_log_group_is_the_stacks_own_and_the_role_cannot_make_it_anew(
    synthesise: Synthesise,
) -> None:
    assembly = synthesise(make_workshop(["ann"], cleanup=Cleanup(60, ("keep-me", "and-me"))))

    function = assembly.one(SHARED, "AWS::Lambda::Function", FunctionName=FUNCTION)
    (logical,) = function["LoggingConfig"]["LogGroup"].values()
    group = assembly.template(SHARED)["Resources"][logical]["Properties"]
    assert group["LogGroupName"] == f"/aws/lambda/{FUNCTION}"
    assert group["RetentionInDays"] == 7
    assert "logs:CreateLogGroup" not in assembly.texts[SHARED].split("SweeperRole")[1]
    assert function["Timeout"] == 900
    protected = function["Environment"]["Variables"]["PROTECTED"]
    assert json.loads(protected) == ["and-me", "keep-me"]


def test_the_code_has_the_same_bytes_whatever_lies_beside_it(tmp_path: Path) -> None:
    digests = set()
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        path = build_code(tmp_path / name)
        digests.add(hashlib.sha256(path.read_bytes()).hexdigest())
    assert len(digests) == 1
    names = code_files()
    assert not [n for n in names if "__pycache__" in n or n.startswith(("tests", "stacks"))]
    assert path.stat().st_size < 300_000


def test_the_code_runs_without_anything_of_this_machine_but_the_sdk(tmp_path: Path) -> None:
    with zipfile.ZipFile(build_code(tmp_path)) as archive:
        archive.extractall(tmp_path / "task")
    program = (
        "import sys; sys.path.insert(0, '.'); import cleanup.on_delete, cleanup.deletion; "
        "print(cleanup.deletion.__file__, 'yaml' in sys.modules, 'click' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", program],
        cwd=tmp_path / "task",
        env={k: v for k, v in os.environ.items() if not k.startswith("PYTHON")},
        capture_output=True,
        text=True,
        check=True,
    )
    place, *loaded = done.stdout.split()
    assert place.endswith("cleanup/deletion.py")
    assert "task" in str(Path(tmp_path / "task" / place))
    assert loaded == ["False", "False"]


def role(vpc: str | None = "vpc-1") -> list[Policy]:
    documents = {
        "inline": sweeper_policies.sweep_document(
            "ml101", "us-east-1", "ml101-111122223333-us-east-1", "assets", vpc
        ),
        "tagged": sweeper_policies.tagged_document("ml101", "us-east-1"),
    }
    return [Policy(n, "identity", policies.filled(d, WORDS)) for n, d in documents.items()]


def may(action: str, resource: str = "*", **context: str) -> bool:
    keys = {key.lower(): [value] for key, value in context.items()}
    return evaluate(role(), action, resource, keys).decision == "allowed"


def test_the_longest_names_still_fit_the_limits() -> None:
    longest = ("w" * 18, "ap-southeast-4")
    inline = sweeper_policies.sweep_document(*longest, "b" * 63, "a" * 63, "vpc-" + "0" * 17)
    assert size(inline) <= policies.MAX_INLINE
    assert size(sweeper_policies.tagged_document(*longest)) <= policies.MAX_MANAGED


SERVICES = {"efs": "elasticfilesystem"}


def operations(kind: Any) -> set[str]:
    """IAM's names of all that a sweep calls for a kind, records of ended jobs apart."""
    client: Any = boto3.client(kind.service, "us-east-1")
    names = {*kind.reads, *kind.calls} - {kind.forget}
    names |= {kind.claim.operation} if kind.claim else set()
    found = {client.meta.method_to_api_mapping[name] for name in names}
    return {f"{SERVICES.get(kind.service, kind.service)}:{name}" for name in found}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_call_of_every_kind_is_granted_for_things_of_the_workshop(kind: Any) -> None:
    service = SERVICES.get(kind.service, kind.service)
    resources = {
        "sagemaker": f"{SAGEMAKER}anything/ml101-ann-x",
        "ecr": "arn:aws:ecr:us-east-1:111122223333:repository/ml101-ann-x",
        "ec2": "arn:aws:ec2:us-east-1:111122223333:security-group/sg-1",
        "elasticfilesystem": "arn:aws:elasticfilesystem:us-east-1:111122223333:file-system/fs-1",
    }
    tags = {
        "aws:ResourceTag/workshop:name": "ml101",
        "aws:RequestTag/workshop:name": "ml101",
        f"aws:ResourceTag/{MANAGED_BY}": f"{SAGEMAKER}domain/d-abc",
        "application-autoscaling:service-namespace": "sagemaker",
    }
    for operation in operations(kind):
        assert may(operation, resources.get(service, "*"), **tags), operation


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_nothing_of_anybody_else_may_be_changed(kind: Any) -> None:
    theirs = f"{SAGEMAKER}anything/xml101-ann-x"
    for operation in operations(kind):
        if not operation.split(":")[1].startswith(("List", "Describe")):
            assert not may(operation, theirs, **{"aws:ResourceTag/workshop:name": "ml102"})
            assert not may(operation, f"{SAGEMAKER}anything/ml1012-ann-x")


GROUP = "arn:aws:ec2:us-east-1:111122223333:security-group/sg-1"
FILE_SYSTEM = "arn:aws:elasticfilesystem:us-east-1:111122223333:file-system/fs-1"
VPC = "arn:aws:ec2:us-east-1:111122223333:vpc/"


@pytest.mark.parametrize(
    ("operation", "resource"),
    [("ec2:CreateTags", GROUP), ("elasticfilesystem:TagResource", FILE_SYSTEM)],
)
def test_only_what_studio_made_may_be_claimed(operation: str, resource: str) -> None:
    ours = {"aws:RequestTag/workshop:name": "ml101"}
    studios = {f"aws:ResourceTag/{MANAGED_BY}": f"{SAGEMAKER}domain/d-abc"}
    assert may(operation, resource, **ours, **studios)
    assert not may(operation, resource, **ours)
    assert not may(operation, resource, **studios)
    elsewhere = {key: arn.replace("us-east-1", "eu-west-1") for key, arn in studios.items()}
    assert not may(operation, resource, **ours, **elsewhere)


def test_a_group_of_the_workshops_own_network_may_be_claimed_without_studios_tag() -> None:
    ours = {"aws:RequestTag/workshop:name": "ml101"}
    assert may("ec2:CreateTags", GROUP, **ours, **{"ec2:Vpc": f"{VPC}vpc-1"})
    assert not may("ec2:CreateTags", GROUP, **ours, **{"ec2:Vpc": f"{VPC}vpc-2"})
    assert not may("ec2:CreateTags", GROUP, **{"ec2:Vpc": f"{VPC}vpc-1"})


@pytest.mark.parametrize("bucket", ["sagemaker-us-east-1-111122223333", "assets"])
def test_uploads_are_listed_without_a_key_that_the_operation_does_not_carry(bucket: str) -> None:
    shared = f"arn:aws:s3:::{bucket}"
    assert may("s3:ListBucketMultipartUploads", shared)
    assert not may("s3:ListBucketVersions", shared)
    assert not may("s3:AbortMultipartUpload", f"{shared}/ml102-ann-x")
    assert not may("s3:ListBucketMultipartUploads", "arn:aws:s3:::another")


def test_a_stack_that_asks_may_be_looked_at_and_no_other() -> None:
    stack = "arn:aws:cloudformation:us-east-1:111122223333:stack/{}/1"
    for operation in ("DescribeStacks", "DescribeStackResource"):
        assert may(f"cloudformation:{operation}", stack.format("ml101-ann"))
        assert not may(f"cloudformation:{operation}", stack.format("ml1012-ann"))


def test_a_space_that_somebody_made_for_an_attendee_may_be_deleted() -> None:
    space = f"{SAGEMAKER}space/d-abc/scratch"
    owner = f"{SAGEMAKER}user-profile/d-abc/ml101-ann"
    key = "sagemaker:OwnerUserProfileArn"
    assert may("sagemaker:DeleteSpace", space, **{key: owner})
    assert not may("sagemaker:DeleteSpace", space, **{key: owner.replace("ml101", "ml102")})


@pytest.mark.parametrize(
    ("operation", "theirs"),
    [
        ("s3:DeleteObjectVersion", "arn:aws:s3:::sagemaker-us-east-1-111122223333/ml102-ann-x"),
        ("s3:DeleteObjectVersion", "arn:aws:s3:::assets/workshops/ml102/x.zip"),
        ("s3:DeleteBucket", "arn:aws:s3:::ml101-111122223333-us-east-1"),
        ("s3:GetObject", "arn:aws:s3:::ml101-111122223333-us-east-1/attendees/ann/x"),
        ("lambda:InvokeFunction", "arn:aws:lambda:us-east-1:111122223333:function:other"),
        ("iam:PassRole", "arn:aws:iam::111122223333:role/ml101-ann"),
    ],
)
def test_beyond_a_sweep_nothing_is_granted(operation: str, theirs: str) -> None:
    assert not may(operation, theirs)


def test_an_attendees_sweep_finds_every_kind_that_their_role_lets_them_make() -> None:
    assert {kind.name for kind in attendee_kinds()} >= sweep_policies.MADE_KINDS
