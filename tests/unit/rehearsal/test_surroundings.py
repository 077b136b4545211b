"""What SageMaker leaves in other services, and what the tagging API sees."""

from __future__ import annotations

from typing import Any

import pytest
from moto.cloudwatch.models import cloudwatch_backends
from moto.ec2.models import ec2_backends
from moto.efs.models import efs_backends
from moto.logs.models import logs_backends

from rehearsal.account import ACCOUNT
from rehearsal.errors import ApiError
from rehearsal.sagemaker import surroundings
from rehearsal.tagging import Tagging
from tests.unit.rehearsal.bench import (
    IMAGE_NOBODY_HAS,
    REGION,
    ROLE,
    Bench,
    base64_of,
    default_network,
)

TAG = [{"Key": "workshop:name", "Value": "ml101"}]
CONTAINER = {"PrimaryContainer": {"Image": IMAGE_NOBODY_HAS}}


def domain(bench: Bench, **more: Any) -> str:
    answer = bench.call(
        "CreateDomain",
        DomainName="ml101-shared",
        AuthMode="IAM",
        DefaultUserSettings={"ExecutionRole": ROLE},
        **default_network(),
        **more,
    )
    bench.step(180)
    return str(answer["DomainId"])


def file_systems(arn: str) -> list[Any]:
    efs = efs_backends[ACCOUNT][REGION]
    _, found = efs.describe_file_systems(None, 100, None, None)
    tag = {"Key": surroundings.MANAGED_BY, "Value": arn}
    return [f for f in found if tag in efs.list_tags_for_resource(f.file_system_id)]


def groups(domain_id: str) -> list[Any]:
    names = surroundings.nfs_group_names(domain_id)
    found = ec2_backends[ACCOUNT][REGION].describe_security_groups()
    return [group for group in found if group.name in names]


def test_a_domain_brings_a_file_system_with_mount_targets_and_two_groups(bench: Bench) -> None:
    domain_id = domain(bench)
    [home] = file_systems(bench.found("domain", domain_id).arn)
    described = bench.call("DescribeDomain", DomainId=domain_id)
    assert described["HomeEfsFileSystemId"] == home.file_system_id
    targets = efs_backends[ACCOUNT][REGION].describe_mount_targets(
        100, home.file_system_id, None, None, None
    )[1]
    assert [t.subnet_id for t in targets] == default_network()["SubnetIds"]
    inbound, outbound = sorted(groups(domain_id), key=lambda group: str(group.name))
    assert [rule.source_group["GroupId"] for rule in inbound.ingress_rules] == [outbound.id]


def test_deleting_a_domain_retains_its_file_system_and_its_groups(bench: Bench) -> None:
    domain_id = domain(bench)
    arn = bench.found("domain", domain_id).arn
    bench.call("DeleteDomain", DomainId=domain_id)
    bench.step(3600)
    assert (len(file_systems(arn)), len(groups(domain_id))) == (1, 2)


def test_a_domains_file_system_goes_when_the_deletion_says_so(bench: Bench) -> None:
    domain_id = domain(bench)
    arn = bench.found("domain", domain_id).arn
    bench.call("DeleteDomain", DomainId=domain_id, RetentionPolicy={"HomeEfsFileSystem": "Delete"})
    bench.step(3600)
    assert (len(file_systems(arn)), len(groups(domain_id))) == (0, 2)


def test_a_domain_without_a_file_system_leaves_nothing(bench: Bench) -> None:
    domain_id = domain(bench, HomeEfsFileSystemCreation="Disabled")
    assert (file_systems(bench.found("domain", domain_id).arn), groups(domain_id)) == ([], [])


@pytest.mark.parametrize("member", ["VpcId", "SubnetIds"])
def test_a_domain_in_a_network_that_does_not_exist_is_refused(bench: Bench, member: str) -> None:
    wrong: Any = "vpc-0123456789abcdef0" if member == "VpcId" else ["subnet-0123456789abcdef0"]
    refused = bench.refusal(
        "CreateDomain",
        DomainName="ml101-shared",
        AuthMode="IAM",
        DefaultUserSettings={},
        **{**default_network(), member: wrong},
    )
    assert "does not exist" in refused.message


def streams(group: str, prefix: str) -> list[str]:
    found = logs_backends[ACCOUNT][REGION].groups
    return [name for name in found[group].streams if name.startswith(prefix)]


def test_a_notebook_instance_writes_to_its_stream_of_the_shared_group(bench: Bench) -> None:
    bench.notebook("ml101-dora")
    assert streams("/aws/sagemaker/NotebookInstances", "ml101-dora") == ["ml101-dora/jupyter.log"]


