"""Where an attendee's container images are built: a CodeBuild project with a role of its own."""

from __future__ import annotations

from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from constructs import Construct

from stacks import build_policies, places, policies, tokens
from stacks.acknowledge import acknowledge, wildcard
from stacks.function import LOG_DAYS
from workshop import names

# The newest of Amazon Linux for x86_64, which SageMaker's instances are too (CodeBuild user
# guide, "EC2 compute images"). Its caches make builds start sooner than a patch version's would.
IMAGE = "aws/codebuild/amazonlinux-x86_64-standard:6.0"
BUILD_MINUTES = 15
# A class shares its account's quota of builds that run at once, which can be small ("Quotas for
# AWS CodeBuild", same guide); those that are queued for it wait, which costs nothing.
QUEUED_MINUTES = 120
# Another build of the same attendee is then refused and not queued ("Builds in AWS CodeBuild").
BUILDS_AT_ONCE = 1


class ImageBuilds(Construct):
    """The project, the role its builds run as under the attendees' boundary, and their log.

    A build takes its source from the attendee's prefix of the workshop's bucket, and its
    commands from the source's buildspec.yml. All of it goes with the stack; the images that
    were built do not, and are swept before.
    """

    def __init__(self, scope: Construct, id: str, *, subject: policies.Subject) -> None:
        super().__init__(scope, id)
        name = names.build_name(subject.workshop, subject.attendee)
        role = self._add_role(subject, name)
        group = logs.CfnLogGroup(
            self,
            "Log",
            log_group_name=build_policies.log_group(name),
            retention_in_days=LOG_DAYS,
        )
        properties = codebuild.CfnProject
        project = properties(
            self,
            "Project",
            name=name,
            description=f"Workshop {subject.workshop}: container images of {subject.attendee}",
            service_role=role.attr_arn,
            source=properties.SourceProperty(
                type="S3",
                location=tokens.filled(
                    f"{subject.bucket}/{names.build_source_key(subject.attendee)}"
                ),
            ),
            artifacts=properties.ArtifactsProperty(type="NO_ARTIFACTS"),
            environment=properties.EnvironmentProperty(
                type="LINUX_CONTAINER",
                image=IMAGE,
                compute_type="BUILD_GENERAL1_SMALL",
                # Docker's daemon does not run in a container without it.
                privileged_mode=True,
            ),
            timeout_in_minutes=BUILD_MINUTES,
            queued_timeout_in_minutes=QUEUED_MINUTES,
            concurrent_build_limit=BUILDS_AT_ONCE,
            logs_config=properties.LogsConfigProperty(
                cloud_watch_logs=properties.CloudWatchLogsConfigProperty(
                    status="ENABLED", group_name=group.ref
                )
            ),
        )
        acknowledge(
            project,
            {
                "CB3": "Building container images needs Docker's daemon; AWS gives every build a "
                "machine of its own",
                "CB4": "A build has no artifacts that a key would encrypt",
            },
        )

    def _add_role(self, subject: policies.Subject, name: str) -> iam.CfnRole:
        document = build_policies.service_document(subject)
        role = iam.CfnRole(
            self,
            "Role",
            role_name=name,
            description=f"Workshop {subject.workshop}: what {subject.attendee}'s builds run as",
            assume_role_policy_document=tokens.filled(build_policies.service_trust(subject)),
            permissions_boundary=tokens.filled(
                places.boundary_arn(subject.workshop, subject.region)
            ),
            policies=[
                iam.CfnRole.PolicyProperty(
                    policy_name="build", policy_document=tokens.filled(document)
                )
            ],
        )
        acknowledge(
            role,
            {
                "IAM5[Resource::*]": "A token for the registry takes no resource",
                **{
                    wildcard(resource): "It ends a prefix of the attendee's own"
                    for resource in policies.own_wildcards(subject, document)
                },
            },
        )
        return role
