"""What a kind may do beyond its row: the base of every kind's own rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rehearsal.sagemaker.kind import Kind
from rehearsal.sagemaker.resource import Outcome, Resource

if TYPE_CHECKING:
    from rehearsal.sagemaker.plane import ControlPlane


class Rules:
    """Rules that add nothing: the row alone decides. Every method may be overridden."""

    def locate(
        self, plane: ControlPlane, kind: Kind, region: str, params: dict[str, Any]
    ) -> Resource | None:
        """The resource a request is about, where the identifying fields do not say it;
        None: by the identifying fields."""
        return None

    def identify(self, resource: Resource) -> dict[str, Any]:
        """The fields with which a request is about this resource."""
        ids = zip(resource.kind.id_fields, resource.key, strict=True)
        return {name: value for name, value in ids if value is not None}

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

    def sticks(self, plane: ControlPlane, resource: Resource) -> bool:
        """Whether the resource cannot leave the state it is passing through."""
        return False

    def before_update(
        self, plane: ControlPlane, resource: Resource, params: dict[str, Any]
    ) -> None:
        """Refuse the update."""

    def updated(self, plane: ControlPlane, resource: Resource, params: dict[str, Any]) -> None:
        """The fields have changed."""

    def stop(self, plane: ControlPlane, resource: Resource, params: dict[str, Any]) -> None:
        """Stop<noun> was accepted."""
        kind = resource.kind
        resource.transition = None
        if not kind.stopping:
            plane.set_status(resource, kind.stopped)
            return
        plane.set_status(resource, kind.stopping)
        plane.later(resource, kind.stopped, kind.stop_seconds)

    def start(self, plane: ControlPlane, resource: Resource, params: dict[str, Any]) -> None:
        """Start<noun> was accepted."""
        kind = resource.kind
        if not kind.starting:
            plane.set_status(resource, kind.started or kind.ready)
            return
        plane.set_status(resource, kind.starting)
        plane.later(resource, kind.started or kind.ready, kind.start_seconds)

    def filters(self, plane: ControlPlane, region: str, params: dict[str, Any]) -> dict[str, Any]:
        """The filters of a list request, where they do not name the fields they look at."""
        return dict(params)

    def details(self, plane: ControlPlane, resource: Resource) -> dict[str, Any]:
        """Fields of describe that are worked out when they are asked for."""
        return {}

    def summary(self, resource: Resource) -> dict[str, Any]:
        """Fields that only the list's summary has."""
        return {}
