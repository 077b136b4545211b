"""What the function may do that sweeps before a stack is deleted, read off the table of kinds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cleanup.kinds import KINDS
from cleanup.kinds.elsewhere import MANAGED_BY
from stacks import policies
from workshop import names

# boto3's name of a service, where IAM has another one.
_PREFIXES = {"efs": "elasticfilesystem"}
# Actions that IAM's own list does not have yet (cfn-lint 1.58, W3037), by what takes them in.
_YOUNG = {
    "sagemaker:DeleteClusterExtension": "sagemaker:DeleteCluster*",
    "sagemaker:DeleteInferenceRouter": "sagemaker:DeleteInference*",
}
_OWNED = ("app", "space")


def sweep_document(
    workshop: str, region: str, bucket: str, assets: str, vpc: str | None
) -> policies.Document:
    """What the function of a region has inline.

    Lists take no resource. What it changes bears a name of the workshop's, or its tag (see
    `tagged_document`), or belongs to one of its user profiles. `bucket` is the workshop's,
    `assets` the bootstrap bucket, `vpc` the workshop's own network, if it has one.
    """
    return policies.document(
        [
            _allow("Lists", _reads(), "*"),
            _allow("Tags", ["tag:GetResources"], "*"),
            *_named(workshop, region),
            *_elsewhere(workshop, region, vpc),
            *_files(workshop, region, bucket, assets),
            *_logs(workshop, region),
            _allow("Stacks", ["cloudformation:ListStacks"], "*"),
            _allow(
                "OwnStacks",
                ["cloudformation:DescribeStackResource", "cloudformation:DescribeStacks"],
                _arn("cloudformation", region, f"stack/{workshop}-*"),
            ),
            _allow(
                "GoOn",
                ["lambda:InvokeFunction"],
                _arn("lambda", region, f"function:{names.sweep_function_name(workshop)}"),
            ),
        ]
    )


def tagged_document(workshop: str, region: str) -> policies.Document:
    """What it may do to SageMaker's things that bear the workshop's tag and any name.

    A document of its own, since both together pass the limit of what a role has inline.
    """
    everything = _arn("sagemaker", region, "*")
    return policies.document(
        [_allow("OursByTag", _changes("sagemaker"), everything, _tagged(workshop))]
    )


def _named(workshop: str, region: str) -> list[policies.Statement]:
    owner = _arn("sagemaker", region, f"user-profile/*/{workshop}-*")
    return [
        _allow("OursByName", _changes("sagemaker"), _arn("sagemaker", region, f"*/{workshop}-*")),
        _allow(
            "OursByOwner",
            ["sagemaker:DeleteApp", "sagemaker:DeleteSpace"],
            [_arn("sagemaker", region, f"{kind}/*") for kind in _OWNED],
            {"ArnLike": {"sagemaker:OwnerUserProfileArn": owner}},
        ),
    ]


def _elsewhere(workshop: str, region: str, vpc: str | None) -> list[policies.Statement]:
    tagged = _tagged(workshop)
    claimed = {"StringEquals": {f"aws:RequestTag/{names.TAG_WORKSHOP}": workshop}}
    # Studio has set its tag on the home file system and on both NFS groups of a domain, with
    # the domain's ARN. Both operations know the tags of what they tag (aws:ResourceTag: service
    # authorization reference of EC2 and EFS).
    domains = _arn("sagemaker", region, "domain/*")
    studios = {**claimed, "StringLike": {f"aws:ResourceTag/{MANAGED_BY}": domains}}
    ec2 = [action for action in _changes("ec2") if action != "ec2:CreateTags"]
    files = [a for a in _changes("efs") if a != "elasticfilesystem:TagResource"]
    groups = _arn("ec2", region, "security-group/*")
    interfaces = _arn("ec2", region, "network-interface/*")
    systems = _arn("elasticfilesystem", region, "file-system/*")
    statements = [
        # A scalable target's ARN says nothing of the endpoint.
        _allow(
            "Scaling",
            _changes("application-autoscaling"),
            "*",
            {"StringEquals": {"application-autoscaling:service-namespace": "sagemaker"}},
        ),
        _allow("Images", _changes("ecr"), _arn("ecr", region, f"repository/{workshop}-*")),
        _allow("TaggedImages", _changes("ecr"), _arn("ecr", region, "repository/*"), tagged),
        _allow("Claim", ["ec2:CreateTags"], groups, studios),
        _allow("ClaimFiles", ["elasticfilesystem:TagResource"], systems, studios),
        _allow("Homes", files, systems, tagged),
        _allow("Network", ec2, [groups, interfaces], tagged),
    ]
    if vpc is not None:
        within = {"ArnEquals": {"ec2:Vpc": _arn("ec2", region, f"vpc/{vpc}")}}
        statements += [
            _allow("OwnNetwork", ec2, [groups, interfaces], within),
            _allow("ClaimOwn", ["ec2:CreateTags"], groups, {**claimed, **within}),
        ]
    return statements


def _files(workshop: str, region: str, bucket: str, assets: str) -> list[policies.Statement]:
    shared = names.sdk_bucket(policies.ACCOUNT, region)
    uploads, versions = "s3:ListBucketMultipartUploads", "s3:ListBucketVersions"
    removal = ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:DeleteObjectVersion"]
    ours = {shared: f"{workshop}-", assets: names.assets_prefix(workshop)}
    return [
        _allow("OwnBucket", ["s3:GetBucketTagging", uploads, versions], _bucket(bucket)),
        _allow(
            "SharedBuckets",
            [versions],
            [_bucket(name) for name in ours],
            {"StringLike": {"s3:prefix": [f"{prefix}*" for prefix in ours.values()]}},
        ),
        # No s3:prefix: the key is ListBucket's and ListBucketVersions's alone (service
        # authorization reference of S3), and what a request does not carry is never like
        # anything. It shows keys; aborting is bound to the prefixes.
        _allow("SharedUploads", [uploads], [_bucket(name) for name in ours]),
        _allow(
            "Objects",
            removal,
            [
                policies.objects_arn(bucket, ""),
                *(policies.objects_arn(name, prefix) for name, prefix in ours.items()),
            ],
        ),
    ]


def _logs(workshop: str, region: str) -> list[policies.Statement]:
    """Own log streams written, attendees' deleted. Without logs:CreateLogGroup: the group is
    the stack's, and must not come back after it."""
    group = f"log-group:/aws/lambda/{names.sweep_function_name(workshop)}:*"
    sagemaker = "log-group:/aws/sagemaker/"
    return [
        _allow(
            "OwnLog", ["logs:CreateLogStream", "logs:PutLogEvents"], _arn("logs", region, group)
        ),
        _allow("LogGroups", ["logs:DescribeLogGroups"], _arn("logs", region, "log-group:*")),
        _allow("LogStreams", ["logs:DescribeLogStreams"], _arn("logs", region, f"{sagemaker}*")),
        _allow(
            "AttendeesLogs",
            ["logs:DeleteLogGroup", "logs:DeleteLogStream"],
            [
                _arn("logs", region, f"{sagemaker}*:log-stream:{workshop}-*"),
                _arn("logs", region, f"{sagemaker}studio:log-stream:*/{workshop}-*"),
                _arn("logs", region, f"{sagemaker}Endpoints/{workshop}-*"),
            ],
        ),
    ]


