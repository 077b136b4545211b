"""A small network for a Studio domain that needs one only to exist."""

from __future__ import annotations

from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from stacks.acknowledge import acknowledge


class WorkshopNetwork(Construct):
    """A VPC with two isolated subnets: no gateway, no NAT, no cost.

    Apps with AppNetworkAccessType PublicInternetOnly reach the internet through
    SageMaker's own network; the domain merely has to name a VPC and subnets.
    """

    def __init__(self, scope: Construct, id: str, *, name: str) -> None:
        super().__init__(scope, id)
        vpc = ec2.Vpc(
            self,
            "Vpc",
            vpc_name=name,
            ip_addresses=ec2.IpAddresses.cidr("10.0.0.0/24"),
            max_azs=2,
            nat_gateways=0,
            create_internet_gateway=False,
            # CDK's restriction is a custom resource, and nothing uses the default group.
            restrict_default_security_group=False,
            subnet_configuration=[
                ec2.SubnetConfiguration(
                    name="isolated", subnet_type=ec2.SubnetType.PRIVATE_ISOLATED, cidr_mask=26
                )
            ],
        )
        acknowledge(vpc, {"VPC7": "No traffic crosses this network"})
        self.vpc_id = vpc.vpc_id
        self.subnet_ids = [subnet.subnet_id for subnet in vpc.isolated_subnets]
