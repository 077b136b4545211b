"""What EC2 does not delete because something still uses it.

moto deletes subnets, groups and networks whatever is in them. The rules are those of "Delete
a subnet", "Delete a security group" and "DeleteVpc" in EC2's documentation; the wording is
EC2's, as public issues quote it (aws/aws-cdk#14456, lianghong/delete_vpc#10).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from moto.ec2.exceptions import DependencyViolationError, EC2ClientError
from moto.ec2.models import ec2_backends
from moto.efs.models import efs_backends

from rehearsal.account import ACCOUNT

_GONE = ("deleted", "terminated")


def refuse_deletion_in_use(region: str, resource_id: str) -> None:
    """Raise EC2's error when a subnet, group, network or network interface is in use; what
    does not exist is not."""
    refuse = _RULES.get(resource_id.partition("-")[0])
    if refuse is not None:
        refuse(region, resource_id)


def _refuse_subnet(region: str, subnet: str) -> None:
    if any(interface.subnet.id == subnet for interface in _interfaces(region)):
        raise _has_dependencies("subnet", subnet)


def _refuse_group(region: str, group_id: str) -> None:
    groups = _groups(region)
    if any(g.id == group_id and g.name == "default" for g in groups):
        raise EC2ClientError(
            "CannotDelete",
            f'the specified group: "{group_id}" name: "default" cannot be deleted by a user',
        )
    referred = any(
        rule.source_group.get("GroupId") == group_id
        for group in groups
        if group.id != group_id
        for rule in [*group.ingress_rules, *group.egress_rules]
    )
    used = (group.id for interface in _interfaces(region) for group in interface.group_set)
    if referred or group_id in used:
        raise DependencyViolationError(f"resource {group_id} has a dependent object")


def _refuse_vpc(region: str, vpc: str) -> None:
    ec2 = ec2_backends[ACCOUNT][region]
    holds = (
        any(vpc == subnet.vpc_id for subnet in ec2.describe_subnets()),
        any(vpc == group.vpc_id and group.name != "default" for group in _groups(region)),
        any(vpc == interface.vpc_id for interface in _interfaces(region)),
        any(vpc == _vpc_of(gateway) for gateway in list(ec2.internet_gateways.values())),
        any(vpc == e.vpc_id and e.state not in _GONE for e in list(ec2.vpc_end_points.values())),
        any(vpc == acl.vpc_id and not acl.default for acl in list(ec2.network_acls.values())),
    )
    if any(holds):
        raise _has_dependencies("vpc", vpc)


def _refuse_interface(region: str, interface_id: str) -> None:
    attached = any(i.id == interface_id and i.instance is not None for i in _interfaces(region))
    if attached or interface_id in _of_services(region):
        raise EC2ClientError(
            "InvalidParameterValue", f"Network interface '{interface_id}' is currently in use."
        )


_RULES: dict[str, Callable[[str, str], None]] = {
    "eni": _refuse_interface,
    "sg": _refuse_group,
    "subnet": _refuse_subnet,
    "vpc": _refuse_vpc,
}


def _has_dependencies(noun: str, resource_id: str) -> DependencyViolationError:
    return DependencyViolationError(
        f"The {noun} '{resource_id}' has dependencies and cannot be deleted."
    )


def _vpc_of(gateway: Any) -> str:
    return gateway.vpc.id if gateway.vpc else ""


def _groups(region: str) -> list[Any]:
    ec2 = ec2_backends[ACCOUNT][region]
    return [group for of_vpc in list(ec2.groups.values()) for group in list(of_vpc.values())]


def _interfaces(region: str) -> Iterator[Any]:
    """The interfaces that are there. moto keeps those of what is terminated or deleted."""
    ec2 = ec2_backends[ACCOUNT][region]
    gone = {
        address["networkInterfaceId"]
        for gateway in list(ec2.nat_gateways.values())
        if gateway.state in _GONE
        for address in gateway.address_set
    }
    for interface in list(ec2.enis.values()):
        ended = interface.instance is not None and interface.instance.state in _GONE
        if interface.id not in gone and not ended:
            yield interface


def _of_services(region: str) -> set[str]:
    """The interfaces that other services hold: mount targets, endpoints, NAT gateways."""
    ec2, efs = ec2_backends[ACCOUNT][region], efs_backends[ACCOUNT][region]
    targets = {target.network_interface_id for target in list(efs.mount_targets_by_id.values())}
    endpoints = {i for e in list(ec2.vpc_end_points.values()) for i in e.network_interface_ids}
    gateways = {
        address["networkInterfaceId"]
        for gateway in list(ec2.nat_gateways.values())
        if gateway.state not in _GONE
        for address in gateway.address_set
    }
    return {*targets, *endpoints, *gateways}
