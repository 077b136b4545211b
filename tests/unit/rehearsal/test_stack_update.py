"""UpdateStack: in place, by replacement, refused, or undone."""

from __future__ import annotations

import json
from typing import Any

from tests.unit.rehearsal.bench import ROLE
from tests.unit.rehearsal.stacks import Stacks, model, notebook, space, studio

EXPORT = {"It": {"Value": {"Ref": "Model"}, "Export": {"Name": "ml101-it"}}}
BROKEN = {
    "Type": "AWS::SageMaker::EndpointConfig",
    "Properties": {"ProductionVariants": [{"VariantName": "v", "ModelName": "nobody"}]},
}


def instance_type(stacks: Stacks) -> str:
    shown = stacks.bench.call("DescribeNotebookInstance", NotebookInstanceName="ml101-ann")
    assert shown["NotebookInstanceStatus"] == "InService"
    found: str = shown["InstanceType"]
    return found


def test_a_property_that_can_change_is_changed_in_place(stacks: Stacks) -> None:
    stacks.create("ml101-ann", {"Notebook": notebook()})
    before = stacks.bench.found("notebook-instance", "ml101-ann")
    changed = {"Notebook": notebook(InstanceType="ml.t3.large")}
    assert stacks.update("ml101-ann", changed) == "UPDATE_COMPLETE"
    assert instance_type(stacks) == "ml.t3.large"
    assert stacks.bench.found("notebook-instance", "ml101-ann") is before


