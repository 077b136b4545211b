"""How a resource of a template is made, changed and removed.

SageMaker's are our own control plane's, with its asynchronous states; the others are
moto's models, called one at a time; a few types that moto's CloudFormation lacks go
through moto's API.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from moto.cloudformation import parsing as moto_parsing

from rehearsal.errors import ApiError
from rehearsal.machine import Machine


class ResourceFailed(Exception):
    """A resource could not be made, changed or removed; the text is the event's reason."""


@dataclass(frozen=True, slots=True)
class Made:
    """A resource that exists or is coming to exist.

    `reference` is what Ref answers, `attributes` what GetAtt can; `token` is the
    handler's own.
    """

    physical_id: str
    reference: Any
    attributes: Mapping[str, Any] = field(default_factory=dict)
    token: Any = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where and for what a resource is made."""

    region: str
    account: str
    stack_name: str
    stack_id: str
    logical_id: str
    tags: Mapping[str, str]


class Handler(Protocol):
    """Makes resources of one type. Each method begins; `*_done` says whether it has ended."""

    def create(self, place: Place, resource_type: str, properties: dict[str, Any]) -> Made: ...

    def created(self, place: Place, resource_type: str, made: Made) -> Made | None:
        """The resource with its attributes once it is stable, or None while it is not."""
        ...

    def update(
        self,
        place: Place,
        resource_type: str,
        made: Made,
        old: dict[str, Any],
        new: dict[str, Any],
    ) -> Made: ...

    def delete(
        self, place: Place, resource_type: str, made: Made, properties: dict[str, Any]
    ) -> None: ...

    def deleted(self, place: Place, resource_type: str, made: Made) -> bool:
        """Whether the resource is gone."""
        ...


class MotoHandler:
    """Types that moto has a CloudFormation model for. They exist at once."""

    def create(self, place: Place, resource_type: str, properties: dict[str, Any]) -> Made:
        name = self._name(place, resource_type, properties)
        model = moto_parsing.get_model_map()[resource_type]
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
        except Exception as error:
            raise ResourceFailed(_reason(error)) from error
        made = self._made(resource)
        try:
            self._after_create(place, resource_type, resource, properties)
        except Exception as error:
            self.delete(place, resource_type, made, properties)
            raise ResourceFailed(_reason(error)) from error
        return made

    def created(self, place: Place, resource_type: str, made: Made) -> Made | None:
        return made

    def update(
        self,
        place: Place,
        resource_type: str,
        made: Made,
        old: dict[str, Any],
        new: dict[str, Any],
    ) -> Made:
        if resource_type == "AWS::IAM::Role":
            try:
                _update_role(place, made, new)
            except Exception as error:
                raise ResourceFailed(_reason(error)) from error
            return made
        model = moto_parsing.get_model_map()[resource_type]
        try:
            resource = model.update_from_cloudformation_json(
                original_resource=made.token,
                new_resource_name=self._name(place, resource_type, new),
                cloudformation_json={"Type": resource_type, "Properties": new},
                account_id=place.account,
                region_name=place.region,
            )
        except Exception as error:
            raise ResourceFailed(_reason(error)) from error
        return self._made(resource or made.token)

    def delete(
        self, place: Place, resource_type: str, made: Made, properties: dict[str, Any]
    ) -> None:
        if resource_type == "AWS::IAM::Role":
            _strip_role(place, made.physical_id)
        try:
            _moto_delete(made.token, place, resource_type, made.physical_id, properties)
        except Exception as error:
            if "does not exist" in str(error) or "NoSuch" in type(error).__name__:
                return
            raise ResourceFailed(_reason(error)) from error

    def deleted(self, place: Place, resource_type: str, made: Made) -> bool:
        return True

    def _name(self, place: Place, resource_type: str, properties: dict[str, Any]) -> str:
        name_property = moto_parsing.resource_name_property_from_type(resource_type)
        if name_property and name_property in properties:
            return str(properties[name_property])
        generated: str = moto_parsing.generate_resource_name(
            resource_type, place.stack_name, place.logical_id
        )
        if name_property:
            properties[name_property] = generated
        return generated

    def _made(self, resource: Any) -> Made:
        return Made(
            physical_id=str(resource.physical_resource_id),
            reference=resource.physical_resource_id,
            attributes=_MotoAttributes(resource),
            token=resource,
        )

    def _after_create(
        self, place: Place, resource_type: str, resource: Any, properties: dict[str, Any]
    ) -> None:
        if resource_type == "AWS::IAM::Role":
            _put_role_policies(place, resource.physical_resource_id, properties)
        if isinstance(resource, moto_parsing.TaggedEC2Resource):
            backend = moto_parsing.ec2_models.ec2_backends[place.account][place.region]
            backend.create_tags([resource.physical_resource_id], dict(place.tags))


class _MotoAttributes(Mapping[str, Any]):
    """GetAtt of a moto resource, asked only when needed."""

    def __init__(self, resource: Any) -> None:
        self._resource = resource

    def __getitem__(self, name: str) -> Any:
        if not hasattr(self._resource, "get_cfn_attribute"):
            raise KeyError(name)
        try:
            return self._resource.get_cfn_attribute(name)
        except moto_parsing.UnformattedGetAttTemplateException as error:
            raise KeyError(name) from error

    def __iter__(self) -> Any:
        return iter(())

    def __len__(self) -> int:
        return 0


def _moto_delete(
    resource: Any, place: Place, resource_type: str, physical_id: str, properties: dict[str, Any]
) -> None:
    if hasattr(resource, "delete"):
        try:
            resource.delete(place.account, place.region)
        except (TypeError, AttributeError):
            pass
        else:
            return
    moto_parsing.parse_and_delete_resource(
        physical_id,
        {"Type": resource_type, "Properties": properties},
        place.account,
        place.region,
    )


def _reason(error: Exception) -> str:
    text = getattr(error, "message", None) or str(error) or type(error).__name__
    return str(text)


def _iam(place: Place) -> Any:
    backends = moto_parsing.iam_models.iam_backends
    return backends[place.account][moto_parsing.get_partition(place.region)]


def _put_role_policies(place: Place, role: str, properties: dict[str, Any]) -> None:
    """Inline policies of a role: moto's CloudFormation model leaves them out."""
    for policy in properties.get("Policies", []):
        _iam(place).put_role_policy(
            role, policy["PolicyName"], json.dumps(policy["PolicyDocument"])
        )


