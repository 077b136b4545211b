"""CreateStack: order, events with reasons, rollback, and what is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rehearsal.cloudformation.requests import BODY_LIMIT
from tests.unit.rehearsal.stacks import Stacks, model, notebook, space, studio

ROLE = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {}}}
NAMED_ROLE = {
    "Type": "AWS::IAM::Role",
    "Properties": {"RoleName": "ml101-ann", "AssumeRolePolicyDocument": {}},
}
GONE_MODEL = {
    "Type": "AWS::SageMaker::EndpointConfig",
    "Properties": {"ProductionVariants": [{"VariantName": "v", "ModelName": "nobody"}]},
}


def test_resources_are_made_as_their_dependencies_allow(stacks: Stacks) -> None:
    assert stacks.create("ml101-ann", studio()) == "CREATE_COMPLETE"
    assert stacks.events("ml101-ann") == [
        ("ml101-ann", "CREATE_IN_PROGRESS"),
        ("Domain", "CREATE_IN_PROGRESS"),
        ("Domain", "CREATE_COMPLETE"),
        ("Profile", "CREATE_IN_PROGRESS"),
        ("Profile", "CREATE_COMPLETE"),
        ("Space", "CREATE_IN_PROGRESS"),
        ("Space", "CREATE_COMPLETE"),
        ("ml101-ann", "CREATE_COMPLETE"),
    ]


def test_what_depends_on_nothing_is_made_at_the_same_time(stacks: Stacks) -> None:
    stacks.begin("ml101-ann", {"A": notebook("ml101-ann-a"), "B": notebook("ml101-ann-b")})
    stacks.bench.step()
    assert stacks.resources("ml101-ann") == {"A": "CREATE_IN_PROGRESS", "B": "CREATE_IN_PROGRESS"}


def test_a_failure_rolls_the_stack_back_with_the_reason_in_its_events(stacks: Stacks) -> None:
    resources = {"Model": model(), "Config": {**GONE_MODEL, "DependsOn": "Model"}}
    assert stacks.create("ml101-ann", resources) == "ROLLBACK_COMPLETE"
    assert "Could not find model" in stacks.reasons("ml101-ann", "CREATE_FAILED")[0]
    reason = stacks.reasons("ml101-ann", "ROLLBACK_IN_PROGRESS")[0]
    assert reason.startswith("The following resource(s) failed to create: [Config]. ")
    assert ("Model", "DELETE_COMPLETE") in stacks.events("ml101-ann")
    assert stacks.bench.call("ListModels")["Models"] == []


def test_a_stack_that_was_rolled_back_can_only_be_deleted(stacks: Stacks) -> None:
    stacks.create("ml101-ann", {"Config": GONE_MODEL})
    body = json.dumps({"Resources": {"Model": model()}})
    refused = stacks.refusal("UpdateStack", StackName="ml101-ann", TemplateBody=body)
    assert "ROLLBACK_COMPLETE state and can not be updated" in refused.message
    again = stacks.refusal("CreateStack", StackName="ml101-ann", TemplateBody=body)
    assert again.code == "AlreadyExistsException"
    assert stacks.delete("ml101-ann") == "DELETE_COMPLETE"


def test_a_resource_that_fails_on_the_way_rolls_the_stack_back(stacks: Stacks) -> None:
    config = {
        "Type": "AWS::SageMaker::NotebookInstanceLifecycleConfig",
        "Properties": {
            "NotebookInstanceLifecycleConfigName": "boot",
            "OnStart": [{"Content": {"Fn::Base64": "echo broken; exit 1\n"}}],
        },
    }
    name = {"Fn::GetAtt": ["Config", "NotebookInstanceLifecycleConfigName"]}
    resources = {"Notebook": notebook(LifecycleConfigName=name), "Config": config}
    assert stacks.create("ml101-ann", resources) == "ROLLBACK_COMPLETE"
    assert "exit code 1: broken" in stacks.reasons("ml101-ann", "CREATE_FAILED")[0]
    assert stacks.bench.call("ListNotebookInstances")["NotebookInstances"] == []


def test_rollback_can_be_disabled(stacks: Stacks) -> None:
    status = stacks.create(
        "ml101-ann", {"Model": model(), "Config": GONE_MODEL}, DisableRollback=True
    )
    assert status == "CREATE_FAILED"
    assert len(stacks.bench.call("ListModels")["Models"]) == 1


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("AWS::SageMaker::DeviceFleet", "The local AWS does not have AWS::SageMaker::DeviceFleet."),
        ("AWS::SageMaker::Teapot", "Unrecognized resource types: [AWS::SageMaker::Teapot]"),
    ],
)
def test_a_type_that_is_not_here_fails_the_stack(stacks: Stacks, kind: str, reason: str) -> None:
    assert stacks.create("ml101-ann", {"It": {"Type": kind}}) == "ROLLBACK_COMPLETE"
    assert reason in stacks.reasons("ml101-ann", "CREATE_FAILED")[0]


@pytest.mark.parametrize(
    ("resources", "message"),
    [
        ({}, "At least one Resources member must be defined"),
        ({"A": {"Properties": {}}}, "must contain a Type member"),
        ({"A": notebook(RoleArn={"Ref": "Nobody"})}, "Unresolved resource dependencies [Nobody]"),
        (
            {"A": {**model("a"), "DependsOn": "B"}, "B": {**model("b"), "DependsOn": ["A"]}},
            "Circular dependency between resources: [A, B]",
        ),
    ],
    ids=["empty", "no type", "unresolved", "circle"],
)
def test_a_template_that_cannot_work_is_refused_at_once(
    stacks: Stacks, resources: dict[str, Any], message: str
) -> None:
    body = json.dumps({"Resources": resources})
    refused = stacks.refusal("CreateStack", StackName="ml101-ann", TemplateBody=body)
    assert refused.code == "ValidationError"
    assert message in refused.message


def test_a_template_body_has_at_most_51200_bytes(stacks: Stacks) -> None:
    body = json.dumps({"Resources": {"Model": model()}})
    padded = body + " " * (BODY_LIMIT - len(body))
    stacks.call("CreateStack", StackName="ml101-ann", TemplateBody=padded)
    # Bytes, not characters.
    body = json.dumps({"Resources": {"M": model()}, "Description": "ü"}, ensure_ascii=False)
    wide = body + " " * (BODY_LIMIT - len(body))
    refused = stacks.refusal("CreateStack", StackName="ml101-bob", TemplateBody=wide)
    assert "less than or equal to 51200" in refused.message


@pytest.mark.parametrize(
    ("resource", "given", "needed"),
    [
        (ROLE, [], "CAPABILITY_IAM"),
        (NAMED_ROLE, ["CAPABILITY_IAM"], "CAPABILITY_NAMED_IAM"),
        ({"Type": "AWS::IAM::Policy", "Properties": {"PolicyName": "p"}}, [], "CAPABILITY_IAM"),
    ],
    ids=["role", "named role", "policy"],
)
def test_iam_resources_need_to_be_acknowledged(
    stacks: Stacks, resource: dict[str, Any], given: list[str], needed: str
) -> None:
    body = json.dumps({"Resources": {"It": resource}})
    refused = stacks.refusal(
        "CreateStack", StackName="ml101-ann", TemplateBody=body, Capabilities=given
    )
    assert refused.code == "InsufficientCapabilitiesException"
    assert refused.message == f"Requires capabilities : [{needed}]"


def test_a_parameter_without_a_value_is_refused_and_no_stack_is_left(stacks: Stacks) -> None:
    body = json.dumps({"Parameters": {"Who": {"Type": "String"}}, "Resources": {"Model": model()}})
    refused = stacks.refusal("CreateStack", StackName="ml101-ann", TemplateBody=body)
    assert "Parameters: [Who] must have values" in refused.message
    assert stacks.call("ListStacks")["StackSummaries"] == []


def test_a_resource_whose_condition_does_not_hold_is_not_made(stacks: Stacks) -> None:
    resources = {"Model": model(), "Other": {**model("other"), "Condition": "Never"}}
    never = {"Never": {"Fn::Equals": ["a", "b"]}}
    assert stacks.create("ml101-ann", resources, Conditions=never) == "CREATE_COMPLETE"
    assert stacks.resources("ml101-ann") == {"Model": "CREATE_COMPLETE"}


def test_resources_carry_the_stacks_tags_and_awss_own(stacks: Stacks) -> None:
    stacks.create(
        "ml101-ann",
        {"Model": model()},
        Tags=[{"Key": "workshop:name", "Value": "ml101"}],
    )
    tags = stacks.bench.found("model", "ml101-ann-model").tags
    assert tags["workshop:name"] == "ml101"
    assert tags["aws:cloudformation:stack-name"] == "ml101-ann"
    assert tags["aws:cloudformation:logical-id"] == "Model"


def test_an_output_that_cannot_be_evaluated_rolls_the_stack_back(stacks: Stacks) -> None:
    outputs = {"Bad": {"Value": {"Fn::GetAtt": ["Model", "Colour"]}}}
    assert stacks.create("ml101-ann", {"Model": model()}, Outputs=outputs) == "ROLLBACK_COMPLETE"
    assert (
        "does not support attribute type Colour"
        in (stacks.reasons("ml101-ann", "ROLLBACK_IN_PROGRESS")[0])
    )


def test_an_export_is_imported_by_another_stack(stacks: Stacks) -> None:
    shared = {name: resource for name, resource in studio().items() if name != "Space"}
    export = {"Id": {"Value": {"Ref": "Domain"}, "Export": {"Name": "ml101-domain"}}}
    stacks.create("ml101-shared", shared, Outputs=export)
    of = {"Fn::ImportValue": {"Fn::Sub": "ml101-domain"}}
    user = {"Space": {**space(of), "DependsOn": []}}
    assert stacks.create("ml101-ann", user) == "CREATE_COMPLETE"
    assert stacks.call("ListImports", ExportName="ml101-domain")["Imports"] == ["ml101-ann"]


def test_an_export_that_nobody_makes_fails_the_import(stacks: Stacks) -> None:
    user = {"Model": model(ExecutionRoleArn={"Fn::ImportValue": "nobody"})}
    assert stacks.create("ml101-ann", user) == "ROLLBACK_COMPLETE"
    assert "No export named nobody found." in stacks.reasons("ml101-ann", "CREATE_FAILED")[0]


def test_two_stacks_cannot_export_one_name(stacks: Stacks) -> None:
    export = {"It": {"Value": "x", "Export": {"Name": "ml101-it"}}}
    stacks.create("ml101-ann", {"Model": model("a")}, Outputs=export)
    assert stacks.create("ml101-bob", {"Model": model("b")}, Outputs=export) == (
        "ROLLBACK_COMPLETE"
    )
