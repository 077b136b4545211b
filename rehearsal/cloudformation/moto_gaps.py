"""What moto's CloudFormation models leave out of creating, updating and deleting a type.

Each entry is a function of (place, physical id, properties) over moto's own backends; that
of an update has the old properties before the new ones.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from moto.ec2.models import ec2_backends
from moto.iam.models import iam_backends
from moto.utilities.utils import get_partition

from rehearsal import networks
from rehearsal.cloudformation import moto_gaps_storage as storage
from rehearsal.cloudformation.handlers import Place

Fill = Callable[[Place, str, dict[str, Any]], None]
Change = Callable[[Place, str, dict[str, Any], dict[str, Any]], None]


def _iam(place: Place) -> Any:
    return iam_backends[place.account][get_partition(place.region)]


def _ec2(place: Place) -> Any:
    return ec2_backends[place.account][place.region]


def _put_role_policies(place: Place, role: str, properties: dict[str, Any]) -> None:
    for policy in properties.get("Policies", []):
        _iam(place).put_role_policy(
            role, policy["PolicyName"], json.dumps(policy["PolicyDocument"])
        )


def _attach_policies(place: Place, role: str, properties: dict[str, Any]) -> None:
    wanted = properties.get("ManagedPolicyArns", [])
    attached = set(_iam(place).get_role(role).managed_policies)
    for arn in wanted:
        if arn not in attached:
            _iam(place).attach_role_policy(arn, role)


def _complete_role(place: Place, role: str, properties: dict[str, Any]) -> None:
    _put_role_policies(place, role, properties)
    _attach_policies(place, role, properties)


def _strip_role(place: Place, role: str, properties: dict[str, Any]) -> None:
    """Take away what the role's own properties gave it; other resources' policies stay."""
    iam = _iam(place)
    own = {policy["PolicyName"] for policy in properties.get("Policies", [])}
    for name in own & set(iam.list_role_policies(role)):
        iam.delete_role_policy(role, name)
    attached = set(iam.get_role(role).managed_policies)
    for arn in attached & set(properties.get("ManagedPolicyArns", [])):
        iam.detach_role_policy(arn, role)


def _update_role(place: Place, role: str, old: dict[str, Any], new: dict[str, Any]) -> None:
    iam = _iam(place)
    _strip_role(place, role, old)
    _put_role_policies(place, role, new)
    _attach_policies(place, role, new)
    found = iam.get_role(role)
    # Not through moto's operation, which refuses a document without a Version; IAM takes it.
    found.assume_role_policy_document = json.dumps(new["AssumeRolePolicyDocument"])
    if new.get("PermissionsBoundary"):
        iam.put_role_permissions_boundary(role, new["PermissionsBoundary"])
    else:
        iam.delete_role_permissions_boundary(role)
    iam.update_role(role, new.get("Description", ""), str(new.get("MaxSessionDuration", 3600)))
    kept = {tag["Key"] for tag in new.get("Tags", [])}
    iam.untag_role(role, [t["Key"] for t in found.tags if t["Key"] not in kept])
    iam.tag_role(role, new.get("Tags", []))


def _delete_role(place: Place, role: str, properties: dict[str, Any]) -> None:
    """CloudFormation detaches what it attached before it deletes a role; what somebody else
    attached makes IAM refuse (DeleteConflict)."""
    if role in {r.name for r in _iam(place).roles.values()}:
        _strip_role(place, role, properties)
        _iam(place).delete_role(role)


def _update_managed_policy(
    place: Place, arn: str, _old: dict[str, Any], new: dict[str, Any]
) -> None:
    iam = _iam(place)
    document = json.dumps(new["PolicyDocument"])
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


CREATE: dict[str, Fill] = {
    "AWS::ECR::Repository": storage.configure_repository,
    "AWS::IAM::Role": _complete_role,
    "AWS::S3::Bucket": storage.configure_bucket,
}


def _as_new(fill: Fill) -> Change:
    """A change that needs to know only what is wanted now."""
    return lambda place, physical_id, _old, new: fill(place, physical_id, new)


UPDATE: dict[str, Change] = {
    "AWS::ECR::Repository": _as_new(storage.configure_repository),
    "AWS::IAM::Role": _update_role,
    "AWS::IAM::ManagedPolicy": _update_managed_policy,
    "AWS::KMS::Key": _as_new(storage.update_key),
    "AWS::Logs::LogGroup": _as_new(storage.update_log_group),
    "AWS::S3::Bucket": _as_new(storage.configure_bucket),
}

DELETE: dict[str, Fill] = {
    "AWS::EC2::RouteTable": _delete_route_table,
    "AWS::EC2::SubnetRouteTableAssociation": _delete_association,
    "AWS::IAM::ManagedPolicy": _delete_managed_policy,
    "AWS::IAM::Role": _delete_role,
    "AWS::KMS::Key": storage.delete_key,
}


def _refuse_in_use(place: Place, resource_id: str, _properties: dict[str, Any]) -> None:
    networks.refuse_deletion_in_use(place.region, resource_id)


# What keeps a deletion from being begun. CloudFormation tries some of them again for minutes
# before it gives up; here it gives up at once.
REFUSE_DELETE: dict[str, Fill] = {
    "AWS::EC2::NetworkInterface": _refuse_in_use,
    "AWS::EC2::SecurityGroup": _refuse_in_use,
    "AWS::EC2::Subnet": _refuse_in_use,
    "AWS::EC2::VPC": _refuse_in_use,
    "AWS::S3::Bucket": storage.refuse_full_bucket,
}


def _zone(place: Place) -> dict[str, Any]:
    """A subnet's zone; moto's own choice is one of us-east-1."""
    return {"AvailabilityZone": f"{place.region}a"}


# What AWS chooses when the template does not.
DEFAULTS: dict[str, Callable[[Place], dict[str, Any]]] = {"AWS::EC2::Subnet": _zone}

# What moto wants otherwise than the template says it.
SHAPED: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "AWS::KMS::Key": storage.key_as_moto_wants,
    "AWS::SSM::Parameter": storage.tags_as_list,
}