def _reads() -> list[str]:
    """What finds resources: of SageMaker every list, of others what the table has."""
    others = {
        _action(k.service, read) for k in KINDS if k.service != "sagemaker" for read in k.reads
    }
    return ["sagemaker:List*", *sorted(others)]


def _changes(service: str) -> list[str]:
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
    actions = {_action(service, operation) for operation in found}
    return sorted({_YOUNG.get(action, action) for action in actions})


def _action(service: str, operation: str) -> str:
    """An operation as IAM has it; the case does not matter (see stacks.sweep_policies)."""
    name = "".join(word.capitalize() for word in operation.split("_"))
    return f"{_PREFIXES.get(service, service)}:{name}"


def _tagged(workshop: str) -> dict[str, dict[str, str]]:
    return {"StringEquals": {f"aws:ResourceTag/{names.TAG_WORKSHOP}": workshop}}


def _arn(service: str, region: str, rest: str) -> str:
    return f"arn:${{AWS::Partition}}:{service}:{region}:{policies.ACCOUNT}:{rest}"


def _bucket(name: str) -> str:
    return f"arn:${{AWS::Partition}}:s3:::{name}"


def _allow(
    sid: str,
    actions: list[str],
    resources: str | list[str],
    condition: Mapping[str, Any] | None = None,
) -> policies.Statement:
    statement: policies.Statement = {
        "Sid": sid,
        "Effect": "Allow",
        "Action": actions,
        "Resource": resources,
    }
    return {**statement, "Condition": dict(condition)} if condition else statement
