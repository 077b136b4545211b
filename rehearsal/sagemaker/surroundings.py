"""What SageMaker makes in other services, and leaves there: file systems, security groups,
log streams, metrics. They are moto's, reached in this process.
"""

from __future__ import annotations

import contextlib
import time
from datetime import UTC, datetime
from typing import Any

from moto.cloudwatch.models import cloudwatch_backends
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import ec2_backends
from moto.efs.exceptions import FileSystemNotFound
from moto.efs.models import efs_backends
from moto.glue.models import glue_backends
from moto.iam.models import iam_backends
from moto.logs.exceptions import LogsClientError
from moto.logs.models import logs_backends

from rehearsal.account import ACCOUNT
from rehearsal.errors import invalid

# The tag by which a domain's file system is found after the domain is gone
# (https://docs.aws.amazon.com/sagemaker/latest/dg/studio-tasks-manage-storage.html).
MANAGED_BY = "ManagedByAmazonSageMakerResource"
_NFS_PORT = "2049"
_FEATURE_DATABASE = "sagemaker_featurestore"


def check_network(region: str, vpc: str, subnets: list[str]) -> None:
    """Refuse a network that does not exist, in EC2's words, or whose subnets are in another
    VPC ("The VPC subnets that the domain uses", CreateDomain; the wording of that is ours)."""
    try:
        ec2_backends[ACCOUNT][region].get_vpc(vpc)
    except EC2ClientError as error:
        raise invalid(f"The vpc ID '{vpc}' does not exist") from error
    for subnet in subnets:
        if vpc_of_subnet(region, subnet) != vpc:
            raise invalid(f"The subnet ID '{subnet}' is not in the vpc '{vpc}'")


def vpc_of_subnet(region: str, subnet: str) -> str:
    """The id of a subnet's VPC. Refuses a subnet that does not exist, in EC2's words."""
    try:
        found: str = ec2_backends[ACCOUNT][region].get_subnet(subnet).vpc_id
    except EC2ClientError as error:
        raise invalid(f"The subnet ID '{subnet}' does not exist") from error
    return found


def check_security_groups(region: str, groups: list[str], vpc: str = "") -> None:
    """Refuse security groups that do not exist, in EC2's words, or are not of a given VPC
    ("The security groups must be for the same VPC as specified in the subnet",
    CreateNotebookInstance; the wording of that is ours)."""
    for group in groups:
        found = ec2_backends[ACCOUNT][region].get_security_group_from_id(group)
        if found is None:
            raise invalid(f"The security group '{group}' does not exist")
        if vpc and found.vpc_id != vpc:
            raise invalid(f"The security group '{group}' is not of the vpc '{vpc}'")


def make_home_file_system(region: str, domain: str, arn: str, request: dict[str, Any]) -> str:
    """Make what a domain with an EFS brings: the file system, a mount target per subnet, and
    the two NFS security groups that refer to each other. Returns the file system's id."""
    ec2, efs = ec2_backends[ACCOUNT][region], efs_backends[ACCOUNT][region]
    vpc = request["VpcId"]
    inbound, outbound = (
        ec2.create_security_group(
            name, f"[DO NOT DELETE] {name}", vpc_id=vpc, tags={MANAGED_BY: arn}
        )
        for name in nfs_group_names(domain)
    )
    ec2.authorize_security_group_ingress(
        inbound.id, "tcp", _NFS_PORT, _NFS_PORT, [], source_groups=[{"GroupId": outbound.id}]
    )
    ec2.authorize_security_group_egress(
        outbound.id, "tcp", _NFS_PORT, _NFS_PORT, [], source_groups=[{"GroupId": inbound.id}]
    )
    file_system = efs.create_file_system(
        creation_token=domain,
        performance_mode="generalPurpose",
        encrypted=True,
        kms_key_id=request.get("KmsKeyId", ""),
        throughput_mode="bursting",
        provisioned_throughput_in_mibps=0,
        availability_zone_name="",
        backup=False,
        tags=[{"Key": MANAGED_BY, "Value": arn}],
    )
    file_system_id: str = file_system.file_system_id
    for subnet in request["SubnetIds"]:
        efs.create_mount_target(file_system_id, subnet, security_groups=[inbound.id])
    return file_system_id


def nfs_group_names(domain: str) -> tuple[str, str]:
    """The names of a domain's two NFS security groups."""
    return (
        f"security-group-for-inbound-nfs-{domain}",
        f"security-group-for-outbound-nfs-{domain}",
    )


def delete_home_file_system(region: str, file_system: str) -> None:
    """Delete a file system and its mount targets; somebody may have done so already."""
    efs = efs_backends[ACCOUNT][region]
    with contextlib.suppress(FileSystemNotFound):
        for target in efs.describe_mount_targets(100, file_system, None, None, None)[1]:
            efs.delete_mount_target(target.mount_target_id)
        efs.delete_file_system(file_system)


def role_exists(arn: str) -> bool:
    """Whether IAM has a role."""
    roles = iam_backends[ACCOUNT]["aws"].roles.values()
    return any(role.arn == arn for role in list(roles))


def make_feature_table(region: str, name: str, group: dict[str, Any]) -> dict[str, str]:
    """Make the Glue table of a feature group's offline store, which outlives the group.

    Returns the DataCatalogConfig that describe shows.
    """
    glue = glue_backends[ACCOUNT][region]
    if _FEATURE_DATABASE not in glue.databases:
        glue.create_database(_FEATURE_DATABASE, {"Name": _FEATURE_DATABASE})
    moment = int(time.time())
    tables = glue.databases[_FEATURE_DATABASE].tables
    while (table := f"{name.replace('-', '_')}_{moment}".lower()) in tables:
        moment += 1  # a group of this name was made in the same second
    columns = [
        {"Name": feature["FeatureName"], "Type": "string"}
        for feature in group["FeatureDefinitions"]
    ]
    place = group["OfflineStoreConfig"]["S3StorageConfig"]["S3Uri"]
    glue.create_table(
        _FEATURE_DATABASE,
        table,
        {"Name": table, "StorageDescriptor": {"Columns": columns, "Location": place}},
    )
    return {"TableName": table, "Catalog": "AwsDataCatalog", "Database": _FEATURE_DATABASE}


def write_log(region: str, group: str, stream: str, now: float, *lines: str) -> None:
    """Write lines to a log stream, made if need be."""
    logs = logs_backends[ACCOUNT][region]
    with contextlib.suppress(LogsClientError):  # it is there already
        logs.create_log_group(group, {})
    with contextlib.suppress(LogsClientError):
        logs.create_log_stream(group, stream)
    events = [{"timestamp": int(now * 1000), "message": line} for line in lines]
    logs.put_log_events(group, stream, events)


def count_invocation(region: str, dimensions: dict[str, str], now: float, values: Any) -> None:
    """Publish an endpoint's metrics for one invocation: {name: (value, unit)}.

    Dimensions are EndpointName and VariantName together, never one alone
    (https://docs.aws.amazon.com/sagemaker/latest/dg/monitoring-cloudwatch.html).
    """
    # moto keeps UTC without a zone, and compares it with what requests say.
    moment = datetime.fromtimestamp(now, UTC).replace(tzinfo=None)
    named = [{"Name": name, "Value": value} for name, value in dimensions.items()]
    cloudwatch_backends[ACCOUNT][region].put_metric_data(
        "AWS/SageMaker",
        [
            {
                "MetricName": name,
                "Dimensions": named,
                "Timestamp": moment,
                "Value": value,
                "Unit": unit,
            }
            for name, (value, unit) in values.items()
        ],
    )