def _update_role(place: Place, made: Made, new: dict[str, Any]) -> None:
    iam = _iam(place)
    for name in list(iam.list_role_policies(made.physical_id)):
        iam.delete_role_policy(made.physical_id, name)
    _put_role_policies(place, made.physical_id, new)
    document = new["AssumeRolePolicyDocument"]
    iam.update_assume_role_policy(made.physical_id, json.dumps(document))
    for arn in list(iam.get_role(made.physical_id).managed_policies):
        iam.detach_role_policy(arn, made.physical_id)
    for arn in new.get("ManagedPolicyArns", []):
        iam.attach_role_policy(arn, made.physical_id)
    if new.get("PermissionsBoundary"):
        iam.put_role_permissions_boundary(made.physical_id, new["PermissionsBoundary"])
    tags = {tag["Key"]: tag for tag in new.get("Tags", [])}
    iam.tag_role(made.physical_id, list(tags.values()))


def _strip_role(place: Place, role: str) -> None:
    """CloudFormation detaches what it attached before it deletes a role."""
    iam = _iam(place)
    if role not in {r.name for r in iam.roles.values()}:
        return
    for name in list(iam.list_role_policies(role)):
        iam.delete_role_policy(role, name)
    for arn in list(iam.get_role(role).managed_policies):
        iam.detach_role_policy(arn, role)


class BucketPolicyHandler:
    """AWS::S3::BucketPolicy, which moto's CloudFormation lacks, through its S3 API."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    def create(self, place: Place, resource_type: str, properties: dict[str, Any]) -> Made:
        bucket = properties["Bucket"]
        s3 = self._machine.client("s3", place.region)
        try:
            s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(properties["PolicyDocument"]))
        except Exception as error:
            raise ResourceFailed(str(error)) from error
        return Made(physical_id=bucket, reference=bucket)

    def created(self, place: Place, resource_type: str, made: Made) -> Made | None:
        return made

    def update(
        self,
        place: Place,
        resource_type: str,
        made: Made,
        old: dict[str, Any],
        new: dict[str, Any],
    ) -> Made:
        return self.create(place, resource_type, new)

    def delete(
        self, place: Place, resource_type: str, made: Made, properties: dict[str, Any]
    ) -> None:
        s3 = self._machine.client("s3", place.region)
        try:
            s3.delete_bucket_policy(Bucket=made.physical_id)
        except s3.exceptions.NoSuchBucket:
            return
        except Exception as error:
            raise ResourceFailed(str(error)) from error

    def deleted(self, place: Place, resource_type: str, made: Made) -> bool:
        return True


class NothingHandler:
    """Types that make nothing (AWS::CDK::Metadata, wait condition handles)."""

    def create(self, place: Place, resource_type: str, properties: dict[str, Any]) -> Made:
        return Made(physical_id=place.logical_id, reference=place.logical_id)

    def created(self, place: Place, resource_type: str, made: Made) -> Made | None:
        return made

    def update(
        self,
        place: Place,
        resource_type: str,
        made: Made,
        old: dict[str, Any],
        new: dict[str, Any],
    ) -> Made:
        return made

    def delete(
        self, place: Place, resource_type: str, made: Made, properties: dict[str, Any]
    ) -> None:
        return None

    def deleted(self, place: Place, resource_type: str, made: Made) -> bool:
        return True


def api_reason(error: ApiError) -> str:
    """A refusal in the words of a stack event."""
    if error.code == "ValidationError":  # CloudFormation's own
        return error.message
    return f"{error.message} (Service: SageMaker, Status Code: {error.status}) [{error.code}]"
