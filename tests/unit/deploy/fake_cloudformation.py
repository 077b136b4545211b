"""A small CloudFormation in memory. Time is a number; operations take `seconds` of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError


def refusal(operation: str, message: str, code: str = "ValidationError") -> ClientError:
    """An error as CloudFormation gives it: nearly always a ValidationError."""
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


class Clock:
    """Time that passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.time = 0.0

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds


@dataclass
class FakeStack:
    """One stack: what it is now, and what it becomes when its time has come."""

    name: str
    status: str
    tags: dict[str, str]
    body: str = "{}"
    reason: str = ""
    becomes: str | None = ""  # "" nothing is going on; None: it disappears
    at: float = float("inf")
    event: str = ""  # why its bucket failed


@dataclass
class FakeCloudFormation:
    """All regions of one account.

    `outcome` says for a stack's name what an operation ends in instead of success, and why:
    {"ml101-bob": ("ROLLBACK_COMPLETE", "name taken")}. `refuse` raises on a call.
    """

    clock: Clock
    seconds: float = 10.0
    stacks: dict[tuple[str, str], FakeStack] = field(default_factory=dict)
    calls: list[tuple[str, str]] = field(default_factory=list)  # (operation, stack or region)
    requests: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    outcome: dict[str, tuple[str, str]] = field(default_factory=dict)
    refuse: dict[tuple[str, str], Exception] = field(default_factory=dict)
    left_out: dict[str, list[str]] = field(default_factory=dict)
    imports: dict[str, list[str]] = field(default_factory=dict)  # export -> who imports it
    most_open: int = 0

    def add(self, name: str, status: str, region: str = "us-east-1", **changes: Any) -> FakeStack:
        """Add a stack of ml101 (an attendee's unless its name is the shared one)."""
        tags = {"workshop:name": "ml101"}
        if not name.endswith("-shared"):
            tags["workshop:attendee"] = name.split("-")[1]
        stack = FakeStack(**{"name": name, "status": status, "tags": tags, **changes})
        self.stacks[region, name] = stack
        return stack

    def clients(self, service: str, region: str) -> FakeClient:
        assert service == "cloudformation"
        return FakeClient(self, region)

    def names(self) -> list[str]:
        self.pass_time()
        return sorted(name for _, name in self.stacks)

    def changes(self) -> list[tuple[str, str]]:
        """The calls that change something, in order."""
        verbs = ("create_", "update_", "delete_")
        return [call for call in self.calls if call[0].startswith(verbs)]

    def pass_time(self) -> None:
        for key, stack in list(self.stacks.items()):
            if stack.at > self.clock.time:
                continue
            if stack.becomes is None:
                del self.stacks[key]
            else:
                stack.status, stack.becomes, stack.at = stack.becomes or "", "", float("inf")

    def begin(self, stack: FakeStack, status: str, success: str | None) -> None:
        """Let an operation begin that ends in `success`, or in the outcome set for the stack."""
        ends, why = self.outcome.get(stack.name, (success, ""))
        stack.status, stack.becomes, stack.event = status, ends, why
        stack.at = self.clock.time + self.seconds
        moving = [s for s in self.stacks.values() if s.status.endswith("_IN_PROGRESS")]
        self.most_open = max(self.most_open, len(moving))


