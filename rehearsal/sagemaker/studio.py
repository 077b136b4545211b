"""Studio: domains, user profiles, spaces, apps and their lifecycle configurations."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from rehearsal.errors import in_use, invalid, missing
from rehearsal.sagemaker import surroundings
from rehearsal.sagemaker.plane import ControlPlane, Handler
from rehearsal.sagemaker.resource import Outcome, Resource, new_id
from rehearsal.sagemaker.rules import Rules
from rehearsal.sandbox import run_script

# Streams DOMAIN/SPACE/JupyterLab/default/LifecycleConfigOnStart (developer guide, "Debug
# lifecycle configurations").
LOG_GROUP = "/aws/sagemaker/studio"
HOME = "/home/sagemaker-user"
_LIVE = ("Pending", "InService", "Deleting")
_BOOT_SECONDS = 60.0


def _live(plane: ControlPlane, kind: str, region: str, domain: str) -> list[Resource]:
    return [
        r
        for r in plane.all(kind, region)
        if r.fields.get("DomainId") == domain and r.status != "Deleted"
    ]


def _in_service(plane: ControlPlane, region: str, domain_id: str) -> Resource:
    domain = plane.need("domain", region, domain_id)
    if domain.status != "InService":
        raise invalid(f"Domain [{domain_id}] is not InService (status: {domain.status}).")
    return domain


class DomainRules(Rules):
    """A domain's id is AWS's; it cannot go while it has user profiles or spaces."""

    def before_create(
        self, plane: ControlPlane, region: str, params: dict[str, Any]
    ) -> dict[str, Any]:
        if not params.get("VpcId") or not params.get("SubnetIds"):
            raise invalid("VpcId and SubnetIds are required.")
        surroundings.check_network(region, params["VpcId"], params["SubnetIds"])
        domain_id = new_id("d-")
        return {
            "DomainId": domain_id,
            "Url": f"https://{domain_id}.studio.{region}.sagemaker.aws",
        }

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
        _in_service(plane, region, params["DomainId"])
        return {}

    def before_delete(
        self, plane: ControlPlane, resource: Resource, params: dict[str, Any]
    ) -> None:
        domain, name = resource.fields["DomainId"], resource.name
        apps = _live(plane, "app", resource.region, domain)
        if any(app.fields.get("UserProfileName") == name for app in apps):
            raise in_use(f"Unable to delete UserProfile [{domain}/{name}] because it has apps.")
        spaces = _live(plane, "space", resource.region, domain)
        if any(_owner(space) == name for space in spaces):
            raise in_use(f"Unable to delete UserProfile [{domain}/{name}] because it owns spaces.")


def _owner(space: Resource) -> str | None:
    owner: str | None = space.fields.get("OwnershipSettings", {}).get("OwnerUserProfileName")
    return owner


class SpaceRules(Rules):
    """A space holds its owner's volume; it stays while it has apps."""

    def before_create(
        self, plane: ControlPlane, region: str, params: dict[str, Any]
    ) -> dict[str, Any]:
        _in_service(plane, region, params["DomainId"])
        owner = params.get("OwnershipSettings", {}).get("OwnerUserProfileName")
        if owner is not None:
            profile = plane.need("user-profile", region, params["DomainId"], owner)
            if profile.status != "InService":
                raise invalid(f"UserProfile [{owner}] is not InService.")
        return {}

    def before_update(
        self, plane: ControlPlane, resource: Resource, params: dict[str, Any]
    ) -> None:
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
        owner = _owner(resource)
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


class AppRules(Rules):
    """An app belongs to a user profile or to a space; its lifecycle script boots it."""

    def before_create(
        self, plane: ControlPlane, region: str, params: dict[str, Any]
    ) -> dict[str, Any]:
        domain_id = params["DomainId"]
        _in_service(plane, region, domain_id)
        profile, space = params.get("UserProfileName"), params.get("SpaceName")
        if (profile is None) == (space is None):
            raise invalid("Exactly one of UserProfileName and SpaceName must be given.")
        if profile is not None:
            plane.need("user-profile", region, domain_id, profile)
        if space is not None and plane.need("space", region, domain_id, space).status != (
            "InService"
        ):
            raise invalid(f"Space [{domain_id}/{space}] is not InService.")
        if params["AppType"] in ("JupyterLab", "CodeEditor") and space is None:
            raise invalid(f"AppType {params['AppType']} requires a SpaceName.")
        if params["AppType"] == "Canvas" and profile is None:
            raise invalid("AppType Canvas requires a UserProfileName.")
        return {"ResourceSpec": _resource_spec(plane, region, params)}

    def details(self, plane: ControlPlane, resource: Resource) -> dict[str, Any]:
        if resource.status != "InService":
            return {}
        # Health checks refresh both, so that they tell nothing about people.
        now = plane.clock.now()
        return {"LastHealthCheckTimestamp": now, "LastUserActivityTimestamp": now}

    def created(self, plane: ControlPlane, resource: Resource) -> None:
        script = _script(plane, resource)
        if script is None:
            plane.later(resource, "InService", _BOOT_SECONDS)
            return
        space = plane.need(
            "space", resource.region, resource.fields["DomainId"], resource.fields["SpaceName"]
        )
        resource.activity = run_script(
            plane.machine,
            resource.region,
            root=space_root(plane, space),
            home=HOME,
            content=script,
            metadata={
                "AppType": resource.fields["AppType"],
                "DomainId": resource.fields["DomainId"],
                "SpaceName": space.name,
                "ExecutionRoleArn": _role(plane, space),
                "ResourceArn": resource.arn,
                "ResourceName": resource.name,
            },
        )
        plane.watch(resource)

    def ended(self, plane: ControlPlane, resource: Resource, outcome: Outcome) -> None:
        domain, profile, space, app_type, name = resource.key
        surroundings.write_log(
            resource.region,
            LOG_GROUP,
            f"{domain}/{space or profile}/{app_type}/{name}/LifecycleConfigOnStart",
            plane.clock.now(),
            outcome.reason or "The lifecycle configuration has ended.",
        )
        if outcome.status == "InService":
            plane.later(resource, "InService", _BOOT_SECONDS)
            return
        plane.set_status(resource, outcome.status, outcome.reason)


