"""The IAM statements that an instructor needs for each command, as few as the services allow.

Resources are limited to the workshop's names or tags wherever AWS can tell. Where a statement
has `*`, its Sid says why: lists take no resource; quotas, prices and bills are the account's;
ids of networks are made up by AWS.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cleanup.kinds.elsewhere import MANAGED_BY
from workshop import names
from workshop.cli import iam_actions, iam_guard, iam_labs
from workshop.cli.iam_actions import by_verb
from workshop.cli.iam_guard import ledgers
from workshop.cli.iam_handlers import handler_statements
from workshop.cli.iam_writer import ALL, Statement, Writer, account_reads, allow, both


def _who_and_what() -> list[Statement]:
    return [
        allow("AsWhom", ["sts:GetCallerIdentity"], ALL),
        allow("ListedTogether", ["cloudformation:DescribeStacks"], ALL),
    ]


def _prices() -> Statement:
    return allow("PricesTakeNoResource", ["pricing:GetProducts"], ALL)


def _check(w: Writer) -> list[Statement]:
    return [
        *_who_and_what(),
        account_reads(),
        _prices(),
        allow(
            "QuotasTakeNoResource",
            [
                "servicequotas:GetServiceQuota",
                "servicequotas:ListRequestedServiceQuotaChangeHistory",
                "servicequotas:ListServiceQuotas",
            ],
            ALL,
        ),
        allow(
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
        allow(
            "Function",
            ["lambda:GetFunctionConfiguration"],
            w.arn("lambda", f"function:{w.workshop}-*"),
        ),
        allow("Bootstrap", ["ssm:GetParameter"], w.arn("ssm", "parameter/cdk-bootstrap/*")),
        allow("Buckets", ["s3:ListBucket"], [w.bucket(f"{w.workshop}-*"), _assets(w)]),
        allow("BucketTags", ["s3:GetBucketTagging"], w.bucket(f"{w.workshop}-*")),
    ]


def _request(_w: Writer) -> list[Statement]:
    return [
        allow("QuotasAreTheAccounts", ["servicequotas:RequestServiceQuotaIncrease"], ALL),
        # The first request of an account makes it (Service Quotas user guide, "Using
        # service-linked roles").
        allow(
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
        allow(
            "Stacks",
            [
                *("cloudformation:CreateStack", "cloudformation:UpdateStack"),
                *("cloudformation:ContinueUpdateRollback", "cloudformation:DeleteStack"),
                *("cloudformation:GetTemplate", "cloudformation:DescribeStackEvents"),
                *("cloudformation:DescribeStackResources", "cloudformation:TagResource"),
            ],
            w.arn("cloudformation", f"stack/{w.workshop}-*"),
        ),
        allow("Imports", ["cloudformation:ListImports"], ALL),
        # The templates' rule on the version of the bootstrap, a parameter of SSM's.
        allow("BootstrapRule", ["ssm:GetParameters"], w.arn("ssm", "parameter/cdk-bootstrap/*")),
        allow("AssetsBucket", ["s3:ListBucket"], _assets(w)),
        allow(
            "Assets",
            ["s3:GetObject", "s3:PutObject"],
            _assets(w, f"{names.assets_prefix(w.workshop)}*"),
        ),
        allow("Sweeps", ["lambda:InvokeFunction"], w.arn("lambda", f"function:{w.workshop}-*")),
        *handler_statements(w, "create", "read", "update", "delete"),
    ]


def _open(w: Writer) -> list[Statement]:
    return [
        account_reads(),
        allow(
            "Workspaces",
            [
                *("sagemaker:CreateApp", "sagemaker:DeleteApp"),
                *("sagemaker:CreatePresignedDomainUrl", "sagemaker:StartNotebookInstance"),
                "sagemaker:CreatePresignedNotebookInstanceUrl",
            ],
            w.own(),
        ),
    ]


def _own_objects(w: Writer) -> str:
    return w.bucket(f"{w.workshop}-*", "*")


def _looking(w: Writer) -> list[Statement]:
    """What every look at everything takes, with prices and what things run on."""
    return [
        *_who_and_what(),
        account_reads(),
        allow("ListedTogetherElsewhere", ["tag:GetResources", *iam_actions.sweep_reads()], ALL),
        # Deployments of the past, for regions that left the YAML.
        allow("PastStacks", ["cloudformation:ListStacks"], ALL),
        allow("BucketListing", ["s3:ListBucket"], w.bucket(f"{w.workshop}-*")),
        allow("Ledgers", ["dynamodb:Query"], ledgers(w)),
    ]


def _status(w: Writer) -> list[Statement]:
    return [*_looking(w), allow("Boots", ["s3:GetObject"], _own_objects(w))]


def _collect(w: Writer) -> list[Statement]:
    return [
        *_who_and_what(),
        account_reads(),
        allow("CollectedWork", ["s3:ListBucket"], w.bucket(f"{w.workshop}-*")),
        allow("Archives", ["s3:GetObject"], _own_objects(w)),
    ]


def _cleanup(w: Writer) -> list[Statement]:
    owner = w.arn("sagemaker", f"user-profile/*/{w.workshop}-*")
    sagemaker = by_verb(iam_actions.sweep_changes(sagemaker=True))
    elsewhere = iam_actions.sweep_changes(sagemaker=False)
    scaling = [a for a in elsewhere if a.startswith("application-autoscaling:")]
    return [
        *_looking(w),
        allow("OursByName", sagemaker, w.own()),
        allow("OursByTag", sagemaker, ALL, w.tagged()),
        allow(
            "OursByOwner",
            ["sagemaker:DeleteApp", "sagemaker:DeleteSpace"],
            [w.arn("sagemaker", "app/*"), w.arn("sagemaker", "space/*")],
            {"ArnLike": {"sagemaker:OwnerUserProfileArn": owner}},
        ),
        allow("ElsewhereByTag", [a for a in elsewhere if a not in scaling], ALL, w.tagged()),
        allow("ScalingTargetsSayNothing", scaling, ALL),
        allow("Claims", iam_actions.sweep_claims(), *_left_by_studio(w)),
        allow("AuditLog", ["s3:PutObject"], _own_objects(w)),
    ]


def _left_by_studio(w: Writer) -> tuple[list[str], dict[str, Any]]:
    """What a domain leaves behind, and the condition that Studio's own tag is on it; what is
    claimed gets the workshop's (see stacks.sweeper_policies)."""
    domains = {"StringLike": {f"aws:ResourceTag/{MANAGED_BY}": w.arn("sagemaker", "domain/*")}}
    left = [w.arn("ec2", "security-group/*"), w.arn("elasticfilesystem", "file-system/*")]
    return left, both(w.tagged("aws:RequestTag"), domains)


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
        *(
            s
            for s in handler_statements(w, "read", "update", "delete")
            if "OwnRole" not in s["Sid"]
        ),
        allow("BucketsOwner", ["s3:GetBucketTagging"], own),
        allow(
            "BucketContents",
            ["s3:ListBucket", "s3:ListBucketMultipartUploads", "s3:ListBucketVersions"],
            [own, sdk, _assets(w)],
        ),
        allow(
            "BucketObjects",
            [
                *("s3:AbortMultipartUpload", "s3:DeleteObject", "s3:DeleteObjectVersion"),
                *("s3:GetObject", "s3:PutObject"),
            ],
            objects,
        ),
        allow(
            "GroupsOfJobsAreShared",
            ["logs:DescribeLogStreams"],
            w.arn("logs", "log-group:/aws/sagemaker/*"),
        ),
        allow(
            "LogsOfJobs",
            ["logs:DeleteLogStream"],
            [
                w.arn("logs", f"log-group:/aws/sagemaker/*:log-stream:{w.workshop}-*"),
                w.arn("logs", f"log-group:/aws/sagemaker/studio:log-stream:*/{w.workshop}-*"),
                _endpoint_logs(w),
            ],
        ),
        # The only groups that are one attendee's alone.
        allow("LogsOfEndpoints", ["logs:DeleteLogGroup"], _endpoint_logs(w)),
        allow("LogGroupsOfJobs", ["logs:DescribeLogGroups"], ALL),
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
    "extend": iam_guard.extend,
    "guard": lambda w: iam_guard.guard(w, _cleanup(w)),
    "open": _open,
    "run": iam_labs.run,
    "status": _status,
}
# The canary runs these, for a workshop of its own.
OF_THE_CANARY = ("check", "deploy", "open", "run", "status", "cleanup", "destroy")
