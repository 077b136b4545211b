"""What it takes to build container images: for an attendee, for their builds, and the ceiling.

CodeBuild builds and pushes; attendees start its builds and use the images. They can neither
make a project nor give it a role: both are their stack's. Documents are plain data, as in
stacks.policies, and only workshops with a module that builds images have any of this.

Actions, resource types and condition keys: Service Authorization Reference, "Actions,
resources, and condition keys for AWS CodeBuild" and "... for Amazon Elastic Container Registry".
"""

from __future__ import annotations

from stacks import policies
from stacks.kind_statements import allow, arn, bucket_arn
from stacks.policies import Statement, Subject
from workshop import names

SERVICE = "codebuild.amazonaws.com"

_PULL = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
# "Required IAM permissions for pushing an image" (ECR user guide).
_PUSH = [
    "ecr:CompleteLayerUpload",
    "ecr:InitiateLayerUpload",
    "ecr:PutImage",
    "ecr:UploadLayerPart",
]
_MAKE = ["ecr:CreateRepository", "ecr:TagResource"]
_KEEP = ["ecr:DeleteRepository", "ecr:DescribeImages", "ecr:DescribeRepositories"]
_SEE = ["codebuild:BatchGetBuilds", "codebuild:StopBuild"]
_START = "codebuild:StartBuild"
_SOURCE = ["s3:GetObject", "s3:GetObjectVersion"]
# CodeBuild looks for a source's bucket before its key.
_SOURCE_BUCKET = ["s3:GetBucketAcl", "s3:GetBucketLocation"]

# What StartBuild may not override, since it decides the price or whose rights a build has
# (CodeBuild user guide, "AWS CodeBuild condition keys": Null asks whether a request has it).
# There is no key for its timeout.
_NOT_OVERRIDDEN = (
    "autoRetryLimit",
    "environment.computeType",
    "environment.fleet.fleetArn",
    "environment.type",
    "serviceRole",
)


def project_arn(region: str, name: str) -> str:
    """The ARN of a build project in this account; a build is authorised by its project's."""
    return arn("codebuild", region, f"project/{name}")


def log_group(project: str) -> str:
    """The log group of a project's builds, named as CodeBuild itself would."""
    return f"/aws/codebuild/{project}"


def repositories(subject: Subject) -> str:
    """The ARN of the attendee's repositories."""
    prefix = names.attendee_prefix(subject.workshop, subject.attendee)
    return arn("ecr", subject.region, f"repository/{prefix}*")


def _log(subject: Subject) -> str:
    project = names.build_name(subject.workshop, subject.attendee)
    return arn("logs", subject.region, f"log-group:{log_group(project)}:*")


def attendee_document(subject: Subject) -> policies.Document:
    """What an attendee may do: build in the own project, keep images in own repositories.

    Repositories are made with the attendee's tags, so that a sweep knows whose they are.
    """
    project = project_arn(subject.region, names.build_name(subject.workshop, subject.attendee))
    own = repositories(subject)
    tagged = {
        f"aws:RequestTag/{key}": value
        for key, value in names.tags(subject.workshop, subject.attendee).items()
    }
    return policies.document(
        [
            # What of it a request may not change, the boundary says once for all.
            allow("Builds", [*_SEE, _START], project),
            allow("SeeBuildLogs", ["logs:GetLogEvents"], _log(subject)),
            allow("MakeRepositories", _MAKE, own, {"StringEquals": tagged}),
            allow("OwnImages", sorted([*_PULL, *_KEEP]), own),
        ]
    )


def service_trust(subject: Subject) -> policies.Document:
    """CodeBuild may take the role, for the attendee's project alone (CodeBuild user guide,
    "Cross-service confused deputy prevention")."""
    project = project_arn(subject.region, names.build_name(subject.workshop, subject.attendee))
    return policies.document(
        [
            {
                "Effect": "Allow",
                "Principal": {"Service": SERVICE},
                "Action": "sts:AssumeRole",
                "Condition": {
                    "StringEquals": {
                        "aws:SourceAccount": policies.ACCOUNT,
                        "aws:SourceArn": project,
                    }
                },
            }
        ]
    )


def service_document(subject: Subject) -> policies.Document:
    """What an attendee's builds may do: read their sources, write their log, push their images."""
    sources = policies.objects_arn(subject.bucket, names.build_prefix(subject.attendee))
    return policies.document(
        [
            allow("Sources", _SOURCE, sources),
            allow("SourceBucket", _SOURCE_BUCKET, bucket_arn(subject.bucket)),
            # Without CreateLogGroup: the group is the stack's, and must not come back after it.
            allow("OwnLog", ["logs:CreateLogStream", "logs:PutLogEvents"], _log(subject)),
            allow("ImageToken", ["ecr:GetAuthorizationToken"], "*"),
            allow("OwnImages", sorted([*_PULL, *_PUSH]), repositories(subject)),
        ]
    )


def common_statements(region: str) -> list[Statement]:
    """What all attendees may do alike: repositories are listed together, nothing else is seen."""
    return [allow("Repositories", ["ecr:DescribeRepositories"], arn("ecr", region, "repository/*"))]


def ceiling_statements(workshop: str, region: str, bucket: str) -> list[Statement]:
    """What the boundary allows over what it allows in every workshop, to attendees and builds."""
    projects = project_arn(region, names.build_name(workshop, "*"))
    as_they_are = {"Null": {f"codebuild:{key}": "true" for key in _NOT_OVERRIDDEN}}
    return [
        allow("Builds", _SEE, projects),
        allow("StartBuilds", [_START], projects, as_they_are),
        allow(
            "BuildLogs",
            ["logs:CreateLogStream", "logs:GetLogEvents", "logs:PutLogEvents"],
            arn("logs", region, f"log-group:{log_group(names.build_name(workshop, '*'))}:*"),
        ),
        allow(
            "Images",
            sorted([*_PUSH, *_MAKE, *_KEEP]),
            arn("ecr", region, f"repository/{workshop}-*"),
        ),
        *common_statements(region),
        # Reading objects is allowed already; the bucket's own settings are not.
        allow("SourceBucket", ["s3:GetBucketAcl"], bucket_arn(bucket)),
        allow(
            "SourceVersions",
            ["s3:GetObjectVersion"],
            policies.objects_arn(bucket, names.build_prefix("*")),
        ),
    ]


def closed_doors() -> list[Statement]:
    """What the boundary forbids as well while a workshop is being destroyed: builds, and images
    of builds that are still running."""
    return [
        {
            "Sid": "NoBuilds",
            "Effect": "Deny",
            "Action": [_START, "ecr:CreateRepository", "ecr:PutImage"],
            "Resource": "*",
        }
    ]
