"""Change sets: what would change is told first, then done; or there is nothing to do."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rehearsal.cloudformation.changesets import NO_CHANGES
from tests.unit.rehearsal.stacks import Resources, Stacks, model, notebook, space, studio

NAME = "ml101-ann"
NEEDS_MODEL = {
    "Type": "AWS::SageMaker::EndpointConfig",
    "Properties": {
        "ProductionVariants": [
            {
                "VariantName": "v",
                "ModelName": {"Fn::GetAtt": ["Model", "ModelName"]},
                "InstanceType": "ml.m5.large",
                "InitialInstanceCount": 1,
            }
        ]
    },
}


def propose(
    stacks: Stacks, resources: Resources, kind: str = "UPDATE", name: str = "change", **more: Any
) -> dict[str, Any]:
    """Make a change set and wait for it; answers its description."""
    outputs = more.pop("Outputs", {})
    body = json.dumps({"Resources": resources, "Outputs": outputs})
    stacks.call(
        "CreateChangeSet",
        StackName=NAME,
        ChangeSetName=name,
        ChangeSetType=kind,
        TemplateBody=body,
        **more,
    )
    stacks.bench.step(10)
    return describe(stacks, name)


def describe(stacks: Stacks, name: str = "change", **more: Any) -> dict[str, Any]:
    return stacks.call("DescribeChangeSet", StackName=NAME, ChangeSetName=name, **more)


def rows(shown: dict[str, Any]) -> list[tuple[str, str, str]]:
    """(action, logical id, replacement) of every change."""
    changes = [change["ResourceChange"] for change in shown["Changes"]]
    return [(c["Action"], c["LogicalResourceId"], c.get("Replacement", "")) for c in changes]


def test_a_change_set_makes_a_stack_in_review_and_executing_it_the_resources(
    stacks: Stacks,
) -> None:
    shown = propose(stacks, {"Model": model()}, "CREATE")
    assert (shown["Status"], shown["ExecutionStatus"]) == ("CREATE_COMPLETE", "AVAILABLE")
    assert rows(shown) == [("Add", "Model", "")]
    assert stacks.describe(NAME)["StackStatus"] == "REVIEW_IN_PROGRESS"
    assert stacks.bench.call("ListModels")["Models"] == []
    stacks.call("ExecuteChangeSet", StackName=NAME, ChangeSetName="change")
    assert stacks.end(NAME) == "CREATE_COMPLETE"
    stack = stacks.describe(NAME)
    assert stack["ChangeSetId"] == shown["ChangeSetId"]
    done = stacks.call("DescribeChangeSet", ChangeSetName=shown["ChangeSetId"])
    assert done["ExecutionStatus"] == "EXECUTE_COMPLETE"
    assert stacks.call("ListChangeSets", StackName=NAME)["Summaries"] == []


def test_a_change_set_takes_a_moment_to_be_made(stacks: Stacks) -> None:
    stacks.create(NAME, {"Model": model()})
    body = json.dumps({"Resources": {"Model": model("two")}})
    stacks.call("CreateChangeSet", StackName=NAME, ChangeSetName="change", TemplateBody=body)
    shown = describe(stacks)
    assert (shown["Status"], shown["Changes"]) == ("CREATE_IN_PROGRESS", [])
    refused = stacks.refusal("ExecuteChangeSet", StackName=NAME, ChangeSetName="change")
    assert refused.code == "InvalidChangeSetStatus"
    assert "cannot be executed in its current status of [CREATE_IN_PROGRESS]" in refused.message


def test_changes_tell_what_is_changed_replaced_added_and_removed(stacks: Stacks) -> None:
    before = {"Notebook": notebook(), "Model": model(), "Gone": model("gone"), "Kept": model("k")}
    stacks.create(NAME, before)
    after = {
        "Notebook": notebook(InstanceType="ml.t3.large"),
        "Model": {**model("two"), "UpdateReplacePolicy": "Retain"},
        "New": model("new"),
        "Kept": model("k"),
    }
    shown = propose(stacks, after)
    assert rows(shown) == [
        ("Remove", "Gone", ""),
        ("Modify", "Model", "True"),
        ("Add", "New", ""),
        ("Modify", "Notebook", "False"),
    ]
    changes = {c["ResourceChange"]["LogicalResourceId"]: c for c in shown["Changes"]}
    assert changes["Model"]["ResourceChange"]["PolicyAction"] == "ReplaceAndRetain"
    assert changes["Gone"]["ResourceChange"]["PolicyAction"] == "Delete"
    target = {"Attribute": "Properties", "Name": "InstanceType", "RequiresRecreation": "Never"}
    [detail] = changes["Notebook"]["ResourceChange"]["Details"]
    assert detail["Target"] == {**target, "AttributeChangeType": "Modify"}
    values = describe(stacks, IncludePropertyValues=True)["Changes"][3]["ResourceChange"]
    assert values["Details"][0]["Target"]["BeforeValue"] == "ml.t3.medium"
    assert values["Details"][0]["Target"]["AfterValue"] == "ml.t3.large"


def test_what_depends_on_a_replaced_resource_may_be_replaced(stacks: Stacks) -> None:
    stacks.create(NAME, {"Model": model("one"), "Config": NEEDS_MODEL})
    shown = propose(stacks, {"Model": model("two"), "Config": NEEDS_MODEL})
    assert rows(shown) == [("Modify", "Config", "Conditional"), ("Modify", "Model", "True")]
    config = shown["Changes"][0]["ResourceChange"]["Details"][0]
    assert config["Evaluation"] == "Dynamic"


def test_the_stacks_tags_are_a_change_of_every_resource_that_has_tags(stacks: Stacks) -> None:
    stacks.create(NAME, {"Model": model()})
    shown = propose(stacks, {"Model": model()}, Tags=[{"Key": "team", "Value": "red"}])
    assert rows(shown) == [("Modify", "Model", "False")]
    assert shown["Changes"][0]["ResourceChange"]["Scope"] == ["Tags"]
    stacks.call("ExecuteChangeSet", StackName=NAME, ChangeSetName="change")
    assert stacks.end(NAME) == "UPDATE_COMPLETE"
    assert stacks.bench.found("model", "ml101-ann-model").tags["team"] == "red"


@pytest.mark.parametrize(
    ("resource", "more"),
    [
        (model(), {}),
        # "You can't update the deletion policy by itself" (user guide, "DeletionPolicy").
        ({**model(), "DeletionPolicy": "Retain"}, {}),
    ],
    ids=["the same", "deletion policy alone"],
)
def test_a_change_set_without_changes_fails_with_awss_words(
    stacks: Stacks, resource: dict[str, Any], more: dict[str, Any]
) -> None:
    stacks.create(NAME, {"Model": model()})
    shown = propose(stacks, {"Model": resource}, **more)
    assert (shown["Status"], shown["ExecutionStatus"]) == ("FAILED", "UNAVAILABLE")
    assert shown["StatusReason"] == NO_CHANGES
    refused = stacks.refusal("ExecuteChangeSet", StackName=NAME, ChangeSetName="change")
    assert "current status of [FAILED]" in refused.message


def test_another_output_is_a_change(stacks: Stacks) -> None:
    stacks.create(NAME, {"Model": model()})
    shown = propose(stacks, {"Model": model()}, Outputs={"It": {"Value": "x"}})
    assert (shown["Status"], shown["Changes"]) == ("CREATE_COMPLETE", [])


def test_a_resource_cannot_change_its_type(stacks: Stacks) -> None:
    stacks.create(NAME, {"It": model()})
    shown = propose(stacks, {"It": notebook()})
    assert shown["Status"] == "FAILED"
    assert shown["StatusReason"] == (
        "Update of resource type is not permitted. The new template modifies resource type of "
        "the following resources: [It]"
    )


def test_a_change_set_is_deleted_and_its_name_is_free_again(stacks: Stacks) -> None:
    stacks.create(NAME, {"Model": model()})
    propose(stacks, {"Model": model("two")})
    refused = stacks.refusal(
        "CreateChangeSet",
        StackName=NAME,
        ChangeSetName="change",
        TemplateBody=json.dumps({"Resources": {"Model": model("two")}}),
    )
    assert refused.code == "AlreadyExistsException"
    stacks.call("DeleteChangeSet", StackName=NAME, ChangeSetName="change")
    gone = stacks.refusal("DescribeChangeSet", StackName=NAME, ChangeSetName="change")
    assert (gone.code, gone.status) == ("ChangeSetNotFound", 404)
    assert stacks.call("DeleteChangeSet", StackName=NAME, ChangeSetName="change") == {}
    propose(stacks, {"Model": model("two")})


def test_executing_one_change_set_deletes_the_others(stacks: Stacks) -> None:
    stacks.create(NAME, {"Model": model()})
    propose(stacks, {"Model": model("two")}, name="other")
    propose(stacks, {"Model": model("three")})
    stacks.call("ExecuteChangeSet", StackName=NAME, ChangeSetName="change")
    gone = stacks.refusal("DescribeChangeSet", StackName=NAME, ChangeSetName="other")
    assert gone.code == "ChangeSetNotFound"
    assert stacks.end(NAME) == "UPDATE_COMPLETE"


def test_a_change_set_for_what_is_there_and_for_what_is_not_is_refused(stacks: Stacks) -> None:
    body = json.dumps({"Resources": {"Model": model()}})
    change = {"StackName": NAME, "ChangeSetName": "change", "TemplateBody": body}
    refused = stacks.refusal("CreateChangeSet", **change)
    assert refused.message == "Stack [ml101-ann] does not exist"
    stacks.create(NAME, {"Model": model()})
    refused = stacks.refusal("CreateChangeSet", **change, ChangeSetType="CREATE")
    assert refused.message == (
        "Stack [ml101-ann] already exists and cannot be created again with the changeSet [change]."
    )
    refused = stacks.refusal("CreateChangeSet", **change, ChangeSetType="IMPORT")
    assert "does not have ChangeSetType IMPORT" in refused.message


def test_a_stack_in_review_is_deleted_with_its_change_set(stacks: Stacks) -> None:
    shown = propose(stacks, {"Model": model()}, "CREATE")
    assert stacks.delete(NAME) == "DELETE_COMPLETE"
    gone = stacks.refusal("DescribeChangeSet", ChangeSetName=shown["ChangeSetId"])
    assert gone.code == "ChangeSetNotFound"


def test_a_failed_execution_is_told_by_the_change_set(stacks: Stacks) -> None:
    stacks.create(NAME, studio())
    shared = {**studio(), "Space": space(SpaceSharingSettings={"SharingType": "Shared"})}
    shown = propose(stacks, shared)
    stacks.call("ExecuteChangeSet", StackName=NAME, ChangeSetName="change")
    assert stacks.end(NAME) == "UPDATE_ROLLBACK_COMPLETE"
    done = stacks.call("DescribeChangeSet", ChangeSetName=shown["ChangeSetId"])
    assert done["ExecutionStatus"] == "EXECUTE_FAILED"


def test_what_the_local_aws_cannot_do_is_refused(stacks: Stacks) -> None:
    body = json.dumps({"Resources": {"Model": model()}})
    for asked in (
        {"DeploymentConfig": {"Mode": "EXPRESS"}},
        {"RollbackConfiguration": {"RollbackTriggers": [{"Arn": "a", "Type": "b"}]}},
        {"TimeoutInMinutes": 5},
    ):
        refused = stacks.refusal("CreateStack", StackName=NAME, TemplateBody=body, **asked)
        assert refused.message == f"The local AWS does not have {next(iter(asked))}."
