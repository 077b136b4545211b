"""Tags: AddTags, ListTags and DeleteTags of any kind, by ARN."""

from __future__ import annotations

from typing import Any

from rehearsal.errors import invalid
from rehearsal.sagemaker.plane import ControlPlane, Handler
from rehearsal.sagemaker.resource import Resource


def _tagged(plane: ControlPlane, arn: str) -> Resource:
    resource = plane.by_arn(arn)
    if resource is None:
        raise invalid(f"Could not find resource with ARN {arn}.")
    return resource


def _as_list(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]


def add_tags(plane: ControlPlane, _region: str, params: dict[str, Any]) -> dict[str, Any]:
    """AddTags: adds or replaces, and answers all tags."""
    resource = _tagged(plane, params["ResourceArn"])
    resource.tags.update({tag["Key"]: tag.get("Value", "") for tag in params["Tags"]})
    return {"Tags": _as_list(resource.tags)}


def list_tags(plane: ControlPlane, _region: str, params: dict[str, Any]) -> dict[str, Any]:
    """ListTags: all of them (a resource has at most 50, a page at least as many)."""
    return {"Tags": _as_list(_tagged(plane, params["ResourceArn"]).tags)}


def delete_tags(plane: ControlPlane, _region: str, params: dict[str, Any]) -> None:
    """DeleteTags: absent keys are no error."""
    resource = _tagged(plane, params["ResourceArn"])
    for key in params["TagKeys"]:
        resource.tags.pop(key, None)


OPERATIONS: dict[str, Handler] = {
    "AddTags": add_tags,
    "ListTags": list_tags,
    "DeleteTags": delete_tags,
}
