"""How CloudFormation's operations show stacks and their resources, and how lists are paged."""

from __future__ import annotations

import base64
import json
from typing import Any

from rehearsal.cloudformation import parameters
from rehearsal.cloudformation.stack import Stack, StackResource
from rehearsal.cloudformation.template import validation_error

_PAGE = 100


def summary_row(stack: Stack) -> dict[str, Any]:
    """A stack as ListStacks shows it."""
    return {
        "StackId": stack.stack_id,
        "StackName": stack.name,
        "TemplateDescription": stack.template.get("Description"),
        "CreationTime": stack.created,
        "LastUpdatedTime": stack.updated,
        "DeletionTime": stack.deleted,
        "StackStatus": stack.status,
        "StackStatusReason": stack.reason or None,
        "ParentId": stack.parent_id or None,
        "RootId": stack.root_id or None,
        "DriftInformation": {"StackDriftStatus": "NOT_CHECKED"},
    }


def stack_row(stack: Stack) -> dict[str, Any]:
    """A stack as DescribeStacks shows it."""
    definition = stack.definition
    summary = summary_row(stack)
    return {
        **summary,
        "Description": summary.pop("TemplateDescription"),
        "ChangeSetId": stack.change_set_id or None,
        "DisableRollback": stack.disable_rollback,
        "EnableTerminationProtection": stack.protected,
        "RoleARN": definition.role or None,
        "RollbackConfiguration": {},
        "Parameters": parameters.shown(
            definition.template, definition.parameters, definition.values
        ),
        "Outputs": [stack.outputs[key] for key in sorted(stack.outputs)],
        "Tags": tag_rows(definition.tags),
        "Capabilities": list(definition.capabilities),
        "NotificationARNs": list(definition.notifications),
        "LastOperations": [
            {"OperationType": stack.operation_type, "OperationId": stack.operation_id}
        ],
    }


def tag_rows(tags: Any) -> list[dict[str, str]]:
    """Tags as AWS lists them."""
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]


def resource_row(resource: StackResource, time_field: str) -> dict[str, Any]:
    """A stack's resource; the name of its time field depends on the operation."""
    return {
        "LogicalResourceId": resource.logical_id,
        "PhysicalResourceId": resource.physical_id or None,
        "ResourceType": resource.resource_type,
        time_field: resource.changed,
        "ResourceStatus": resource.status,
        "ResourceStatusReason": resource.reason or None,
        "DriftInformation": {"StackResourceDriftStatus": "NOT_CHECKED"},
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
