"""What a definition would change of a stack: the rows of a change set.

Values that only the change itself will tell are compared as AWS does: what refers to a
resource that is made anew, or to an attribute of one that changes, is "Dynamic".
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from rehearsal.cloudformation import schemas
from rehearsal.cloudformation.definition import Definition
from rehearsal.cloudformation.stack import (
    Stack,
    StackResource,
    evaluate_outputs,
    value_of,
    with_tags,
)
from rehearsal.cloudformation.template import (
    Template,
    dependencies,
    replacement_policy,
    validation_error,
)
from rehearsal.errors import ApiError

_LATER = "{{changeSet:KNOWN_AFTER_APPLY}}"


@dataclass(frozen=True, slots=True)
class Comparison:
    """The change set's rows, and whether an output would change."""

    changes: list[dict[str, Any]] = field(default_factory=list)
    outputs_change: bool = False

    @property
    def empty(self) -> bool:
        """Whether there is nothing to do: "No updates are to be performed."."""
        return not self.changes and not self.outputs_change


def compare(stack: Stack, definition: Definition) -> Comparison:
    """What the definition would change.

    Raises CloudFormation's ValidationError when a resource would change its type, and when
    a function cannot be evaluated.
    """
    found = _Comparing(stack, definition)
    return Comparison(found.changes(), found.outputs_change())


class _Comparing:
    """One comparison. `_anew` are the logical ids that get a new physical id, `_modified`
    those that change in place; resources are looked at in the order of their dependencies."""

    def __init__(self, stack: Stack, definition: Definition) -> None:
        self._stack = stack
        self._definition = definition
        self._template = definition.template
        self._resolver = stack.resolver(definition, self._lookup)
        self._wanted = stack.wanted(definition)
        self._anew: set[str] = set()
        self._modified: set[str] = set()
        self._touched: set[str] = set()

    def changes(self) -> list[dict[str, Any]]:
        self._refuse_new_types()
        rows: dict[str, dict[str, Any] | None] = {}
        for logical in _in_order(self._template, self._wanted):
            old = self._stack.resources.get(logical)
            row = self._add(logical) if old is None or old.made is None else self._modify(old)
            rows[logical] = row
        for logical, old in self._stack.resources.items():
            if logical not in rows:
                rows[logical] = _remove(old)
        shown = (rows[logical] for logical in sorted(rows))
        return [{"Type": "Resource", "ResourceChange": row} for row in shown if row is not None]

    def outputs_change(self) -> bool:
        return evaluate_outputs(self._resolver) != self._stack.outputs

    def _refuse_new_types(self) -> None:
        changed = [
            logical
            for logical in self._wanted
            if logical in self._stack.resources
            and self._stack.resources[logical].resource_type
            != self._template["Resources"][logical]["Type"]
        ]
        if changed:
            raise validation_error(
                "Update of resource type is not permitted. The new template modifies resource "
                f"type of the following resources: [{', '.join(sorted(changed))}]"
            )

    def _add(self, logical: str) -> dict[str, Any]:
        self._anew.add(logical)
        declared = self._template["Resources"][logical]
        after: Any = None
        try:
            after = self._resolver.resolve(declared.get("Properties", {}))
        except ApiError:  # AWS finds that out when the change set is executed
            after = {}
        return {
            "Action": "Add",
            "LogicalResourceId": logical,
            "ResourceType": declared["Type"],
            "Scope": [],
            "Details": [],
            "AfterContext": json.dumps({"Properties": after}, default=str),
        }

    def _modify(self, old: StackResource) -> dict[str, Any] | None:
        logical, declared = old.logical_id, self._template["Resources"][old.logical_id]
        after, details = self._properties(old, declared)
        before_declared = self._stack.template["Resources"].get(logical, {})
        for name in ("Metadata", "DeletionPolicy", "UpdateReplacePolicy"):
            if declared.get(name) != before_declared.get(name):
                details.append(_detail({"Attribute": name, "RequiresRecreation": "Never"}))
        # "You can't update the deletion policy by itself" (user guide, "DeletionPolicy").
        if not {d["Target"]["Attribute"] for d in details} & {"Properties", "Tags", "Metadata"}:
            return None
        needs = {d["Target"]["RequiresRecreation"] for d in details}
        dynamic = any(
            d["Evaluation"] == "Dynamic" and d["Target"]["RequiresRecreation"] == "Always"
            for d in details
        )
        replacement = "True" if "Always" in needs and not dynamic else "False"
        if replacement == "False" and (dynamic or "Conditionally" in needs):
            replacement = "Conditional"
        row = {
            "Action": "Modify",
            "LogicalResourceId": logical,
            "PhysicalResourceId": old.physical_id,
            "ResourceType": old.resource_type,
            "Replacement": replacement,
            "Scope": sorted({d["Target"]["Attribute"] for d in details}),
            "Details": details,
            "BeforeContext": json.dumps({"Properties": old.properties}, default=str),
            "AfterContext": json.dumps({"Properties": after}, default=str),
        }
        if "Always" in needs:
            self._anew.add(logical)
            policy = replacement_policy(declared)
            row["PolicyAction"] = f"ReplaceAnd{policy}"
        else:
            self._modified.add(logical)
        return row

    def _properties(
        self, old: StackResource, declared: dict[str, Any]
    ) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        kind = old.resource_type
        tagging = schemas.tagging(kind)
        tag_name = tagging.name if tagging else ""
        properties: dict[str, Any] = declared.get("Properties", {})
        after: dict[str, Any] = {}
        dynamic: set[str] = set()
        for name, value in properties.items():
            self._touched = set()
            whole = self._resolver.resolve({name: value})
            after.update(whole)
            if self._touched:
                dynamic.add(name)
        details = []
        for name in sorted({*old.properties, *after}):
            same = old.properties.get(name) == after.get(name)
            if name == tag_name or (same and name not in dynamic):
                continue
            target = {"Attribute": "Properties", "Name": name, **_recreation(kind, name)}
            target |= _values(name, old.properties, after)
            details.append(_detail(target, dynamic=name in dynamic))
        if tagging is not None:
            tags = self._definition.tags if tagging.updatable else old.first_tags
            sent = with_tags(kind, after, tags)
            if sent.get(tag_name) != old.sent.get(tag_name):
                target = {"Attribute": "Tags", **_recreation(kind, tag_name)}
                details.append(_detail(target | _values(tag_name, old.sent, sent)))
        return after, details

    def _lookup(self, logical: str, attribute: str | None) -> Any:
        if logical in self._anew:
            self._touched.add(logical)
            return _LATER
        resource = self._stack.resources.get(logical)
        if resource is None or resource.made is None:
            raise validation_error(f"Resource {logical} does not exist")
        if attribute is not None and logical in self._modified:
            self._touched.add(logical)
        return value_of(resource, resource.made, attribute)


