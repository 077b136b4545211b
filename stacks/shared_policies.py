"""What all attendees of a region may do alike, and the ceiling over each of their roles."""

from __future__ import annotations

from stacks import build_policies, policies, sweep_policies
from workshop import names

_TAGS = "tag:GetResources"

# Kinds without condition keys for run time or instance type cannot be capped, so nobody
# gets them; domains, profiles, spaces and notebook instances are the stacks' business.
_NEVER = (
    "CreateAutoMLJob*",
    "CreateCluster*",
    "CreateDomain",
    "CreateHub",
    "CreateInferenceRecommendationsJob",
    "CreateJob",
    "CreateLabelingJob",
    "CreateMlflow*",
    "CreateNotebookInstance*",
    "CreateOptimizationJob",
    "CreatePartnerApp*",
    "CreateSpace",
    "CreateTrainingPlan",
    "CreateUserProfile",
    "DeleteDomain",
    "DeleteSpace",
    "DeleteTags",
    "DeleteUserProfile",
    "StartSession",
    "UpdateDomain",
    "UpdateNotebookInstance*",
    "UpdateUserProfile",
)

# The verbs of what makes or starts something, Update apart.
_OPENING = ("Create", "Start", "Retry", "SendPipelineExecution", "Import", "Register", "BatchAdd")


def common_document(
    region: str, bucket: str, bundles: str, *, builds_images: bool = False
) -> policies.Document:
    """What all attendees of a region may do alike, as one managed policy.

    Lists and describes of what they share, the bundle their environments install from,
    AWS's algorithm images; and what no attendee may do. `bundles` is an ARN of keys,
    `builds_images` whether a lab has attendees build their own images.
    """
    arn = "arn:${AWS::Partition}:"
    # Studio shows spaces and user profiles; the rest is what attendees sweep.
    listed = {*sweep_policies.lists(), "ListSpaces", "ListUserProfiles"}
    return policies.document(
        [
            # Lists take no resource: names are seen, nothing else.
            policies.allow("Lists", [*listed], ["*"]),
            # Whose things are is said by their tags; this takes no resource either.
            {"Sid": "Tags", "Effect": "Allow", "Action": _TAGS, "Resource": "*"},
            {
                "Sid": "LocateBucket",
                "Effect": "Allow",
                "Action": "s3:GetBucketLocation",
                "Resource": f"{arn}s3:::{bucket}",
            },
            {"Sid": "Bundle", "Effect": "Allow", "Action": "s3:GetObject", "Resource": bundles},
            {
                # Stream names of all, contents of none; the SDK lists streams to follow a job.
                "Sid": "LogGroups",
                "Effect": "Allow",
                "Action": ["logs:CreateLogGroup", "logs:DescribeLogStreams"],
                "Resource": policies.log_groups(region),
            },
            {
                "Sid": "Metrics",
                "Effect": "Allow",
                "Action": "cloudwatch:PutMetricData",
                "Resource": "*",
                "Condition": {"StringLike": {"cloudwatch:namespace": "/aws/sagemaker/*"}},
            },
            {
                "Sid": "ImageToken",
                "Effect": "Allow",
                "Action": "ecr:GetAuthorizationToken",
                "Resource": "*",
            },
            {
                # AWS's algorithm images live in other accounts; none of this account's, but for
                # those that attendees may build.
                "Sid": "PullImages",
                "Effect": "Allow",
                "Action": [
                    "ecr:BatchCheckLayerAvailability",
                    "ecr:BatchGetImage",
                    "ecr:GetDownloadUrlForLayer",
                ],
                "Resource": policies.image_repositories(region),
                "Condition": {"StringNotEquals": {"aws:ResourceAccount": policies.ACCOUNT}},
            },
            *(build_policies.common_statements(region) if builds_images else ()),
            {
                "Sid": "NoSharedSpaces",
                "Effect": "Deny",
                "Action": ["sagemaker:CreateApp", "sagemaker:UpdateSpace"],
                "Resource": "*",
                "Condition": {"StringEquals": {"sagemaker:SpaceSharingType": "Shared"}},
            },
            {
                "Sid": "NoRemoteAccess",
                "Effect": "Deny",
                "Action": "sagemaker:UpdateSpace",
                "Resource": "*",
                "Condition": {"StringEquals": {"sagemaker:RemoteAccess": "ENABLED"}},
            },
        ]
    )


