"""The stack with one attendee's environment."""

from __future__ import annotations

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct, IConstruct

from stacks import build_policies, places, policies, tokens
from stacks.acknowledge import acknowledge, wildcard
from stacks.builds import ImageBuilds
from stacks.domain import jupyter_lab_settings
from stacks.sweeper import add_sweep
from workshop import names, volumes
from workshop.model import Attendee, Workshop

# CreateTrainingJob's own maximum: 28 days.
MAX_RUNTIME_SECONDS = 28 * 24 * 3600

# The word for the domain's id, filled in with the policy.
_DOMAIN = "${Domain}"


class AttendeeStack(cdk.Stack):
    """A role of their own, and a user profile with a private space or a notebook instance;
    where a lab builds container images, what builds theirs; and what sweeps after the attendee
    when the stack is deleted.

    It carries no assets and refers to the shared stack by names alone, but for the id of
    the domain. `lifecycle_arn` is attached to the profile where the domain is not ours.

    What an existing domain does not give, since it is never changed: idle shutdown after the
    YAML's minutes, size limits of volumes, hidden instance types, and the profile's name in
    CloudTrail are as its owner has set them. Idle settings of a user profile would override
    its domain's (SageMaker guide, "Idle shutdown"), and of a space exist too; but of neither
    does CloudFormation's own schema have the property (cfn-lint 1.58: JupyterLabAppSettings
    and SpaceJupyterLabAppSettings without AppLifecycleManagement), although its reference does.
    """

    def __init__(
        self,
        scope: Construct,
        *,
        workshop: Workshop,
        attendee: Attendee,
        synthesizer: cdk.IStackSynthesizer,
        lifecycle_arn: str | None = None,
    ) -> None:
        name = names.attendee_stack_name(workshop.name, attendee.id)
        super().__init__(
            scope,
            f"{name}-{attendee.region}",
            stack_name=name,
            env=cdk.Environment(region=attendee.region),
            synthesizer=synthesizer,
            suppress_template_indentation=True,
            description=names.attendee_stack_description(workshop.name, attendee.id),
        )
        cdk.Tags.of(self).add(names.TAG_ATTENDEE, attendee.id)
        domain = domain_reference(workshop, attendee.region)
        role = AttendeeRole(
            self,
            "Access",
            workshop=workshop,
            attendee=attendee,
            domain=domain,
        )
        environment: Construct
        if attendee.environment == "studio":
            environment = StudioEnvironment(
                self,
                "Studio",
                workshop=workshop,
                attendee=attendee,
                domain=domain,
                role_arn=role.arn,
                lifecycle_arn=lifecycle_arn,
            )
        else:
            environment = NotebookEnvironment(
                self, "Notebook", workshop=workshop, attendee=attendee, role_arn=role.arn
            )
        first: list[IConstruct] = [environment, role]
        if workshop.builds_images:
            first.append(
                ImageBuilds(self, "ImageBuilds", subject=policy_subject(workshop, attendee))
            )
        # Deleted first: a space cannot go while an app of it runs.
        add_sweep(
            self,
            "Sweep",
            workshop=workshop.name,
            region=attendee.region,
            what="attendee",
            attendee=attendee.id,
            before=first,
        )
        cdk.CfnOutput(self, "RoleArn", value=role.arn)