def test_an_apps_lifecycle_script_writes_to_the_stream_of_its_space(bench: Bench) -> None:
    arn = bench.call(
        "CreateStudioLifecycleConfig",
        StudioLifecycleConfigName="boot",
        StudioLifecycleConfigContent=base64_of("#!/bin/bash\n"),
        StudioLifecycleConfigAppType="JupyterLab",
    )["StudioLifecycleConfigArn"]
    domain_id = bench.studio()
    bench.app(domain_id, ResourceSpec={"LifecycleConfigArn": arn})
    bench.settle()
    assert streams("/aws/sagemaker/studio", domain_id) == [
        f"{domain_id}/ml101-ann/JupyterLab/default/LifecycleConfigOnStart"
    ]


def test_an_invocation_is_counted_by_endpoint_and_variant_together(bench: Bench) -> None:
    dimensions = {"EndpointName": "ml101-eve", "VariantName": "AllTraffic"}
    surroundings.count_invocation(
        REGION, dimensions, bench.clock.now(), {"Invocations": (1.0, "None")}
    )
    [datum] = [
        d
        for d in cloudwatch_backends[ACCOUNT][REGION].metric_data
        if "ml101-eve" in {dimension.value for dimension in d.dimensions}
    ]
    assert (datum.namespace, datum.name) == ("AWS/SageMaker", "Invocations")
    assert {d.name: d.value for d in datum.dimensions} == dimensions


def tagging(bench: Bench, operation: str, **params: Any) -> dict[str, Any]:
    return Tagging(bench.plane).call(operation, params, REGION)


def test_the_tagging_api_finds_sagemakers_resources_by_tag_and_type(bench: Bench) -> None:
    bench.call("CreateModel", ModelName="ml101-ann-a", **CONTAINER, Tags=TAG)
    bench.call("CreateModel", ModelName="ml101-ann-b", **CONTAINER)
    bench.call("CreateExperiment", ExperimentName="ml101-ann-c", Tags=TAG)
    wanted = {"TagFilters": [{"Key": "workshop:name", "Values": ["ml101"]}]}
    found = tagging(bench, "GetResources", **wanted)["ResourceTagMappingList"]
    assert [row["ResourceARN"].split(":")[-1] for row in found] == [
        "experiment/ml101-ann-c",
        "model/ml101-ann-a",
    ]
    of_type = tagging(bench, "GetResources", **wanted, ResourceTypeFilters=["sagemaker:model"])
    assert len(of_type["ResourceTagMappingList"]) == 1


def test_the_tagging_api_sees_other_services_too(bench: Bench) -> None:
    logs_backends[ACCOUNT][REGION].create_log_group("ml101-tagged", {"workshop:name": "ml101-t"})
    wanted = [{"Key": "workshop:name", "Values": ["ml101-t"]}]
    [row] = tagging(bench, "GetResources", TagFilters=wanted)["ResourceTagMappingList"]
    assert ":log-group:ml101-tagged" in row["ResourceARN"]


def test_pages_of_the_tagging_api_survive_what_goes_between_them(bench: Bench) -> None:
    for number in range(5):
        bench.call("CreateModel", ModelName=f"ml101-ann-{number}", **CONTAINER, Tags=TAG)
    wanted = {"TagFilters": [{"Key": "workshop:name", "Values": ["ml101"]}], "ResourcesPerPage": 2}
    first = tagging(bench, "GetResources", **wanted)
    bench.call("DeleteModel", ModelName="ml101-ann-0")
    second = tagging(bench, "GetResources", **wanted, PaginationToken=first["PaginationToken"])
    names = [row["ResourceARN"][-1] for row in second["ResourceTagMappingList"]]
    assert names == ["2", "3"]


def test_the_tagging_api_adds_and_removes_tags(bench: Bench) -> None:
    bench.call("CreateModel", ModelName="ml101-ann-a", **CONTAINER)
    arn = bench.found("model", "ml101-ann-a").arn
    tagging(bench, "TagResources", ResourceARNList=[arn], Tags={"team": "red"})
    assert bench.call("ListTags", ResourceArn=arn)["Tags"] == [{"Key": "team", "Value": "red"}]
    tagging(bench, "UntagResources", ResourceARNList=[arn], TagKeys=["team"])
    assert bench.call("ListTags", ResourceArn=arn)["Tags"] == []


def test_more_arns_than_a_hundred_are_refused(bench: Bench) -> None:
    with pytest.raises(ApiError) as caught:
        tagging(bench, "GetResources", ResourceARNList=[f"arn:{n}" for n in range(101)])
    assert caught.value.code == "InvalidParameterException"
