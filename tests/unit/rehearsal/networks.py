"""What of a network a test may need, in the one region that the bench has."""

from __future__ import annotations

from moto.ec2.models import ec2_backends

from rehearsal.account import ACCOUNT
from tests.unit.rehearsal.bench import REGION, default_network


def security_group(vpc: str = "") -> str:
    """A security group of a VPC: that which every VPC has."""
    groups = ec2_backends[ACCOUNT][REGION].describe_security_groups()
    of_vpc = vpc or default_network()["VpcId"]
    return next(str(g.id) for g in groups if g.vpc_id == of_vpc and g.name == "default")


def subnet_elsewhere() -> str:
    """A subnet of another VPC than the one every account has."""
    ec2 = ec2_backends[ACCOUNT][REGION]
    vpc = ec2.create_vpc("10.9.0.0/16")
    subnet = ec2.create_subnet(vpc.id, "10.9.0.0/24", availability_zone=f"{REGION}a")
    return str(subnet.id)


def vpc_of(subnet: str) -> str:
    """The VPC of a subnet."""
    return str(ec2_backends[ACCOUNT][REGION].get_subnet(subnet).vpc_id)
