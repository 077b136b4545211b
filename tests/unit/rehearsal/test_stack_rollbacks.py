"""Stacks that are cancelled, left as they failed, rolled back by hand, or stuck on the way."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rehearsal.account import ACCOUNT
from rehearsal.cloudformation.handlers import Handler, Made, Place, ResourceFailed
from rehearsal.cloudformation.service import CloudFormation
from rehearsal.inprocess import InProcess
from tests.unit.rehearsal.bench import REGION, Bench
from tests.unit.rehearsal.stacks import Resources, Stacks, domain, model, notebook, profile

NAME = "ml101-ann"
BROKEN = {
    "Type": "AWS::SageMaker::EndpointConfig",
    "Properties": {
        "ProductionVariants": [
            {
                "VariantName": "v",
                "ModelName": "nobody",
                "InstanceType": "ml.m5.large",
                "InitialInstanceCount": 1,
            }
        ]
    },
}
LARGE = notebook(InstanceType="ml.t3.large")


def begin_update(stacks: Stacks, resources: Resources, **more: object) -> None:
    body = json.dumps({"Resources": resources})
    stacks.call("UpdateStack", StackName=NAME, TemplateBody=body, **more)


def models(stacks: Stacks) -> list[str]:
    return sorted(row["ModelName"] for row in stacks.bench.call("ListModels")["Models"])


def instance_type(stacks: Stacks) -> str:
    shown = stacks.bench.call("DescribeNotebookInstance", NotebookInstanceName="ml101-ann")
    found: str = shown["InstanceType"]
    return found


def test_a_cancelled_update_goes_back(stacks: Stacks) -> None:
    stacks.create(NAME, {"Notebook": notebook()})
    begin_update(stacks, {"Notebook": LARGE, "Model": {**model(), "DependsOn": "Notebook"}})
    stacks.bench.step()
    stacks.call("CancelUpdateStack", StackName=NAME)
    assert stacks.end(NAME) == "UPDATE_ROLLBACK_COMPLETE"
    assert instance_type(stacks) == "ml.t3.medium"
    assert models(stacks) == []
    refused = stacks.refusal("CancelUpdateStack", StackName=NAME)
    assert refused.message == "CancelUpdateStack cannot be called from current stack status"


def test_a_rollback_says_that_it_cleans_up(stacks: Stacks) -> None:
    stacks.create(NAME, {"Model": model()})
    stacks.update(NAME, {"Model": model(), "New": model("new"), "Broken": BROKEN})
    assert [status for name, status in stacks.events(NAME) if name == NAME][-4:] == [
        "UPDATE_IN_PROGRESS",
        "UPDATE_ROLLBACK_IN_PROGRESS",
        "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
        "UPDATE_ROLLBACK_COMPLETE",
    ]


def test_a_failed_update_without_rollback_stays_and_goes_on_with_the_next(stacks: Stacks) -> None:
    stacks.create(NAME, {"Notebook": notebook()})
    failing = {"Notebook": LARGE, "Model": model(), "Broken": {**BROKEN, "DependsOn": "Notebook"}}
    assert stacks.update(NAME, failing, DisableRollback=True) == "UPDATE_FAILED"
    assert instance_type(stacks) == "ml.t3.large"
    body = json.dumps({"Resources": failing})
    refused = stacks.refusal("UpdateStack", StackName=NAME, TemplateBody=body)
    assert "is in UPDATE_FAILED state and can not be updated" in refused.message
    fixed = {"Notebook": LARGE, "Model": model()}
    assert stacks.update(NAME, fixed, DisableRollback=True) == "UPDATE_COMPLETE"
    assert set(stacks.resources(NAME)) == {"Notebook", "Model"}


def test_a_failed_update_without_rollback_can_be_rolled_back_by_hand(stacks: Stacks) -> None:
    stacks.create(NAME, {"Notebook": notebook()})
    failing = {"Notebook": LARGE, "Model": model(), "Broken": {**BROKEN, "DependsOn": "Notebook"}}
    stacks.update(NAME, failing, DisableRollback=True)
    # A second attempt that fails does not change what there is to go back to.
    again = {**failing, "Notebook": notebook(InstanceType="ml.t3.xlarge")}
    assert stacks.update(NAME, again, DisableRollback=True) == "UPDATE_FAILED"
    stacks.call("RollbackStack", StackName=NAME)
    assert stacks.end(NAME) == "UPDATE_ROLLBACK_COMPLETE"
    assert instance_type(stacks) == "ml.t3.medium"
    assert models(stacks) == []
    assert set(stacks.resources(NAME)) == {"Notebook"}


def test_a_failed_creation_without_rollback_can_be_rolled_back_by_hand(stacks: Stacks) -> None:
    resources = {"Model": model(), "Broken": {**BROKEN, "DependsOn": "Model"}}
    assert stacks.create(NAME, resources, DisableRollback=True) == "CREATE_FAILED"
    assert stacks.describe(NAME)["DisableRollback"]
    stacks.call("RollbackStack", StackName=NAME)
    assert stacks.end(NAME) == "ROLLBACK_COMPLETE"
    assert models(stacks) == []
    refused = stacks.refusal("RollbackStack", StackName=NAME)
    assert "can not be rolled back" in refused.message


class Moody(Handler):
    """Stands for a service: a thing can be changed only while nothing is wrong."""

    def __init__(self) -> None:
        self.colours: dict[str, str] = {}
        self.wrong = False

    def create(self, place: Place, resource_type: str, properties: dict[str, Any]) -> Made:
        if properties["Colour"] == "none":
            self.wrong = True
            raise ResourceFailed("There is no such colour")
        self.colours[place.logical_id] = properties["Colour"]
        return Made(physical_id=place.logical_id, reference=place.logical_id)

    def update(
        self,
        place: Place,
        resource_type: str,
        made: Made,
        old: dict[str, Any],
        new: dict[str, Any],
    ) -> Made:
        if self.wrong:
            raise ResourceFailed("Something is wrong")
        self.colours[place.logical_id] = new["Colour"]
        return made


class Painted(Stacks):
    """A CloudFormation whose only service is the moody one."""

    def __init__(self, bench: Bench) -> None:
        super().__init__(bench)
        self.service = Moody()
        self.cloudformation = CloudFormation(
            account=ACCOUNT,
            clock=bench.clock,
            clients=InProcess({}),
            handler_of=lambda _type: self.service,
        )

    def call(self, operation: str, **params: Any) -> dict[str, Any]:
        return self.cloudformation.call(operation, params, REGION)

    def end(self, name: str) -> str:
        for _ in range(10):
            self.cloudformation.tick()
        status: str = self.describe(name)["StackStatus"]
        return status


@pytest.fixture
def stuck(bench: Bench) -> Painted:
    """A stack that could not go back."""
    stacks = Painted(bench)
    stacks.create(NAME, {"Thing": painted("red")})
    after = {"Thing": painted("blue"), "Other": {**painted("none"), "DependsOn": "Thing"}}
    assert stacks.update(NAME, after) == "UPDATE_ROLLBACK_FAILED"
    return stacks


def painted(colour: str) -> dict[str, Any]:
    return {"Type": "AWS::Test::Thing", "Properties": {"Colour": colour}}


def test_a_rollback_that_is_stuck_goes_on_without_what_is_skipped(stuck: Painted) -> None:
    assert stuck.reasons(NAME, "UPDATE_ROLLBACK_FAILED") == [
        "The following resource(s) failed to update: [Thing]. "
    ]
    refused = stuck.refusal("UpdateStack", StackName=NAME, UsePreviousTemplate=True)
    assert "is in UPDATE_ROLLBACK_FAILED state and can not be updated" in refused.message
    refused = stuck.refusal("ContinueUpdateRollback", StackName=NAME, ResourcesToSkip=["No"])
    assert "[No]" in refused.message
    stuck.call("ContinueUpdateRollback", StackName=NAME, ResourcesToSkip=["Thing"])
    assert stuck.end(NAME) == "UPDATE_ROLLBACK_COMPLETE"
    assert "Resource skipped during UpdateRollback" in stuck.reasons(NAME, "UPDATE_COMPLETE")
    assert stuck.service.colours == {"Thing": "blue"}


def test_a_rollback_that_is_stuck_goes_on_when_the_cause_is_gone(stuck: Painted) -> None:
    stuck.call("ContinueUpdateRollback", StackName=NAME)
    assert stuck.end(NAME) == "UPDATE_ROLLBACK_FAILED", "the cause is still there"
    stuck.service.wrong = False
    stuck.call("ContinueUpdateRollback", StackName=NAME)
    assert stuck.end(NAME) == "UPDATE_ROLLBACK_COMPLETE"
    assert stuck.service.colours == {"Thing": "red"}
    assert set(stuck.resources(NAME)) == {"Thing"}


def test_what_is_replaced_is_kept_where_the_template_says_so(stacks: Stacks) -> None:
    stacks.create(NAME, {"Model": model("one")})
    kept = {**model("two"), "UpdateReplacePolicy": "Retain"}
    assert stacks.update(NAME, {"Model": kept}) == "UPDATE_COMPLETE"
    assert models(stacks) == ["one", "two"]
    # The deletion policy has no say in a replacement.
    other = {**model("three"), "DeletionPolicy": "Retain"}
    assert stacks.update(NAME, {"Model": other}) == "UPDATE_COMPLETE"
    assert models(stacks) == ["one", "three"]
    assert stacks.update(NAME, {"Other": model("four")}) == "UPDATE_COMPLETE"
    assert models(stacks) == ["four", "one", "three"]


def test_a_rolled_back_creation_keeps_what_is_retained_unless_told_otherwise(
    stacks: Stacks,
) -> None:
    for policy, more, left in (
        ("Retain", {}, ["retain"]),
        ("Retain", {"RetainExceptOnCreate": True}, []),
        ("RetainExceptOnCreate", {}, []),
    ):
        resources = {
            "Model": {**model("retain"), "DeletionPolicy": policy},
            "Broken": {**BROKEN, "DependsOn": "Model"},
        }
        assert stacks.create(NAME, resources, **more) == "ROLLBACK_COMPLETE"
        assert models(stacks) == left
        stacks.delete(NAME)
        for name in left:
            stacks.bench.call("DeleteModel", ModelName=name)


def test_what_is_retained_except_on_create_outlives_its_stack(stacks: Stacks) -> None:
    stacks.create(NAME, {"Model": {**model(), "DeletionPolicy": "RetainExceptOnCreate"}})
    assert stacks.delete(NAME) == "DELETE_COMPLETE"
    assert models(stacks) == ["ml101-ann-model"]


def test_a_profile_with_a_running_app_fails_the_deletion_until_the_app_is_gone(
    stacks: Stacks,
) -> None:
    stacks.create(NAME, {"Domain": domain(), "Profile": profile()})
    bench = stacks.bench
    app = {
        "DomainId": bench.call("ListDomains")["Domains"][0]["DomainId"],
        "UserProfileName": "ml101-ann",
        "AppType": "JupyterServer",
        "AppName": "default",
    }
    bench.call("CreateApp", **app)
    bench.step(60)
    assert stacks.delete(NAME) == "DELETE_FAILED"
    [reason] = [r for r in stacks.reasons(NAME, "DELETE_FAILED") if "UserProfile" in r]
    assert "because it has apps" in reason
    assert reason.endswith("[ResourceInUse]")
    assert stacks.resources(NAME)["Profile"] == "DELETE_FAILED"
    bench.call("DeleteApp", **app)
    bench.step(60)
    assert stacks.delete(NAME) == "DELETE_COMPLETE"
    assert bench.call("ListUserProfiles")["UserProfiles"] == []


def test_resources_can_be_left_behind_only_after_a_failed_deletion(stacks: Stacks) -> None:
    stacks.create(NAME, {"Model": model()})
    refused = stacks.refusal("DeleteStack", StackName=NAME, RetainResources=["Model"])
    assert "only when the current stack status is DELETE_FAILED" in refused.message


def test_every_operation_has_an_id_of_its_own_in_its_events(stacks: Stacks) -> None:
    stacks.create(NAME, {"Model": model()}, ClientRequestToken="first")
    stacks.update(NAME, {"Model": model("two")}, ClientRequestToken="second")
    events = stacks.call("DescribeStackEvents", StackName=NAME)["StackEvents"]
    assert len({event["OperationId"] for event in events}) == 2
    assert [e["ClientRequestToken"] for e in (events[0], events[-1])] == ["second", "first"]
    mine = stacks.call("DescribeEvents", StackName=NAME, OperationId=events[0]["OperationId"])
    assert len(mine["OperationEvents"]) < len(events)
    assert {event["EventType"] for event in mine["OperationEvents"]} == {"STACK_EVENT"}
