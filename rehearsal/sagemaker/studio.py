"""Studio: domains, user profiles and spaces."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from rehearsal.errors import in_use, invalid
from rehearsal.sagemaker import studio_scripts, surroundings
from rehearsal.sagemaker.paths import values_at
from rehearsal.sagemaker.plane import ControlPlane, Handler
from rehearsal.sagemaker.resource import Resource, new_id
from rehearsal.sagemaker.rules import Rules

# Streams DOMAIN/SPACE/JupyterLab/default/LifecycleConfigOnStart (developer guide, "Debug
# lifecycle configurations").
LOG_GROUP = "/aws/sagemaker/studio"
HOME = "/home/sagemaker-user"
_SERVER_TYPE = "JupyterServerAppSettings.DefaultResourceSpec.InstanceType"


def _live(plane: ControlPlane, kind: str, region: str, domain: str) -> list[Resource]:
    return [
        r
        for r in plane.all(kind, region)
        if r.fields.get("DomainId") == domain and r.status != "Deleted"
    ]


def in_service(plane: ControlPlane, kind: str, region: str, *key: str) -> Resource:
    """A resource of Studio that is in service; what comes to it is refused in other states."""
    found = plane.need(kind, region, *key)
    if found.status != "InService":
        raise invalid(
            f"{found.kind.noun} [{'/'.join(key)}] is not InService (status: {found.status})."
        )
    return found


def _check_settings(plane: ControlPlane, region: str, params: dict[str, Any]) -> None:
    """Refuse settings of a domain, user profile or space that name what does not exist.

    JupyterServer apps have an instance type of their own: "Invalid instance type 'ml.t3.micro'
    for JupyterServer App. Only 'system' instance type is supported" (CreateDomain,
    CreateUserProfile: hashicorp/terraform-provider-aws#20470).
    """
    for member in ("DefaultUserSettings", "DefaultSpaceSettings", "UserSettings", "SpaceSettings"):
        settings = params.get(member) or {}
        groups = list(values_at(settings, "SecurityGroups"))
        surroundings.check_security_groups(region, groups)
        studio_scripts.check_settings(plane, region, settings)
        for instance_type in values_at(settings, _SERVER_TYPE):
            check_instance_type("JupyterServer", instance_type)
    for path in ("DomainSettings.SecurityGroupIds", "DomainSettingsForUpdate.SecurityGroupIds"):
        surroundings.check_security_groups(region, list(values_at(params, path)))


def check_instance_type(app_type: str, instance_type: str) -> None:
    """Refuse an instance type that apps of a type never have.

    That JupyterLab and Code Editor have no `system` instance follows from their quotas, all
    of which are of instance types; how AWS refuses it is not published.
    """
    if app_type == "JupyterServer" and instance_type != "system":
        raise invalid(
            f"Invalid instance type '{instance_type}' for JupyterServer App. "
            "Only 'system' instance type is supported"
        )
    if app_type in ("JupyterLab", "CodeEditor") and instance_type == "system":
        raise invalid(f"Invalid instance type 'system' for {app_type} App.")


class DomainRules(Rules):
    """A domain's id is AWS's; it cannot go while it has user profiles or spaces."""

    def before_create(
        self, plane: ControlPlane, region: str, params: dict[str, Any]
    ) -> dict[str, Any]:
        if not params.get("VpcId") or not params.get("SubnetIds"):
            raise invalid("VpcId and SubnetIds are required.")
        surroundings.check_network(region, params["VpcId"], params["SubnetIds"])
        _check_settings(plane, region, params)
        domain_id = new_id("d-")
        return {
            "DomainId": domain_id,
            "Url": f"https://{domain_id}.studio.{region}.sagemaker.aws",
        }

    def before_update(
        self, plane: ControlPlane, resource: Resource, params: dict[str, Any]
    ) -> None:
        vpc = params.get("VpcId") or resource.fields["VpcId"]
        if "VpcId" in params or "SubnetIds" in params:
            surroundings.check_network(resource.region, vpc, params.get("SubnetIds", []))
        _check_settings(plane, resource.region, params)

    def before_delete(
        self, plane: ControlPlane, resource: Resource, params: dict[str, Any]
    ) -> None:
        for kind, noun in (("user-profile", "UserProfile"), ("space", "Space"), ("app", "App")):
            if _live(plane, kind, resource.region, resource.name):
                raise in_use(
                    f"Unable to delete Domain [{resource.name}] because {noun}(s) are "
                    "associated with it."
                )
        # "The default setting is Retain, which specifies retaining an EFS volume"
        # (RetentionPolicy, API reference).
        policy = params.get("RetentionPolicy", {}).get("HomeEfsFileSystem", "Retain")
        resource.private["retain"] = policy == "Retain"

    def created(self, plane: ControlPlane, resource: Resource) -> None:
        fields = resource.fields
        if fields.get("HomeEfsFileSystemCreation", "Enabled") == "Enabled":
            fields["HomeEfsFileSystemId"] = surroundings.make_home_file_system(
                resource.region, resource.name, resource.arn, fields
            )

    def deleting(self, plane: ControlPlane, resource: Resource) -> None:
        # The security groups stay, whatever becomes of the file system.
        file_system = resource.fields.get("HomeEfsFileSystemId")
        if file_system and not resource.private.get("retain", True):
            surroundings.delete_home_file_system(resource.region, file_system)


class UserProfileRules(Rules):
    """A user profile needs its domain, and stays while it has apps or owns spaces."""

    def before_create(
        self, plane: ControlPlane, region: str, params: dict[str, Any]
    ) -> dict[str, Any]:
        in_service(plane, "domain", region, params["DomainId"])
        _check_settings(plane, region, params)
        return {}

    def before_update(
        self, plane: ControlPlane, resource: Resource, params: dict[str, Any]
    ) -> None:
        _check_settings(plane, resource.region, params)

    def before_delete(
        self, plane: ControlPlane, resource: Resource, params: dict[str, Any]
    ) -> None:
        domain, name = resource.fields["DomainId"], resource.name
        apps = _live(plane, "app", resource.region, domain)
        if any(app.fields.get("UserProfileName") == name for app in apps):
            raise in_use(f"Unable to delete UserProfile [{domain}/{name}] because it has apps.")
        spaces = _live(plane, "space", resource.region, domain)
        if any(owner_of(space) == name for space in spaces):
            raise in_use(f"Unable to delete UserProfile [{domain}/{name}] because it owns spaces.")


def owner_of(space: Resource) -> str | None:
    """The user profile that owns a space; a shared space may have none."""
    owner: str | None = space.fields.get("OwnershipSettings", {}).get("OwnerUserProfileName")
    return owner


class SpaceRules(Rules):
    """A space holds its owner's volume; it stays while it has apps."""

    def before_create(
        self, plane: ControlPlane, region: str, params: dict[str, Any]
    ) -> dict[str, Any]:
        in_service(plane, "domain", region, params["DomainId"])
        owner = params.get("OwnershipSettings", {}).get("OwnerUserProfileName")
        if owner is not None:
            in_service(plane, "user-profile", region, params["DomainId"], owner)
        _check_settings(plane, region, params)
        return {}

    def before_update(
        self, plane: ControlPlane, resource: Resource, params: dict[str, Any]
    ) -> None:
        _check_settings(plane, resource.region, params)
        plane.admit("space", resource.region, params)

    def before_delete(
        self, plane: ControlPlane, resource: Resource, params: dict[str, Any]
    ) -> None:
        domain, name = resource.fields["DomainId"], resource.name
        apps = _live(plane, "app", resource.region, domain)
        if any(app.fields.get("SpaceName") == name for app in apps):
            raise in_use(f"Unable to delete Space [{domain}/{name}] because it has apps.")

    def deleted(self, plane: ControlPlane, resource: Resource) -> None:
        shutil.rmtree(space_root(plane, resource), ignore_errors=True)

    def summary(self, resource: Resource) -> dict[str, Any]:
        settings = resource.fields.get("SpaceSettings", {})
        owner = owner_of(resource)
        sharing = resource.fields.get("SpaceSharingSettings", {}).get("SharingType")
        return {
            "SpaceSettingsSummary": {
                "AppType": settings.get("AppType"),
                "SpaceStorageSettings": settings.get("SpaceStorageSettings"),
            },
            "OwnershipSettingsSummary": {"OwnerUserProfileName": owner} if owner else None,
            "SpaceSharingSettingsSummary": {"SharingType": sharing} if sharing else None,
        }


