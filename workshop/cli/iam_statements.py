"""The IAM statements that an instructor needs for each command, as few as the services allow.

Resources are limited to the workshop's names or tags wherever AWS can tell. Where a statement
has `*`, its Sid says why: lists take no resource; quotas, prices and bills are the account's;
ids of networks are made up by AWS.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from cleanup.kinds.elsewhere import MANAGED_BY
from workshop import names
from workshop.cli import iam_actions
from workshop.cli.iam_actions import by_verb

Statement = dict[str, Any]

ALL = "*"
_READS = ("Describe", "Get", "List")
_INTERFACE = "NetworkInterface"
# Of requests that CloudFormation makes with the caller's rights (IAM user guide, "AWS global
# condition context keys", aws:CalledVia). What stacks there are is limited by their names.
_VIA_STACKS = {"ForAnyValue:StringEquals": {"aws:CalledVia": ["cloudformation.amazonaws.com"]}}


class Writer:
    """Writes statements about one workshop's resources, in all regions of its partition."""

    def __init__(self, workshop: str, region: str) -> None:
        self.workshop = workshop
        # The partition is in every ARN; names.sagemaker_arn knows it by the region.
        self._partition = names.sagemaker_arn(region, "account", "").split(":")[1]

    def arn(self, service: str, rest: str, *, everywhere: bool = False) -> str:
        """An ARN in any region, or of a service without regions."""
        place = ":" if everywhere else "*:*"
        return f"arn:{self._partition}:{service}:{place}:{rest}"

    def iam(self, kind: str) -> str:
        """Roles or policies of the workshop. IAM's ARNs have no region."""
        return f"arn:{self._partition}:iam::*:{kind}/{self.workshop}-*"

    def bucket(self, name: str, keys: str = "") -> str:
        """A bucket, or its objects. S3's ARNs have neither region nor account."""
        return f"arn:{self._partition}:s3:::{name}{f'/{keys}' if keys else ''}"

    def own(self) -> list[str]:
        """Whatever of SageMaker bears the workshop's prefix; a star spans slashes."""
        return [self.arn("sagemaker", f"*/{self.workshop}-*")]

    def tagged(self, word: str = "aws:ResourceTag") -> dict[str, Any]:
        """The condition that a resource, or a request, carries the workshop's tag."""
        return {"StringEquals": {f"{word}/{names.TAG_WORKSHOP}": self.workshop}}


def _allow(
    sid: str,
    actions: Iterable[str],
    resources: str | list[str],
    condition: Mapping[str, Any] | None = None,
) -> Statement:
    statement: Statement = {
        "Sid": sid,
        "Effect": "Allow",
        "Action": sorted(set(actions)),
        "Resource": resources,
    }
    return {**statement, "Condition": dict(condition)} if condition else statement