class AttendeeRole(Construct):
    """What the attendee's environment and their jobs run as, under the boundary."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        workshop: Workshop,
        attendee: Attendee,
        domain: str,
    ) -> None:
        super().__init__(scope, id)
        subject = policy_subject(workshop, attendee)
        document = policies.attendee_document(subject)
        granted = [tokens.filled(places.common_policy_arn(workshop.name, attendee.region))]
        if workshop.builds_images:
            granted.append(self._add_builds(subject))
        role = iam.CfnRole(
            self,
            "Role",
            role_name=subject.name,
            description=f"Workshop {workshop.name}: {attendee.id}",
            assume_role_policy_document=tokens.filled(policies.trust()),
            permissions_boundary=tokens.filled(places.boundary_arn(workshop.name, attendee.region)),
            managed_policy_arns=granted,
            policies=[
                iam.CfnRole.PolicyProperty(
                    policy_name="attendee",
                    policy_document=tokens.filled(document, domain),
                )
            ],
        )
        if workshop.builds_images:
            cdk.Tags.of(role).add(names.TAG_BUILDS_IMAGES, "true")
        self.arn = role.attr_arn
        domain_word = workshop.domains.get(attendee.region, places.domain_export(workshop.name))
        _acknowledge_own(role, subject, document, domain_word)

    def _add_builds(self, subject: policies.Subject) -> str:
        """The ARN of a policy of its own: both would pass the limit of what a role has inline."""
        document = build_policies.attendee_document(subject)
        policy = iam.CfnManagedPolicy(
            self,
            "Builds",
            managed_policy_name=names.build_name(subject.workshop, subject.attendee),
            description=f"Workshop {subject.workshop}: container images of {subject.attendee}",
            policy_document=tokens.filled(document),
        )
        _acknowledge_own(policy, subject, document)
        return policy.attr_policy_arn


class StudioEnvironment(Construct):
    """A user profile and the one private space it owns."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        workshop: Workshop,
        attendee: Attendee,
        domain: str,
        role_arn: str,
        lifecycle_arn: str | None,
    ) -> None:
        super().__init__(scope, id)
        name = names.environment_name(workshop.name, attendee.id)
        own_settings: dict[str, Any] = {}
        if lifecycle_arn is not None:
            own_settings["jupyter_lab_app_settings"] = jupyter_lab_settings(
                workshop, tokens.filled(lifecycle_arn)
            )
        profile = sagemaker.CfnUserProfile(
            self,
            "Profile",
            domain_id=domain,
            user_profile_name=name,
            user_settings=sagemaker.CfnUserProfile.UserSettingsProperty(
                execution_role=role_arn, **own_settings
            ),
        )
        space = sagemaker.CfnSpace(
            self,
            "Space",
            domain_id=domain,
            space_name=name,
            ownership_settings={"ownerUserProfileName": name},
            space_sharing_settings={"sharingType": "Private"},
            space_settings={
                "appType": "JupyterLab",
                "remoteAccess": "DISABLED",
                "jupyterLabAppSettings": {
                    "defaultResourceSpec": {"instanceType": workshop.instances.workspace}
                },
                "spaceStorageSettings": {
                    "ebsStorageSettings": {"ebsVolumeSizeInGb": volumes.SPACE_GB}
                },
            },
        )
        space.add_resource_dependency(profile)


class NotebookEnvironment(Construct):
    """A notebook instance without root, on the newest platform."""

    def __init__(
        self, scope: Construct, id: str, *, workshop: Workshop, attendee: Attendee, role_arn: str
    ) -> None:
        super().__init__(scope, id)
        instance = sagemaker.CfnNotebookInstance(
            self,
            "Instance",
            notebook_instance_name=names.environment_name(workshop.name, attendee.id),
            instance_type=workshop.instances.workspace,
            role_arn=role_arn,
            platform_identifier="notebook-al2023-v1",
            instance_metadata_service_configuration={"minimumInstanceMetadataServiceVersion": "2"},
            root_access="Disabled",
            direct_internet_access="Enabled",
            lifecycle_config_name=places.notebook_lifecycle_name(workshop.name),
            volume_size_in_gb=volumes.NOTEBOOK_GB,
        )
        acknowledge(
            instance,
            {
                "SM1": "No VPC: the data is public, and a NAT would bill by the hour",
                "SM2": "The service's own key: the volume lives for a workshop's days",
                "SM3": "Attendees install packages and fetch labs from the internet",
            },
        )


def _acknowledge_own(
    resource: IConstruct, subject: policies.Subject, document: policies.Document, domain: str = ""
) -> None:
    acknowledge(
        resource,
        {
            wildcard(found, domain): "It ends a prefix of the attendee's own"
            for found in policies.own_wildcards(subject, document)
        },
    )


def domain_reference(workshop: Workshop, region: str) -> str:
    """The domain's id: literal if it exists already, else the shared stack's export."""
    existing = workshop.domains.get(region)
    return existing or tokens.import_value(places.domain_export(workshop.name))


def policy_subject(workshop: Workshop, attendee: Attendee) -> policies.Subject:
    """What the attendee's policy is made from."""
    length = int((workshop.ends - workshop.starts).total_seconds())
    return policies.Subject(
        workshop=workshop.name,
        attendee=attendee.id,
        region=attendee.region,
        environment=attendee.environment,
        instances=workshop.instances,
        bucket=names.bucket_name(workshop.name, places.ACCOUNT, attendee.region),
        domain=_DOMAIN,
        # No job outlives the workshop by being asked for at its end for longer than it lasted.
        max_runtime_seconds=min(length, MAX_RUNTIME_SECONDS),
    )
