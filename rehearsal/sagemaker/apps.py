"""Apps of Studio: what runs in a user profile or a space, booted by its lifecycle script."""

from __future__ import annotations

from typing import Any

from rehearsal.errors import invalid
from rehearsal.sagemaker import studio_scripts, surroundings
from rehearsal.sagemaker.plane import ControlPlane
from rehearsal.sagemaker.resource import Outcome, Resource
from rehearsal.sagemaker.rules import Rules
from rehearsal.sagemaker.studio import (
    HOME,
    LOG_GROUP,
    check_instance_type,
    in_service,
    owner_of,
    space_root,
)
from rehearsal.sandbox import end_machine, run_script

_BOOT_SECONDS = 60.0


class AppRules(Rules):
    """An app belongs to a user profile or to a space; its lifecycle script boots it."""

    def filters(self, plane: ControlPlane, region: str, params: dict[str, Any]) -> dict[str, Any]:
        # "If SpaceNameEquals is set, then this value cannot be set" (ListApps,
        # UserProfileNameEquals).
        if params.get("UserProfileNameEquals") and params.get("SpaceNameEquals"):
            raise invalid("UserProfileNameEquals and SpaceNameEquals exclude each other.")
        return dict(params)

    def before_create(
        self, plane: ControlPlane, region: str, params: dict[str, Any]
    ) -> dict[str, Any]:
        domain_id = params["DomainId"]
        in_service(plane, "domain", region, domain_id)
        profile, space = params.get("UserProfileName"), params.get("SpaceName")
        if (profile is None) == (space is None):
            raise invalid("Exactly one of UserProfileName and SpaceName must be given.")
        if profile is not None:
            in_service(plane, "user-profile", region, domain_id, profile)
        if space is not None:
            _check_space(plane, region, params)
        if params["AppType"] in ("JupyterLab", "CodeEditor") and space is None:
            raise invalid(f"AppType {params['AppType']} requires a SpaceName.")
        if params["AppType"] == "Canvas" and profile is None:
            raise invalid("AppType Canvas requires a UserProfileName.")
        spec = _resource_spec(plane, region, params)
        check_instance_type(params["AppType"], spec["InstanceType"])
        studio_scripts.check_app(plane, region, params["AppType"], spec)
        return {"ResourceSpec": spec}

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

    def deleting(self, plane: ControlPlane, resource: Resource) -> None:
        super().deleting(plane, resource)
        if not resource.fields.get("SpaceName"):
            return
        space = plane.need(
            "space", resource.region, resource.fields["DomainId"], resource.fields["SpaceName"]
        )
        ending = end_machine(plane.machine, space_root(plane, space))
        if ending is not None:
            resource.activity = ending

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


def _check_space(plane: ControlPlane, region: str, params: dict[str, Any]) -> None:
    """Refuse an app in a space that cannot take it: out of service, its owner out of service,
    or a space for apps of another type ("The type of app created within the space",
    SpaceSettings). The wording of the last is ours."""
    domain_id, name = params["DomainId"], params["SpaceName"]
    space = in_service(plane, "space", region, domain_id, name)
    owner = owner_of(space)
    if owner:
        in_service(plane, "user-profile", region, domain_id, owner)
    app_type = space.fields.get("SpaceSettings", {}).get("AppType")
    if app_type and app_type != params["AppType"]:
        raise invalid(
            f"Space [{domain_id}/{name}] is for apps of type {app_type}, not {params['AppType']}."
        )


def _settings(plane: ControlPlane, region: str, params: dict[str, Any]) -> list[dict[str, Any]]:
    """The settings of an app's type, nearest first: space, owner's profile, domain."""
    domain = plane.need("domain", region, params["DomainId"])
    member = f"{params['AppType']}AppSettings"
    found: list[dict[str, Any]] = []
    profile_name = params.get("UserProfileName")
    if params.get("SpaceName"):
        space = plane.need("space", region, params["DomainId"], params["SpaceName"])
        found.append(space.fields.get("SpaceSettings", {}).get(member, {}))
        profile_name = owner_of(space)
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
    if not app.fields.get("SpaceName"):
        return None
    config = studio_scripts.named(plane, app.region, arn)
    return None if config is None else str(config.fields["StudioLifecycleConfigContent"])


def _role(plane: ControlPlane, space: Resource) -> str:
    domain = plane.need("domain", space.region, space.fields["DomainId"])
    role = domain.fields["DefaultUserSettings"].get("ExecutionRole", "")
    owner = owner_of(space)
    if owner:
        profile = plane.need("user-profile", space.region, space.fields["DomainId"], owner)
        role = profile.fields.get("UserSettings", {}).get("ExecutionRole", role)
    return str(role)


RULES: dict[str, Rules] = {"app": AppRules()}