def test_a_create_only_property_replaces_and_the_old_one_goes_last(stacks: Stacks) -> None:
    stacks.create("ml101-ann", {"Model": model("one")})
    assert stacks.update("ml101-ann", {"Model": model("two")}) == "UPDATE_COMPLETE"
    names = [row["ModelName"] for row in stacks.bench.call("ListModels")["Models"]]
    assert names == ["two"]
    assert stacks.events("ml101-ann")[-5:] == [
        ("Model", "CREATE_COMPLETE"),
        ("ml101-ann", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"),
        ("Model", "DELETE_IN_PROGRESS"),
        ("Model", "DELETE_COMPLETE"),
        ("ml101-ann", "UPDATE_COMPLETE"),
    ]


def test_a_replacement_under_the_same_custom_name_is_refused(stacks: Stacks) -> None:
    stacks.create("ml101-ann", studio())
    shared = {**studio(), "Space": space(SpaceSharingSettings={"SharingType": "Shared"})}
    assert stacks.update("ml101-ann", shared) == "UPDATE_ROLLBACK_COMPLETE"
    reason = stacks.reasons("ml101-ann", "UPDATE_FAILED")[0]
    assert "cannot update a stack when a custom-named resource requires replacing" in reason
    # All is as it was, and says so.
    assert set(stacks.resources("ml101-ann").values()) <= {"CREATE_COMPLETE", "UPDATE_COMPLETE"}


def test_a_failed_update_gives_back_what_was_changed_and_removes_what_was_made(
    stacks: Stacks,
) -> None:
    stacks.create("ml101-ann", {"Notebook": notebook()})
    changed = {
        "Notebook": notebook(InstanceType="ml.t3.large"),
        "Model": model(),
        "Broken": {**BROKEN, "DependsOn": ["Notebook", "Model"]},
    }
    assert stacks.update("ml101-ann", changed) == "UPDATE_ROLLBACK_COMPLETE"
    assert "Could not find model" in stacks.reasons("ml101-ann", "CREATE_FAILED")[0]
    assert instance_type(stacks) == "ml.t3.medium"
    assert stacks.bench.call("ListModels")["Models"] == []
    assert stacks.resources("ml101-ann") == {"Notebook": "UPDATE_COMPLETE"}


def test_a_stack_whose_update_failed_can_be_updated_again(stacks: Stacks) -> None:
    stacks.create("ml101-ann", {"Model": model("one")})
    assert stacks.update("ml101-ann", {"Model": model("one"), "Broken": BROKEN}) == (
        "UPDATE_ROLLBACK_COMPLETE"
    )
    assert stacks.update("ml101-ann", {"Model": model("two")}) == "UPDATE_COMPLETE"


def test_what_the_template_no_longer_has_is_removed(stacks: Stacks) -> None:
    stacks.create("ml101-ann", {"Keep": model("keep"), "Drop": model("drop")})
    assert stacks.update("ml101-ann", {"Keep": model("keep")}) == "UPDATE_COMPLETE"
    assert [row["ModelName"] for row in stacks.bench.call("ListModels")["Models"]] == ["keep"]


def test_an_update_that_changes_nothing_is_refused(stacks: Stacks) -> None:
    stacks.create("ml101-ann", {"Model": model()})
    body = json.dumps({"Resources": {"Model": model()}})
    refused = stacks.refusal("UpdateStack", StackName="ml101-ann", TemplateBody=body)
    assert refused.message == "No updates are to be performed."


def test_a_generated_name_is_no_change(stacks: Stacks) -> None:
    group = {"Type": "AWS::Logs::LogGroup", "Properties": {"RetentionInDays": 7}}
    stacks.create("ml101-ann", {"Group": group})
    before = stacks.call("DescribeStackResources", StackName="ml101-ann")["StackResources"][0]
    stacks.update("ml101-ann", {"Group": group, "Model": model()})
    rows = stacks.call("DescribeStackResources", StackName="ml101-ann")["StackResources"]
    after = {row["LogicalResourceId"]: row for row in rows}["Group"]
    assert after["PhysicalResourceId"] == before["PhysicalResourceId"]
    assert stacks.delete("ml101-ann") == "DELETE_COMPLETE"


def test_a_refused_update_leaves_the_stack_as_it_was(stacks: Stacks) -> None:
    stacks.create("ml101-ann", {"Model": model()})
    before = stacks.call("GetTemplate", StackName="ml101-ann")
    who: dict[str, Any] = {"Who": {"Type": "String"}}
    body = json.dumps({"Parameters": who, "Resources": {"Other": model("other")}})
    refused = stacks.refusal("UpdateStack", StackName="ml101-ann", TemplateBody=body)
    assert "must have values" in refused.message
    assert stacks.call("GetTemplate", StackName="ml101-ann") == before
    assert stacks.describe("ml101-ann")["StackStatus"] == "CREATE_COMPLETE"


def test_an_export_in_use_can_neither_change_nor_go(stacks: Stacks) -> None:
    stacks.create("ml101-shared", {"Model": model("one")}, Outputs=EXPORT)
    role = {"Fn::Sub": [ROLE + "${It}", {"It": {"Fn::ImportValue": "ml101-it"}}]}
    user = {"Notebook": notebook(RoleArn=ROLE, Tags=[{"Key": "it", "Value": role}])}
    assert stacks.create("ml101-ann", user) == "CREATE_COMPLETE"
    changed = stacks.update("ml101-shared", {"Model": model("two")}, Outputs=EXPORT)
    assert changed == "UPDATE_ROLLBACK_COMPLETE"
    reasons = stacks.reasons("ml101-shared", "UPDATE_ROLLBACK_IN_PROGRESS")
    assert reasons == ["Cannot update export ml101-it as it is in use by ml101-ann."]
    dropped = stacks.update("ml101-shared", {"Model": model("one"), "More": model("more")})
    assert dropped == "UPDATE_ROLLBACK_COMPLETE"
    reasons = stacks.reasons("ml101-shared", "UPDATE_ROLLBACK_IN_PROGRESS")
    assert reasons[0] == "Cannot delete export ml101-it as it is in use by ml101-ann."
    refused = stacks.refusal("DeleteStack", StackName="ml101-shared")
    assert "Cannot delete export ml101-it as it is in use by ml101-ann" in refused.message
    assert stacks.delete("ml101-ann") == "DELETE_COMPLETE"
    assert stacks.delete("ml101-shared") == "DELETE_COMPLETE"
