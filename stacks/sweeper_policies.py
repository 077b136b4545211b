"""What the function may do that sweeps before a stack is deleted, read off the table of kinds."""

from __future__ import annotations

from cleanup.kinds.elsewhere import MANAGED_BY
from stacks import kind_statements, policies
from stacks.kind_statements import allow, arn, bucket_arn, changes
from workshop import names


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
            allow("Lists", kind_statements.reads(), "*"),
            allow("Tags", ["tag:GetResources"], "*"),
            *kind_statements.ours_by_name(workshop, region, changes("sagemaker")),
            *_elsewhere(workshop, region, vpc),
            *_files(workshop, region, bucket, assets),
            *_logs(workshop, region),
            allow("Stacks", ["cloudformation:ListStacks"], "*"),
            allow(
                "OwnStacks",
                ["cloudformation:DescribeStackResource", "cloudformation:DescribeStacks"],
                arn("cloudformation", region, f"stack/{workshop}-*"),
            ),
            kind_statements.go_on(region, names.sweep_function_name(workshop)),
        ]
    )


def tagged_document(workshop: str, region: str) -> policies.Document:
    """What it may do to SageMaker's things that bear the workshop's tag and any name.

    A document of its own, since both together pass the limit of what a role has inline.
    """
    return policies.document([kind_statements.ours_by_tag(workshop, region, changes("sagemaker"))])


def _elsewhere(workshop: str, region: str, vpc: str | None) -> list[policies.Statement]:
    tagged = kind_statements.tagged(workshop)
    claimed = {"StringEquals": {f"aws:RequestTag/{names.TAG_WORKSHOP}": workshop}}
    # Studio has set its tag on the home file system and on both NFS groups of a domain, with
    # the domain's ARN. Both operations know the tags of what they tag (aws:ResourceTag: service
    # authorization reference of EC2 and EFS).
    domains = arn("sagemaker", region, "domain/*")
    studios = {**claimed, "StringLike": {f"aws:ResourceTag/{MANAGED_BY}": domains}}
    ec2 = [action for action in changes("ec2") if action != "ec2:CreateTags"]
    files = [a for a in changes("efs") if a != "elasticfilesystem:TagResource"]
    groups = arn("ec2", region, "security-group/*")
    interfaces = arn("ec2", region, "network-interface/*")
    systems = arn("elasticfilesystem", region, "file-system/*")
    statements = [
        # A scalable target's ARN says nothing of the endpoint.
        allow(
            "Scaling",
            changes("application-autoscaling"),
            "*",
            {"StringEquals": {"application-autoscaling:service-namespace": "sagemaker"}},
        ),
        allow("Images", changes("ecr"), arn("ecr", region, f"repository/{workshop}-*")),
        allow("TaggedImages", changes("ecr"), arn("ecr", region, "repository/*"), tagged),
        allow("Claim", ["ec2:CreateTags"], groups, studios),
        allow("ClaimFiles", ["elasticfilesystem:TagResource"], systems, studios),
        allow("Homes", files, systems, tagged),
        allow("Network", ec2, [groups, interfaces], tagged),
    ]
    if vpc is not None:
        within = {"ArnEquals": {"ec2:Vpc": arn("ec2", region, f"vpc/{vpc}")}}
        statements += [
            allow("OwnNetwork", ec2, [groups, interfaces], within),
            allow("ClaimOwn", ["ec2:CreateTags"], groups, {**claimed, **within}),
        ]
    return statements


def _files(workshop: str, region: str, bucket: str, assets: str) -> list[policies.Statement]:
    shared = names.sdk_bucket(policies.ACCOUNT, region)
    uploads, versions = "s3:ListBucketMultipartUploads", "s3:ListBucketVersions"
    removal = ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:DeleteObjectVersion"]
    ours = {shared: f"{workshop}-", assets: names.assets_prefix(workshop)}
    return [
        allow("OwnBucket", ["s3:GetBucketTagging", uploads, versions], bucket_arn(bucket)),
        allow(
            "SharedBuckets",
            [versions],
            [bucket_arn(name) for name in ours],
            {"StringLike": {"s3:prefix": [f"{prefix}*" for prefix in ours.values()]}},
        ),
        # No s3:prefix: the key is ListBucket's and ListBucketVersions's alone (service
        # authorization reference of S3), and what a request does not carry is never like
        # anything. It shows keys; aborting is bound to the prefixes.
        allow("SharedUploads", [uploads], [bucket_arn(name) for name in ours]),
        allow(
            "Objects",
            removal,
            [
                policies.objects_arn(bucket, ""),
                *(policies.objects_arn(name, prefix) for name, prefix in ours.items()),
            ],
        ),
    ]


def _logs(workshop: str, region: str) -> list[policies.Statement]:
    """Own log streams written, attendees' deleted."""
    sagemaker = "log-group:/aws/sagemaker/"
    return [
        kind_statements.own_log(region, names.sweep_function_name(workshop)),
        allow("LogGroups", ["logs:DescribeLogGroups"], arn("logs", region, "log-group:*")),
        allow("LogStreams", ["logs:DescribeLogStreams"], arn("logs", region, f"{sagemaker}*")),
        allow(
            "AttendeesLogs",
            ["logs:DeleteLogGroup", "logs:DeleteLogStream"],
            [
                arn("logs", region, f"{sagemaker}*:log-stream:{workshop}-*"),
                arn("logs", region, f"{sagemaker}studio:log-stream:*/{workshop}-*"),
                arn("logs", region, f"{sagemaker}Endpoints/{workshop}-*"),
            ],
        ),
    ]
