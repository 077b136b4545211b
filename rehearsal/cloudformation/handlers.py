"""How a resource of a template is made, changed and removed.

SageMaker's are our own control plane's (sagemaker.py), with its asynchronous states; the
others are moto's models, called one at a time (moto.py); here are the few that neither has.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from rehearsal.cloudformation import schemas
from rehearsal.errors import ApiError
from rehearsal.inprocess import Clients


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


class Handler(ABC):
    """Makes resources of a type. Creating, updating and deleting begin something; `created`
    and `deleted` say whether it is done. By default all is done at once."""

    # Whether an update may answer another physical id: what had the old one is then to be
    # deleted when the update, or its rollback, cleans up.
    replaces = False

    @abstractmethod
    def create(self, place: Place, resource_type: str, properties: dict[str, Any]) -> Made:
        """Begin to make a resource. Raises ResourceFailed with the event's reason."""

    def created(self, place: Place, resource_type: str, made: Made) -> Made | None:
        """The resource with its attributes once it is stable, or None while it is not."""
        return made

    def update(
        self,
        place: Place,
        resource_type: str,
        made: Made,
        old: dict[str, Any],
        new: dict[str, Any],
    ) -> Made:
        """Begin to change a resource in place."""
        return made

    def delete(  # noqa: B027 - what makes nothing has nothing to remove
        self, place: Place, resource_type: str, made: Made, properties: dict[str, Any]
    ) -> None:
        """Begin to remove a resource; one that is gone already is no error."""

    def deleted(self, place: Place, resource_type: str, made: Made) -> bool:
        """Whether the resource is gone."""
        return True


class BucketPolicyHandler(Handler):
    """AWS::S3::BucketPolicy, which moto's CloudFormation lacks, through its S3 API.

    What differs from AWS: moto applies a statement whatever its Condition says, so "deny
    without TLS" would deny everything. Statements with a Condition are left out.
    """

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def create(self, place: Place, resource_type: str, properties: dict[str, Any]) -> Made:
        bucket = properties["Bucket"]
        document = properties["PolicyDocument"]
        plain = [s for s in document["Statement"] if "Condition" not in s]
        s3 = self._clients("s3", place.region)
        try:
            s3.head_bucket(Bucket=bucket)
            if plain:
                policy = json.dumps({**document, "Statement": plain})
                s3.put_bucket_policy(Bucket=bucket, Policy=policy)
        except ClientError as error:
            raise ResourceFailed(str(error)) from error
        return Made(physical_id=bucket, reference=bucket)

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
        s3 = self._clients("s3", place.region)
        try:
            s3.delete_bucket_policy(Bucket=made.physical_id)
        except s3.exceptions.NoSuchBucket:
            return
        except ClientError as error:
            raise ResourceFailed(str(error)) from error


class NothingHandler(Handler):
    """Types that make nothing (AWS::CDK::Metadata)."""

    def create(self, place: Place, resource_type: str, properties: dict[str, Any]) -> Made:
        return Made(physical_id=place.logical_id, reference=place.logical_id)


class UnsupportedHandler(Handler):
    """A type that the local AWS does not have: the stack fails and says so."""

    def create(self, place: Place, resource_type: str, properties: dict[str, Any]) -> Made:
        if schemas.exists(resource_type, place.region):
            raise ResourceFailed(f"The local AWS does not have {resource_type}.")
        raise ResourceFailed(
            f"Template format error: Unrecognized resource types: [{resource_type}] "
            f"in {place.region}"
        )


def api_reason(error: ApiError) -> str:
    """A refusal in the words of a stack event."""
    if error.code == "ValidationError":  # CloudFormation's own
        return error.message
    return f"{error.message} (Service: SageMaker, Status Code: {error.status}) [{error.code}]"
