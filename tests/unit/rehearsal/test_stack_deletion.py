"""DeleteStack: in reverse, through failures, in the middle of a creation."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.unit.rehearsal.stacks import Resources, Stacks, domain, model, notebook, studio


def test_resources_go_before_what_they_depend_on(stacks: Stacks) -> None:
    stacks.create("ml101-ann", studio())
    stack_id = stacks.describe("ml101-ann")["StackId"]
    assert stacks.delete("ml101-ann") == "DELETE_COMPLETE"
    gone = [name for name, status in stacks.events(stack_id) if status == "DELETE_COMPLETE"]
    assert gone == ["Space", "Profile", "Domain", "ml101-ann"]


def test_a_deleted_stack_is_found_by_its_id_alone(stacks: Stacks) -> None:
    stacks.create("ml101-ann", {"Model": model()})
    stack_id = stacks.describe("ml101-ann")["StackId"]
    stacks.delete("ml101-ann")
    refused = stacks.refusal("DescribeStacks", StackName="ml101-ann")
    assert refused.message == "Stack with id ml101-ann does not exist"
    assert stacks.describe(stack_id)["StackStatus"] == "DELETE_COMPLETE"


def test_deleting_what_does_not_exist_is_no_error(stacks: Stacks) -> None:
    assert stacks.call("DeleteStack", StackName="nobody") == {}


def test_a_running_app_keeps_its_space_and_the_deletion_goes_on_when_it_is_gone(
    stacks: Stacks,
) -> None:
    stacks.create("ml101-ann", studio())
    bench = stacks.bench
    app = bench.app(bench.call("ListDomains")["Domains"][0]["DomainId"])
    assert stacks.delete("ml101-ann") == "DELETE_FAILED"
    assert "has apps" in stacks.reasons("ml101-ann", "DELETE_FAILED")[-1]
    assert stacks.describe("ml101-ann")["StackStatusReason"].startswith(
        "The following resource(s) failed to delete: [Space]"
    )
    assert set(stacks.resources("ml101-ann")) == {"Space", "Profile", "Domain"}
    bench.call("DeleteApp", **app)
    bench.step(60)
    assert stacks.delete("ml101-ann") == "DELETE_COMPLETE"
    assert bench.call("ListDomains")["Domains"] == []


def test_a_running_notebook_instance_is_stopped_first(stacks: Stacks) -> None:
    stacks.create("ml101-ann", {"Notebook": notebook()})
    assert stacks.delete("ml101-ann") == "DELETE_COMPLETE"
    assert stacks.bench.call("ListNotebookInstances")["NotebookInstances"] == []


@pytest.mark.parametrize(
    "resources",
    # Made when the test runs: a domain names the network that is there then.
    [lambda: {"Notebook": notebook()}, lambda: {"Domain": domain()}, studio],
    ids=["notebook", "domain", "studio"],
)
def test_a_stack_can_be_deleted_while_it_is_created(
    stacks: Stacks, resources: Callable[[], Resources]
) -> None:
    stacks.begin("ml101-ann", resources())
    stacks.bench.step()
    assert "CREATE_IN_PROGRESS" in stacks.resources("ml101-ann").values()
    assert stacks.delete("ml101-ann") == "DELETE_COMPLETE"
    assert stacks.bench.plane.every() == []


def test_a_retained_resource_outlives_its_stack(stacks: Stacks) -> None:
    stacks.create("ml101-ann", {"Model": {**model(), "DeletionPolicy": "Retain"}})
    stack_id = stacks.describe("ml101-ann")["StackId"]
    assert stacks.delete("ml101-ann") == "DELETE_COMPLETE"
    assert ("Model", "DELETE_SKIPPED") in stacks.events(stack_id)
    assert len(stacks.bench.call("ListModels")["Models"]) == 1


def test_a_resource_that_somebody_deleted_does_not_stop_the_deletion(stacks: Stacks) -> None:
    stacks.create("ml101-ann", {"Model": model()})
    stacks.bench.call("DeleteModel", ModelName="ml101-ann-model")
    assert stacks.delete("ml101-ann") == "DELETE_COMPLETE"


def test_a_protected_stack_stays(stacks: Stacks) -> None:
    stacks.create("ml101-ann", {"Model": model()}, EnableTerminationProtection=True)
    refused = stacks.refusal("DeleteStack", StackName="ml101-ann")
    assert "TerminationProtection is enabled" in refused.message
    stacks.call(
        "UpdateTerminationProtection", StackName="ml101-ann", EnableTerminationProtection=False
    )
    assert stacks.delete("ml101-ann") == "DELETE_COMPLETE"


def test_a_name_is_free_again_when_its_stack_is_gone(stacks: Stacks) -> None:
    stacks.create("ml101-ann", {"Model": model()})
    stacks.delete("ml101-ann")
    assert stacks.create("ml101-ann", {"Model": model()}) == "CREATE_COMPLETE"


def test_what_a_stack_had_is_described_when_it_is_gone(stacks: Stacks) -> None:
    kept = {**model("ml101-ann-kept"), "DeletionPolicy": "Retain"}
    stacks.create("ml101-ann", {"Model": model(), "Kept": kept})
    stack_id = stacks.describe("ml101-ann")["StackId"]
    stacks.delete("ml101-ann")
    gone = {"Model": "DELETE_COMPLETE", "Kept": "DELETE_SKIPPED"}
    assert stacks.resources(stack_id) == gone
    listed = stacks.call("ListStackResources", StackName=stack_id)["StackResourceSummaries"]
    assert {row["LogicalResourceId"]: row["ResourceStatus"] for row in listed} == gone
    one = stacks.call("DescribeStackResource", StackName=stack_id, LogicalResourceId="Model")
    assert one["StackResourceDetail"]["ResourceStatus"] == "DELETE_COMPLETE"
    assert one["StackResourceDetail"]["PhysicalResourceId"]


def test_what_a_rolled_back_creation_had_is_described(stacks: Stacks) -> None:
    failing = {"Type": "AWS::IoT::Thing"}
    resources = {"Model": model(), "Failing": {**failing, "DependsOn": "Model"}}
    assert stacks.create("ml101-ann", resources) == "ROLLBACK_COMPLETE"
    assert stacks.resources("ml101-ann") == dict.fromkeys(resources, "DELETE_COMPLETE")