def space_root(plane: ControlPlane, space: Resource) -> Path:
    """The directory that stands for a space's machine; its home is the volume."""
    return plane.machine.directory / "spaces" / space.region / str(space.key[0]) / space.name


def create_presigned_domain_url(
    plane: ControlPlane, region: str, params: dict[str, Any]
) -> dict[str, Any]:
    """CreatePresignedDomainUrl: a link that opens a page, for 300 s unless asked otherwise."""
    domain = in_service(plane, "domain", region, params["DomainId"])
    profile = plane.need("user-profile", region, params["DomainId"], params["UserProfileName"])
    space = params.get("SpaceName")
    if space:
        plane.need("space", region, params["DomainId"], space)
    seconds = params.get("ExpiresInSeconds", 300)
    token = plane.links.make(
        {
            "what": "SageMaker Studio",
            "region": region,
            "domain": domain.name,
            "user profile": profile.name,
            **({"space": space} if space else {}),
        },
        plane.clock.now() + seconds,
    )
    return {"AuthorizedUrl": f"{plane.machine.endpoint_url}/_local/open?token={token}"}


RULES: dict[str, Rules] = {
    "domain": DomainRules(),
    "user-profile": UserProfileRules(),
    "space": SpaceRules(),
}

OPERATIONS: dict[str, Handler] = {"CreatePresignedDomainUrl": create_presigned_domain_url}
