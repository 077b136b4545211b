"""CloudFormation's operations that only read: stacks, resources, events, templates, exports."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from rehearsal.cloudformation.answers import paged, resource_row, stack_row, summary_row
from rehearsal.cloudformation.requests import Reader, needed_capabilities
from rehearsal.cloudformation.stack import Stack
from rehearsal.cloudformation.template import Template, validation_error

if TYPE_CHECKING:
    from rehearsal.cloudformation.service import CloudFormation

Params = dict[str, Any]
Answer = dict[str, Any]
Query = Callable[["CloudFormation", Params, str], Answer]  # (service, params, region)


def describe_stacks(service: CloudFormation, params: Params, region: str) -> Answer:
    """DescribeStacks: one by name or id, or all that are not deleted."""
    name = params.get("StackName")
    if name:
        stack = service.find(name, region)
        if stack is None or (stack.deleted and not name.startswith("arn:")):
            raise validation_error(f"Stack with id {name} does not exist")
        return {"Stacks": [stack_row(stack)]}
    live = [s for s in service.stacks if s.region == region and not s.deleted]
    return paged("Stacks", [stack_row(s) for s in live], params)


def list_stacks(service: CloudFormation, params: Params, region: str) -> Answer:
    """ListStacks: deleted ones too, newest first, optionally by status."""
    wanted = params.get("StackStatusFilter")
    rows = [
        summary_row(s)
        for s in reversed(service.stacks)
        if s.region == region and (not wanted or s.status in wanted)
    ]
    return paged("StackSummaries", rows, params)


def describe_stack_events(service: CloudFormation, params: Params, region: str) -> Answer:
    """DescribeStackEvents, newest first."""
    stack = service.need(params["StackName"], region)
    return paged("StackEvents", list(reversed(stack.events)), params)


def describe_events(service: CloudFormation, params: Params, region: str) -> Answer:
    """DescribeEvents, newest first: a stack's, a change set's (which has none here) or an
    operation's, optionally those that say what failed."""
    if "StackName" not in params:
        raise validation_error("The local AWS does not have DescribeEvents without StackName.")
    stack = service.need(params["StackName"], region)
    if params.get("ChangeSetName"):
        return {"OperationEvents": []}
    operation = params.get("OperationId")
    only_failed = bool(params.get("Filters", {}).get("FailedEvents"))
    rows = []
    for event in reversed(stack.events):
        failed = event["ResourceStatus"].endswith("_FAILED")
        if operation not in (None, event["OperationId"]) or (only_failed and not failed):
            continue
        shown = {k: v for k, v in event.items() if k != "StackName"}
        rows.append({**shown, "EventType": "PROVISIONING_ERROR" if failed else "STACK_EVENT"})
    return paged("OperationEvents", rows, params)


def describe_stack_resource(service: CloudFormation, params: Params, region: str) -> Answer:
    """DescribeStackResource, with the metadata of its template."""
    stack = service.need(params["StackName"], region)
    logical = params["LogicalResourceId"]
    resource = stack.described.get(logical)
    if resource is None:
        raise validation_error(f"Resource {logical} does not exist for stack {stack.name}")
    metadata = stack.template["Resources"].get(logical, {}).get("Metadata", {})
    detail = {
        "StackName": stack.name,
        "StackId": stack.stack_id,
        **resource_row(resource, "LastUpdatedTimestamp"),
        "Metadata": json.dumps(metadata),
    }
    return {"StackResourceDetail": detail}


def describe_stack_resources(service: CloudFormation, params: Params, region: str) -> Answer:
    """DescribeStackResources: of a stack, or of the stack that has a physical id."""
    if "StackName" in params:
        stack = service.need(params["StackName"], region)
    else:
        stack = _of_physical_id(service, params.get("PhysicalResourceId", ""), region)
    wanted = params.get("LogicalResourceId")
    rows = [
        {"StackName": stack.name, "StackId": stack.stack_id, **resource_row(r, "Timestamp")}
        for r in stack.described.values()
        if wanted in (None, r.logical_id)
    ]
    return {"StackResources": rows}


def _of_physical_id(service: CloudFormation, physical_id: str, region: str) -> Stack:
    for stack in service.stacks:
        if stack.region != region or stack.deleted:
            continue
        if any(r.physical_id == physical_id for r in stack.resources.values()):
            return stack
    raise validation_error(f"Stack for {physical_id} does not exist")


