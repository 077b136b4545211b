"""SageMaker's CloudFormation types over our own control plane.

A type's create, update and delete are the API's; what differs is in sagemaker_types.py.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from typing import Any

from botocore.model import ServiceModel

from rehearsal.cloudformation import schemas
from rehearsal.cloudformation.handlers import Handler, Made, Place, ResourceFailed, api_reason
from rehearsal.cloudformation.sagemaker_names import with_api_names
from rehearsal.cloudformation.sagemaker_types import REF_IS_ARN, TYPES, as_request
from rehearsal.cloudformation.values import coerce
from rehearsal.errors import ApiError
from rehearsal.sagemaker.kind import Kind
from rehearsal.sagemaker.plane import ControlPlane
from rehearsal.sagemaker.resource import Resource

_TOKENS = ("ClientRequestToken", "ClientToken")
_NAME_LIMIT = 63


@dataclass(frozen=True, slots=True)
class SageMakerHandler(Handler):
    """Makes SageMaker's resources and waits until they are stable."""

    plane: ControlPlane
    model: ServiceModel

    def create(self, place: Place, resource_type: str, properties: dict[str, Any]) -> Made:
        kind = TYPES[resource_type]
        operation = f"{kind.verb}{kind.noun}"
        renamed = with_api_names(resource_type, properties)
        named = self._with_name(kind, place, as_request(resource_type, renamed))
        params = self._params(operation, named)
        params.setdefault("Tags", [])
        try:
            answer = self.plane.call(operation, _without_empty(params), place.region)
        except ApiError as error:
            raise ResourceFailed(api_reason(error)) from error
        arn = answer.get(kind.arn_name) or answer[f"{kind.noun}Arn"]
        resource = self.plane.by_arn(arn)
        if resource is None:
            raise ResourceFailed("Internal Failure")
        resource.tags.update(place.tags)
        return self._made(kind, resource_type, resource)

    def created(self, place: Place, resource_type: str, made: Made) -> Made | None:
        kind = TYPES[resource_type]
        resource: Resource = made.token
        # An endpoint that could not be updated is in service as it was before, and says why.
        reason = self._failure(resource)
        if not kind.status_field:
            return self._made(kind, resource_type, resource)
        if reason:
            raise ResourceFailed(reason)
        if resource.status in (kind.ready, kind.updated, kind.started):
            return self._made(kind, resource_type, resource)
        if kind.name == "notebook-instance" and resource.status == "Stopped":
            # An update stops the instance, changes it and starts it again.
            self.plane.call("StartNotebookInstance", self._ids(resource), place.region)
        return None

    def _failure(self, resource: Resource) -> str:
        field = self.plane.schema(resource.kind).reason_field
        reason = str(resource.fields.get(field) or "") if field else ""
        if "fail" in resource.status.lower():
            return reason or resource.status
        return reason if field == "FailureReason" else ""

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
            renamed = with_api_names(resource_type, changed)
            self._update(place, kind, resource, as_request(resource_type, renamed))
        return self._made(kind, resource_type, resource)

    def _update(
        self, place: Place, kind: Kind, resource: Resource, changed: dict[str, Any]
    ) -> None:
        if kind.name == "notebook-instance" and resource.status == "InService":
            # CloudFormation stops a running instance to change it: the update is simulated
            # in one step here, without the minutes in between.
            resource.status = "Stopped"
        operation = f"Update{kind.noun}"
        if operation not in self.model.operation_names:
            raise ResourceFailed(f"{kind.noun} cannot be updated: {', '.join(sorted(changed))}")
        ids = {**self._ids(resource), f"{kind.noun}Arn": resource.arn}
        version = next((v for k, v in resource.fields.items() if k.endswith("ConfigVersion")), 1)
        params = self._params(operation, {"TargetVersion": version, **ids, **changed})
        try:
            self.plane.call(operation, params, place.region)
        except ApiError as error:
            raise ResourceFailed(api_reason(error)) from error

    def delete(
        self, place: Place, resource_type: str, made: Made, properties: dict[str, Any]
    ) -> None:
        self._ask_to_go(place, made.token)

    def deleted(self, place: Place, resource_type: str, made: Made) -> bool:
        resource: Resource = made.token
        self._ask_to_go(place, resource)
        return self._is_gone(resource)

    def _is_gone(self, resource: Resource) -> bool:
        gone = self.plane.by_arn(resource.arn) is not resource
        return gone or (bool(resource.status) and resource.status == resource.kind.deleted)

    def _ask_to_go(self, place: Place, resource: Resource) -> None:
        """Call the deletion once the resource's state allows it: a stack may be deleted, or
        rolled back, while it still creates, and what runs stops first."""
        kind = resource.kind
        if self._is_gone(resource):
            return
        moving = {kind.creating, kind.deleting, kind.stopping, kind.starting, "Updating"}
        if resource.status and resource.status in moving - {kind.ready}:
            return
        ids = self._ids(resource)
        running = bool(kind.status_field) and resource.status not in kind.deletable_from
        stops = running and f"Stop{kind.noun}" in self.model.operation_names
        if stops and kind.name == "inference-experiment":
            variants = resource.fields["ModelVariants"]
            ids["ModelVariantActions"] = {v["VariantName"]: "Remove" for v in variants}
        operation = f"{'Stop' if stops else 'Delete'}{kind.noun}"
        try:
            self.plane.call(operation, self._params(operation, ids), place.region)
        except ApiError as error:
            raise ResourceFailed(api_reason(error)) from error

    def _with_name(self, kind: Kind, place: Place, properties: dict[str, Any]) -> dict[str, Any]:
        """The properties with a generated name when the template gives none."""
        name = kind.name_field
        shape = self.model.operation_model(f"{kind.verb}{kind.noun}").input_shape
        if name in properties or name not in shape.members or kind.by_arn:
            return properties
        generated = f"{place.stack_name}-{place.logical_id}"[:_NAME_LIMIT].rstrip("-")
        return {**properties, name: generated}

    def _ids(self, resource: Resource) -> dict[str, Any]:
        return self.plane.rules(resource.kind).identify(resource)

    def _params(self, operation: str, properties: dict[str, Any]) -> dict[str, Any]:
        shape = self.model.operation_model(operation).input_shape
        params: dict[str, Any] = coerce(shape, properties)
        for token in _TOKENS:
            if token in shape.members:
                params.setdefault(token, uuid.uuid4().hex)
        return params

    def _made(self, kind: Kind, resource_type: str, resource: Resource) -> Made:
        shown = {
            **resource.described(),
            **self.plane.rules(kind).details(self.plane, resource),
        }
        identifier = schemas.primary_identifier(resource_type)
        physical = "|".join(str(shown.get(name, resource.arn)) for name in identifier)
        if kind.name in REF_IS_ARN:
            physical = resource.arn
        made = Made(physical_id=physical, reference=physical, token=resource)
        attributes = {**shown, kind.arn_name: resource.arn, "Arn": resource.arn}
        return replace(made, attributes=attributes)


def _without_empty(params: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in params.items() if value not in (None, [])}
