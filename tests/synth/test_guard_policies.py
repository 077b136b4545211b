"""What the guard may do, held against what it calls; and that attendees do not reach it."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import boto3
import botocore.session
import pytest
from botocore import xform_name

from cleanup.calls import Caller
from cleanup.kinds import BY_NAME, KINDS
from cleanup.lifetimes import Lifetimes
from rehearsal.policies import Policy, evaluate
from stacks import guard_policies, policies, shared_policies
from tests.synth.test_policies import WORDS, size, subject
from tests.unit.cleanup.resources import make_resource
from workshop import names
from workshop.model import AfterEnd

ROOT = Path(__file__).parents[2]
ACCOUNT = "us-east-1:111122223333"
SAGEMAKER = f"arn:aws:sagemaker:{ACCOUNT}:"
BUCKET = "ml101-111122223333-us-east-1"
OURS = {
    "dynamodb": f"arn:aws:dynamodb:{ACCOUNT}:table/ml101-shared-ledger",
    "iam": "arn:aws:iam::111122223333:role/ml101-ann",
    "lambda": f"arn:aws:lambda:{ACCOUNT}:function:ml101-shared-guard",
    "scheduler": f"arn:aws:scheduler:{ACCOUNT}:schedule/default/ml101-shared-guard",
    "sns": f"arn:aws:sns:{ACCOUNT}:ml101-shared-notices",
    "s3": f"arn:aws:s3:::{BUCKET}/attendees/ann/activity",
}
# The one tag of attendees' roles that it changes.
STOPPED: dict[str, Any] = {"aws:TagKeys": names.TAG_STOPPED}
HOURLY = [kind for kind in KINDS if kind.bills == "hour"]


def role(after_end: AfterEnd = "stop") -> list[Policy]:
    regions = ("us-east-1", "eu-west-1")
    documents = {
        "inline": guard_policies.guard_document("ml101", "us-east-1", regions, BUCKET, after_end),
        "tagged": guard_policies.tagged_document("ml101", "us-east-1", after_end),
    }
    return [Policy(n, "identity", policies.filled(d, WORDS)) for n, d in documents.items()]


def may(action: str, resource: str = "*", after_end: AfterEnd = "stop", **keys: str) -> bool:
    context = {key.lower(): [value] for key, value in keys.items()}
    return evaluate(role(after_end), action, resource, context).decision == "allowed"


@pytest.mark.parametrize("after_end", ["stop", "delete"])
def test_the_longest_names_still_fit_the_limits(after_end: AfterEnd) -> None:
    regions = ("ap-southeast-4", "ap-southeast-5", "ap-southeast-6", "ap-northeast-3")
    longest = ("w" * 18, regions[0])
    inline = guard_policies.guard_document(*longest, regions, "b" * 63, after_end)
    assert size(inline) <= policies.MAX_INLINE
    assert size(guard_policies.tagged_document(*longest, after_end)) <= policies.MAX_MANAGED


# What a run of the guard goes through, and the services that are asked there.
SOURCES = (
    *sorted((ROOT / "guard").glob("*.py")),
    *(ROOT / "cleanup" / f"{name}.py" for name in ("attendees", "listing", "machines", "scan")),
)
SERVICES = {
    "cloudformation": "cloudformation",
    "cloudwatch": "cloudwatch",
    "dynamodb": "dynamodb",
    "iam": "iam",
    "resourcegroupstaggingapi": "tag",
    "s3": "s3",
    "sagemaker": "sagemaker",
    "sns": "sns",
}


def named_operations() -> set[str]:
    """The operations that the sources name, as IAM's actions."""
    session = botocore.session.get_session()
    known: dict[str, list[str]] = {}
    for service, prefix in SERVICES.items():
        for operation in session.get_service_model(service).operation_names:
            known.setdefault(xform_name(operation), []).append(f"{prefix}:{operation}")
    known.pop("search", None)  # re.search
    return set(_words(known))


def _words(known: Mapping[str, list[str]]) -> Iterator[str]:
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            word = getattr(node, "attr", None) or getattr(node, "value", None)
            if isinstance(word, str) and len(known.get(word, ())) == 1:
                yield known[word][0]


def test_every_operation_that_the_guards_sources_name_is_granted_on_what_is_the_workshops() -> None:
    called = named_operations()

    assert {
        *("cloudformation:ListStacks", "cloudwatch:GetMetricData", "dynamodb:Query"),
        *("dynamodb:BatchWriteItem", "dynamodb:UpdateItem", "s3:GetObject", "sns:Publish"),
        *("sagemaker:DescribeEndpoint", "sagemaker:DescribeCluster", "tag:GetResources"),
        *("iam:TagRole", "iam:UntagRole"),
    } <= called
    refused = {
        action
        for action in called
        if not may(action, OURS.get(action.split(":")[0], f"{SAGEMAKER}x/ml101-ann-x"), **STOPPED)
        and not may(action)
    }
    assert refused == set()


