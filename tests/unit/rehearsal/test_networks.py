"""Networks that are in use: EC2 and CloudFormation refuse to delete them."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.ec2.models import ec2_backends
from moto.efs.models import efs_backends

from rehearsal.account import ACCOUNT
from rehearsal.ec2 import Ec2
from rehearsal.inprocess import InProcess
from rehearsal.sagemaker import surroundings
from tests.unit.rehearsal.bench import REGION
from tests.unit.rehearsal.stacks import Resources, Stacks, domain

NAME = "ml601"


@pytest.fixture
def ec2() -> Any:
    return InProcess({"ec2": Ec2()})("ec2", REGION)


def network() -> Resources:
    home = domain()
    home["Properties"] |= {"VpcId": {"Ref": "Network"}, "SubnetIds": [{"Ref": "Subnet"}]}
    return {
        "Network": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.61.0.0/16"}},
        "Subnet": {
            "Type": "AWS::EC2::Subnet",
            "Properties": {"VpcId": {"Ref": "Network"}, "CidrBlock": "10.61.1.0/24"},
        },
        "Domain": home,
    }


def made(stacks: Stacks) -> tuple[str, str, str]:
    """The ids of the network, its subnet and the domain's file system."""
    assert stacks.create(NAME, network()) == "CREATE_COMPLETE"
    rows = stacks.call("DescribeStackResources", StackName=NAME)["StackResources"]
    ids = {row["LogicalResourceId"]: row["PhysicalResourceId"] for row in rows}
    home = stacks.bench.call("DescribeDomain", DomainId=ids["Domain"])
    return ids["Network"], ids["Subnet"], home["HomeEfsFileSystemId"]


def delete_groups(vpc: str) -> None:
    """Delete a network's own groups, the rules that join them first."""
    ec2 = ec2_backends[ACCOUNT][REGION]
    groups = [g for g in ec2.describe_security_groups() if g.vpc_id == vpc and g.name != "default"]
    for group in groups:
        group.ingress_rules.clear()
        group.egress_rules.clear()
    for group in groups:
        ec2.delete_security_group(group_id=group.id)


def test_a_stack_keeps_the_network_of_a_file_system_until_that_is_gone(stacks: Stacks) -> None:
    vpc, subnet, file_system = made(stacks)
    assert stacks.delete(NAME) == "DELETE_FAILED"
    assert stacks.reasons(NAME, "DELETE_FAILED")[1:] == [
        f"The subnet '{subnet}' has dependencies and cannot be deleted."
    ]
    assert set(stacks.resources(NAME)) >= {"Network", "Subnet"}
    surroundings.delete_home_file_system(REGION, file_system)
    assert stacks.delete(NAME) == "DELETE_FAILED"
    reason = f"The vpc '{vpc}' has dependencies and cannot be deleted."
    assert reason in stacks.reasons(NAME, "DELETE_FAILED")
    delete_groups(vpc)
    assert stacks.delete(NAME) == "DELETE_COMPLETE"
    assert vpc not in ec2_backends[ACCOUNT][REGION].vpcs


def refusal(call: Any, **params: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**params)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def test_ec2_refuses_to_delete_what_a_mount_target_uses(stacks: Stacks, ec2: Any) -> None:
    vpc, subnet, file_system = made(stacks)
    targets = efs_backends[ACCOUNT][REGION].describe_mount_targets(
        100, file_system, None, None, None
    )[1]
    interface = targets[0].network_interface_id
    [group] = targets[0].security_groups
    assert refusal(ec2.delete_subnet, SubnetId=subnet) == (
        "DependencyViolation",
        f"The subnet '{subnet}' has dependencies and cannot be deleted.",
    )
    assert refusal(ec2.delete_vpc, VpcId=vpc)[0] == "DependencyViolation"
    assert refusal(ec2.delete_security_group, GroupId=group) == (
        "DependencyViolation",
        f"resource {group} has a dependent object",
    )
    assert refusal(ec2.delete_network_interface, NetworkInterfaceId=interface) == (
        "InvalidParameterValue",
        f"Network interface '{interface}' is currently in use.",
    )


def test_groups_that_refer_to_each_other_go_once_a_rule_is_revoked(ec2: Any) -> None:
    vpc = ec2.create_vpc(CidrBlock="10.62.0.0/16")["Vpc"]["VpcId"]
    one, two = (
        ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc)["GroupId"]
        for name in ("one", "two")
    )
    nfs = {"IpProtocol": "tcp", "FromPort": 2049, "ToPort": 2049}
    own, other = ({**nfs, "UserIdGroupPairs": [{"GroupId": group}]} for group in (one, two))
    ec2.authorize_security_group_ingress(GroupId=one, IpPermissions=[own])
    ec2.authorize_security_group_ingress(GroupId=one, IpPermissions=[other])
    assert refusal(ec2.delete_security_group, GroupId=two)[0] == "DependencyViolation"
    assert refusal(ec2.delete_vpc, VpcId=vpc)[0] == "DependencyViolation"
    ec2.revoke_security_group_ingress(GroupId=one, IpPermissions=[other])
    ec2.delete_security_group(GroupId=two)
    ec2.delete_security_group(GroupId=one)
    ec2.delete_vpc(VpcId=vpc)


def test_a_network_with_a_gateway_stays_and_goes_without_it(ec2: Any) -> None:
    vpc = ec2.create_vpc(CidrBlock="10.63.0.0/16")["Vpc"]["VpcId"]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    assert refusal(ec2.delete_vpc, VpcId=vpc)[0] == "DependencyViolation"
    ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    ec2.delete_vpc(VpcId=vpc)


def test_the_default_group_is_never_deleted(ec2: Any) -> None:
    vpc = ec2.create_vpc(CidrBlock="10.64.0.0/16")["Vpc"]["VpcId"]
    found = ec2.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [vpc]}])
    [default] = found["SecurityGroups"]
    assert refusal(ec2.delete_security_group, GroupId=default["GroupId"])[0] == "CannotDelete"