def _both(*conditions: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The condition that all of these hold."""
    merged: dict[str, Any] = {}
    for condition in conditions:
        for operator, keys in condition.items():
            merged[operator] = {**merged.get(operator, {}), **keys}
    return merged


def _who_and_what() -> list[Statement]:
    return [
        _allow("AsWhom", ["sts:GetCallerIdentity"], ALL),
        _allow("ListedTogether", ["cloudformation:DescribeStacks"], ALL),
    ]


def _account_reads() -> Statement:
    """Whose something is turns out only after it was listed."""
    return _allow("QuotasAndBillsAreTheAccounts", ["sagemaker:Describe*", "sagemaker:List*"], ALL)


def _prices() -> Statement:
    return _allow("PricesTakeNoResource", ["pricing:GetProducts"], ALL)


def _check(w: Writer) -> list[Statement]:
    return [
        *_who_and_what(),
        _account_reads(),
        _prices(),
        _allow(
            "QuotasTakeNoResource",
            [
                "servicequotas:GetServiceQuota",
                "servicequotas:ListRequestedServiceQuotaChangeHistory",
                "servicequotas:ListServiceQuotas",
            ],
            ALL,
        ),
        _allow(
            "NamesMayBeAnybodys",
            [
                "ec2:DescribeSubnets",
                "ec2:DescribeVpcs",
                "iam:ListPolicies",
                "iam:ListRoles",
                "logs:DescribeLogGroups",
            ],
            ALL,
        ),
        _allow(
            "Function",
            ["lambda:GetFunctionConfiguration"],
            w.arn("lambda", f"function:{w.workshop}-*"),
        ),
        _allow("Bootstrap", ["ssm:GetParameter"], w.arn("ssm", "parameter/cdk-bootstrap/*")),
        _allow("Buckets", ["s3:ListBucket"], [w.bucket(f"{w.workshop}-*"), _assets(w)]),
        _allow("BucketTags", ["s3:GetBucketTagging"], w.bucket(f"{w.workshop}-*")),
    ]


def _request(_w: Writer) -> list[Statement]:
    return [
        _allow("QuotasAreTheAccounts", ["servicequotas:RequestServiceQuotaIncrease"], ALL),
        # The first request of an account makes it (Service Quotas user guide, "Using
        # service-linked roles").
        _allow(
            "ServiceQuotasOwnRole",
            ["iam:CreateServiceLinkedRole"],
            ALL,
            {"StringEquals": {"iam:AWSServiceName": "servicequotas.amazonaws.com"}},
        ),
    ]


def _cost(_w: Writer) -> list[Statement]:
    return [_prices()]


def _assets(w: Writer, keys: str = "") -> str:
    return w.bucket(names.bootstrap_bucket("*", "*"), keys)


def _deploy(w: Writer) -> list[Statement]:
    return [
        *_who_and_what(),
        _allow(
            "Stacks",
            [
                *("cloudformation:CreateStack", "cloudformation:UpdateStack"),
                *("cloudformation:ContinueUpdateRollback", "cloudformation:DeleteStack"),
                *("cloudformation:GetTemplate", "cloudformation:DescribeStackEvents"),
                *("cloudformation:DescribeStackResources", "cloudformation:TagResource"),
            ],
            w.arn("cloudformation", f"stack/{w.workshop}-*"),
        ),
        _allow("Imports", ["cloudformation:ListImports"], ALL),
        # The templates' rule on the version of the bootstrap, a parameter of SSM's.
        _allow("BootstrapRule", ["ssm:GetParameters"], w.arn("ssm", "parameter/cdk-bootstrap/*")),
        _allow("AssetsBucket", ["s3:ListBucket"], _assets(w)),
        _allow(
            "Assets",
            ["s3:GetObject", "s3:PutObject"],
            _assets(w, f"{names.assets_prefix(w.workshop)}*"),
        ),
        _allow("Sweeps", ["lambda:InvokeFunction"], w.arn("lambda", f"function:{w.workshop}-*")),
        *_handlers(w, "create", "read", "update", "delete"),
    ]


def _handlers(w: Writer, *handlers: str) -> list[Statement]:
    """What CloudFormation does with the caller's rights for a template's resources."""
    actions = [
        action
        for action in iam_actions.handler_actions(*handlers)
        if action not in ("iam:PassRole", "iam:CreateServiceLinkedRole")
    ]

    def of(service: str, *, read: bool | None = None) -> list[str]:
        return [
            action
            for action in actions
            if action.startswith(f"{service}:")
            and (read is None or action.partition(":")[2].startswith(_READS) == read)
        ]

    # An object's own reads are granted with the assets.
    buckets = [a for a in of("s3") if a not in ("s3:GetObject", "s3:GetObjectVersion")]
    return [
        _allow("StudioAndNotebooks", of("sagemaker", read=False), w.own()),
        # A domain's id is made up by AWS: its tags say whose it is.
        _allow(
            "NewDomain",
            [a for a in of("sagemaker") if a.endswith(":CreateDomain")],
            w.arn("sagemaker", "domain/*"),
            w.tagged("aws:RequestTag"),
        ),
        # Only while one is made: nobody else's becomes ours by a tag (sagemaker:TaggingAction,
        # service authorization reference of SageMaker).
        _allow(
            "NewDomainsTags",
            [a for a in of("sagemaker") if a.endswith(":AddTags") and "create" in handlers],
            w.arn("sagemaker", "domain/*"),
            _both(
                w.tagged("aws:RequestTag"),
                {"StringEquals": {"sagemaker:TaggingAction": "CreateDomain"}},
            ),
        ),
        _allow(
            "OwnDomain",
            [
                a
                for a in of("sagemaker", read=False)
                if a.endswith(("DeleteDomain", "UpdateDomain", "Tags"))
            ],
            w.arn("sagemaker", "domain/*"),
            w.tagged(),
        ),
        _account_reads(),
        _allow("NetworksAreListedTogether", of("ec2", read=True), ALL),
        # Changed by the workshop's own stacks alone. A tag would not do: the handlers do not say
        # whether they set it with the creation, or after what else they change.
        _allow(
            "AwsMakesUpNetworkIds",
            [a for a in of("ec2", read=False) if _INTERFACE not in a],
            ALL,
            _VIA_STACKS,
        ),
        # SageMaker makes them for notebook instances, without tags, and with the caller's rights.
        _allow(
            "InterfacesOfNotebooks",
            [a for a in of("ec2", read=False) if _INTERFACE in a],
            [
                w.arn("ec2", f"{kind}/*")
                for kind in ("network-interface", "security-group", "subnet")
            ],
        ),
        _allow("Roles", of("iam"), [w.iam("role"), w.iam("policy")]),
        _allow(
            "RolesForSageMakerAndLambda",
            ["iam:PassRole"],
            w.iam("role"),
            {
                "StringEquals": {
                    "iam:PassedToService": ["lambda.amazonaws.com", "sagemaker.amazonaws.com"]
                }
            },
        ),
        _allow(
            "SageMakersOwnRole",
            ["iam:CreateServiceLinkedRole"],
            ALL,
            {"StringEquals": {"iam:AWSServiceName": "sagemaker.amazonaws.com"}},
        ),
        _allow(
            "HandlersOfTheFunction",
            by_verb(of("lambda")),
            w.arn("lambda", f"function:{w.workshop}-*"),
        ),
        _allow(
            "HandlersOfTheLog",
            by_verb(of("logs", read=False)),
            w.arn("logs", f"log-group:/aws/lambda/{w.workshop}-*"),
        ),
        _allow("LogsAreListedTogether", by_verb(of("logs", read=True)), ALL),
        _allow("HandlersOfTheBucket", by_verb(buckets), w.bucket(f"{w.workshop}-*")),
    ]


def _open(w: Writer) -> list[Statement]:
    return [
        _account_reads(),
        _allow(
            "Workspaces",
            [
                *("sagemaker:CreateApp", "sagemaker:DeleteApp"),
                *("sagemaker:CreatePresignedDomainUrl", "sagemaker:StartNotebookInstance"),
                "sagemaker:CreatePresignedNotebookInstanceUrl",
            ],
            w.own(),
        ),
    ]


def _run(w: Writer) -> list[Statement]:
    made = [
        *("Endpoint", "EndpointConfig", "Model", "ProcessingJob", "TrainingJob", "TransformJob"),
    ]
    ended = ["DeleteEndpoint", "DeleteEndpointConfig", "DeleteModel", "InvokeEndpoint"]
    return [
        _allow("AsWhom", ["sts:GetCallerIdentity"], ALL),
        _account_reads(),
        _allow(
            "WhatLabsMake",
            [f"sagemaker:{action}" for action in (*(f"Create{kind}" for kind in made), *ended)]
            + ["sagemaker:AddTags"],
            w.own(),
        ),
        _allow(
            "JobsRunAsAttendees",
            ["iam:PassRole"],
            w.iam("role"),
            {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
        ),
        _allow("LabFiles", ["s3:ListBucket"], w.bucket(f"{w.workshop}-*")),
        _allow("LabObjects", ["s3:GetObject", "s3:PutObject"], _own_objects(w)),
        _allow(
            "GroupsOfJobsAreShared",
            ["logs:DescribeLogStreams", "logs:GetLogEvents"],
            w.arn("logs", "log-group:/aws/sagemaker/*"),
        ),
    ]


def _own_objects(w: Writer) -> str:
    return w.bucket(f"{w.workshop}-*", "*")


def _looking(w: Writer) -> list[Statement]:
    """What every look at everything takes, with prices and what things run on."""
    return [
        *_who_and_what(),
        _account_reads(),
        _allow("ListedTogetherElsewhere", ["tag:GetResources", *iam_actions.sweep_reads()], ALL),
        # Deployments of the past, for regions that left the YAML.
        _allow("PastStacks", ["cloudformation:ListStacks"], ALL),
        _allow("BucketListing", ["s3:ListBucket"], w.bucket(f"{w.workshop}-*")),
    ]


def _status(w: Writer) -> list[Statement]:
    return [*_looking(w), _allow("Boots", ["s3:GetObject"], _own_objects(w))]


def _collect(w: Writer) -> list[Statement]:
    return [
        *_who_and_what(),
        _account_reads(),
        _allow("CollectedWork", ["s3:ListBucket"], w.bucket(f"{w.workshop}-*")),
        _allow("Archives", ["s3:GetObject"], _own_objects(w)),
    ]


def _cleanup(w: Writer) -> list[Statement]:
    owner = w.arn("sagemaker", f"user-profile/*/{w.workshop}-*")
    sagemaker = by_verb(iam_actions.sweep_changes(sagemaker=True))
    elsewhere = iam_actions.sweep_changes(sagemaker=False)
    scaling = [a for a in elsewhere if a.startswith("application-autoscaling:")]
    return [
        *_looking(w),
        _allow("OursByName", sagemaker, w.own()),
        _allow("OursByTag", sagemaker, ALL, w.tagged()),
        _allow(
            "OursByOwner",
            ["sagemaker:DeleteApp", "sagemaker:DeleteSpace"],
            [w.arn("sagemaker", "app/*"), w.arn("sagemaker", "space/*")],
            {"ArnLike": {"sagemaker:OwnerUserProfileArn": owner}},
        ),
        _allow("ElsewhereByTag", [a for a in elsewhere if a not in scaling], ALL, w.tagged()),
        _allow("ScalingTargetsSayNothing", scaling, ALL),
        _allow("Claims", iam_actions.sweep_claims(), *_left_by_studio(w)),
        _allow("AuditLog", ["s3:PutObject"], _own_objects(w)),
    ]


def _left_by_studio(w: Writer) -> tuple[list[str], dict[str, Any]]:
    """What a domain leaves behind, and the condition that Studio's own tag is on it; what is
    claimed gets the workshop's (see stacks.sweeper_policies)."""
    domains = {"StringLike": {f"aws:ResourceTag/{MANAGED_BY}": w.arn("sagemaker", "domain/*")}}
    left = [w.arn("ec2", "security-group/*"), w.arn("elasticfilesystem", "file-system/*")]
    return left, _both(w.tagged("aws:RequestTag"), domains)


def _destroy(w: Writer) -> list[Statement]:
    own, sdk = w.bucket(f"{w.workshop}-*"), w.bucket(names.sdk_bucket("*", "*"))
    objects = [
        _own_objects(w),
        w.bucket(names.sdk_bucket("*", "*"), f"{w.workshop}-*"),
        _assets(w, f"{names.assets_prefix(w.workshop)}*"),
    ]
    return [
        *_cleanup(w),
        *(
            s
            for s in _deploy(w)
            if s["Sid"] in ("Stacks", "Imports", "BootstrapRule", "AssetsBucket", "Sweeps")
        ),
        *(s for s in _handlers(w, "read", "update", "delete") if "OwnRole" not in s["Sid"]),
        _allow("BucketsOwner", ["s3:GetBucketTagging"], own),
        _allow(
            "BucketContents",
            ["s3:ListBucket", "s3:ListBucketMultipartUploads", "s3:ListBucketVersions"],
            [own, sdk, _assets(w)],
        ),
        _allow(
            "BucketObjects",
            [
                *("s3:AbortMultipartUpload", "s3:DeleteObject", "s3:DeleteObjectVersion"),
                *("s3:GetObject", "s3:PutObject"),
            ],
            objects,
        ),
        _allow(
            "GroupsOfJobsAreShared",
            ["logs:DescribeLogStreams"],
            w.arn("logs", "log-group:/aws/sagemaker/*"),
        ),
        _allow(
            "LogsOfJobs",
            ["logs:DeleteLogStream"],
            [
                w.arn("logs", f"log-group:/aws/sagemaker/*:log-stream:{w.workshop}-*"),
                w.arn("logs", f"log-group:/aws/sagemaker/studio:log-stream:*/{w.workshop}-*"),
                _endpoint_logs(w),
            ],
        ),
        # The only groups that are one attendee's alone.
        _allow("LogsOfEndpoints", ["logs:DeleteLogGroup"], _endpoint_logs(w)),
        _allow("LogGroupsOfJobs", ["logs:DescribeLogGroups"], ALL),
    ]


def _endpoint_logs(w: Writer) -> str:
    return w.arn("logs", f"log-group:/aws/sagemaker/Endpoints/{w.workshop}-*")


# What each command needs, by the workshop's writer.
STATEMENTS: dict[str, Callable[[Writer], list[Statement]]] = {
    "check": _check,
    "check --request": lambda w: [*_check(w), *_request(w)],
    "cleanup": _cleanup,
    "collect": _collect,
    "cost --refresh": _cost,
    "deploy": _deploy,
    "destroy": _destroy,
    "open": _open,
    "run": _run,
    "status": _status,
}
# The canary runs these, for a workshop of its own.
OF_THE_CANARY = ("check", "deploy", "open", "run", "status", "cleanup", "destroy")
