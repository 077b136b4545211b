"""Requests: what does not fit botocore's model is refused in AWS's wording; tags."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.rehearsal.bench import IMAGE_NOBODY_HAS, ROLE, Bench

NOTEBOOK: dict[str, Any] = {
    "NotebookInstanceName": "ml101-ann",
    "InstanceType": "ml.t3.medium",
    "RoleArn": ROLE,
}


@pytest.mark.parametrize(
    ("change", "wording"),
    [
        (
            {"NotebookInstanceName": "-ann"},
            "1 validation error detected: Value '-ann' at 'notebookInstanceName' failed to "
            "satisfy constraint: Member must satisfy regular expression pattern: "
            "[a-zA-Z0-9](-*[a-zA-Z0-9])*",
        ),
        (
            {"NotebookInstanceName": "a" * 64},
            "Member must have length less than or equal to 63",
        ),
        (
            {"InstanceType": "ml.abacus"},
            "Value 'ml.abacus' at 'instanceType' failed to satisfy constraint: Member must "
            "satisfy enum value set: [",
        ),
        ({"RoleArn": None}, "Value null at 'roleArn' failed to satisfy constraint"),
        ({"VolumeSizeInGB": 4}, "Member must have value greater than or equal to 5"),
        ({"VolumeSizeInGB": "5"}, "Member must be of type integer"),
        ({"VolumeSizeInGB": True}, "Member must be of type integer"),
        (
            {"Tags": [{"Key": "", "Value": "x"}]},
            "Value '' at 'tags.1.member.key' failed to satisfy constraint: Member must have "
            "length greater than or equal to 1",
        ),
    ],
    ids=["pattern", "length", "enum", "required", "range", "text", "boolean", "nested"],
)
def test_a_request_that_does_not_fit_is_refused_in_awss_wording(
    bench: Bench, change: dict[str, Any], wording: str
) -> None:
    refused = bench.refusal("CreateNotebookInstance", **{**NOTEBOOK, **change})
    assert refused.code == "ValidationException"
    assert wording in refused.message


def test_several_problems_are_told_at_once(bench: Bench) -> None:
    wrong = {**NOTEBOOK, "InstanceType": "ml.abacus", "VolumeSizeInGB": 1}
    refused = bench.refusal("CreateNotebookInstance", **wrong)
    assert refused.message.startswith("2 validation errors detected: ")


def test_an_operation_that_is_none_and_one_that_is_not_here_are_told_apart(bench: Bench) -> None:
    assert "is not an operation" in bench.refusal("MakeCoffee").message
    assert "does not have" in bench.refusal("ListDevices").message


def test_tags_of_a_creation_are_listed_replaced_and_removed(bench: Bench) -> None:
    tags = [{"Key": "workshop:name", "Value": "ml101"}, {"Key": "team", "Value": "red"}]
    container = {"Image": IMAGE_NOBODY_HAS}
    bench.call("CreateModel", ModelName="ml101-ann-model", PrimaryContainer=container, Tags=tags)
    arn = bench.found("model", "ml101-ann-model").arn
    answer = bench.call("AddTags", ResourceArn=arn, Tags=[{"Key": "team", "Value": "blue"}])
    assert answer["Tags"] == [
        {"Key": "team", "Value": "blue"},
        {"Key": "workshop:name", "Value": "ml101"},
    ]
    bench.call("DeleteTags", ResourceArn=arn, TagKeys=["team", "absent"])
    assert bench.call("ListTags", ResourceArn=arn)["Tags"] == [
        {"Key": "workshop:name", "Value": "ml101"}
    ]


def test_tags_of_what_does_not_exist_are_refused(bench: Bench) -> None:
    arn = "arn:aws:sagemaker:eu-west-1:123456789012:model/nobody"
    assert bench.refusal("ListTags", ResourceArn=arn).code == "ValidationException"


def test_regions_do_not_see_each_other(bench: Bench) -> None:
    bench.model("ml101-ann-model")
    elsewhere = bench.plane.call("ListModels", {}, "us-east-1")
    assert elsewhere["Models"] == []


def test_a_member_that_is_null_is_absent(bench: Bench) -> None:
    bench.call("CreateCodeRepository", CodeRepositoryName="labs", Tags=None, GitConfig=_GIT)
    assert bench.call("ListCodeRepositories", NameContains=None)["CodeRepositorySummaryList"]


def test_tags_of_aws_are_refused_when_something_is_made(bench: Bench) -> None:
    tags = [{"Key": "aws:mine", "Value": "x"}]
    made = {"CodeRepositoryName": "labs", "GitConfig": _GIT}
    assert bench.refusal("CreateCodeRepository", **made, Tags=tags).code == "ValidationException"
    assert bench.call("ListCodeRepositories")["CodeRepositorySummaryList"] == []


def test_apps_are_not_listed_by_profile_and_space_at_once(bench: Bench) -> None:
    both = {"UserProfileNameEquals": "ml101-ann", "SpaceNameEquals": "ml101-ann"}
    assert "exclude each other" in bench.refusal("ListApps", **both).message


@pytest.mark.parametrize("token", ["NQ==", "bnVsbA==", "WzEsIG51bGxd", "e30=", "rubbish"])
def test_a_token_that_is_none_of_ours_is_refused(bench: Bench, token: str) -> None:
    assert "token" in bench.refusal("ListModels", NextToken=token).message.lower()


def test_a_token_is_good_for_its_own_request_only(bench: Bench) -> None:
    for number in range(3):
        bench.model(f"ml101-ann-{number}")
    token = bench.call("ListModels", MaxResults=1)["NextToken"]
    assert "token" in bench.refusal("ListEndpoints", NextToken=token).message
    assert "token" in bench.refusal("ListModels", NextToken=token, NameContains="a").message
    assert bench.call("ListModels", NextToken=token)["Models"]


def test_a_time_that_is_none_is_refused(bench: Bench) -> None:
    refused = bench.refusal("ListModels", CreationTimeAfter="yesterday")
    assert refused.code == "SerializationException"


def test_what_was_made_by_a_token_and_is_gone_is_made_anew(bench: Bench) -> None:
    request = {
        "PipelineName": "ml101-ann",
        "ClientRequestToken": "x" * 40,
        "RoleArn": ROLE,
        "PipelineDefinition": "{}",
    }
    bench.call("CreatePipeline", **request)
    bench.call("DeletePipeline", PipelineName="ml101-ann", ClientRequestToken="y" * 40)
    bench.step(60)
    bench.call("CreatePipeline", **request)
    assert len(bench.call("ListPipelines")["PipelineSummaries"]) == 1


_GIT = {"RepositoryUrl": "https://example.com/labs.git"}
