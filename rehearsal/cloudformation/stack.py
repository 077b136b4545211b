"""A stack: what it holds, and the events that tell what happened to it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from rehearsal.cloudformation import schemas
from rehearsal.cloudformation.definition import Definition
from rehearsal.cloudformation.handlers import Handler, Made, Place
from rehearsal.cloudformation.intrinsics import Lookup, Resolver
from rehearsal.cloudformation.template import Template, dependencies
from rehearsal.errors import ApiError

STACK_TYPE = "AWS::CloudFormation::Stack"


@dataclass(slots=True)
class StackResource:
    """One resource of a stack; `properties` are the resolved ones of its template, `sent`
    those with the stack's tags among them, as the resource was made with."""

    logical_id: str
    resource_type: str
    handler: Handler
    status: str
    changed: float
    reason: str = ""
    made: Made | None = None
    properties: dict[str, Any] = field(default_factory=dict)
    sent: dict[str, Any] = field(default_factory=dict)
    # The stack's tags when it was made, for the types whose tags cannot change.
    first_tags: Mapping[str, str] = field(default_factory=dict)
    # What becomes of it when the stack no longer has it: Delete, Retain, RetainExceptOnCreate.
    policy: str = "Delete"

    @property
    def physical_id(self) -> str:
        return self.made.physical_id if self.made else ""


@dataclass(slots=True, eq=False)
class Stack:
    """A stack of one region. `operation` is what is going on, or None; `stalled` is an
    update or a rollback that failed and can be taken up again."""

    name: str
    region: str
    account: str
    definition: Definition
    created: float
    now: Callable[[], float]
    exports_of_region: Callable[[], dict[str, str]]
    importers_of: Callable[[str], list[str]]
    stack_id: str = ""
    status: str = ""
    reason: str = ""
    updated: float | None = None
    deleted: float | None = None
    protected: bool = False
    disable_rollback: bool = False
    # RetainExceptOnCreate of the operation that is going on.
    retain_except_on_create: bool = False
    change_set_id: str = ""
    # What is going on or went on last: "CREATE_STACK" and so on, its id, the caller's token.
    operation_type: str = ""
    operation_id: str = ""
    token: str = ""
    parent_id: str = ""
    root_id: str = ""
    resources: dict[str, StackResource] = field(default_factory=dict)
    # What it had when it was deleted or its creation rolled back: still described then.
    gone: dict[str, StackResource] = field(default_factory=dict)
    outputs: dict[str, dict[str, str]] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    operation: Any = None
    stalled: Any = None

    def __post_init__(self) -> None:
        self.stack_id = (
            f"arn:aws:cloudformation:{self.region}:{self.account}:stack/{self.name}/{uuid.uuid4()}"
        )

    @property
    def template(self) -> Template:
        """The template that the stack has, or is moving to."""
        return self.definition.template

    @property
    def exports(self) -> dict[str, str]:
        """What this stack exports: name -> value."""
        return _exports(self.outputs)

    @property
    def imports(self) -> set[str]:
        """The export names that its template imports."""
        found: list[Any] = []
        for part in ("Resources", "Outputs"):
            _collect_imports(self.template.get(part, {}), found)
        return {name if isinstance(name, str) else self.resolver().resolve(name) for name in found}

    @property
    def described(self) -> dict[str, StackResource]:
        """The resources that the operations on them show. Those of a deleted stack are shown
        for 90 days ("DescribeStackResource", API reference); here, until the end."""
        return {**self.gone, **self.resources}

    def begin(self, operation_type: str, token: str = "") -> None:
        """Note that an operation begins; the events from now on are its own."""
        self.operation_type, self.token = operation_type, token
        self.operation_id = str(uuid.uuid4())

    def place(self, logical_id: str) -> Place:
        """For whom a resource of this stack is made, with AWS's own tags."""
        return Place(
            region=self.region,
            account=self.account,
            stack_name=self.name,
            stack_id=self.stack_id,
            logical_id=logical_id,
            tags={
                **self.definition.tags,
                "aws:cloudformation:stack-name": self.name,
                "aws:cloudformation:stack-id": self.stack_id,
                "aws:cloudformation:logical-id": logical_id,
            },
        )

    def resolver(
        self, definition: Definition | None = None, lookup: Lookup | None = None
    ) -> Resolver:
        """Evaluates a definition (the stack's own) with what exists now."""
        definition = definition or self.definition
        return Resolver(
            template=definition.template,
            variables=self._variables(definition),
            exports=self.exports_of_region(),
            zones=tuple(f"{self.region}{letter}" for letter in "abc"),
            lookup=lookup or self._lookup,
        )

    def wanted(self, definition: Definition | None = None) -> list[str]:
        """The logical ids whose condition holds, in the template's order."""
        resolver = self.resolver(definition)
        return [
            logical
            for logical, resource in resolver.template["Resources"].items()
            if "Condition" not in resource or resolver.condition(resource["Condition"])
        ]

    def needs(self, logical_id: str) -> set[str]:
        """What must exist before a resource."""
        if logical_id not in self.template["Resources"]:
            return set()
        return dependencies(self.template, logical_id)

    def properties_of(self, logical_id: str) -> dict[str, Any]:
        """The resolved properties of a resource."""
        resource = self.template["Resources"][logical_id]
        resolved: dict[str, Any] = self.resolver().resolve(resource.get("Properties", {}))
        return resolved

    def set_outputs(self) -> None:
        """Evaluate the outputs. Raises ApiError when one cannot be, when an export's name is
        taken, and when another stack imports what would change; all stay as they were then."""
        before, outputs = self.exports, evaluate_outputs(self.resolver())
        after = _exports(outputs)
        taken = sorted((after.keys() - before.keys()) & self.exports_of_region().keys())
        if taken:
            raise ApiError("ValidationError", f"Export with name {taken[0]} is already exported.")
        for name, value in before.items():
            users = self.importers_of(name) if after.get(name) != value else []
            if users:
                verb = "update" if name in after else "delete"
                raise ApiError(
                    "ValidationError",
                    f"Cannot {verb} export {name} as it is in use by {', '.join(users)}.",
                )
        self.outputs = outputs

    def set_status(self, status: str, reason: str = "") -> None:
        """Change the stack's status, with an event."""
        self.status, self.reason = status, reason
        self._event(self.name, self.stack_id, STACK_TYPE, status, reason)

    def set_resource(self, resource: StackResource, status: str, reason: str = "") -> None:
        """Change a resource's status, with an event."""
        resource.status, resource.reason, resource.changed = status, reason, self.now()
        self._event(
            resource.logical_id, resource.physical_id, resource.resource_type, status, reason
        )

    def _event(
        self, logical: str, physical: str, resource_type: str, status: str, reason: str
    ) -> None:
        event: dict[str, Any] = {
            "StackId": self.stack_id,
            "EventId": str(uuid.uuid4()),
            "StackName": self.name,
            "OperationId": self.operation_id,
            "LogicalResourceId": logical,
            "PhysicalResourceId": physical,
            "ResourceType": resource_type,
            "Timestamp": self.now(),
            "ResourceStatus": status,
        }
        if self.token:
            event["ClientRequestToken"] = self.token
        if reason:
            event["ResourceStatusReason"] = reason
        self.events.append(event)

    def _variables(self, definition: Definition) -> dict[str, Any]:
        return {
            **definition.values,
            "AWS::AccountId": self.account,
            "AWS::Region": self.region,
            "AWS::Partition": "aws",
            "AWS::StackName": self.name,
            "AWS::StackId": self.stack_id,
            "AWS::URLSuffix": "amazonaws.com",
            "AWS::NotificationARNs": list(definition.notifications),
        }

    def _lookup(self, logical_id: str, attribute: str | None) -> Any:
        resource = self.resources.get(logical_id)
        if resource is None or resource.made is None:
            raise ApiError("ValidationError", f"Resource {logical_id} does not exist")
        return value_of(resource, resource.made, attribute)


