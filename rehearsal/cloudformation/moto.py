"""CloudFormation types over moto's models, called one at a time.

moto makes the resource; when, in which order and what a failure means is our stack's. A
type that moto could make but not delete is not offered unless moto_gaps.py fills the gap.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from moto.cloudformation import parsing

from rehearsal.cloudformation import moto_gaps, schemas
from rehearsal.cloudformation.handlers import Handler, Made, Place, ResourceFailed

# The types whose names may not have capitals, which logical ids have.
_LOWER_CASE = ("AWS::ECR::Repository",)


def is_supported(resource_type: str) -> bool:
    """Whether moto can make this type, and it can be deleted again."""
    model = parsing.get_model_map().get(resource_type)
    if model is None:
        return False
    return (
        resource_type in moto_gaps.DELETE
        or hasattr(model, "delete")
        or _implements(model, "delete_from_cloudformation_json")
    )


def _implements(model: Any, method: str) -> bool:
    return not getattr(getattr(model, method), "__isabstractmethod__", False)


class MotoHandler(Handler):
    """Types that moto has a CloudFormation model for. They exist at once."""

    def create(self, place: Place, resource_type: str, properties: dict[str, Any]) -> Made:
        fill = moto_gaps.DEFAULTS.get(resource_type)
        properties = {**fill(place), **properties} if fill else properties
        name = _name(place, resource_type, properties)
        properties = _named(resource_type, properties, name)
        model = parsing.get_model_map()[resource_type]
        try:
            resource = model.create_from_cloudformation_json(
                name,
                {"Type": resource_type, "Properties": properties},
                place.account,
                place.region,
                LogicalId=place.logical_id,
                StackId=place.stack_id,
                ResourceType=resource_type,
            )
            made = _made(resource_type, resource, name)
        except Exception as error:  # moto raises its own, of many kinds
            raise ResourceFailed(_reason(error)) from error
        try:
            _complete(place, resource_type, resource, properties)
        except Exception as error:
            self.delete(place, resource_type, made, properties)
            raise ResourceFailed(_reason(error)) from error
        return made

    def update(
        self,
        place: Place,
        resource_type: str,
        made: Made,
        old: dict[str, Any],
        new: dict[str, Any],
    ) -> Made:
        filled = moto_gaps.UPDATE.get(resource_type)
        model = parsing.get_model_map()[resource_type]
        try:
            if filled is not None:
                filled(place, made.physical_id, old, new)
                return made
            if _only_tags(made, old, new):
                _tag(place, made, new["Tags"])
                return made
            if not _implements(model, "update_from_cloudformation_json"):
                raise ResourceFailed(f"The local AWS cannot update {resource_type} in place.")
            resource = model.update_from_cloudformation_json(
                original_resource=made.token.resource,
                new_resource_name=made.token.name,
                cloudformation_json={
                    "Type": resource_type,
                    "Properties": _named(resource_type, new, made.token.name),
                },
                account_id=place.account,
                region_name=place.region,
            )
        except Exception as error:
            raise ResourceFailed(_reason(error)) from error
        return _made(resource_type, resource or made.token.resource, made.token.name)

    def delete(
        self, place: Place, resource_type: str, made: Made, properties: dict[str, Any]
    ) -> None:
        filled = moto_gaps.DELETE.get(resource_type)
        refuse = moto_gaps.REFUSE_DELETE.get(resource_type)
        try:
            if refuse is not None:
                refuse(place, made.physical_id, properties)
            if filled is not None:
                filled(place, made.physical_id, properties)
            else:
                _delete(place, resource_type, made, properties)
        except Exception as error:
            kinds = (type(error).__name__, str(getattr(error, "error_type", "")))
            if "does not exist" in str(error) or any("NoSuch" in kind for kind in kinds):
                return
            raise ResourceFailed(_reason(error)) from error


def _only_tags(made: Made, old: dict[str, Any], new: dict[str, Any]) -> bool:
    """Whether nothing but the tags of something of EC2 changes."""
    changed = {name for name in {*old, *new} if old.get(name) != new.get(name)}
    return (
        changed == {"Tags"}
        and "Tags" in new
        and isinstance(made.token.resource, parsing.TaggedEC2Resource)
    )


def _tag(place: Place, made: Made, tags: list[dict[str, str]]) -> None:
    backend = parsing.ec2_models.ec2_backends[place.account][place.region]
    wanted = {tag["Key"]: tag["Value"] for tag in tags}
    own = {tag["key"]: tag["value"] for tag in made.token.resource.get_tags()}
    gone = {k: v for k, v in own.items() if k not in wanted and not k.startswith("aws:")}
    if gone:
        backend.delete_tags([made.physical_id], gone)
    backend.create_tags([made.physical_id], wanted)


def _delete(place: Place, resource_type: str, made: Made, properties: dict[str, Any]) -> None:
    model = parsing.get_model_map()[resource_type]
    if _implements(model, "delete_from_cloudformation_json"):
        model.delete_from_cloudformation_json(
            made.physical_id,
            {
                "Type": resource_type,
                "Properties": _named(resource_type, properties, made.token.name),
            },
            place.account,
            place.region,
        )
    else:
        made.token.resource.delete(place.account, place.region)


def _complete(place: Place, resource_type: str, resource: Any, properties: dict[str, Any]) -> None:
    """Add what moto's model leaves out of a creation."""
    filled = moto_gaps.CREATE.get(resource_type)
    if filled is not None:
        filled(place, str(resource.physical_resource_id), properties)
    if isinstance(resource, parsing.TaggedEC2Resource):
        backend = parsing.ec2_models.ec2_backends[place.account][place.region]
        backend.create_tags([resource.physical_resource_id], dict(place.tags))


def _name(place: Place, resource_type: str, properties: dict[str, Any]) -> str:
    name_property = parsing.resource_name_property_from_type(resource_type)
    if name_property and name_property in properties:
        return str(properties[name_property])
    generated: str = parsing.generate_resource_name(
        resource_type, place.stack_name, place.logical_id
    )
    return generated.lower() if resource_type in _LOWER_CASE else generated


def _named(resource_type: str, properties: dict[str, Any], name: str) -> dict[str, Any]:
    """The properties as moto wants them, with the name that was generated when the template
    gives none."""
    shape = moto_gaps.SHAPED.get(resource_type)
    properties = shape(properties) if shape else properties
    name_property = parsing.resource_name_property_from_type(resource_type)
    return {name_property: name, **properties} if name_property else dict(properties)


@dataclass(frozen=True, slots=True)
class _Token:
    """moto's own object, and the name it was made under."""

    resource: Any
    name: str


def _made(resource_type: str, resource: Any, name: str) -> Made:
    physical_id = str(resource.physical_resource_id)
    return Made(
        physical_id=physical_id,
        reference=physical_id,
        attributes=_Attributes(resource_type, resource),
        token=_Token(resource, name),
    )


class _Attributes(Mapping[str, Any]):
    """GetAtt of a moto resource, asked only when needed."""

    def __init__(self, resource_type: str, resource: Any) -> None:
        self._type = resource_type
        self._resource = resource

    def __getitem__(self, name: str) -> Any:
        try:
            return self._resource.get_cfn_attribute(name)
        except (AttributeError, parsing.UnformattedGetAttTemplateException) as error:
            if schemas.primary_identifier(self._type) == (name,):
                return self._resource.physical_resource_id
            raise KeyError(name) from error

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def _reason(error: Exception) -> str:
    return str(getattr(error, "message", None) or str(error) or type(error).__name__)