def _in_order(template: Template, wanted: list[str]) -> list[str]:
    """The logical ids after those they depend on."""
    waiting = {logical: dependencies(template, logical) & set(wanted) for logical in wanted}
    order: list[str] = []
    while waiting:
        ready = [logical for logical, needs in waiting.items() if not needs & waiting.keys()]
        order.extend(ready)
        waiting = {logical: needs for logical, needs in waiting.items() if logical not in ready}
    return order


def _remove(old: StackResource) -> dict[str, Any]:
    return {
        "Action": "Remove",
        "PolicyAction": "Delete" if old.policy == "Delete" else "Retain",
        "LogicalResourceId": old.logical_id,
        "PhysicalResourceId": old.physical_id,
        "ResourceType": old.resource_type,
        "Scope": [],
        "Details": [],
        "BeforeContext": json.dumps({"Properties": old.properties}, default=str),
    }


def _recreation(kind: str, name: str) -> dict[str, str]:
    if name in schemas.create_only(kind):
        return {"RequiresRecreation": "Always"}
    if name in schemas.conditional_create_only(kind):
        return {"RequiresRecreation": "Conditionally"}
    return {"RequiresRecreation": "Never"}


def _values(name: str, before: dict[str, Any], after: dict[str, Any]) -> dict[str, str]:
    """A property's values as a change set shows them with IncludePropertyValues."""
    shown = {"Path": f"/Properties/{name}"}
    if name in before:
        shown["BeforeValue"] = _text(before[name])
    if name in after:
        shown["AfterValue"] = _text(after[name])
    how = "Modify" if name in before and name in after else "Add" if name in after else "Remove"
    return {**shown, "AttributeChangeType": how}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)


def _detail(target: dict[str, Any], *, dynamic: bool = False) -> dict[str, Any]:
    return {
        "Target": target,
        "Evaluation": "Dynamic" if dynamic else "Static",
        "ChangeSource": "ResourceReference" if dynamic else "DirectModification",
    }
