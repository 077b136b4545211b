"""SageMaker's CloudFormation types over our own control plane.

A type's create, update and delete are the API's; what differs is in the table below.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from botocore.model import ServiceModel

from rehearsal.cloudformation import schemas
from rehearsal.cloudformation.handlers import Handler, Made, Place, ResourceFailed, api_reason
from rehearsal.errors import ApiError
from rehearsal.sagemaker.kinds import KINDS, Kind
from rehearsal.sagemaker.plane import ControlPlane
from rehearsal.sagemaker.resource import Resource

# Ref answers the ARN for the older types, the primary identifier for the others
# (CloudFormation user guide, "Return values" of each type).
_REF_IS_ARN = {
    "notebook-instance",
    "notebook-lifecycle-config",
    "model",
    "endpoint-config",
    "endpoint",
}

# What ends by itself in a state from which a resource can be deleted.
_MOVING = ("Updating", "Stopping")

TYPES: dict[str, Kind] = {
    f"AWS::SageMaker::{kind.noun}": kind
    for kind in KINDS
    if kind.name not in {"app", "training-job", "transform-job", "processing-job"}
}


@dataclass(frozen=True, slots=True)
class SageMakerHandler(Handler):
    """Makes SageMaker's resources and waits until they are stable."""

    plane: ControlPlane
    model: ServiceModel

    def create(self, place: Place, resource_type: str, properties: dict[str, Any]) -> Made:
        kind = TYPES[resource_type]
        named = self._with_name(kind, place, properties)
        params = self._params(f"Create{kind.noun}", named)
        params.setdefault("Tags", [])
        try:
            answer = self.plane.call(f"Create{kind.noun}", _without_empty(params), place.region)
        except ApiError as error:
            raise ResourceFailed(api_reason(error)) from error
        resource = self.plane.by_arn(answer[kind.arn_field])
        if resource is None:
            raise ResourceFailed("Internal Failure")
        resource.tags.update(place.tags)
        return self._made(kind, resource_type, resource)

    def created(self, place: Place, resource_type: str, made: Made) -> Made | None:
        kind = TYPES[resource_type]
        resource: Resource = made.token
        # An endpoint that could not be updated is in service as it was before, and says why.
        failed = "Failed" in resource.status or "FailureReason" in resource.fields
        if not kind.status_field or (resource.status == kind.ready and not failed):
            return self._made(kind, resource_type, resource)
        if failed:
            raise ResourceFailed(resource.fields.get("FailureReason", resource.status))
        if kind.name == "notebook-instance" and resource.status == "Stopped":
            # An update stops the instance, changes it and starts it again.
            self.plane.call("StartNotebookInstance", self._ids(resource), place.region)
        return None

    def update(
        self,
        place: Place,
        resource_type: str,
        made: Made,
        old: dict[str, Any],
        new: dict[str, Any],
    ) -> Made:
        kind = TYPES[resource_type]
        resource: Resource = made.token
        changed = {name: value for name, value in new.items() if old.get(name) != value}
        tags = changed.pop("Tags", None)
        if tags is not None:
            # AWS's own tags stay; those of the template follow it.
            kept = {k: v for k, v in resource.tags.items() if k.startswith("aws:")}
            resource.tags = {**kept, **place.tags, **{t["Key"]: t["Value"] for t in tags}}
        if changed:
            self._update(place, kind, resource, changed)
        return self._made(kind, resource_type, resource)

    def _update(
        self, place: Place, kind: Kind, resource: Resource, changed: dict[str, Any]
    ) -> None:
        if kind.name == "notebook-instance" and resource.status == "InService":
            # CloudFormation stops a running instance to change it: the update is simulated
            # in one step here, without the minutes in between.
            resource.status = "Stopped"
        params = self._params(f"Update{kind.noun}", {**self._ids(resource), **changed})
        try:
            self.plane.call(f"Update{kind.noun}", params, place.region)
        except ApiError as error:
            raise ResourceFailed(api_reason(error)) from error

    def delete(
        self, place: Place, resource_type: str, made: Made, properties: dict[str, Any]
    ) -> None:
        self._ask_to_go(place, made.token)

    def deleted(self, place: Place, resource_type: str, made: Made) -> bool:
        resource: Resource = made.token
        self._ask_to_go(place, resource)
        return self.plane.by_arn(resource.arn) is not resource

    def _ask_to_go(self, place: Place, resource: Resource) -> None:
        """Call the deletion once the resource's state allows it: a stack may be deleted, or
        rolled back, while it still creates, and a running notebook instance stops first."""
        kind = resource.kind
        if self.plane.by_arn(resource.arn) is not resource:
            return
        if resource.status and resource.status in (kind.creating, kind.deleting, *_MOVING):
            return
        running_notebook = kind.name == "notebook-instance" and resource.status == "InService"
        verb = "Stop" if running_notebook else "Delete"
        try:
            self.plane.call(f"{verb}{kind.noun}", self._ids(resource), place.region)
        except ApiError as error:
            raise ResourceFailed(api_reason(error)) from error

    def _with_name(self, kind: Kind, place: Place, properties: dict[str, Any]) -> dict[str, Any]:
        """The properties with a generated name when the template gives none."""
        name = kind.name_field
        if name in properties or kind.name == "domain":
            return dict(properties)
        generated = f"{place.stack_name}-{place.logical_id}"[:63].rstrip("-")
        return {**properties, name: generated}

    def _ids(self, resource: Resource) -> dict[str, Any]:
        ids = zip(resource.kind.id_fields, resource.key, strict=True)
        return {name: value for name, value in ids if value is not None}

    def _params(self, operation: str, properties: dict[str, Any]) -> dict[str, Any]:
        shape = self.model.operation_model(operation).input_shape
        params: dict[str, Any] = _coerce(shape, properties)
        return params

    def _made(self, kind: Kind, resource_type: str, resource: Resource) -> Made:
        shown = resource.described()
        identifier = schemas.primary_identifier(resource_type)
        physical = "|".join(str(shown.get(name, resource.arn)) for name in identifier)
        if kind.name in _REF_IS_ARN:
            physical = resource.arn
        made = Made(physical_id=physical, reference=physical, token=resource)
        attributes = {**shown, kind.arn_field: resource.arn, "Arn": resource.arn}
        return replace(made, attributes=attributes)


def _without_empty(params: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in params.items() if value not in (None, [])}


def _coerce(shape: Any, value: Any) -> Any:
    """A template's value as the API's type: CloudFormation converts text to numbers and back."""
    kind = shape.type_name
    if kind == "structure" and isinstance(value, dict):
        return {
            name: _coerce(shape.members[name], item)
            for name, item in value.items()
            if name in shape.members
        }
    if kind == "list" and isinstance(value, list):
        return [_coerce(shape.member, item) for item in value]
    if kind in ("integer", "long") and isinstance(value, str):
        return int(value)
    if kind in ("float", "double") and isinstance(value, str):
        return float(value)
    if kind == "boolean" and isinstance(value, str):
        return value.lower() == "true"
    if kind == "string" and isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    return value
