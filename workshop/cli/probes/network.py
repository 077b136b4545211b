"""VPCs: room for one of our own, or the given one with its subnets and addresses."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from workshop import names
from workshop.aws import error_code
from workshop.cli.findings import Finding
from workshop.cli.probes.region import Region
from workshop.cli.probes.studio import describe_existing_domain

_VPC = "VPC"
_ROOM = "address room"
_VPCS_QUOTA = "L-F678F1CE"
# "VPCs per Region: 5" by default; a value can only be raised (VPC user guide, "Amazon VPC
# quotas").
_VPCS_DEFAULT = 5
_NOT_FOUND = ("InvalidVpcID.NotFound", "InvalidSubnetID.NotFound")
_MALFORMED = ("InvalidVpcId.Malformed", "InvalidSubnetId.Malformed", "InvalidVpcID.Malformed")

# Addresses in the domain's subnets for each person in Studio. "SageMaker Studio injects an ENI
# for every unique instance used by a user profile or a shared space" (whitepaper "SageMaker
# Studio Administration Best Practices", "Network management"): here that is the one instance
# of a space. In VpcOnly mode, "We recommend between 2 and 4 IP addresses per user" (developer
# guide, "Connect Amazon SageMaker Studio in a VPC to External Resources").
_ADDRESSES = 1
_ADDRESSES_VPC_ONLY = 2


@dataclass(frozen=True, slots=True)
class _Domain:
    """Where a domain's apps take their addresses; `each` is how many a person needs."""

    vpc: str
    subnets: tuple[str, ...]
    each: int
    given_by: str


def check_network(region: Region) -> list[Finding]:
    """Is there a VPC for Studio, and are there addresses for everybody in it?

    Notebook instances have direct internet access and none of our VPCs.
    """
    if not region.in_studio:
        return []
    if region.makes_network:
        return [_check_own_vpc(region)]
    if region.makes_domain:
        network = region.workshop.networks[region.name]
        domain = _Domain(network.vpc, network.subnets, _ADDRESSES, "`network`")
        return [*_check_vpc(region, domain.vpc), *_check_subnets(region, domain)]
    described = describe_existing_domain(region)
    if described is None:  # told by the probe of the domain
        return []
    vpc_only = described.get("AppNetworkAccessType") == "VpcOnly"
    each = _ADDRESSES_VPC_ONLY if vpc_only else _ADDRESSES
    subnets = tuple(described.get("SubnetIds", ()))
    domain = _Domain(described.get("VpcId", ""), subnets, each, "the domain")
    return _check_subnets(region, domain) if subnets else []


def _check_own_vpc(region: Region) -> Finding:
    """May the account have one VPC more here?"""
    pages = region.clients["ec2"].get_paginator("describe_vpcs").paginate()
    vpcs = [_tags(vpc) for page in pages for vpc in page["Vpcs"]]
    others = [tags for tags in vpcs if tags.get(names.TAG_WORKSHOP) != region.workshop.name]
    if len(others) < len(vpcs):
        return region.found(_VPC, f"this workshop's VPC is one of {len(vpcs)}")
    limit, source = _vpc_quota(region)
    if len(others) < limit:
        return region.found(_VPC, f"{len(others)} of {limit}{source} are taken")
    what = f"{len(others)} VPCs exist, of {limit}{source}, and the workshop makes one more"
    fix = (
        f"delete one, or use one: `network: {{{region.name}: ...}}` in the YAML, or ask for more: "
        "aws service-quotas request-service-quota-increase --service-code vpc "
        f"--quota-code {_VPCS_QUOTA} --region {region.name} --desired-value {len(others) + 1}"
    )
    if source:  # it may have been raised
        return region.unclear(_VPC, what, f"the value of {_VPCS_QUOTA} could not be read", fix)
    return region.problem(_VPC, what, f'the quota "VPCs per Region" ({_VPCS_QUOTA}) is full', fix)


def _vpc_quota(region: Region) -> tuple[int, str]:
    """The applied value and ""; or AWS's default and words that say so."""
    try:
        answer = region.clients["service-quotas"].get_service_quota(
            ServiceCode="vpc", QuotaCode=_VPCS_QUOTA
        )
    except ClientError as error:
        if error_code(error) != "NoSuchResourceException":
            raise
        return _VPCS_DEFAULT, " (AWS's default: no value was applied)"
    value = answer["Quota"].get("Value")
    if value is None:  # AWS could not read it: ErrorReason
        return _VPCS_DEFAULT, " (AWS's default: the answer has no value)"
    return int(value), ""


def _check_vpc(region: Region, vpc: str) -> list[Finding]:
    try:
        region.clients["ec2"].describe_vpcs(VpcIds=[vpc])
    except ClientError as error:
        if error_code(error) not in (*_NOT_FOUND, *_MALFORMED):
            raise
        return [
            region.problem(
                _VPC,
                f"there is no VPC {vpc}",
                f"DescribeVpcs does not find it in {region.name}",
                f"correct `network`; see: aws ec2 describe-vpcs --region {region.name}",
            )
        ]
    return [region.found(_VPC, f"{vpc} is there")]


def _check_subnets(region: Region, domain: _Domain) -> list[Finding]:
    try:
        answer = region.clients["ec2"].describe_subnets(SubnetIds=list(domain.subnets))
    except ClientError as error:
        if error_code(error) not in (*_NOT_FOUND, *_MALFORMED):
            raise
        return [
            region.problem(
                _ROOM,
                f"not all subnets are there: {', '.join(domain.subnets)}",
                " ".join(str(error).split()),
                f"correct `network`; see: aws ec2 describe-subnets --region {region.name}",
            )
        ]
    subnets = answer["Subnets"]
    elsewhere = sorted(s["SubnetId"] for s in subnets if s["VpcId"] != domain.vpc)
    if elsewhere:
        return [
            region.problem(
                _ROOM,
                f"not in {domain.vpc}: {', '.join(elsewhere)}",
                "a Studio domain's subnets lie in its VPC",
                "correct `network`: name subnets of that VPC",
            )
        ]
    return [_compare_room(region, domain, subnets)]


def _compare_room(region: Region, domain: _Domain, subnets: Iterable[Any]) -> Finding:
    free = {s["SubnetId"]: int(s["AvailableIpAddressCount"]) for s in subnets}
    zones = sorted({s["AvailabilityZone"] for s in subnets})
    need = domain.each * (region.in_studio - _running(region))
    room = f"{sum(free.values())} addresses are free in {len(free)} subnets of {domain.given_by}"
    if sum(free.values()) < need:
        return region.problem(
            _ROOM,
            f"{room}, of {need} that {region.in_studio} people need",
            f"Studio takes {domain.each} for each person's space",
            "give more or larger subnets, or another region to some",
        )
    if len(zones) < 2:
        return region.found(
            _ROOM,
            f"{room}, all of them in {zones[0]}",
            "when a zone has no instances of a type left, nobody can start one",
            "give subnets in two zones",
        )
    return region.found(_ROOM, f"{room}, in {len(zones)} zones; {need} are needed")


def _running(region: Region) -> int:
    """Those whose environment is there already; they may hold their addresses."""
    stacks = region.stacks or frozenset()
    return sum(
        1
        for attendee in region.attendees
        if attendee.environment == "studio"
        and names.attendee_stack_name(region.workshop.name, attendee.id) in stacks
    )


def _tags(resource: Any) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in resource.get("Tags", [])}
