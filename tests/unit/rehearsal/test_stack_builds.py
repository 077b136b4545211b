"""AWS::CodeBuild::Project in a stack: made, changed and removed as CodeBuild would."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from rehearsal.inventory import everything
from tests.unit.rehearsal.bench import REGION, ROLE, Bench
from tests.unit.rehearsal.stacks import Stacks

NAME = "ml501"


def project(minutes: Any = 15, **more: Any) -> dict[str, Any]:
    properties = {
        "Name": "ml501-ann-build",
        "ServiceRole": ROLE,
        "Source": {"Type": "S3", "Location": "bucket/source.zip", "BuildSpec": "spec.yml"},
        "Artifacts": {"Type": "NO_ARTIFACTS"},
        "Environment": {
            "Type": "LINUX_CONTAINER",
            "Image": "aws/codebuild/amazonlinux-x86_64-standard:6.0",
            "ComputeType": "BUILD_GENERAL1_SMALL",
            "PrivilegedMode": True,
            "EnvironmentVariables": [{"Name": "Kept", "Value": "As it is"}],
        },
        "LogsConfig": {"CloudWatchLogs": {"Status": "ENABLED", "GroupName": "/aws/codebuild/x"}},
        "TimeoutInMinutes": minutes,
        "ConcurrentBuildLimit": 1,
        **more,
    }
    return {"Type": "AWS::CodeBuild::Project", "Properties": properties}


@pytest.fixture
def codebuild(bench: Bench) -> Iterator[Any]:
    client = bench.world.cloudformation.clients("codebuild", REGION)
    yield client
    client.delete_project(name="ml501-ann-build")  # moto's state outlives a world


def shown(codebuild: Any) -> dict[str, Any]:
    (found,) = codebuild.batch_get_projects(names=["ml501-ann-build"])["projects"]
    return dict(found)


def test_a_stack_makes_a_project_with_all_that_the_template_says(
    stacks: Stacks, codebuild: Any
) -> None:
    resources = {"Project": project("15", Tags=[{"Key": "team", "Value": "red"}])}
    assert stacks.create(NAME, resources) == "CREATE_COMPLETE"

    found = shown(codebuild)
    assert found["source"] == {
        "type": "S3",
        "location": "bucket/source.zip",
        "buildspec": "spec.yml",
    }
    assert found["environment"]["privilegedMode"] is True
    assert found["environment"]["environmentVariables"] == [{"name": "Kept", "value": "As it is"}]
    assert found["timeoutInMinutes"] == 15
    assert found["tags"] == [{"key": "team", "value": "red"}]


def test_a_project_is_changed_in_place_and_goes_with_its_stack(
    stacks: Stacks, codebuild: Any
) -> None:
    stacks.create(NAME, {"Project": project()})
    assert [r["kind"] for r in everything(stacks.bench.world)].count("build-project") == 1

    assert stacks.update(NAME, {"Project": project(30)}) == "UPDATE_COMPLETE"
    assert shown(codebuild)["timeoutInMinutes"] == 30
    assert shown(codebuild)["environment"]["image"].endswith(":6.0")

    assert stacks.delete(NAME) == "DELETE_COMPLETE"
    assert codebuild.list_projects()["projects"] == []
    assert "build-project" not in [r["kind"] for r in everything(stacks.bench.world)]


def test_a_template_says_the_project_of_its_references(stacks: Stacks, codebuild: Any) -> None:
    outputs = {
        "Name": {"Value": {"Ref": "Project"}},
        "Arn": {"Value": {"Fn::GetAtt": ["Project", "Arn"]}},
    }
    template = {"Resources": {"Project": project()}, "Outputs": outputs}
    stacks.call("CreateStack", StackName=NAME, TemplateBody=json.dumps(template))
    assert stacks.end(NAME) == "CREATE_COMPLETE"

    found = {o["OutputKey"]: o["OutputValue"] for o in stacks.describe(NAME)["Outputs"]}
    assert found == {"Name": "ml501-ann-build", "Arn": shown(codebuild)["arn"]}
