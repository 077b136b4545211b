"""Statements for the functions that end resources, read off the table of kinds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from cleanup.kind import Kind
from cleanup.kinds import KINDS
from stacks import policies
from workshop import names

# boto3's name of a service, where IAM has another one.
_PREFIXES = {"efs": "elasticfilesystem"}
# Actions that IAM's own list does not have yet (cfn-lint 1.58, W3037), by what takes them in.
_YOUNG = {
    "sagemaker:DeleteClusterExtension": "sagemaker:DeleteCluster*",
    "sagemaker:DeleteInferenceRouter": "sagemaker:DeleteInference*",
}
_OWNED = {"sagemaker:DeleteApp": "app", "sagemaker:DeleteSpace": "space"}


def reads(kinds: Iterable[Kind] = KINDS) -> list[str]:
    """What finds resources: of SageMaker every list, of others what the table has."""
    others = {
        action(k.service, read) for k in kinds if k.service != "sagemaker" for read in k.reads
    }
    return ["sagemaker:List*", *sorted(others)]


def changes(service: str) -> list[str]:
    """What ends resources of a service, or claims them, and what must be asked just before.
    Records of ended jobs stay."""
    found: set[str] = set()
    for kind in KINDS:
        if kind.service == service:
            found.update(call for call in kind.calls if call != kind.forget)
            found.update({kind.claim.operation} if kind.claim else ())
            # Other services' are among the reads: they take no resource.
            if service == "sagemaker":
                found.update(question.operation for question in kind.questions.values())
    return known(action(service, operation) for operation in found)


def stops(kinds: Iterable[Kind]) -> list[str]:
    """What ends the hourly bill of SageMaker's resources, and what must be asked just before:
    of kinds that can be stopped nothing that deletes."""
    found: set[str] = set()
    for kind in kinds:
        calls = {call for call in kind.calls if call != kind.forget}
        found |= {call for call in calls if call.startswith("stop_")} or calls
        found |= {q.operation for call, q in kind.questions.items() if call in found}
    return known(action("sagemaker", operation) for operation in found)


def known(actions: Iterable[str]) -> list[str]:
    """Actions, sorted, those that IAM's list lacks by a pattern that takes them in."""
    return sorted({_YOUNG.get(action, action) for action in actions})


def action(service: str, operation: str) -> str:
    """An operation as IAM has it; the case does not matter (see stacks.sweep_policies)."""
    name = "".join(word.capitalize() for word in operation.split("_"))
    return f"{_PREFIXES.get(service, service)}:{name}"


def ours_by_name(workshop: str, region: str, actions: list[str]) -> list[policies.Statement]:
    """Actions on SageMaker's things that bear a name of the workshop's, and, of those among
    them that end Studio's, on what belongs to one of its user profiles."""
    owner = arn("sagemaker", region, f"user-profile/*/{workshop}-*")
    owned = [name for name in _OWNED if name in actions]
    return [
        allow("OursByName", actions, arn("sagemaker", region, f"*/{workshop}-*")),
        allow(
            "OursByOwner",
            owned,
            [arn("sagemaker", region, f"{_OWNED[name]}/*") for name in owned],
            {"ArnLike": {"sagemaker:OwnerUserProfileArn": owner}},
        ),
    ]


def ours_by_tag(workshop: str, region: str, actions: list[str]) -> policies.Statement:
    """Actions on SageMaker's things that bear the workshop's tag and any name."""
    return allow("OursByTag", actions, arn("sagemaker", region, "*"), tagged(workshop))


def own_log(region: str, function: str) -> policies.Statement:
    """A function's own log streams. Without logs:CreateLogGroup: the group is the stack's, and
    must not come back after it."""
    group = arn("logs", region, f"log-group:/aws/lambda/{function}:*")
    return allow("OwnLog", ["logs:CreateLogStream", "logs:PutLogEvents"], group)


def go_on(region: str, function: str) -> policies.Statement:
    """A function goes on in another invocation of itself."""
    return allow("GoOn", ["lambda:InvokeFunction"], arn("lambda", region, f"function:{function}"))


def tagged(workshop: str) -> dict[str, dict[str, str]]:
    """The condition that a resource bears the workshop's tag."""
    return {"StringEquals": {f"aws:ResourceTag/{names.TAG_WORKSHOP}": workshop}}


def arn(service: str, region: str, rest: str) -> str:
    """An ARN in this account, with words to fill in."""
    return f"arn:${{AWS::Partition}}:{service}:{region}:{policies.ACCOUNT}:{rest}"


def bucket_arn(name: str) -> str:
    """A bucket's ARN, with words to fill in."""
    return f"arn:${{AWS::Partition}}:s3:::{name}"


def allow(
    sid: str,
    actions: list[str],
    resources: str | list[str],
    condition: Mapping[str, Any] | None = None,
) -> policies.Statement:
    """A statement that allows actions, given with their prefix."""
    statement: policies.Statement = {
        "Sid": sid,
        "Effect": "Allow",
        "Action": actions,
        "Resource": resources,
    }
    return {**statement, "Condition": dict(condition)} if condition else statement
