"""The Studio domain that a region's attendees share, and its default role."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aws_cdk import aws_iam as iam
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from stacks import places, policies, tokens
from workshop import names, volumes
from workshop.model import Workshop

# Studio's own limit (AppLifecycleManagement): idle shutdown after 60 to 525,600 minutes.
IDLE_MIN_MINUTES = 60

# JupyterLab alone boots from our lifecycle configuration and is in the cost plan.
HIDDEN_APPS = (
    "Canvas",
    "CodeEditor",
    "DetailedProfiler",
    "JupyterServer",
    "RStudioServerPro",
    "TensorBoard",
)

# Tools that make what attendees are not granted; IAM enforces it, this spares the error.
HIDDEN_TOOLS = (
    "AutoMl",
    "DataWrangler",
    "EmrClusters",
    "FeatureStore",
    "HyperPodClusters",
    "InferenceOptimization",
    "InferenceRecommender",
    "JumpStart",
    "Projects",
)


class StudioDomain(Construct):
    """An IAM domain without EFS whose default user settings boot every JupyterLab app."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        workshop: Workshop,
        region: str,
        vpc_id: str,
        subnet_ids: Sequence[str],
        boundary_arn: str,
        lifecycle_arn: str,
    ) -> None:
        super().__init__(scope, id)
        role = iam.CfnRole(
            self,
            "Role",
            role_name=places.domain_role_name(workshop.name, region),
            description="Default role of the Studio domain; attendees have roles of their own",
            assume_role_policy_document=tokens.filled(policies.trust()),
            permissions_boundary=boundary_arn,
        )
        self.resource = sagemaker.CfnDomain(
            self,
            "Domain",
            domain_name=names.domain_name(workshop.name),
            auth_mode="IAM",
            app_network_access_type="PublicInternetOnly",
            vpc_id=vpc_id,
            subnet_ids=list(subnet_ids),
            home_efs_file_system_creation="Disabled",
            tag_propagation="ENABLED",
            domain_settings=sagemaker.CfnDomain.DomainSettingsProperty(
                execution_role_identity_config="USER_PROFILE_NAME"
            ),
            default_user_settings=sagemaker.CfnDomain.UserSettingsProperty(
                execution_role=role.attr_arn,
                auto_mount_home_efs="Disabled",
                studio_web_portal="ENABLED",
                default_landing_uri="studio::",
                jupyter_lab_app_settings={
                    **jupyter_lab_settings(workshop, lifecycle_arn),
                    **idle_settings(workshop),
                },
                space_storage_settings=space_storage_settings(),
                studio_web_portal_settings=sagemaker.CfnDomain.StudioWebPortalSettingsProperty(
                    hidden_app_types=list(HIDDEN_APPS),
                    hidden_ml_tools=list(HIDDEN_TOOLS),
                    hidden_instance_types=hidden_instance_types(workshop.instances.workspace),
                ),
            ),
        )


def jupyter_lab_settings(workshop: Workshop, lifecycle_arn: str) -> dict[str, Any]:
    """What a JupyterLab app starts with: its instance type and lifecycle configuration."""
    return {
        "defaultResourceSpec": {
            "instanceType": workshop.instances.workspace,
            "lifecycleConfigArn": lifecycle_arn,
        },
        "lifecycleConfigArns": [lifecycle_arn],
    }


def idle_settings(workshop: Workshop) -> dict[str, Any]:
    """Shut idle JupyterLab apps down; CloudFormation has this for domains alone."""
    minutes = max(workshop.idle.workspace_minutes, IDLE_MIN_MINUTES)
    return {
        "appLifecycleManagement": {
            "idleSettings": {
                "lifecycleManagement": "ENABLED",
                "idleTimeoutInMinutes": minutes,
                # Attendees may not stretch it: a forgotten app must stop by itself.
                "minIdleTimeoutInMinutes": IDLE_MIN_MINUTES,
                "maxIdleTimeoutInMinutes": minutes,
            }
        }
    }


def space_storage_settings() -> dict[str, Any]:
    """How large a space's volume is, and may become, in GiB."""
    return {
        "defaultEbsStorageSettings": {
            "defaultEbsVolumeSizeInGb": volumes.SPACE_GB,
            "maximumEbsVolumeSizeInGb": volumes.SPACE_MAX_GB,
        }
    }


def hidden_instance_types(workspace: str) -> list[str]:
    """Every type Studio's page would offer but the workspace's.

    The types are those CloudFormation's Domain schema allows, taken from botocore's enum
    for the same field; the few that only one of the two knows are left out.
    """
    from botocore.loaders import Loader

    model = Loader().load_service_model("sagemaker", "service-2")
    known: list[str] = model["shapes"]["AppInstanceType"]["enum"]
    young = ("ml.g7.",)  # in botocore 1.44.5, not yet in CloudFormation's Domain
    return sorted(
        name for name in known if name not in {workspace, "system"} and not name.startswith(young)
    )
