"""Studio: domains and what lives in them."""

from __future__ import annotations

from cleanup.kind import Kind, Row, domain_field
from cleanup.kinds.states import states


def _app_path(row: Row) -> str:
    owner = row.get("SpaceName") or row.get("UserProfileName")
    return f"app/{row['DomainId']}/{owner}/{row['AppType']}/{row['AppName']}"


APP = Kind(
    name="app",
    list_op="list_apps",
    list_key="Apps",
    # Owned by a user profile or by a space; the absent owner is not sent.
    id_fields=("DomainId", "UserProfileName", "SpaceName", "AppType", "AppName"),
    name_field="AppName",
    arn_path=_app_path,
    status_field="Status",
    on_status=states(
        delete_app="InService Failed",
        wait="Pending Deleting",
        gone="Deleted",  # listed for about a day after it is gone
    ),
    bills="hour",
    bills_in={"Failed": ""},
    instance_field="ResourceSpec.InstanceType",
    workplace=True,
    domain_of=domain_field,
    owner_fields=("SpaceName", "UserProfileName"),
    within=(("space", "SpaceName"), ("user-profile", "UserProfileName"), ("domain", "DomainId")),
)

SPACE = Kind(
    name="space",
    list_op="list_spaces",
    list_key="Spaces",
    id_fields=("DomainId", "SpaceName"),
    name_field="SpaceName",
    arn_path=lambda row: f"space/{row['DomainId']}/{row['SpaceName']}",
    status_field="Status",
    on_status=states(
        delete_space="InService Failed Update_Failed Delete_Failed",
        wait="Pending Updating Deleting",
    ),
    after=("app",),
    bills="month",  # its EBS volume
    domain_of=domain_field,
    owner_fields=("SpaceName", "OwnershipSettingsSummary.OwnerUserProfileName"),
    environment=True,
    within=(
        ("user-profile", "OwnershipSettingsSummary.OwnerUserProfileName"),
        ("domain", "DomainId"),
    ),
)

USER_PROFILE = Kind(
    name="user-profile",
    list_op="list_user_profiles",
    list_key="UserProfiles",
    id_fields=("DomainId", "UserProfileName"),
    name_field="UserProfileName",
    arn_path=lambda row: f"user-profile/{row['DomainId']}/{row['UserProfileName']}",
    status_field="Status",
    on_status=states(
        delete_user_profile="InService Failed Update_Failed Delete_Failed",
        wait="Pending Updating Deleting",
    ),
    after=("app", "space"),
    domain_of=domain_field,
    owner_fields=("UserProfileName",),
    environment=True,
    within=(("domain", "DomainId"),),
)

DOMAIN = Kind(
    name="domain",
    list_op="list_domains",
    list_key="Domains",
    id_fields=("DomainId",),
    name_field="DomainName",
    arn_field="DomainArn",
    status_field="Status",
    on_status=states(
        # A failed domain counts against the quota too (aws/amazon-sagemaker-examples#1564).
        delete_domain="InService Failed Update_Failed Delete_Failed",
        wait="Pending Updating Deleting",
    ),
    after=("app", "space", "user-profile"),
    # Without this the home file system stays and bills.
    call_with={"delete_domain": {"RetentionPolicy": {"HomeEfsFileSystem": "Delete"}}},
    environment=True,
)

STUDIO_LIFECYCLE_CONFIG = Kind(
    name="studio-lifecycle-config",
    list_op="list_studio_lifecycle_configs",
    list_key="StudioLifecycleConfigs",
    id_fields=("StudioLifecycleConfigName",),
    name_field="StudioLifecycleConfigName",
    arn_field="StudioLifecycleConfigArn",
    always="delete_studio_lifecycle_config",
    after=("app", "domain"),
    environment=True,
)
