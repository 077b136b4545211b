"""What SageMaker, or a lab, leaves in other services."""

from __future__ import annotations

import re
from typing import Any

from cleanup.kind import Claim, Kind, Parent, Question, Row
from cleanup.kinds.states import states

# The tag that Studio sets on a domain's home file system and NFS groups; its value is the
# domain's ARN.
MANAGED_BY = "ManagedByAmazonSageMakerResource"
_NFS_GROUP = re.compile(r"security-group-for-(?:inbound|outbound)-nfs-(?P<domain>d-[a-z0-9]+)$")
_NFS_GROUPS = ["security-group-for-inbound-nfs-*", "security-group-for-outbound-nfs-*"]


def _target_name(row: Row) -> str:
    """Of endpoint/NAME/variant/V or inference-component/NAME."""
    return str(row["ResourceId"]).split("/")[1]


def _domain_of_file_system(row: Row) -> str:
    for tag in row.get("Tags", []):
        if tag["Key"] == MANAGED_BY:
            return str(tag["Value"]).rpartition("/")[2]
    return ""


def _domain_of_group(row: Row) -> str:
    found = _NFS_GROUP.match(str(row.get("GroupName", "")))
    return found["domain"] if found else ""


def _domain_of_interface(row: Row) -> str:
    domains = (_domain_of_group(group) for group in row.get("Groups", []))
    return next((domain for domain in domains if domain), "")


def _rules_left(row: Row) -> str:
    """The two groups of a domain refer to each other: neither goes before both are empty."""
    if row.get("IpPermissions"):
        return "ingress rules"
    return "egress rules" if row.get("IpPermissionsEgress") else "empty"


def _group(ids: Row) -> dict[str, Any]:
    return {"GroupIds": [ids["GroupId"]]}


def _rules(member: str) -> Question:
    return Question(
        "describe_security_groups",
        # EC2 leaves an empty list out: somebody else may have revoked the rules just now.
        lambda answer: {"IpPermissions": answer["SecurityGroups"][0].get(member, [])},
        ask_with=_group,
    )


def _file_system_tag(ids: Row, key: str, value: str) -> dict[str, Any]:
    return {"ResourceId": ids["FileSystemId"], "Tags": [{"Key": key, "Value": value}]}


def _group_tag(ids: Row, key: str, value: str) -> dict[str, Any]:
    return {"Resources": [ids["GroupId"]], "Tags": [{"Key": key, "Value": value}]}


# DeleteEndpoint deregisters it, if the caller may: what is still here afterwards was left.
AUTOSCALING_TARGET = Kind(
    name="autoscaling-target",
    service="application-autoscaling",
    list_op="describe_scalable_targets",
    list_key="ScalableTargets",
    list_with={"ServiceNamespace": "sagemaker"},
    page_size=50,
    id_fields=("ServiceNamespace", "ResourceId", "ScalableDimension"),
    name_of=_target_name,
    arn_field="ScalableTargetARN",
    always="deregister_scalable_target",
    after=("inference-component", "endpoint"),
    leftover=True,
)

# Not SageMaker's: labs push their containers here.
ECR_REPOSITORY = Kind(
    name="ecr-repository",
    service="ecr",
    list_op="describe_repositories",
    list_key="repositories",
    page_size=1000,
    id_fields=("registryId", "repositoryName"),
    name_field="repositoryName",
    arn_field="repositoryArn",
    created_field="createdAt",
    always="delete_repository",
    call_with={"delete_repository": {"force": True}},  # with the images in it
    after=("endpoint", "model", "image-version"),
    bills="month",
)

EFS_MOUNT_TARGET = Kind(
    name="efs-mount-target",
    service="efs",
    list_op="describe_mount_targets",
    list_key="MountTargets",
    parent=Parent("efs-file-system", {"FileSystemId": "FileSystemId"}),
    id_fields=("MountTargetId",),
    name_field="MountTargetId",
    created_field="",
    status_field="LifeCycleState",
    on_status=states(
        delete_mount_target="available error", wait="creating updating deleting", gone="deleted"
    ),
    after=("domain",),
    leftover=True,
    vpc_field="VpcId",
)

EFS_FILE_SYSTEM = Kind(
    name="efs-file-system",
    service="efs",
    list_op="describe_file_systems",
    list_key="FileSystems",
    id_fields=("FileSystemId",),
    name_field="FileSystemId",
    arn_field="FileSystemArn",
    status_field="LifeCycleState",
    on_status=states(
        delete_file_system="available error", wait="creating updating deleting", gone="deleted"
    ),
    after=("domain", "efs-mount-target"),
    leftover=True,
    claim=Claim("tag_resource", _file_system_tag),
    bills="month",
    domain_of=_domain_of_file_system,
    tags_field="Tags",
)

# What no instance holds any more; one that is in use belongs to what uses it.
NETWORK_INTERFACE = Kind(
    name="network-interface",
    service="ec2",
    list_op="describe_network_interfaces",
    list_key="NetworkInterfaces",
    list_with={"Filters": [{"Name": "status", "Values": ["available"]}]},
    page_size=1000,
    id_fields=("NetworkInterfaceId",),
    name_field="NetworkInterfaceId",
    created_field="",
    status_field="Status",
    on_status=states(
        delete_network_interface="available", wait="associated attaching in-use detaching"
    ),
    after=("cluster", "domain", "efs-mount-target"),
    leftover=True,
    domain_of=_domain_of_interface,
    tags_field="TagSet",
    vpc_field="VpcId",
)

NFS_SECURITY_GROUP = Kind(
    name="nfs-security-group",
    service="ec2",
    list_op="describe_security_groups",
    list_key="SecurityGroups",
    list_with={"Filters": [{"Name": "group-name", "Values": _NFS_GROUPS}]},
    page_size=1000,
    id_fields=("GroupId",),
    name_field="GroupName",
    arn_field="SecurityGroupArn",
    created_field="",
    status_of=_rules_left,
    on_status={
        "ingress rules": "revoke_security_group_ingress",
        "egress rules": "revoke_security_group_egress",
        "empty": "delete_security_group",
    },
    questions={
        "revoke_security_group_ingress": _rules("IpPermissions"),
        "revoke_security_group_egress": _rules("IpPermissionsEgress"),
    },
    after=("domain", "efs-mount-target", "network-interface"),
    leftover=True,
    claim=Claim("create_tags", _group_tag),
    domain_of=_domain_of_group,
    tags_field="Tags",
    vpc_field="VpcId",
)