class FakeClient:
    """A boto3 CloudFormation client of one region."""

    def __init__(self, aws: FakeCloudFormation, region: str) -> None:
        self._aws = aws
        self._region = region

    def _note(self, operation: str, name: str) -> FakeStack | None:
        self._aws.calls.append((operation, name))
        self._aws.pass_time()
        if error := self._aws.refuse.get((operation, name)):
            raise error
        return self._aws.stacks.get((self._region, name))

    def create_stack(self, **request: Any) -> None:
        name = request["StackName"]
        there = self._note("create_stack", name)
        assert there is None, f"{name} exists"
        stack = FakeStack(name, "", {t["Key"]: t["Value"] for t in request["Tags"]})
        stack.body = request.get("TemplateBody", "{}")
        self._aws.requests["create_stack", name] = request
        self._aws.stacks[self._region, name] = stack
        self._aws.begin(stack, "CREATE_IN_PROGRESS", "CREATE_COMPLETE")

    def update_stack(self, **request: Any) -> None:
        name = request["StackName"]
        stack = self._note("update_stack", name)
        assert stack is not None
        self._aws.requests["update_stack", name] = request
        self._aws.begin(stack, "UPDATE_IN_PROGRESS", "UPDATE_COMPLETE")

    def delete_stack(
        self,
        StackName: str,  # noqa: N803 - botocore's names
        RetainResources: tuple[str, ...] = (),  # noqa: N803
    ) -> None:
        stack = self._note("delete_stack", StackName)
        assert stack is not None
        if RetainResources:
            assert stack.status == "DELETE_FAILED", "only then may resources be left out"
            self._aws.left_out[StackName] = list(RetainResources)
        if stack.status.startswith("UPDATE") and stack.status.endswith("_IN_PROGRESS"):
            message = f"Stack [{StackName}] cannot be deleted while in status {stack.status}"
            raise refusal("DeleteStack", message)
        self._aws.begin(stack, "DELETE_IN_PROGRESS", None)

    def continue_update_rollback(self, StackName: str) -> None:  # noqa: N803 - botocore's name
        stack = self._note("continue_update_rollback", StackName)
        assert stack is not None
        assert stack.status == "UPDATE_ROLLBACK_FAILED"
        self._aws.begin(stack, "UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE")

    def get_template(self, StackName: str) -> dict[str, Any]:  # noqa: N803 - botocore's name
        stack = self._note("get_template", StackName)
        assert stack is not None
        return {"TemplateBody": json.loads(stack.body)}

    def get_paginator(self, operation: str) -> FakePaginator:
        return FakePaginator(self._aws, self._region, operation)


class FakePaginator:
    """One stack or event a page, so that who reads only the first page is found out."""

    def __init__(self, aws: FakeCloudFormation, region: str, operation: str) -> None:
        self._aws = aws
        self._region = region
        pages: dict[str, Callable[..., Iterator[dict[str, Any]]]] = {
            "describe_stacks": self._stacks,
            "describe_stack_events": self._events,
            "list_imports": self._imports,
        }
        self.paginate = pages[operation]

    def _stacks(self) -> Iterator[dict[str, Any]]:
        self._aws.calls.append(("describe_stacks", self._region))
        if error := self._aws.refuse.get(("describe_stacks", self._region)):
            raise error
        self._aws.pass_time()
        for (region, name), stack in sorted(self._aws.stacks.items()):
            if region == self._region:
                row = {
                    "StackName": name,
                    "StackStatus": stack.status,
                    "StackStatusReason": stack.reason,
                    "Tags": [{"Key": k, "Value": v} for k, v in stack.tags.items()],
                }
                yield {"Stacks": [row]}

    def _imports(self, ExportName: str) -> Iterator[dict[str, Any]]:  # noqa: N803
        self._aws.calls.append(("list_imports", ExportName))
        if ExportName not in self._aws.imports:
            message = f"Export '{ExportName}' is not imported by any stack."
            raise refusal("ListImports", message)
        for name in self._aws.imports[ExportName]:
            yield {"Imports": [name]}

    def _events(self, StackName: str) -> Iterator[dict[str, Any]]:  # noqa: N803
        self._aws.calls.append(("describe_stack_events", StackName))
        stack = self._aws.stacks[self._region, StackName]
        kind = "AWS::CloudFormation::Stack"
        yield {"StackEvents": [_event(StackName, kind, stack.status, "")]}
        yield {"StackEvents": [_event("Late", "AWS::S3::Bucket", "CREATE_FAILED", "cancelled")]}
        yield {"StackEvents": [_event("Bucket", "AWS::S3::Bucket", "CREATE_FAILED", stack.event)]}
        yield {"StackEvents": [_event(StackName, kind, "CREATE_IN_PROGRESS", "User Initiated")]}
        yield {"StackEvents": [_event("Old", "AWS::S3::Bucket", "CREATE_FAILED", "years ago")]}


def _event(resource: str, kind: str, status: str, reason: str) -> dict[str, Any]:
    return {
        "LogicalResourceId": resource,
        "ResourceType": kind,
        "ResourceStatus": status,
        "ResourceStatusReason": reason,
    }
