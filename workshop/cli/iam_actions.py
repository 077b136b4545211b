"""Which IAM actions the commands use: read off tables where there is one.

CloudFormation makes a workshop's resources with the caller's rights; what its handlers use
stands in workshop/data/deploy_actions.json, taken from the types' own schemas.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from cleanup.kinds import KINDS

_TABLE = Path(__file__).resolve().parents[1] / "data" / "deploy_actions.json"

# IAM's prefix of a service, where it is not boto3's name or the signature's.
PREFIXES = {
    "efs": "elasticfilesystem",
    "resourcegroupstaggingapi": "tag",
    "service-quotas": "servicequotas",
    "tagging": "tag",
}
# S3's operations that are not called like their actions ("Required permissions for Amazon S3
# API operations", S3 user guide).
S3_ACTIONS: dict[str, tuple[str, ...]] = {
    "AbortMultipartUpload": ("AbortMultipartUpload",),
    "CompleteMultipartUpload": ("PutObject",),
    "CreateMultipartUpload": ("PutObject",),
    "DeleteObject": ("DeleteObject",),
    "DeleteObjects": ("DeleteObject", "DeleteObjectVersion"),
    "HeadBucket": ("ListBucket",),
    "HeadObject": ("GetObject",),
    "ListMultipartUploads": ("ListBucketMultipartUploads",),
    "ListObjectVersions": ("ListBucketVersions",),
    "ListObjectsV2": ("ListBucket",),
    "UploadPart": ("PutObject",),
}
# Handlers use these for what our templates do not have: keys, table buckets, identity centers,
# delivery streams, EFS.
_USED = {
    "codebuild",
    "dynamodb",
    "ec2",
    "iam",
    "lambda",
    "logs",
    "s3",
    "sagemaker",
    "scheduler",
    "sns",
}
_NOT_USED = {"AttachGroupPolicy", "AttachUserPolicy", "DetachGroupPolicy", "DetachUserPolicy"}
_NOT_USED |= {
    "AssociateRuntimeAlias",
    "CreateLogDelivery",
    "GetLayerVersion",
    "PassCapacityProvider",
}
_NOT_USED |= {"REST.PUT.OBJECT"}
# Of tables: replicas, imports, streams, and the items of both.
_NOT_USED |= {
    *("AssociateTableReplica", "CreateTableReplica", "DescribeImport", "ImportTable"),
    *("DisableKinesisStreamingDestination", "EnableKinesisStreamingDestination"),
    *("UpdateKinesisStreamingDestination", "BatchWriteItem", "DeleteItem", "GetItem"),
    *("PutItem", "Query", "Scan", "UpdateItem"),
}
# Types that reach into other services for what our templates do not have: replicas' scaling,
# delivery streams, logs of deliveries.
_ALONE = {"AWS::DynamoDB::Table", "AWS::SNS::Subscription", "AWS::SNS::Topic"}
# Actions that IAM's own list does not have yet (cfn-lint 1.58, W3037), by what takes them in.
_YOUNG = {
    "sagemaker:DeleteClusterExtension": "sagemaker:DeleteCluster*",
    "sagemaker:DeleteInferenceRouter": "sagemaker:DeleteInference*",
}


def actions_of(service: str, operation: str) -> tuple[str, ...]:
    """The IAM actions of an operation ("DescribeApp") of a service, by boto3's name or the
    signature's."""
    prefix = PREFIXES.get(service, service)
    if service == "s3":
        return tuple(f"{prefix}:{name}" for name in S3_ACTIONS.get(operation, (operation,)))
    if (service, operation) == ("lambda", "Invoke"):
        return ("lambda:InvokeFunction",)
    return (f"{prefix}:{operation}",)


@cache
def handler_actions(*handlers: str) -> tuple[str, ...]:
    """What CloudFormation's handlers ("create", "read", "update", "delete") use, sorted."""
    table: dict[str, dict[str, list[str]]] = json.loads(_TABLE.read_text(encoding="utf-8"))
    return _sorted(
        action
        for kind, row in table.items()
        for handler in handlers
        for action in row.get(handler, ())
        if _is_used(kind, action)
    )


def _is_used(kind: str, action: str) -> bool:
    service, _, name = action.partition(":")
    if kind in _ALONE and service != kind.split("::")[1].lower():
        return False
    return service in _USED and name not in _NOT_USED


def sweep_reads() -> tuple[str, ...]:
    """What a sweep reads of other services than SageMaker, sorted."""
    return _sorted(
        _action(kind.service, read)
        for kind in KINDS
        if kind.service != "sagemaker"
        for read in kind.reads
    )


def sweep_changes(*, sagemaker: bool) -> tuple[str, ...]:
    """What ends resources, of SageMaker or of other services, sorted."""
    return _sorted(
        _action(kind.service, call)
        for kind in KINDS
        if (kind.service == "sagemaker") == sagemaker
        for call in kind.calls
    )


def sweep_claims() -> tuple[str, ...]:
    """What tags a domain's leftovers before the domain is deleted, sorted."""
    return _sorted(_action(kind.service, kind.claim.operation) for kind in KINDS if kind.claim)


def _sorted(actions: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({_YOUNG.get(action, action) for action in actions}))


def _action(service: str, operation: str) -> str:
    """A boto3 method as IAM has it; the case does not matter (IAM user guide, "IAM JSON policy
    elements: Action")."""
    name = "".join(word.capitalize() for word in operation.split("_"))
    return f"{PREFIXES.get(service, service)}:{name}"


def by_verb(actions: Iterable[str], at_least: int = 3) -> list[str]:
    """The actions, and where a verb of a service has several, the verb with a star: for
    resources that are the workshop's alone, so that a policy stays within IAM's size."""
    groups: dict[str, list[str]] = defaultdict(list)
    for action in sorted(set(actions)):
        groups[_verb(action)].append(action)
    short = []
    for verb, found in groups.items():
        short += [f"{verb}*"] if len(found) >= at_least else found
    return sorted(short)


def _verb(action: str) -> str:
    service, _, name = action.partition(":")
    end = next((i for i, letter in enumerate(name) if i and letter.isupper()), len(name))
    return f"{service}:{name[:end]}"
