"""What CloudFormation says of stacks: read in bulk, judged by pure rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

# A stack that was never created: it can only be deleted, then created anew
# (CloudFormation user guide, "Stack status codes").
NEVER_CREATED = frozenset(
    {
        "ROLLBACK_COMPLETE",
        "ROLLBACK_FAILED",
        "CREATE_FAILED",
        # A change set that nobody executed, such as an interrupted `cdk deploy` leaves.
        "REVIEW_IN_PROGRESS",
    }
)
# How a successful operation ends; an import is `cdk import`'s.
COMPLETE = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"})
STABLE = COMPLETE | {"UPDATE_ROLLBACK_COMPLETE", "IMPORT_ROLLBACK_COMPLETE"}
# An update that failed and stayed, as `cdk deploy --no-rollback` leaves: it can be updated
# (CloudFormation user guide, "Stack failure options").
UPDATABLE = STABLE | {"UPDATE_FAILED"}
STUCK = frozenset({"UPDATE_ROLLBACK_FAILED"})
# What follows from a failure elsewhere in the stack.
_FOLLOWS = frozenset({"Resource creation cancelled", "Resource update cancelled"})


@dataclass(frozen=True, slots=True)
class StackState:
    """One stack as DescribeStacks shows it."""

    name: str
    region: str
    status: str
    reason: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)

    @property
    def moving(self) -> bool:
        """Whether something is going on."""
        return self.status.endswith("_IN_PROGRESS") and self.status not in NEVER_CREATED


def read_stacks(cloudformation: Any, region: str) -> dict[str, StackState]:
    """All stacks of a region by name: one paginated DescribeStacks, never one call per stack."""
    pages = cloudformation.get_paginator("describe_stacks").paginate()
    rows = (row for page in pages for row in page["Stacks"])
    states = (_state(row, region) for row in rows)
    return {state.name: state for state in states}


def _state(row: dict[str, Any], region: str) -> StackState:
    return StackState(
        name=row["StackName"],
        region=region,
        status=row["StackStatus"],
        reason=row.get("StackStatusReason", ""),
        tags={tag["Key"]: tag["Value"] for tag in row.get("Tags", [])},
        parameters={
            p["ParameterKey"]: p.get("ParameterValue", "") for p in row.get("Parameters", [])
        },
        outputs={o["OutputKey"]: o.get("OutputValue", "") for o in row.get("Outputs", [])},
    )


def failure_reason(cloudformation: Any, stack: str) -> str:
    """Why a stack failed, in AWS's words: the first failed resource of its last operation.

    Later failures ("Resource creation cancelled") only follow from the first.
    """
    events: list[dict[str, Any]] = []
    for page in cloudformation.get_paginator("describe_stack_events").paginate(StackName=stack):
        for event in page["StackEvents"]:
            events.append(event)
            if _begins_operation(event, stack):
                return _first_failure(events)
    return _first_failure(events)


def _begins_operation(event: dict[str, Any], stack: str) -> bool:
    return (
        event["LogicalResourceId"] == stack
        and event.get("ResourceStatusReason") == "User Initiated"
        and event["ResourceStatus"].endswith("_IN_PROGRESS")
    )


def _first_failure(newest_first: list[dict[str, Any]]) -> str:
    for event in reversed(newest_first):
        reason = event.get("ResourceStatusReason", "")
        is_resource = event["ResourceType"] != "AWS::CloudFormation::Stack"
        failed = event["ResourceStatus"].endswith("_FAILED")
        if failed and is_resource and reason and reason not in _FOLLOWS:
            return f"{event['ResourceType']} {event['LogicalResourceId']}: {reason}"
    # Exports in use are refused without any resource's failing (serverless/serverless#3935).
    return next(
        (e["ResourceStatusReason"] for e in newest_first if e.get("ResourceStatusReason")),
        "CloudFormation gave no reason",
    )
