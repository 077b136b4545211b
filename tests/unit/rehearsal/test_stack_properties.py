"""Properties that a type's schema does not allow: the resource fails before it is made."""

from __future__ import annotations

from typing import Any

import pytest

from rehearsal.cloudformation.handlers import ResourceFailed
from rehearsal.cloudformation.properties import check_properties
from tests.unit.rehearsal.stacks import Stacks, model, notebook

NAME = "ml101-ann"
NOTEBOOK = "AWS::SageMaker::NotebookInstance"


def problems(resource_type: str, properties: dict[str, Any]) -> list[str]:
    """What is wrong with a resource's properties, a line each."""
    with pytest.raises(ResourceFailed) as caught:
        check_properties(resource_type, "It", properties)
    first, *others = str(caught.value).split("\n")
    assert first == "Properties validation failed for resource It with message:"
    return others


def test_a_misspelt_property_fails_the_stack(stacks: Stacks) -> None:
    resources = {"Notebook": notebook(Bogus=1)}
    assert stacks.create(NAME, resources) == "ROLLBACK_COMPLETE"
    assert stacks.reasons(NAME, "CREATE_FAILED") == [
        "Properties validation failed for resource Notebook with message:\n"
        "#: extraneous key [Bogus] is not permitted"
    ]
    assert stacks.bench.call("ListNotebookInstances")["NotebookInstances"] == []


def test_a_misspelt_property_undoes_an_update(stacks: Stacks) -> None:
    stacks.create(NAME, {"Model": model()})
    assert stacks.update(NAME, {"Model": model(Bogus=1)}) == "UPDATE_ROLLBACK_COMPLETE"
    assert "[Bogus]" in stacks.reasons(NAME, "UPDATE_FAILED")[0]


@pytest.mark.parametrize(
    ("resource_type", "properties", "problem"),
    [
        (
            NOTEBOOK,
            {
                "InstanceType": "ml.t3.medium",
                "RoleArn": "arn:aws:iam::123456789012:role/x",
                "InstanceMetadataServiceConfiguration": {"Minimum": "2"},
            },
            "#/InstanceMetadataServiceConfiguration: extraneous key [Minimum] is not permitted",
        ),
        ("AWS::EC2::Subnet", {}, "#: required key [VpcId] not found"),
        (
            "AWS::S3::Bucket",
            {"VersioningConfiguration": {"Status": "On"}},
            "#/VersioningConfiguration/Status: failed validation constraint for keyword [enum]",
        ),
        (
            "AWS::S3::Bucket",
            {"BucketName": "Capitals"},
            "#/BucketName: failed validation constraint for keyword [pattern]",
        ),
        (
            "AWS::S3::Bucket",
            {"Tags": "team=red"},
            "#/Tags: expected type: JSONArray, found: String",
        ),
        (
            "AWS::S3::Bucket",
            {"Tags": [{"Key": "team", "Colour": "red"}]},
            "#/Tags/0: extraneous key [Colour] is not permitted",
        ),
        (
            "AWS::Logs::LogGroup",
            {"RetentionInDays": "many"},
            "#/RetentionInDays: expected type: Integer, found: String",
        ),
    ],
)
def test_what_the_schema_does_not_allow_is_named_with_its_place(
    resource_type: str, properties: dict[str, Any], problem: str
) -> None:
    assert problem in problems(resource_type, properties)


@pytest.mark.parametrize(
    ("resource_type", "properties"),
    [
        ("AWS::Logs::LogGroup", {"RetentionInDays": "7"}),
        ("AWS::S3::Bucket", {"PublicAccessBlockConfiguration": {"BlockPublicAcls": "true"}}),
        ("AWS::SSM::Parameter", {"Type": "String", "Value": 5}),
        ("AWS::KMS::Key", {"KeyPolicy": '{"Statement": []}'}),
        ("AWS::CDK::Metadata", {"Analytics": "v2:deflate64:x"}),
        ("Custom::Anything", {"ServiceToken": "arn", "Whatever": [1]}),
        ("AWS::CloudFormation::CustomResource", {"ServiceToken": "arn", "Whatever": [1]}),
    ],
)
def test_what_aws_converts_or_does_not_know_is_let_pass(
    resource_type: str, properties: dict[str, Any]
) -> None:
    check_properties(resource_type, "It", properties)
