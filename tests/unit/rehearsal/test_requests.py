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