def boundary_document(
    workshop: str, region: str, bucket: str, bundles: str, *, builds_images: bool = False
) -> policies.Document:
    """The ceiling over every attendee's role: this workshop's things in this region.

    Whatever is attached to a role by mistake, nothing beyond this works. With `builds_images` it
    also stands over what attendees' builds run as.
    """
    arn = "arn:${AWS::Partition}:"
    return policies.document(
        [
            {
                "Sid": "WorkshopThings",
                "Effect": "Allow",
                "Action": "sagemaker:*",
                "Resource": [
                    policies.sagemaker_arn(region, "*", f"{workshop}-*"),
                    *(
                        policies.sagemaker_arn(region, kind, f"*/{workshop}-*")
                        for kind in ("app", "space", "user-profile")
                    ),
                    policies.sagemaker_arn(region, "domain", "*"),
                ],
            },
            {
                "Sid": "Lists",
                "Effect": "Allow",
                "Action": ["sagemaker:List*", _TAGS],
                "Resource": "*",
            },
            {
                "Sid": "Objects",
                "Effect": "Allow",
                "Action": ["s3:*Object", "s3:*Multipart*", "s3:ListBucket", "s3:GetBucketLocation"],
                "Resource": [
                    f"{arn}s3:::{bucket}",
                    policies.objects_arn(bucket, names.bucket_prefix("*")),
                    bundles,
                ],
            },
            {
                "Sid": "Logs",
                "Effect": "Allow",
                "Action": "logs:*",
                "Resource": policies.log_groups(region),
            },
            {
                "Sid": "MetricsAndImages",
                "Effect": "Allow",
                "Action": [
                    "cloudwatch:PutMetricData",
                    "ecr:BatchCheckLayerAvailability",
                    "ecr:BatchGetImage",
                    "ecr:GetAuthorizationToken",
                    "ecr:GetDownloadUrlForLayer",
                ],
                "Resource": "*",
            },
            {
                "Sid": "Roles",
                "Effect": "Allow",
                "Action": ["iam:GetRole", "iam:PassRole"],
                "Resource": policies.workshop_roles(workshop),
                "Condition": {"StringEqualsIfExists": {"iam:PassedToService": policies.SERVICE}},
            },
            {
                "Sid": "Never",
                "Effect": "Deny",
                "Action": [f"sagemaker:{action}" for action in _NEVER],
                "Resource": "*",
            },
            *(build_policies.ceiling_statements(workshop, region, bucket) if builds_images else ()),
            *_shut_doors(region, builds_images=builds_images),
        ]
    )


def _shut_doors(region: str, *, builds_images: bool) -> list[policies.Statement]:
    """What is forbidden to whoever's role the guard has tagged: the same as when the doors of
    all are closed. A role's tags are its sessions' (aws:PrincipalTag, IAM user guide)."""
    tagged = {"StringEquals": {f"aws:PrincipalTag/{names.TAG_STOPPED}": "true"}}
    return [
        {**statement, "Sid": f"Stopped{number}", "Condition": tagged}
        for number, statement in enumerate(
            closed_doors(region, builds_images=builds_images), start=1
        )
    ]


def closed_doors(region: str, *, builds_images: bool = False) -> list[policies.Statement]:
    """What the boundary forbids as well while a workshop is being destroyed.

    Nothing new is made, started or signed into, so that a sweep comes to an end: Create* has
    the presigned URLs too. Stopping, deleting, invoking what is there, and saving work stay.
    Training jobs may be updated, since that is how an attendee's own sweep ends a warm pool.
    """
    return [
        {
            "Sid": "DoorsClosed",
            "Effect": "Deny",
            "Action": [f"sagemaker:{verb}*" for verb in _OPENING],
            "Resource": "*",
        },
        {
            "Sid": "NoChanges",
            "Effect": "Deny",
            "Action": "sagemaker:Update*",
            "NotResource": policies.sagemaker_arn(region, "training-job", "*"),
        },
        *(build_policies.closed_doors() if builds_images else ()),
    ]
