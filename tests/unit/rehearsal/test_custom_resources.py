"""Custom resources: what the function is asked, and what becomes of its answers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rehearsal.account import ACCOUNT
from rehearsal.clock import SteppedClock
from rehearsal.cloudformation.custom import PAGE, CustomResources
from rehearsal.cloudformation.service import CloudFormation
from rehearsal.errors import ApiError
from rehearsal.inprocess import InProcess
from tests.unit.rehearsal.account_of_functions import Notebook
from tests.unit.rehearsal.bench import NOWHERE, REGION

TOKEN = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:provider"


class Account:
    """CloudFormation with custom resources only; a test answers instead of a function."""

    def __init__(self) -> None:
        self.clock = SteppedClock()
        self.notebook = Notebook()
        self.custom = CustomResources(self.clock, NOWHERE, self.notebook.enqueue)
        self.cloudformation = CloudFormation(
            account=ACCOUNT,
            clock=self.clock,
            clients=InProcess({}),
            handler_of=lambda _type: self.custom,
        )

    def call(self, operation: str, **params: Any) -> dict[str, Any]:
        return self.cloudformation.call(operation, params, REGION)

    def template(self, outputs: dict[str, Any] | None = None, **resources: Any) -> str:
        return json.dumps({"Resources": resources, "Outputs": outputs or {}})

    def create(self, outputs: dict[str, Any] | None = None, **resources: Any) -> None:
        self.call("CreateStack", StackName="s", TemplateBody=self.template(outputs, **resources))
        self.step()

    def update(self, **resources: Any) -> None:
        self.call("UpdateStack", StackName="s", TemplateBody=self.template(**resources))
        self.step()

    def step(self, seconds: float = 0.0) -> None:
        self.clock.step(seconds)
        for _ in range(4):
            self.cloudformation.tick()

    @property
    def last(self) -> dict[str, Any]:
        """What the function was asked last."""
        asked: dict[str, Any] = self.notebook.events[-1]
        return asked

    def answer(self, status: str = "SUCCESS", physical_id: str = "id-1", **more: Any) -> None:
        """Answer the last request."""
        body = {"Status": status, "PhysicalResourceId": physical_id, **more}
        assert self.put(json.dumps(body).encode())
        self.step()

    def put(self, body: bytes) -> bool:
        return self.custom.answer(self.last["ResponseURL"].removeprefix(NOWHERE + PAGE), body)

    @property
    def status(self) -> str:
        status: str = self.cloudformation.stacks[-1].status
        return status

    def reasons(self, status: str) -> list[str]:
        events = self.cloudformation.stacks[-1].events
        found = [e for e in events if e["ResourceStatus"] == status]
        return [e.get("ResourceStatusReason", "") for e in found]

    @property
    def kinds(self) -> list[str]:
        return [event["RequestType"] for event in self.notebook.events]


@pytest.fixture
def account() -> Account:
    return Account()


def custom(resource_type: str = "Custom::Thing", **properties: Any) -> dict[str, Any]:
    return {"Type": resource_type, "Properties": {"ServiceToken": TOKEN, **properties}}


@pytest.mark.parametrize("kind", ["Custom::Thing", "AWS::CloudFormation::CustomResource"])
def test_the_function_is_asked_with_the_documented_object(account: Account, kind: str) -> None:
    account.create(R=custom(kind, Number=1, Yes=True, Deep={"List": [2.5, "x"]}))
    [(region, function, asked)] = account.notebook.asked
    assert (region, function) == (REGION, TOKEN)
    assert asked.pop("RequestId")
    assert asked.pop("ResponseURL").startswith(NOWHERE + PAGE)
    assert asked == {
        "RequestType": "Create",
        "ServiceToken": TOKEN,
        "StackId": account.cloudformation.stacks[0].stack_id,
        "LogicalResourceId": "R",
        "ResourceType": kind,
        "ResourceProperties": {
            "ServiceToken": TOKEN,
            "Number": "1",
            "Yes": "true",
            "Deep": {"List": ["2.5", "x"]},
        },
    }


def test_the_stack_waits_for_the_answer_and_takes_its_id_and_data(account: Account) -> None:
    account.create(
        {"Id": {"Value": {"Ref": "R"}}, "Data": {"Value": {"Fn::GetAtt": ["R", "Name"]}}},
        R=custom(),
    )
    account.step(600)
    assert account.status == "CREATE_IN_PROGRESS"
    account.answer(Data={"Name": "value"})
    assert account.status == "CREATE_COMPLETE"
    outputs = account.call("DescribeStacks", StackName="s")["Stacks"][0]["Outputs"]
    assert {o["OutputKey"]: o["OutputValue"] for o in outputs} == {"Id": "id-1", "Data": "value"}


def test_what_refers_to_a_custom_resource_waits_for_it(account: Account) -> None:
    account.create(Second=custom(Of={"Ref": "First"}), First=custom())
    assert [e["LogicalResourceId"] for e in account.notebook.events] == ["First"]
    account.answer(physical_id="first")
    assert account.last["ResourceProperties"]["Of"] == "first"


def test_a_failure_rolls_back_with_its_reason_and_the_resource_is_deleted(
    account: Account,
) -> None:
    account.create(R=custom())
    request_id = account.last["RequestId"]
    account.answer("FAILED", "half-made", Reason="no more room")
    assert account.status == "ROLLBACK_IN_PROGRESS"
    assert account.reasons("CREATE_FAILED") == [
        "Received response status [FAILED] from custom resource. Message returned: no more room "
        f"(RequestId: {request_id})"
    ]
    assert account.kinds == ["Create", "Delete"]
    assert account.last["PhysicalResourceId"] == "half-made"
    account.answer()
    assert account.status == "ROLLBACK_COMPLETE"


def test_no_answer_within_an_hour_fails(account: Account) -> None:
    account.create(R=custom())
    request_id = account.last["RequestId"]
    account.step(3599)
    assert account.status == "CREATE_IN_PROGRESS"
    account.step(1)
    [reason] = account.reasons("CREATE_FAILED")
    assert reason.startswith("CloudFormation did not receive a response from your Custom Resource.")
    assert f"[{request_id}]" in reason


def test_the_service_timeout_is_the_resources_own(account: Account) -> None:
    account.create(R=custom(ServiceTimeout=30))
    account.step(30)
    assert len(account.reasons("CREATE_FAILED")) == 1


def test_a_service_timeout_beyond_an_hour_is_refused(account: Account) -> None:
    account.create(R=custom(ServiceTimeout="3601"))
    assert "from 1 to 3600" in account.reasons("CREATE_FAILED")[0]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"Status": "FAILURE"}', "'FAILURE' is not a valid ResponseStatus"),
        (b"nonsense", "Invalid Response object"),
        (b'{"Status": "SUCCESS"}', "Invalid PhysicalResourceId"),
        (b'{"Status": "SUCCESS", "Data": "' + b"x" * 4096 + b'"}', "too long"),
    ],
)
def test_an_answer_that_is_none_fails(account: Account, body: bytes, said: str) -> None:
    account.create(R=custom())
    account.put(body)
    account.step()
    assert said in account.reasons("CREATE_FAILED")[0]


def test_an_address_takes_one_answer_and_strangers_none(account: Account) -> None:
    account.create(R=custom())
    url = account.last["ResponseURL"]
    account.answer()
    assert not account.custom.answer(url.removeprefix(NOWHERE + PAGE), b"{}")
    assert not account.custom.answer("guess", b"{}")


def test_deleting_the_stack_asks_for_the_deletion_and_waits(account: Account) -> None:
    account.create(R=custom(A="x"))
    account.answer()
    account.call("DeleteStack", StackName="s")
    account.step()
    assert account.last["RequestType"] == "Delete"
    assert account.last["PhysicalResourceId"] == "id-1"
    assert account.last["ResourceProperties"]["A"] == "x"
    assert account.status == "DELETE_IN_PROGRESS"
    account.answer()
    assert account.status == "DELETE_COMPLETE"


def test_a_deletion_that_fails_leaves_the_stack_with_the_reason(account: Account) -> None:
    account.create(R=custom())
    account.answer()
    account.call("DeleteStack", StackName="s")
    account.step()
    account.answer("FAILED", Reason="still in use")
    assert account.status == "DELETE_FAILED"
    assert "still in use" in account.reasons("DELETE_FAILED")[0]


def test_an_update_tells_both_properties_and_keeps_the_id(account: Account) -> None:
    account.create(R=custom(A="old"))
    account.answer()
    account.update(R=custom(A="new"))
    asked = account.last
    assert (asked["RequestType"], asked["PhysicalResourceId"]) == ("Update", "id-1")
    assert asked["ResourceProperties"]["A"] == "new"
    assert asked["OldResourceProperties"]["A"] == "old"
    account.answer()
    assert account.status == "UPDATE_COMPLETE"
    assert account.kinds == ["Create", "Update"]


def test_another_id_in_an_update_is_a_replacement_and_the_old_one_is_deleted(
    account: Account,
) -> None:
    account.create(R=custom(A="old"))
    account.answer(physical_id="first")
    account.update(R=custom(A="new"))
    account.answer(physical_id="second")
    assert account.status == "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"
    assert (account.last["RequestType"], account.last["PhysicalResourceId"]) == ("Delete", "first")
    assert account.last["ResourceProperties"]["A"] == "old"
    account.answer()
    assert account.status == "UPDATE_COMPLETE"
    [resource] = account.call("DescribeStackResources", StackName="s")["StackResources"]
    assert resource["PhysicalResourceId"] == "second"


def test_an_update_that_fails_goes_back_by_an_update(account: Account) -> None:
    account.create(R=custom(A="old"))
    account.answer()
    account.update(R=custom(A="new"))
    account.answer("FAILED", Reason="cannot")
    asked = account.last
    assert (asked["RequestType"], asked["PhysicalResourceId"]) == ("Update", "id-1")
    assert asked["ResourceProperties"]["A"] == "old"
    account.answer()
    assert account.status == "UPDATE_ROLLBACK_COMPLETE"


def test_a_replacement_that_is_rolled_back_deletes_the_new_one(account: Account) -> None:
    account.create(R=custom(A="old"))
    account.answer(physical_id="first")
    account.update(R=custom(A="new"), Broken=custom(Of={"Ref": "R"}))
    account.answer(physical_id="second")
    assert account.last["LogicalResourceId"] == "Broken"
    account.answer("FAILED", "broken", Reason="no")
    asked = account.last
    assert (asked["RequestType"], asked["PhysicalResourceId"]) == ("Update", "second")
    account.answer(physical_id="first")
    for physical_id in ("broken", "second"):  # what depended on it goes first
        asked = account.last
        assert (asked["RequestType"], asked["PhysicalResourceId"]) == ("Delete", physical_id)
        account.answer(physical_id=physical_id)
    assert account.status == "UPDATE_ROLLBACK_COMPLETE"


def test_another_service_token_is_refused(account: Account) -> None:
    account.create(R=custom())
    account.answer()
    account.update(R={"Type": "Custom::Thing", "Properties": {"ServiceToken": TOKEN + "2"}})
    assert account.reasons("UPDATE_FAILED") == ["Modifying service token is not allowed."]


def test_a_function_that_there_is_not_fails_at_once(account: Account) -> None:
    account.notebook.refusal = ApiError("ResourceNotFoundException", "Function not found", 404)
    account.create(R=custom())
    assert "Function not found" in account.reasons("CREATE_FAILED")[0]


def test_a_topic_as_service_token_is_not_supported_and_says_so(account: Account) -> None:
    topic = f"arn:aws:sns:{REGION}:{ACCOUNT}:topic"
    account.create(R={"Type": "Custom::Thing", "Properties": {"ServiceToken": topic}})
    assert "behind Lambda functions only" in account.reasons("CREATE_FAILED")[0]
