"""A stack: what it holds, and the events that tell what happened to it."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from rehearsal.cloudformation.handlers import Handler, Made, Place
from rehearsal.cloudformation.template import Resolver, Template, dependencies
from rehearsal.errors import ApiError

STACK_TYPE = "AWS::CloudFormation::Stack"


@dataclass(slots=True)
class StackResource:
    """One resource of a stack; `properties` are the resolved ones it was made with."""

    logical_id: str
    resource_type: str
    handler: Handler
    status: str
    changed: float
    reason: str = ""
    made: Made | None = None
    properties: dict[str, Any] = field(default_factory=dict)
    retained: bool = False  # DeletionPolicy: Retain

    @property
    def physical_id(self) -> str:
        return self.made.physical_id if self.made else ""


@dataclass(slots=True, eq=False)
class Stack:
    """A stack of one region. `operation` is what is going on, or None."""

    name: str
    region: str
    account: str
    body: str
    template: Template
    parameters: dict[str, str]
    tags: dict[str, str]
    created: float
    now: Callable[[], float]
    exports_of_region: Callable[[], dict[str, str]]
    importers_of: Callable[[str], list[str]]
    read_parameter: Callable[[str], str]
    stack_id: str = ""
    status: str = "CREATE_IN_PROGRESS"
    reason: str = ""
    updated: float | None = None
    deleted: float | None = None
    protected: bool = False
    resources: dict[str, StackResource] = field(default_factory=dict)
    outputs: dict[str, dict[str, str]] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    operation: Any = None
    # Systems Manager parameters that the template names, as the operation found them.
    stored_parameters: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.stack_id = (
            f"arn:aws:cloudformation:{self.region}:{self.account}:stack/{self.name}/{uuid.uuid4()}"
        )

    @property
    def exports(self) -> dict[str, str]:
        """What this stack exports: name -> value."""
        return {
            o["ExportName"]: o["OutputValue"] for o in self.outputs.values() if "ExportName" in o
        }

    @property
    def imports(self) -> set[str]:
        """The export names that its template imports."""
        found: list[Any] = []
        for part in ("Resources", "Outputs"):
            _collect_imports(self.template.get(part, {}), found)
        return {name if isinstance(name, str) else self.resolver().resolve(name) for name in found}

    def place(self, logical_id: str) -> Place:
        """For whom a resource of this stack is made, with AWS's own tags."""
        return Place(
            region=self.region,
            account=self.account,
            stack_name=self.name,
            stack_id=self.stack_id,
            logical_id=logical_id,
            tags={
                **self.tags,
                "aws:cloudformation:stack-name": self.name,
                "aws:cloudformation:stack-id": self.stack_id,
                "aws:cloudformation:logical-id": logical_id,
            },
        )

    def resolver(self) -> Resolver:
        """Evaluates the template with what exists now."""
        return Resolver(
            template=self.template,
            variables=self._variables(),
            exports=self.exports_of_region(),
            zones=tuple(f"{self.region}{letter}" for letter in "abc"),
            lookup=self._lookup,
        )

    def wanted(self) -> list[str]:
        """The logical ids whose condition holds, in the template's order."""
        resolver = self.resolver()
        return [
            logical
            for logical, resource in self.template["Resources"].items()
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
        before, outputs = self.exports, self._evaluated_outputs()
        after = {o["ExportName"]: o["OutputValue"] for o in outputs.values() if "ExportName" in o}
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

    def _evaluated_outputs(self) -> dict[str, dict[str, str]]:
        resolver = self.resolver()
        outputs: dict[str, dict[str, str]] = {}
        for key, output in self.template.get("Outputs", {}).items():
            if "Condition" in output and not resolver.condition(output["Condition"]):
                continue
            shown = {"OutputKey": key, "OutputValue": str(resolver.resolve(output["Value"]))}
            if "Description" in output:
                shown["Description"] = output["Description"]
            if "Export" in output:
                shown["ExportName"] = str(resolver.resolve(output["Export"]["Name"]))
            outputs[key] = shown
        return outputs

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
            "LogicalResourceId": logical,
            "PhysicalResourceId": physical,
            "ResourceType": resource_type,
            "Timestamp": self.now(),
            "ResourceStatus": status,
        }
        if reason:
            event["ResourceStatusReason"] = reason
        self.events.append(event)

    def _variables(self) -> dict[str, Any]:
        known: dict[str, Any] = {
            "AWS::AccountId": self.account,
            "AWS::Region": self.region,
            "AWS::Partition": "aws",
            "AWS::StackName": self.name,
            "AWS::StackId": self.stack_id,
            "AWS::URLSuffix": "amazonaws.com",
            "AWS::NotificationARNs": [],
        }
        for name, declared in self.template.get("Parameters", {}).items():
            value = self.parameters.get(name, declared.get("Default"))
            if value is None:
                raise ApiError("ValidationError", f"Parameters: [{name}] must have values")
            kind = declared.get("Type", "String")
            if kind.startswith("AWS::SSM::Parameter::Value"):
                known[name] = self._stored_parameter(str(value))
            elif kind == "CommaDelimitedList" or kind.startswith("List<"):
                known[name] = [part.strip() for part in str(value).split(",")]
            else:
                known[name] = value
        return known

    def _stored_parameter(self, path: str) -> str:
        # Read when an operation begins, not for every resource.
        if path not in self.stored_parameters:
            self.stored_parameters[path] = self.read_parameter(path)
        return self.stored_parameters[path]

    def _lookup(self, logical_id: str, attribute: str | None) -> Any:
        resource = self.resources.get(logical_id)
        if resource is None or resource.made is None:
            raise ApiError("ValidationError", f"Resource {logical_id} does not exist")
        if attribute is None:
            return resource.made.reference
        try:
            return resource.made.attributes[attribute]
        except KeyError as error:
            raise ApiError(
                "ValidationError",
                f"Template error: resource {logical_id} does not support attribute type "
                f"{attribute} in Fn::GetAtt",
            ) from error


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