class Asked:
    """Notes what it is asked, and knows no more than the name of an endpoint's configuration."""

    def __init__(self) -> None:
        self.operations: set[str] = set()

    def __getattr__(self, operation: str) -> Any:
        self.operations.add(operation)
        return lambda **_: {"EndpointConfigName": "ml101-ann-x"}


def asked_of(kind: Any) -> set[str]:
    """The IAM actions that say since when something of a kind bills, and on what."""
    asked, client = Asked(), boto3.client("sagemaker", "us-east-1")
    ids = tuple((f if isinstance(f, str) else f[0], "JupyterLab") for f in kind.id_fields)
    Lifetimes(Caller(lambda _service, _region: asked)).find(
        [make_resource(kind.name, "ml101-ann-x", ids=ids)]
    )
    mapping = client.meta.method_to_api_mapping
    return {f"sagemaker:{mapping[operation]}" for operation in asked.operations}


def test_what_is_read_of_things_that_bill_is_granted_on_the_workshops_and_nothing_else_is() -> None:
    asked = {kind.name: asked_of(kind) for kind in KINDS if kind.bills}

    for name, actions in asked.items():
        for action in actions:
            assert may(action, f"{SAGEMAKER}{name}/d-1/ml101-ann-x"), action
    granted = {
        action
        for policy in role()
        for statement in policy.document["Statement"]
        for action in statement["Action"]
        if action.startswith("sagemaker:Describe")
    }
    questions = {a for kind in HOURLY for a in ends(kind, stop_only=True) if "Describe" in a}
    assert granted == set().union(questions, *asked.values())


@pytest.mark.parametrize("kind", guard_policies.billing_kinds(), ids=lambda kind: kind.name)
def test_every_kind_that_bills_may_be_listed(kind: Any) -> None:
    client: Any = boto3.client(kind.service, "us-east-1")
    service = {"efs": "elasticfilesystem"}.get(kind.service, kind.service)
    assert may(f"{service}:{client.meta.method_to_api_mapping[kind.list_op]}")
    assert kind.parent is None or BY_NAME[kind.parent.kind] in guard_policies.billing_kinds()


def ends(kind: Any, *, stop_only: bool) -> set[str]:
    """IAM's names of what ends a kind's bill by the hour, and of what is asked just before."""
    client: Any = boto3.client("sagemaker", "us-east-1")
    calls = set(kind.calls) - {kind.forget}
    stops = {call for call in calls if call.startswith("stop_")}
    calls = stops if stops and stop_only else calls
    calls |= {q.operation for call, q in kind.questions.items() if call in calls}
    return {f"sagemaker:{client.meta.method_to_api_mapping[call]}" for call in calls}


TAG = {"aws:ResourceTag/workshop:name": "ml101"}


@pytest.mark.parametrize("after_end", ["stop", "delete"])
@pytest.mark.parametrize("kind", HOURLY, ids=lambda kind: kind.name)
def test_what_bills_by_the_hour_may_be_ended_by_its_name_or_tag_and_nothing_of_anybody_else(
    kind: Any, after_end: AfterEnd
) -> None:
    for action in ends(kind, stop_only=True):
        assert may(action, f"{SAGEMAKER}x/ml101-ann-x", after_end), action
        assert may(action, f"{SAGEMAKER}x/any", after_end, **TAG), action
        assert not may(action, f"{SAGEMAKER}x/any", after_end), action
        assert not may(action, f"{SAGEMAKER}x/ml1012-ann-x", after_end), action
        other = {"aws:ResourceTag/workshop:name": "ml102"}
        assert not may(action, f"{SAGEMAKER}x/any", after_end, **other), action


def test_an_app_in_a_space_of_any_name_may_be_ended_if_an_attendee_owns_it() -> None:
    app = f"{SAGEMAKER}app/d-1/scratch/JupyterLab/default"
    owner = {"sagemaker:OwnerUserProfileArn": f"{SAGEMAKER}user-profile/d-1/ml101-ann"}
    assert may("sagemaker:DeleteApp", app, "stop", **owner)
    assert not may("sagemaker:DeleteApp", app)
    assert not may("sagemaker:DeleteSpace", f"{SAGEMAKER}space/d-1/scratch", "stop", **owner)


