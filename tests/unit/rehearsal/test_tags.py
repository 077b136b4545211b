"""Tags: how many, which keys, whose; by SageMaker's operations and by the tagging API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from rehearsal.checks import answer_problem, error_problem
from rehearsal.errors import ApiError
from rehearsal.sagemaker.tags import checked_tags
from rehearsal.tagging import Tagging
from rehearsal.world import service_model
from tests.unit.rehearsal.bench import REGION, Bench
from tests.unit.rehearsal.wire import Wire

MODEL = service_model("resourcegroupstaggingapi")


def as_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def many(count: int, prefix: str = "key") -> dict[str, str]:
    return {f"{prefix}{number:03}": "v" for number in range(count)}


@pytest.fixture
def arn(bench: Bench) -> str:
    bench.model("ml101-ann")
    return bench.found("model", "ml101-ann").arn


def keys(bench: Bench, arn: str, **more: Any) -> list[str]:
    return [tag["Key"] for tag in bench.call("ListTags", ResourceArn=arn, **more)["Tags"]]


@pytest.mark.parametrize(
    ("tags", "wording"),
    [
        ([*as_list({"team": "red"}), *as_list({"team": "blue"})], "must be unique per resource"),
        (as_list({"aws:team": "red"}), "aws: prefixed tag key names are not allowed"),
        (as_list({"AWS:team": "red"}), "aws: prefixed tag key names are not allowed"),
        (as_list(many(51)), "can have up to 50 tags"),
    ],
    ids=["twice", "reserved", "reserved in capitals", "too many"],
)
def test_tags_that_no_resource_can_have_are_refused(
    tags: list[dict[str, str]], wording: str
) -> None:
    with pytest.raises(ApiError, match=wording) as caught:
        checked_tags({"Tags": tags})
    assert caught.value.code == "ValidationException"


def test_a_request_without_tags_has_none() -> None:
    assert checked_tags({}) == {}
    assert checked_tags({"Tags": [{"Key": "team"}]}) == {"team": ""}


def test_tags_are_counted_with_those_that_are_there_and_without_aws_s_own(
    bench: Bench, arn: str
) -> None:
    bench.found("model", "ml101-ann").tags = {"aws:cloudformation:stack-name": "s"}
    bench.call("AddTags", ResourceArn=arn, Tags=as_list(many(49)))
    bench.call("AddTags", ResourceArn=arn, Tags=as_list({"key000": "again", "last": "v"}))
    refused = bench.refusal("AddTags", ResourceArn=arn, Tags=as_list({"one": "more"}))
    assert "this one would have 51" in refused.message


def test_tags_come_in_pages(bench: Bench, arn: str) -> None:
    bench.found("model", "ml101-ann").tags = {**many(50), "aws:a": "v", "aws:b": "v"}
    first = bench.call("ListTags", ResourceArn=arn, MaxResults=50)
    assert len(first["Tags"]) == 50
    bench.call("DeleteTags", ResourceArn=arn, TagKeys=["key000"])
    assert keys(bench, arn, NextToken=first["NextToken"]) == ["key048", "key049"]
    refused = bench.refusal("ListTags", ResourceArn=arn, NextToken="junk")
    assert refused.code == "ValidationException"


def test_only_aws_removes_its_own_tags(bench: Bench, arn: str) -> None:
    bench.found("model", "ml101-ann").tags = {"aws:cloudformation:stack-name": "s"}
    own = ["aws:cloudformation:stack-name"]
    assert "aws: prefixed" in bench.refusal("DeleteTags", ResourceArn=arn, TagKeys=own).message
    assert keys(bench, arn) == own


@pytest.mark.parametrize(
    ("operation", "more"),
    [("ListTags", {}), ("AddTags", {"Tags": []}), ("DeleteTags", {"TagKeys": ["team"]})],
)
def test_tags_of_another_region_are_not_found(
    bench: Bench, arn: str, operation: str, more: dict[str, Any]
) -> None:
    with pytest.raises(ApiError, match="Could not find resource"):
        bench.plane.call(operation, {"ResourceArn": arn, **more}, "us-east-1")


# -- the tagging API ---------------------------------------------------------------------


def tagging(bench: Bench, operation: str, **params: Any) -> dict[str, Any]:
    answer = Tagging(bench.plane).call(operation, params, REGION)
    assert not answer_problem(MODEL, operation, answer)
    return answer


@pytest.mark.parametrize(
    ("operation", "params"),
    [
        ("GetResources", {"ResourcesPerPage": 0}),
        ("GetResources", {"ResourcesPerPage": 101}),
        ("GetResources", {"TagsPerPage": 99}),
        ("GetResources", {"TagFilters": [{}]}),
        ("GetResources", {"PaginationToken": "junk"}),
        ("GetResources", {"ResourceARNList": "arn"}),
        ("GetResources", {"ResourceARNList": ["arn:aws:s3:::b"], "ResourcesPerPage": 10}),
        ("GetTagKeys", {"PaginationToken": "junk"}),
        ("GetTagValues", {}),
        ("TagResources", {}),
        ("TagResources", {"ResourceARNList": ["arn:aws:s3:::b"], "Tags": {"aws:x": "y"}}),
        ("UntagResources", {"ResourceARNList": ["arn:aws:s3:::b"], "TagKeys": ["aws:x"]}),
    ],
)
def test_a_request_that_does_not_fit_is_refused_as_the_tagging_api_declares(
    bench: Bench, operation: str, params: dict[str, Any]
) -> None:
    with pytest.raises(ApiError) as caught:
        tagging(bench, operation, **params)
    assert caught.value.code == "InvalidParameterException"
    assert not error_problem(MODEL, operation, caught.value)


def test_what_json_calls_null_is_not_there(bench: Bench) -> None:
    answer = tagging(bench, "GetResources", TagFilters=None, PaginationToken=None)
    assert answer == tagging(bench, "GetResources")


def test_a_page_holds_no_more_tags_than_asked_for(bench: Bench) -> None:
    filters = [{"Key": "of-pages"}]
    for name in ("a", "b", "c"):
        bench.model(name)
        bench.found("model", name).tags = {**many(49), "of-pages": name}
    first = tagging(bench, "GetResources", TagFilters=filters, TagsPerPage=100)
    assert len(first["ResourceTagMappingList"]) == 2
    token = first["PaginationToken"]
    second = tagging(bench, "GetResources", TagFilters=filters, PaginationToken=token)
    assert [row["ResourceARN"][-1] for row in second["ResourceTagMappingList"]] == ["c"]


def test_what_cannot_be_tagged_is_told_by_arn_and_stops_no_other(bench: Bench, arn: str) -> None:
    bench.model("full")
    full = bench.found("model", "full")
    full.tags = many(50)
    nobody = f"{arn}-nobody"
    arns = [full.arn, nobody, arn]
    failed = tagging(bench, "TagResources", ResourceARNList=arns, Tags={"team": "red"})
    told = failed["FailedResourcesMap"]
    assert sorted(told) == sorted([full.arn, nobody])
    assert {row["ErrorCode"] for row in told.values()} == {"InvalidParameterException"}
    assert keys(bench, arn) == ["team"]
    failed = tagging(bench, "UntagResources", ResourceARNList=[nobody, arn], TagKeys=["team"])
    assert list(failed["FailedResourcesMap"]) == [nobody]
    assert keys(bench, arn) == []


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"TagFilters": [{"Key": "workshop:name"}]}, True),
        ({"TagFilters": [{"Key": "workshop:name", "Values": ["ml101"]}]}, True),
        ({"TagFilters": [{"Key": "workshop:name", "Values": ["ml102"]}]}, False),
        ({"ResourceTypeFilters": ["ecr:repository"]}, True),
        ({"ResourceTypeFilters": ["sagemaker"]}, False),
        ({"ResourceARNList": ["{arn}", "arn:aws:ecr:eu-west-1:123456789012:repository/b"]}, True),
        ({"ResourceARNList": ["arn:aws:ecr:eu-west-1:123456789012:repository/b"]}, False),
    ],
)
def test_a_repository_is_found_by_its_tags(
    bench: Bench, asked: dict[str, Any], found: bool
) -> None:
    wire = Wire()
    wire.connect(bench.world)
    made = wire("ecr", REGION).create_repository(
        repositoryName="ml101-ann", tags=as_list({"workshop:name": "ml101"})
    )
    arn = made["repository"]["repositoryArn"]
    if "ResourceARNList" in asked:
        asked = {"ResourceARNList": [name.format(arn=arn) for name in asked["ResourceARNList"]]}
    answer = wire("resourcegroupstaggingapi", REGION).get_resources(**asked)
    rows = [row["ResourceARN"] for row in answer["ResourceTagMappingList"]]
    assert rows == ([arn] if found else [])
