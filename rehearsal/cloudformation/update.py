"""A stack's update: in place, by replacement where a create-only property changes, or undone."""

from __future__ import annotations

from typing import Any

from rehearsal.cloudformation import schemas
from rehearsal.cloudformation.handlers import Made, ResourceFailed
from rehearsal.cloudformation.operations import (
    HandlerOf,
    Operation,
    Removal,
    _reason,
    _settle,
    begin_creation,
)
from rehearsal.cloudformation.stack import Stack, StackResource
from rehearsal.cloudformation.template import Template
from rehearsal.errors import ApiError


class Update:
    """Moves a stack to a new template; on failure everything goes back."""

    def __init__(
        self,
        stack: Stack,
        handler_of: HandlerOf,
        *,
        body: str,
        template: Template,
        parameters: dict[str, str],
        tags: dict[str, str],
    ) -> None:
        self._stack = stack
        self._handler_of = handler_of
        self._before = (stack.body, stack.template, stack.parameters, stack.tags)
        self._resources_before = dict(stack.resources)
        stack.body, stack.template = body, template
        stack.parameters, stack.tags = parameters, tags
        stack.updated = stack.now()
        stack.stored_parameters = {}
        try:
            self._pending = stack.wanted()
        except ApiError:  # the request is refused: the stack stays as it was
            stack.body, stack.template, stack.parameters, stack.tags = self._before
            raise
        self._running: dict[str, StackResource] = {}
        self._failed: list[str] = []
        # What to undo, in order: made anew, or changed from these properties.
        self._made: list[StackResource] = []
        self._changed: list[tuple[StackResource, dict[str, Any]]] = []
        stack.set_status("UPDATE_IN_PROGRESS", "User Initiated")

    def step(self) -> Operation | None:
        creating = {k: r for k, r in self._running.items() if r.status.startswith("CREATE")}
        updating = {k: r for k, r in self._running.items() if r.status.startswith("UPDATE")}
        _settle(self._stack, creating, "CREATE", self._failed)
        _settle(self._stack, updating, "UPDATE", self._failed)
        self._running = {**creating, **updating}
        if not self._failed:
            self._start()
        if self._running or (self._pending and not self._failed):
            return self
        if self._failed:
            names = ", ".join(sorted(self._failed))
            return self._undo(f"The following resource(s) failed to update: [{names}]. ")
        try:
            self._stack.set_outputs()
        except ApiError as error:
            return self._undo(error.message)
        self._stack.set_status("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
        return Cleanup(self._stack, self._no_longer_wanted(), self._before[1], "UPDATE_COMPLETE")

    def _no_longer_wanted(self) -> list[StackResource]:
        kept = set(self._stack.wanted())
        return [
            old
            for logical, old in self._resources_before.items()
            if logical not in kept or self._stack.resources.get(logical) is not old
        ]

    def _start(self) -> None:
        for logical in list(self._pending):
            if self._stack.needs(logical) & {*self._pending, *self._running}:
                continue
            self._pending.remove(logical)
            if not self._begin(logical):
                self._failed.append(logical)
                return

    def _begin(self, logical: str) -> bool:
        """Start to make or change a resource; False when that failed at once."""
        old = self._stack.resources.get(logical)
        declared = self._stack.template["Resources"][logical]
        if old is None or old.made is None or old.resource_type != declared["Type"]:
            return self._create(logical)
        try:
            properties = self._stack.properties_of(logical)
        except ApiError as error:
            self._stack.set_resource(old, "UPDATE_FAILED", _reason(error))
            return False
        old.retained = declared.get("DeletionPolicy") == "Retain"
        if properties == old.properties:
            return True
        changed = {
            name
            for name in {*properties, *old.properties}
            if properties.get(name) != old.properties.get(name)
        }
        if changed & schemas.create_only(old.resource_type):
            return self._replace(logical, old, properties)
        return self._change(old, properties)

    def _create(self, logical: str) -> bool:
        resource = begin_creation(self._stack, logical, self._handler_of)
        self._made.append(resource)
        if resource.status == "CREATE_FAILED":
            return False
        self._running[logical] = resource
        return True

    def _replace(self, logical: str, old: StackResource, properties: dict[str, Any]) -> bool:
        names = set(schemas.primary_identifier(old.resource_type)) & set(properties)
        same_name = names and all(properties[n] == old.properties.get(n) for n in names)
        if same_name:
            self._stack.set_resource(
                old,
                "UPDATE_FAILED",
                "CloudFormation cannot update a stack when a custom-named resource requires "
                f"replacing. Rename {old.physical_id} and update the stack again.",
            )
            return False
        return self._create(logical)

    def _change(self, old: StackResource, properties: dict[str, Any]) -> bool:
        assert old.made is not None
        self._stack.set_resource(old, "UPDATE_IN_PROGRESS")
        before = old.properties
        try:
            old.made = old.handler.update(
                self._stack.place(old.logical_id), old.resource_type, old.made, before, properties
            )
        except (ResourceFailed, ApiError) as error:
            self._stack.set_resource(old, "UPDATE_FAILED", _reason(error))
            return False
        self._changed.append((old, before))
        old.properties = properties
        self._running[old.logical_id] = old
        return True

    def _undo(self, reason: str) -> Operation:
        stack, new_template = self._stack, self._stack.template
        stack.set_status("UPDATE_ROLLBACK_IN_PROGRESS", reason)
        stack.body, stack.template, stack.parameters, stack.tags = self._before
        failed: list[str] = []
        for resource, properties in reversed(self._changed):
            if not self._change_back(resource, properties):
                failed.append(resource.logical_id)
        for logical, old in self._resources_before.items():
            stack.resources[logical] = old
            if old.status == "UPDATE_FAILED" and logical not in failed:
                stack.set_resource(old, "UPDATE_COMPLETE")
        for made in self._made:
            if made.logical_id not in self._resources_before:
                stack.resources.pop(made.logical_id, None)
        going_back = {
            resource.logical_id: resource
            for resource, _ in self._changed
            if resource.logical_id not in failed
        }
        cleanup = Cleanup(stack, self._made, new_template, "UPDATE_ROLLBACK_COMPLETE")
        return _GoingBack(stack, going_back, failed, cleanup)

    def _change_back(self, resource: StackResource, properties: dict[str, Any]) -> bool:
        """Start to give a resource its old properties; False when that failed at once."""
        made: Made | None = resource.made
        assert made is not None
        self._stack.set_resource(resource, "UPDATE_IN_PROGRESS")
        try:
            resource.made = resource.handler.update(
                self._stack.place(resource.logical_id),
                resource.resource_type,
                made,
                resource.properties,
                properties,
            )
        except (ResourceFailed, ApiError) as error:
            self._stack.set_resource(resource, "UPDATE_FAILED", _reason(error))
            return False
        resource.properties = properties
        return True


class _GoingBack:
    """Waits until what a failed update had changed is as before, and stable."""

    def __init__(
        self,
        stack: Stack,
        running: dict[str, StackResource],
        failed: list[str],
        cleanup: Cleanup,
    ) -> None:
        self._stack = stack
        self._running = running
        self._failed = failed
        self._cleanup = cleanup

    def step(self) -> Operation | None:
        _settle(self._stack, self._running, "UPDATE", self._failed)
        if self._running:
            return self
        if not self._failed:
            return self._cleanup
        names = ", ".join(sorted(self._failed))
        self._stack.set_status(
            "UPDATE_ROLLBACK_FAILED",
            f"The following resource(s) failed to update: [{names}]. ",
        )
        return None


class Cleanup:
    """Removes what an update replaced or dropped. A failure here does not fail the update
    ("CloudFormation ... attempts to delete", user guide, "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS").
    """

    def __init__(
        self, stack: Stack, resources: list[StackResource], template: Template, done: str
    ) -> None:
        self._stack = stack
        self._done = done
        self._removal = Removal(stack, resources, template)

    def step(self) -> Operation | None:
        if not self._removal.step():
            return self
        self._stack.set_status(self._done)
        return None
