"""Stacks on the bench: small templates, and a look at what became of them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rehearsal.errors import ApiError
from tests.unit.rehearsal.bench import REGION, ROLE, Bench, default_network

Resources = dict[str, dict[str, Any]]
# More ticks than any stack here needs; AWS's waits are over at each of them.
_TICKS = 40


class Stacks:
    """CloudFormation on the bench."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench

    def call(self, operation: str, **params: Any) -> dict[str, Any]:
        return self.bench.world.cloudformation.call(operation, params, REGION)

    def refusal(self, operation: str, **params: Any) -> ApiError:
        with pytest.raises(ApiError) as caught:
            self.call(operation, **params)
        return caught.value

    def create(self, name: str, resources: Resources, **more: Any) -> str:
        """Create a stack and wait for its end; answers its status."""
        self.begin(name, resources, **more)
        return self.end(name)

    def begin(self, name: str, resources: Resources, **more: Any) -> None:
        self.call("CreateStack", StackName=name, **_request(resources, more))

    def update(self, name: str, resources: Resources, **more: Any) -> str:
        self.call("UpdateStack", StackName=name, **_request(resources, more))
        return self.end(name)

    def delete(self, name: str, **more: Any) -> str:
        stack_id = self.describe(name)["StackId"]
        self.call("DeleteStack", StackName=name, **more)
        return self.end(stack_id)

    def end(self, name: str) -> str:
        """Let time pass until nothing goes on with the stack."""
        for _ in range(_TICKS):
            self.bench.step(200)
            self.bench.settle()
            if not self.describe(name)["StackStatus"].endswith("_IN_PROGRESS"):
                break
        status: str = self.describe(name)["StackStatus"]
        return status

    def describe(self, name: str) -> dict[str, Any]:
        stack: dict[str, Any] = self.call("DescribeStacks", StackName=name)["Stacks"][0]
        return stack

    def events(self, name: str) -> list[tuple[str, str]]:
        """(logical id, status), oldest first."""
        events = self.call("DescribeStackEvents", StackName=name)["StackEvents"]
        return [(e["LogicalResourceId"], e["ResourceStatus"]) for e in reversed(events)]

    def reasons(self, name: str, status: str) -> list[str]:
        events = self.call("DescribeStackEvents", StackName=name)["StackEvents"]
        return [e.get("ResourceStatusReason", "") for e in events if e["ResourceStatus"] == status]

    def resources(self, name: str) -> dict[str, str]:
        rows = self.call("DescribeStackResources", StackName=name)["StackResources"]
        return {row["LogicalResourceId"]: row["ResourceStatus"] for row in rows}


def _request(resources: Resources, more: dict[str, Any]) -> dict[str, Any]:
    template: dict[str, Any] = {"Resources": resources}
    for part in ("Outputs", "Parameters", "Conditions"):
        if part in more:
            template[part] = more.pop(part)
    return {"TemplateBody": json.dumps(template), **more}


def notebook(name: str = "ml101-ann", **properties: Any) -> dict[str, Any]:
    return {
        "Type": "AWS::SageMaker::NotebookInstance",
        "Properties": {
            "NotebookInstanceName": name,
            "InstanceType": "ml.t3.medium",
            "RoleArn": ROLE,
            **properties,
        },
    }


def model(name: str = "ml101-ann-model", **properties: Any) -> dict[str, Any]:
    return {
        "Type": "AWS::SageMaker::Model",
        "Properties": {
            "ModelName": name,
            "ExecutionRoleArn": ROLE,
            "PrimaryContainer": {"Image": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/nobody:1"},
            **properties,
        },
    }


def domain() -> dict[str, Any]:
    return {
        "Type": "AWS::SageMaker::Domain",
        "Properties": {
            "DomainName": "ml101-shared",
            "AuthMode": "IAM",
            "DefaultUserSettings": {"ExecutionRole": ROLE},
            **default_network(),
        },
    }


def profile(of: Any = None) -> dict[str, Any]:
    return {
        "Type": "AWS::SageMaker::UserProfile",
        "Properties": {"DomainId": of or {"Ref": "Domain"}, "UserProfileName": "ml101-ann"},
    }


def space(of: Any = None, **properties: Any) -> dict[str, Any]:
    return {
        "Type": "AWS::SageMaker::Space",
        "DependsOn": "Profile",
        "Properties": {
            "DomainId": of or {"Ref": "Domain"},
            "SpaceName": "ml101-ann",
            "OwnershipSettings": {"OwnerUserProfileName": "ml101-ann"},
            "SpaceSharingSettings": {"SharingType": "Private"},
            **properties,
        },
    }


def studio() -> Resources:
    """Declared in an order that only dependencies put right."""
    return {"Space": space(), "Profile": profile(), "Domain": domain()}
