"""What a kind may do beyond its row: the base of every kind's own rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rehearsal.sagemaker.resource import Outcome, Resource

if TYPE_CHECKING:
    from rehearsal.sagemaker.plane import ControlPlane


class Rules:
    """Rules that add nothing: the row alone decides. Every method may be overridden."""

    def before_create(
        self, plane: ControlPlane, region: str, params: dict[str, Any]
    ) -> dict[str, Any]:
        """Refuse the request, or return further fields of the new resource."""
        return {}

    def created(self, plane: ControlPlane, resource: Resource) -> None:
        """The resource exists: start what runs behind it."""

    def ended(self, plane: ControlPlane, resource: Resource, outcome: Outcome) -> None:
        """The activity behind the resource ended by itself."""
        plane.set_status(resource, outcome.status, outcome.reason)

    def before_delete(
        self, plane: ControlPlane, resource: Resource, params: dict[str, Any]
    ) -> None:
        """Refuse the deletion."""

    def deleting(self, plane: ControlPlane, resource: Resource) -> None:
        """The deletion was accepted: stop what runs behind the resource."""
        if resource.activity is not None:
            resource.activity.stop()

    def deleted(self, plane: ControlPlane, resource: Resource) -> None:
        """The resource is gone."""

    def before_update(
        self, plane: ControlPlane, resource: Resource, params: dict[str, Any]
    ) -> None:
        """Refuse the update."""

    def updated(self, plane: ControlPlane, resource: Resource, params: dict[str, Any]) -> None:
        """The fields have changed."""

    def stop(self, plane: ControlPlane, resource: Resource) -> None:
        """Stop<noun> was called."""

    def start(self, plane: ControlPlane, resource: Resource) -> None:
        """Start<noun> was called."""

    def summary(self, resource: Resource) -> dict[str, Any]:
        """Fields that only the list's summary has."""
        return {}
