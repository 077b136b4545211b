"""How CloudFormation's operations show stacks and their resources, and how lists are paged."""

from __future__ import annotations

import base64
import json
from typing import Any

from rehearsal.cloudformation.stack import Stack, StackResource
from rehearsal.cloudformation.template import validation_error

_PAGE = 100


def summary_row(stack: Stack) -> dict[str, Any]:
    """A stack as ListStacks shows it."""
    return {
        "StackId": stack.stack_id,
        "StackName": stack.name,
        "CreationTime": stack.created,
        "LastUpdatedTime": stack.updated,
        "DeletionTime": stack.deleted,
        "StackStatus": stack.status,
        "StackStatusReason": stack.reason or None,
    }


def stack_row(stack: Stack) -> dict[str, Any]:
    """A stack as DescribeStacks shows it."""
    return {
        **summary_row(stack),
        "DisableRollback": False,
        "EnableTerminationProtection": stack.protected,
        "Parameters": [
            {"ParameterKey": key, "ParameterValue": value}
            for key, value in sorted(stack.parameters.items())
        ],
        "Outputs": [stack.outputs[key] for key in sorted(stack.outputs)],
        "Tags": [{"Key": k, "Value": v} for k, v in sorted(stack.tags.items())],
        "Capabilities": [],
        "NotificationARNs": [],
    }


def resource_row(resource: StackResource, time_field: str) -> dict[str, Any]:
    """A stack's resource; the name of its time field depends on the operation."""
    return {
        "LogicalResourceId": resource.logical_id,
        "PhysicalResourceId": resource.physical_id,
        "ResourceType": resource.resource_type,
        time_field: resource.changed,
        "ResourceStatus": resource.status,
        "ResourceStatusReason": resource.reason or None,
    }


def paged(member: str, rows: list[Any], params: dict[str, Any]) -> dict[str, Any]:
    """A page of rows under their member, with the token of the next page."""
    start = _position(params["NextToken"]) if params.get("NextToken") else 0
    answer: dict[str, Any] = {member: rows[start : start + _PAGE]}
    if start + _PAGE < len(rows):
        token = json.dumps(start + _PAGE).encode()
        answer["NextToken"] = base64.urlsafe_b64encode(token).decode()
    return answer


def _position(token: str) -> int:
    try:
        return int(json.loads(base64.urlsafe_b64decode(token.encode())))
    except ValueError as error:
        raise validation_error("Invalid NextToken") from error
