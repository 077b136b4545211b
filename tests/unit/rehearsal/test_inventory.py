"""What exists, past the API: nothing that a sweep could forget is left out of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from rehearsal.inventory import everything
from tests.unit.rehearsal.bench import REGION, ROLE, Bench, default_network
from tests.unit.rehearsal.wire import Wire


@pytest.fixture(scope="module")
def one_wire() -> Wire:
    return Wire()


@pytest.fixture
def wire(one_wire: Wire, bench: Bench) -> Wire:
    one_wire.connect(bench.world)
    return one_wire


def rows(bench: Bench, kind: str) -> list[tuple[str, str, bool]]:
    """(name, region, bills) of a kind."""
    found = [row for row in everything(bench.world) if row["kind"] == kind]
    return [(row["name"], row["region"], row["bills"]) for row in found]


def file_system(wire: Wire) -> str:
    efs = wire("efs", REGION)
    return str(efs.create_file_system(CreationToken="ml101")["FileSystemId"])


def mount_target(wire: Wire) -> str:
    system = file_system(wire)
    (subnet,) = default_network()["SubnetIds"]
    target = wire("efs", REGION).create_mount_target(FileSystemId=system, SubnetId=subnet)
    return f"{system}/{target['MountTargetId']}"


def security_group(wire: Wire) -> str:
    group = wire("ec2", REGION).create_security_group(
        GroupName="nfs", Description="nfs", VpcId=default_network()["VpcId"]
    )
    return f"nfs/{group['GroupId']}"


def network_interface(wire: Wire) -> str:
    (subnet,) = default_network()["SubnetIds"]
    interface = wire("ec2", REGION).create_network_interface(SubnetId=subnet)
    return str(interface["NetworkInterface"]["NetworkInterfaceId"])


def repository(wire: Wire) -> str:
    wire("ecr", REGION).create_repository(repositoryName="ml101-ann")
    return "ml101-ann"


def scalable_target(wire: Wire) -> str:
    what = ("endpoint/ml101-ann/variant/a", "sagemaker:variant:DesiredInstanceCount")
    wire("application-autoscaling", REGION).register_scalable_target(
        ServiceNamespace="sagemaker",
        ResourceId=what[0],
        ScalableDimension=what[1],
        MinCapacity=1,
        MaxCapacity=2,
    )
    return " ".join(what)


def parameter(wire: Wire) -> str:
    wire("ssm", REGION).put_parameter(Name="/ml101/ann", Value="1", Type="String")
    return "/ml101/ann"


def key(wire: Wire) -> str:
    return str(wire("kms", REGION).create_key()["KeyMetadata"]["KeyId"])


def table(wire: Wire) -> str:
    wire("dynamodb", REGION).create_table(
        TableName="ml101-shared-ledger",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
    )
    return "ml101-shared-ledger"


def topic(wire: Wire) -> str:
    wire("sns", REGION).create_topic(Name="ml101-shared-notices")
    return "ml101-shared-notices"


def subscription(wire: Wire) -> str:
    arn = wire("sns", REGION).create_topic(Name="ml101-shared-notices")["TopicArn"]
    wire("sns", REGION).subscribe(TopicArn=arn, Protocol="email", Endpoint="ann@example.com")
    return "ml101-shared-notices email ann@example.com"


ELSEWHERE: dict[str, Callable[[Wire], str]] = {
    "file-system": file_system,
    "key": key,
    "mount-target": mount_target,
    "network-interface": network_interface,
    "parameter": parameter,
    "repository": repository,
    "scalable-target": scalable_target,
    "security-group": security_group,
    "subscription": subscription,
    "table": table,
    "topic": topic,
}


@pytest.mark.parametrize("kind", ELSEWHERE)
def test_what_lies_elsewhere_is_listed_and_bills_nothing_by_the_hour(
    bench: Bench, wire: Wire, kind: str
) -> None:
    assert rows(bench, kind) == []
    name = ELSEWHERE[kind](wire)
    assert rows(bench, kind) == [(name, REGION, False)]


def test_a_key_that_is_to_be_deleted_is_listed_no_more(bench: Bench, wire: Wire) -> None:
    wire("kms", REGION).schedule_key_deletion(KeyId=key(wire))
    assert rows(bench, "key") == []


def test_what_every_account_has_is_not_listed(bench: Bench, wire: Wire) -> None:
    default_network()
    wire("ssm", REGION).get_parameters_by_path(
        Path="/aws/service/global-infrastructure/regions", Recursive=True
    )
    wire("kms", REGION).describe_key(KeyId="alias/aws/s3")
    assert everything(bench.world) == []


def test_an_endpoint_bills_until_it_is_deleted(bench: Bench) -> None:
    variant = {"VariantName": "a", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    bench.call(
        "CreateEndpointConfig",
        EndpointConfigName="ml101",
        ExecutionRoleArn=ROLE,
        ProductionVariants=[variant],
    )
    bench.call("CreateEndpoint", EndpointName="ml101", EndpointConfigName="ml101")
    bench.settle()
    bench.step(600)
    assert rows(bench, "endpoint") == [("ml101", REGION, True)]
    assert rows(bench, "endpoint-config") == [("ml101", REGION, False)]
    bench.call("DeleteEndpoint", EndpointName="ml101")
    bench.step(600)
    assert rows(bench, "endpoint") == []


def test_a_notebook_instance_bills_until_it_is_stopped(bench: Bench) -> None:
    bench.notebook("ml101")
    bench.step(600)
    assert rows(bench, "notebook-instance") == [("ml101", REGION, True)]
    bench.call("StopNotebookInstance", NotebookInstanceName="ml101")
    bench.step(600)
    assert rows(bench, "notebook-instance") == [("ml101", REGION, False)]


def test_a_space_bills_for_its_volume_and_not_by_the_hour(bench: Bench) -> None:
    bench.studio()
    assert [bills for _, _, bills in rows(bench, "space")] == [False]


@pytest.mark.parametrize(("storage", "bills"), [("InMemory", True), ("Standard", False)])
def test_a_feature_group_bills_by_the_hour_only_in_memory(
    bench: Bench, storage: str, bills: bool
) -> None:
    store: dict[str, Any] = {"EnableOnlineStore": True, "StorageType": storage}
    bench.call(
        "CreateFeatureGroup",
        FeatureGroupName="ml101",
        RecordIdentifierFeatureName="id",
        EventTimeFeatureName="at",
        FeatureDefinitions=[
            {"FeatureName": name, "FeatureType": "String"} for name in ("id", "at")
        ],
        OnlineStoreConfig=store,
    )
    assert rows(bench, "feature-group") == [("ml101", REGION, bills)]
