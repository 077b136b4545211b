"""What the templates have where attendees build container images, and where they do not."""

from __future__ import annotations

import json

from tests.factories import make_attendee, make_workshop
from tests.synth.conftest import Assembly, Synthesise

SHARED = "ml101-shared-us-east-1"
ANN = "ml101-ann-us-east-1"
PROJECT = "AWS::CodeBuild::Project"


def build(synthesise: Synthesise) -> Assembly:
    return synthesise(make_workshop(["ann"], builds_images=True))


def test_without_a_module_that_builds_no_template_knows_of_builds(synthesise: Synthesise) -> None:
    assembly = synthesise(make_workshop(["ann", make_attendee("bob", "notebook")]))

    for artifact in assembly.texts:
        # The functions that sweep and guard may end what any workshop can have.
        resources = assembly.template(artifact)["Resources"].values()
        names = [r.get("Properties", {}).get("ManagedPolicyName", "") for r in resources]
        shown = [
            json.dumps(resource)
            for resource, name in zip(resources, names, strict=True)
            if artifact != SHARED or "boundary" in name or "attendee" in name
        ]
        assert shown
        for text in shown:
            assert "codebuild" not in text.lower()
            assert "ecr:CreateRepository" not in text
            assert "ecr:DescribeRepositories" not in text
            assert "builds-images" not in text


def test_every_attendee_has_a_project_with_a_role_and_a_log(synthesise: Synthesise) -> None:
    assembly = build(synthesise)

    project = assembly.one(ANN, PROJECT)
    assert project["Name"] == "ml101-ann-build"
    assert "/attendees/ann/build/source.zip" in json.dumps(project["Source"]["Location"])
    assert project["Source"]["Type"] == "S3"
    assert project["Artifacts"] == {"Type": "NO_ARTIFACTS"}
    assert project["ConcurrentBuildLimit"] == 1
    assert project["TimeoutInMinutes"] <= 15
    machine = project["Environment"]
    assert (machine["ComputeType"], machine["Type"]) == ("BUILD_GENERAL1_SMALL", "LINUX_CONTAINER")
    assert machine["PrivilegedMode"] is True
    group = assembly.one(ANN, "AWS::Logs::LogGroup")
    assert group["LogGroupName"] == "/aws/codebuild/ml101-ann-build"
    assert group["RetentionInDays"] == 7
    role = assembly.one(ANN, "AWS::IAM::Role", RoleName="ml101-ann-build")
    assert "policy/ml101-shared-boundary-us-east-1" in json.dumps(role["PermissionsBoundary"])


def test_the_sweep_is_deleted_before_what_builds(synthesise: Synthesise) -> None:
    template = build(synthesise).template(ANN)["Resources"]
    (sweep,) = [r for r in template.values() if r["Type"] == "Custom::WorkshopSweep"]
    (project,) = [name for name, r in template.items() if r["Type"] == PROJECT]
    assert project in sweep["DependsOn"]


def test_the_role_says_that_its_owner_builds_images(synthesise: Synthesise) -> None:
    role = build(synthesise).one(ANN, "AWS::IAM::Role", RoleName="ml101-ann")
    tags = {tag["Key"]: tag["Value"] for tag in role["Tags"]}
    assert tags == {
        "workshop:name": "ml101",
        "workshop:attendee": "ann",
        "workshop:builds-images": "true",
    }
    assert len(role["ManagedPolicyArns"]) == 2


def test_an_attendees_template_can_still_be_sent_inline(synthesise: Synthesise) -> None:
    assert len(build(synthesise).texts[ANN].encode()) < 51_200
