"""What moto's CloudFormation models leave out of creating, updating and deleting a type.

Each entry is a function of (place, physical id, properties) over moto's own backends.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from moto.ec2.models import ec2_backends
from moto.iam.models import iam_backends
from moto.utilities.utils import get_partition

from rehearsal.cloudformation.handlers import Place

Fill = Callable[[Place, str, dict[str, Any]], None]


def _iam(place: Place) -> Any:
    return iam_backends[place.account][get_partition(place.region)]


def _ec2(place: Place) -> Any:
    return ec2_backends[place.account][place.region]


def _put_role_policies(place: Place, role: str, properties: dict[str, Any]) -> None:
    for policy in properties.get("Policies", []):
        _iam(place).put_role_policy(
            role, policy["PolicyName"], json.dumps(policy["PolicyDocument"])
        )


def _strip_role(place: Place, role: str) -> None:
    iam = _iam(place)
    for name in list(iam.list_role_policies(role)):
        iam.delete_role_policy(role, name)
    for arn in list(iam.get_role(role).managed_policies):
        iam.detach_role_policy(arn, role)


def _update_role(place: Place, role: str, properties: dict[str, Any]) -> None:
    iam = _iam(place)
    _strip_role(place, role)
    _put_role_policies(place, role, properties)
    for arn in properties.get("ManagedPolicyArns", []):
        iam.attach_role_policy(arn, role)
    iam.update_assume_role_policy(role, json.dumps(properties["AssumeRolePolicyDocument"]))
    if properties.get("PermissionsBoundary"):
        iam.put_role_permissions_boundary(role, properties["PermissionsBoundary"])
    iam.tag_role(role, properties.get("Tags", []))


def _delete_role(place: Place, role: str, _properties: dict[str, Any]) -> None:
    """CloudFormation detaches what it attached before it deletes a role."""
    if role in {r.name for r in _iam(place).roles.values()}:
        _strip_role(place, role)
        _iam(place).delete_role(role)


def _update_managed_policy(place: Place, arn: str, properties: dict[str, Any]) -> None:
    iam = _iam(place)
    document = json.dumps(properties["PolicyDocument"])
    iam.create_policy_version(arn, document, "true")
    # An account may keep five versions; CloudFormation keeps one.
    for version in list(iam.get_policy(arn).versions):
        if not version.is_default:
            iam.delete_policy_version(arn, version.version_id)


def _delete_managed_policy(place: Place, arn: str, _properties: dict[str, Any]) -> None:
    iam = _iam(place)
    for role in list(iam.roles.values()):
        if arn in role.managed_policies:
            iam.detach_role_policy(arn, role.name)
    iam.delete_policy(arn)


def _delete_association(place: Place, table: str, properties: dict[str, Any]) -> None:
    # moto's physical id of an association is its route table's: find it by its subnet.
    filters = {"association.subnet-id": [properties["SubnetId"]]}
    for found in _ec2(place).describe_route_tables([table], filters):
        for association in found.associations:
            if association.get("SubnetId") == properties["SubnetId"]:
                _ec2(place).disassociate_route_table(association["RouteTableAssociationId"])


def _delete_route_table(place: Place, table: str, _properties: dict[str, Any]) -> None:
    _ec2(place).delete_route_table(table)


CREATE: dict[str, Fill] = {"AWS::IAM::Role": _put_role_policies}

UPDATE: dict[str, Fill] = {
    "AWS::IAM::Role": _update_role,
    "AWS::IAM::ManagedPolicy": _update_managed_policy,
}

DELETE: dict[str, Fill] = {
    "AWS::EC2::RouteTable": _delete_route_table,
    "AWS::EC2::SubnetRouteTableAssociation": _delete_association,
    "AWS::IAM::ManagedPolicy": _delete_managed_policy,
    "AWS::IAM::Role": _delete_role,
}