def list_stack_resources(service: CloudFormation, params: Params, region: str) -> Answer:
    """ListStackResources."""
    stack = service.need(params["StackName"], region)
    rows = [resource_row(r, "LastUpdatedTimestamp") for r in stack.described.values()]
    return paged("StackResourceSummaries", rows, params)


def get_template(service: CloudFormation, params: Params, region: str) -> Answer:
    """GetTemplate, of a stack or of a change set. What is processed is the original: there
    are no transforms here."""
    if params.get("ChangeSetName"):
        body = service.change_set(params, region).definition.body
    else:
        body = service.need(params["StackName"], region).definition.body
    return {"TemplateBody": body, "StagesAvailable": ["Original", "Processed"]}


def get_template_summary(service: CloudFormation, params: Params, region: str) -> Answer:
    """GetTemplateSummary, of a template or of a stack's."""
    if params.get("StackName"):
        template = service.need(params["StackName"], region).template
    else:
        _, template = Reader(service.clients, region).template(params)
    kinds = sorted({r["Type"] for r in template["Resources"].values()})
    needed = needed_capabilities(template)
    named = [k for k in kinds if k.startswith("AWS::IAM::")]
    metadata = template.get("Metadata")
    return {
        "Parameters": _declared(template),
        "Description": template.get("Description"),
        "Capabilities": needed,
        "CapabilitiesReason": (
            f"The following resource(s) require capabilities: [{', '.join(named)}]"
            if needed
            else None
        ),
        "ResourceTypes": kinds,
        "Version": template.get("AWSTemplateFormatVersion"),
        "Metadata": json.dumps(metadata) if metadata is not None else None,
        "DeclaredTransforms": [],
    }


def validate_template(service: CloudFormation, params: Params, region: str) -> Answer:
    """ValidateTemplate: reads it, and says what it would need."""
    _, template = Reader(service.clients, region).template(params)
    rows = [
        {k: v for k, v in row.items() if k not in ("ParameterType", "ParameterConstraints")}
        for row in _declared(template)
    ]
    return {
        "Parameters": rows,
        "Description": template.get("Description"),
        "Capabilities": needed_capabilities(template),
    }


def list_exports(service: CloudFormation, params: Params, region: str) -> Answer:
    """ListExports."""
    rows = [
        {"ExportingStackId": s.stack_id, "Name": name, "Value": value}
        for s in service.stacks
        if s.region == region and not s.deleted
        for name, value in sorted(s.exports.items())
    ]
    return paged("Exports", rows, params)


def list_imports(service: CloudFormation, params: Params, region: str) -> Answer:
    """ListImports."""
    users = service.importers(params["ExportName"], region)
    if not users:
        raise validation_error(f"Export '{params['ExportName']}' is not imported by any stack.")
    return paged("Imports", users, params)


def list_hook_results(_service: CloudFormation, params: Params, _region: str) -> Answer:
    """ListHookResults: there are no hooks here."""
    return {"TargetId": params.get("TargetId"), "HookResults": []}


def _declared(template: Template) -> list[dict[str, Any]]:
    return [
        {
            "ParameterKey": name,
            "DefaultValue": _text(declared.get("Default")),
            "ParameterType": declared.get("Type", "String"),
            "NoEcho": str(declared.get("NoEcho", "")).lower() == "true",
            "Description": declared.get("Description"),
            "ParameterConstraints": {
                "AllowedValues": [str(value) for value in declared.get("AllowedValues", [])]
            },
        }
        for name, declared in template.get("Parameters", {}).items()
    ]


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


QUERIES: dict[str, Query] = {
    "DescribeEvents": describe_events,
    "DescribeStackEvents": describe_stack_events,
    "DescribeStackResource": describe_stack_resource,
    "DescribeStackResources": describe_stack_resources,
    "DescribeStacks": describe_stacks,
    "GetTemplate": get_template,
    "GetTemplateSummary": get_template_summary,
    "ListExports": list_exports,
    "ListHookResults": list_hook_results,
    "ListImports": list_imports,
    "ListStackResources": list_stack_resources,
    "ListStacks": list_stacks,
    "ValidateTemplate": validate_template,
}