def value_of(resource: StackResource, made: Made, attribute: str | None) -> Any:
    """What Ref (attribute None) or GetAtt of a resource is."""
    if attribute is None:
        return made.reference
    try:
        return made.attributes[attribute]
    except KeyError as error:
        raise ApiError(
            "ValidationError",
            f"Template error: resource {resource.logical_id} does not support attribute type "
            f"{attribute} in Fn::GetAtt",
        ) from error


def with_tags(
    resource_type: str, properties: dict[str, Any], tags: Mapping[str, str]
) -> dict[str, Any]:
    """The properties with the stack's tags among the resource's own, which go first
    ("Resource tags", user guide: stack-level tags go to all resources that can be tagged)."""
    tagging = schemas.tagging(resource_type)
    if tagging is None or not tags:
        return properties
    own = properties.get(tagging.name)
    if tagging.is_map:
        return {**properties, tagging.name: {**tags, **(own or {})}}
    of_stack = [{"Key": k, "Value": v} for k, v in tags.items()]
    named = {tag["Key"] for tag in own or []}
    merged = [*(own or []), *(tag for tag in of_stack if tag["Key"] not in named)]
    return {**properties, tagging.name: merged}


def evaluate_outputs(resolver: Resolver) -> dict[str, dict[str, str]]:
    """The outputs of a template as DescribeStacks shows them, by key."""
    outputs: dict[str, dict[str, str]] = {}
    for key, output in resolver.template.get("Outputs", {}).items():
        if "Condition" in output and not resolver.condition(output["Condition"]):
            continue
        shown = {"OutputKey": key, "OutputValue": str(resolver.resolve(output["Value"]))}
        if "Description" in output:
            shown["Description"] = output["Description"]
        if "Export" in output:
            shown["ExportName"] = str(resolver.resolve(output["Export"]["Name"]))
        outputs[key] = shown
    return outputs


def _exports(outputs: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    return {o["ExportName"]: o["OutputValue"] for o in outputs.values() if "ExportName" in o}


def _collect_imports(node: Any, found: list[Any]) -> None:
    if isinstance(node, list):
        for item in node:
            _collect_imports(item, found)
    elif isinstance(node, dict):
        for key, value in node.items():
            if key == "Fn::ImportValue":
                found.append(value)
            else:
                _collect_imports(value, found)
