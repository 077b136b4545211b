"""Studio images and their versions."""

from __future__ import annotations

from typing import Any

from rehearsal.errors import missing
from rehearsal.sagemaker.kind import Kind
from rehearsal.sagemaker.plane import ControlPlane, Handler
from rehearsal.sagemaker.resource import Resource
from rehearsal.sagemaker.rules import Rules


class ImageRules(Rules):
    """An image goes with all of its versions (DeleteImage, API reference)."""

    def deleting(self, plane: ControlPlane, resource: Resource) -> None:
        for version in _versions(plane, resource.region, resource.name):
            if version.status != version.kind.deleting:
                plane.set_status(version, version.kind.deleting)
                plane.later(version, version.kind.deleted, version.kind.delete_seconds)


class ImageVersionRules(Rules):
    """Versions count from 1; an alias stands for one version of its image."""

    def locate(
        self, plane: ControlPlane, kind: Kind, region: str, params: dict[str, Any]
    ) -> Resource | None:
        plane.need("image", region, params["ImageName"])
        versions = _versions(plane, region, params["ImageName"])
        number, alias = params.get("Version"), params.get("Alias")
        if number is not None:
            versions = [v for v in versions if v.fields["Version"] == number]
        elif alias is not None:
            versions = [v for v in versions if alias in v.private.get("aliases", [])]
        return versions[-1] if versions else None

    def identify(self, resource: Resource) -> dict[str, Any]:
        return {name: resource.fields[name] for name in ("ImageName", "Version")}

    def filters(self, plane: ControlPlane, region: str, params: dict[str, Any]) -> dict[str, Any]:
        plane.need("image", region, params["ImageName"])
        return dict(params)

    def before_create(
        self, plane: ControlPlane, region: str, params: dict[str, Any]
    ) -> dict[str, Any]:
        image = plane.need("image", region, params["ImageName"])
        number = image.private.get("versions", 0) + 1
        image.private["versions"] = number
        return {
            "ImageName": image.name,  # describe does not show it; lists filter by it
            "Version": number,
            "ImageArn": image.arn,
            "ContainerImage": params["BaseImage"],
            "aliases": list(params.get("Aliases", [])),
        }

    def created(self, plane: ControlPlane, resource: Resource) -> None:
        resource.private["aliases"] = resource.fields.pop("aliases")

    def updated(self, plane: ControlPlane, resource: Resource, params: dict[str, Any]) -> None:
        kept = [
            a for a in resource.private["aliases"] if a not in params.get("AliasesToDelete", [])
        ]
        resource.private["aliases"] = [*kept, *params.get("AliasesToAdd", [])]


def _versions(plane: ControlPlane, region: str, image: str) -> list[Resource]:
    """The versions of an image, oldest first."""
    return [v for v in plane.store("image-version", region) if v.fields["ImageName"] == image]


def list_aliases(plane: ControlPlane, region: str, params: dict[str, Any]) -> dict[str, Any]:
    """ListAliases: those of an image, or of one of its versions, in one page."""
    name = params["ImageName"]
    if plane.find("image", region, name) is None:
        raise missing(f"No Image with the name {name} exists.")
    wanted = params.get("Version")
    aliases = [
        alias
        for version in _versions(plane, region, name)
        if wanted in (None, version.fields["Version"])
        for alias in version.private["aliases"]
    ]
    return {"SageMakerImageVersionAliases": sorted(aliases)}


RULES: dict[str, Rules] = {"image": ImageRules(), "image-version": ImageVersionRules()}

OPERATIONS: dict[str, Handler] = {"ListAliases": list_aliases}