def _settings(plane: ControlPlane, region: str, params: dict[str, Any]) -> list[dict[str, Any]]:
    """The settings of an app's type, nearest first: space, owner's profile, domain."""
    domain = plane.need("domain", region, params["DomainId"])
    member = f"{params['AppType']}AppSettings"
    found: list[dict[str, Any]] = []
    profile_name = params.get("UserProfileName")
    if params.get("SpaceName"):
        space = plane.need("space", region, params["DomainId"], params["SpaceName"])
        found.append(space.fields.get("SpaceSettings", {}).get(member, {}))
        profile_name = _owner(space)
    if profile_name:
        profile = plane.need("user-profile", region, params["DomainId"], profile_name)
        found.append(profile.fields.get("UserSettings", {}).get(member, {}))
    found.append(domain.fields["DefaultUserSettings"].get(member, {}))
    return found


def _resource_spec(plane: ControlPlane, region: str, params: dict[str, Any]) -> dict[str, Any]:
    """The app's own resource spec over its nearest default."""
    spec: dict[str, Any] = {"InstanceType": "system"}
    if params["AppType"] in ("JupyterLab", "CodeEditor"):
        spec = {"InstanceType": "ml.t3.medium"}
    for settings in reversed(_settings(plane, region, params)):
        spec.update(settings.get("DefaultResourceSpec", {}))
    spec.update(params.get("ResourceSpec", {}))
    return spec


def _script(plane: ControlPlane, app: Resource) -> str | None:
    arn = app.fields["ResourceSpec"].get("LifecycleConfigArn")
    if not arn or not app.fields.get("SpaceName"):
        return None
    config = plane.by_arn(arn)
    if config is None:
        raise missing(f"StudioLifecycleConfig [{arn}] does not exist.")
    content: str = config.fields["StudioLifecycleConfigContent"]
    return content


def _role(plane: ControlPlane, space: Resource) -> str:
    domain = plane.need("domain", space.region, space.fields["DomainId"])
    role = domain.fields["DefaultUserSettings"].get("ExecutionRole", "")
    owner = _owner(space)
    if owner:
        profile = plane.need("user-profile", space.region, space.fields["DomainId"], owner)
        role = profile.fields.get("UserSettings", {}).get("ExecutionRole", role)
    return str(role)


class StudioLifecycleConfigRules(Rules):
    """A lifecycle configuration stays while an app uses it or settings name it."""

    def before_delete(
        self, plane: ControlPlane, resource: Resource, params: dict[str, Any]
    ) -> None:
        for app in plane.all("app", resource.region):
            used = app.fields["ResourceSpec"].get("LifecycleConfigArn") == resource.arn
            if used and app.status in _LIVE:
                raise in_use(
                    f"Unable to delete StudioLifecycleConfig [{resource.name}]: "
                    f"app [{app.name}] uses it."
                )
        for kind in ("domain", "user-profile", "space"):
            for user in plane.all(kind, resource.region):
                if user.status != "Deleting" and _holds(user.fields, resource.arn):
                    raise in_use(
                        f"Unable to delete StudioLifecycleConfig [{resource.name}]: "
                        f"{user.kind.noun} [{user.name}] uses it."
                    )


def _holds(node: Any, text: str) -> bool:
    """Whether a value is found anywhere in nested settings."""
    if isinstance(node, dict):
        return any(_holds(value, text) for value in node.values())
    if isinstance(node, list):
        return any(_holds(item, text) for item in node)
    return bool(node == text)


def create_presigned_domain_url(
    plane: ControlPlane, region: str, params: dict[str, Any]
) -> dict[str, Any]:
    """CreatePresignedDomainUrl: a link that opens a page, for 300 s unless asked otherwise."""
    domain = _in_service(plane, region, params["DomainId"])
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
    "app": AppRules(),
    "studio-lifecycle-config": StudioLifecycleConfigRules(),
}

OPERATIONS: dict[str, Handler] = {"CreatePresignedDomainUrl": create_presigned_domain_url}