@pytest.mark.parametrize(
    "operation",
    ["DeleteModel", "DeleteEndpointConfig", "DeleteNotebookInstance", "DeletePipeline"],
)
def test_what_does_not_bill_by_the_hour_may_be_deleted_only_where_the_workshop_says_so(
    operation: str,
) -> None:
    ours = f"{SAGEMAKER}x/ml101-ann-x"
    assert not may(f"sagemaker:{operation}", ours, "stop")
    assert not may(f"sagemaker:{operation}", ours, "stop", **TAG)
    assert may(f"sagemaker:{operation}", ours, "delete")


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("sagemaker:CreateTrainingJob", f"{SAGEMAKER}training-job/ml101-ann-x"),
        ("sagemaker:DescribeTrainingJob", f"{SAGEMAKER}training-job/theirs"),
        ("sagemaker:DeleteDomain", f"{SAGEMAKER}domain/d-1"),
        ("dynamodb:GetItem", f"arn:aws:dynamodb:{ACCOUNT}:table/ml101-shared-ledger2"),
        ("dynamodb:DeleteTable", OURS["dynamodb"]),
        ("dynamodb:PutItem", OURS["dynamodb"].replace("us-east-1", "eu-west-1")),
        ("dynamodb:GetItem", OURS["dynamodb"].replace("us-east-1", "eu-west-2")),
        ("lambda:InvokeFunction", f"arn:aws:lambda:{ACCOUNT}:function:ml101-shared-sweep"),
        ("logs:CreateLogGroup", f"arn:aws:logs:{ACCOUNT}:log-group:/aws/lambda/ml101-shared-guard"),
        ("s3:GetObject", f"arn:aws:s3:::{BUCKET}/attendees/ann/lab.ipynb"),
        ("s3:PutObject", OURS["s3"]),
        ("sns:Publish", f"arn:aws:sns:{ACCOUNT}:other"),
        ("scheduler:UpdateSchedule", OURS["scheduler"]),
        ("iam:PassRole", "arn:aws:iam::111122223333:role/ml101-ann"),
    ],
)
def test_beyond_that_nothing_is_granted(action: str, resource: str) -> None:
    assert not may(action, resource, "stop")
    if action != "sagemaker:DeleteDomain":
        assert not may(action, resource, "delete")


def test_the_ledger_of_another_region_may_be_read_and_not_written() -> None:
    other = OURS["dynamodb"].replace("us-east-1", "eu-west-1")
    assert may("dynamodb:GetItem", other)
    assert not may("dynamodb:Query", other)


def test_an_activity_that_is_not_there_reads_as_absent() -> None:
    # Without s3:ListBucket on the bucket, S3 answers a GetObject of it with AccessDenied.
    assert may("s3:ListBucket", f"arn:aws:s3:::{BUCKET}")


def test_only_lists_metrics_and_patterns_of_the_workshops_names_have_wildcards() -> None:
    for policy in role("delete"):
        for statement in policy.document["Statement"]:
            resources = statement["Resource"]
            for arn in [resources] if isinstance(resources, str) else resources:
                if arn == "*":
                    assert statement["Sid"] in {"Lists", "Tags", "Stacks", "Metrics"}
                elif arn.endswith(("app/*", "space/*", f"{ACCOUNT}:*")):
                    assert statement["Sid"] == "Spaces" or "Condition" in statement
                elif "*" in arn:
                    assert "ml101-" in arn.split("*")[0] + arn.split("*")[1]


@pytest.mark.parametrize("environment", ["studio", "notebook"])
@pytest.mark.parametrize(
    ("service", "actions"),
    [
        ("dynamodb", ("PutItem", "UpdateItem", "DeleteItem", "GetItem", "Query", "DeleteTable")),
        ("lambda", ("InvokeFunction", "UpdateFunctionCode", "GetFunction")),
        ("scheduler", ("UpdateSchedule", "DeleteSchedule", "GetSchedule")),
        ("sns", ("Publish", "Subscribe", "SetTopicAttributes")),
    ],
)
def test_attendees_reach_neither_ledger_topic_function_nor_schedule(
    environment: Any, service: str, actions: tuple[str, ...]
) -> None:
    own = policies.attendee_document(subject(environment))
    boundary = shared_policies.boundary_document("ml101", "us-east-1", BUCKET, "arn:aws:s3:::b/*")
    for document in (own, boundary):
        policy = Policy("attendee", "identity", policies.filled(document, WORDS))
        for action in actions:
            found = evaluate([policy], f"{service}:{action}", OURS[service], {})
            assert found.decision != "allowed", action


@pytest.mark.parametrize("environment", ["studio", "notebook"])
def test_attendees_may_say_when_they_were_last_active_and_nobody_else_for_them(
    environment: Any,
) -> None:
    own = policies.attendee_document(subject(environment))
    boundary = shared_policies.boundary_document("ml101", "us-east-1", BUCKET, "arn:aws:s3:::b/*")
    mine, anns = (f"arn:aws:s3:::{BUCKET}/{names.activity_key(a)}" for a in ("bob", "ann"))
    for document in (own, boundary):
        policy = Policy("attendee", "identity", policies.filled(document, WORDS))
        assert evaluate([policy], "s3:PutObject", anns, {}).decision == "allowed"
    attendee = Policy("attendee", "identity", policies.filled(own, WORDS))
    assert evaluate([attendee], "s3:PutObject", mine, {}).decision != "allowed"


def test_of_attendees_roles_it_changes_one_tag_alone() -> None:
    role_of_ann = "arn:aws:iam::111122223333:role/ml101-ann"
    another: dict[str, Any] = {"aws:TagKeys": names.TAG_ATTENDEE}
    for action in ("iam:TagRole", "iam:UntagRole"):
        assert may(action, role_of_ann, **STOPPED)
        assert not may(action, role_of_ann, **another)
        assert not may(action, "arn:aws:iam::111122223333:role/admin", **STOPPED)
