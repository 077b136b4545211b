"""Studio's lifecycle configurations, and the settings that name them."""

from __future__ import annotations

from typing import Any

from rehearsal.errors import in_use, invalid, missing
from rehearsal.sagemaker.paths import values_at
from rehearsal.sagemaker.plane import ControlPlane
from rehearsal.sagemaker.resource import Resource
from rehearsal.sagemaker.rules import Rules
from rehearsal.sandbox import check_script

KIND = "studio-lifecycle-config"
# Where the settings of a type of app name lifecycle configurations.
_NAMED_AT = (
    "LifecycleConfigArns",
    "BuiltInLifecycleConfigArn",
    "DefaultResourceSpec.LifecycleConfigArn",
)
_LIVE = ("Pending", "InService", "Deleting")


def named(plane: ControlPlane, region: str, arn: str | None) -> Resource | None:
    """The lifecycle configuration with an ARN; None for no ARN and for "None", which the
    pattern of LifecycleConfigArn allows. Raises ResourceNotFound."""
    if not arn or arn == "None":
        return None
    config = plane.by_arn(arn)
    if config is None or config.region != region or config.kind.name != KIND:
        raise missing(f"StudioLifecycleConfig [{arn}] does not exist.")
    return config


def check_settings(plane: ControlPlane, region: str, settings: dict[str, Any]) -> None:
    """Refuse settings of a domain, user profile or space that name a lifecycle configuration
    which does not exist."""
    for of_app_type in settings.values():
        for path in _NAMED_AT:
            for arn in values_at(of_app_type, path):
                named(plane, region, arn)


def check_app(plane: ControlPlane, region: str, app_type: str, spec: dict[str, Any]) -> None:
    """Refuse an app whose lifecycle configuration does not exist or is for another type of app
    ("The App type that the Lifecycle Configuration is attached to",
    CreateStudioLifecycleConfig). The wording of the latter is ours."""
    config = named(plane, region, spec.get("LifecycleConfigArn"))
    if config is None:
        return
    meant = config.fields["StudioLifecycleConfigAppType"]
    if meant != app_type:
        raise invalid(
            f"StudioLifecycleConfig [{config.name}] is for apps of type {meant}, not {app_type}."
        )


class StudioLifecycleConfigRules(Rules):
    """A lifecycle configuration stays while an app uses it or settings name it."""

    def before_create(
        self, plane: ControlPlane, region: str, params: dict[str, Any]
    ) -> dict[str, Any]:
        check_script("StudioLifecycleConfigContent", params["StudioLifecycleConfigContent"])
        return {}

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


RULES: dict[str, Rules] = {KIND: StudioLifecycleConfigRules()}
