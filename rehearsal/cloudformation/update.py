"""A stack's update: in place, by replacement where a create-only property changes, or undone."""

from __future__ import annotations

from typing import Any

from rehearsal.cloudformation import schemas
from rehearsal.cloudformation.definition import Definition
from rehearsal.cloudformation.handlers import ResourceFailed
from rehearsal.cloudformation.operations import (
    HandlerOf,
    Operation,
    begin_creation,
    reason_of,
    settle,
)
from rehearsal.cloudformation.properties import check_properties
from rehearsal.cloudformation.stack import Stack, StackResource, with_tags
from rehearsal.cloudformation.template import deletion_policy, replacement_policy
from rehearsal.cloudformation.undo import Changed, Cleanup, GoingBack
from rehearsal.errors import ApiError


class Update:
    """Moves a stack to a new definition; on failure everything goes back, or stays as it is
    where rollback is disabled (status UPDATE_FAILED).

    Raises ApiError when the request is to be refused; the stack is as it was then.
    """

    def __init__(
        self,
        stack: Stack,
        handler_of: HandlerOf,
        definition: Definition,
        *,
        roll_back: bool = True,
    ) -> None:
        self._stack = stack
        self._handler_of = handler_of
        self._roll_back = roll_back
        self._pending = stack.wanted(definition)
        self._running: dict[str, StackResource] = {}
        self._failed: list[str] = []
        self._cancelled = False
        stalled = stack.stalled if isinstance(stack.stalled, Update) else None
        # To where, and what, a failure leads back. What an update that failed and stayed
        # has done already is undone with this one's.
        self._before: Definition = stalled._before if stalled else stack.definition
        self._resources_before: dict[str, StackResource] = (
            stalled._resources_before if stalled else dict(stack.resources)
        )
        self._made: list[StackResource] = list(stalled._made) if stalled else []
        self._changed: list[Changed] = list(stalled._changed) if stalled else []
        stack.stalled = None
        stack.definition = definition
        stack.updated = stack.now()
        stack.set_status("UPDATE_IN_PROGRESS", "User Initiated")

    def cancel(self) -> None:
        """Start nothing more, and go back when what is under way has settled."""
        self._cancelled = True

    def step(self) -> Operation | None:
        creating = {k: r for k, r in self._running.items() if r.status.startswith("CREATE")}
        updating = {k: r for k, r in self._running.items() if r.status.startswith("UPDATE")}
        settle(self._stack, creating, "CREATE", self._failed)
        settle(self._stack, updating, "UPDATE", self._failed)
        self._running = {**creating, **updating}
        if not self._stopping:
            self._start()
        if self._running or (self._pending and not self._stopping):
            return self
        if self._cancelled:
            return self.go_back("User Initiated")
        if self._failed:
            names = ", ".join(sorted(self._failed))
            return self._fail(f"The following resource(s) failed to update: [{names}]. ")
        try:
            self._stack.set_outputs()
        except ApiError as error:
            return self._fail(error.message)
        self._stack.set_status("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
        return Cleanup(
            self._stack,
            [*self._no_longer_wanted(), *self._left()],
            self._before.template,
            "UPDATE_COMPLETE",
        )

    @property
    def _stopping(self) -> bool:
        return self._cancelled or bool(self._failed)

    def _no_longer_wanted(self) -> list[StackResource]:
        kept = set(self._stack.wanted())
        found = []
        for old in [*self._resources_before.values(), *self._made]:
            replaced = self._stack.resources.get(old.logical_id) is not old
            if replaced:
                declared = self._stack.template["Resources"].get(old.logical_id, {})
                old.policy = replacement_policy(declared)
            if replaced or old.logical_id not in kept:
                found.append(old)
        return found

    def _left(self) -> list[StackResource]:
        found = [gone for change in self._changed if (gone := change.left())]
        for gone in found:
            declared = self._stack.template["Resources"].get(gone.logical_id, {})
            gone.policy = replacement_policy(declared)
        return found

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
        if old is None or old.made is None:
            return self._create(logical)
        try:
            properties = self._stack.properties_of(logical)
            if properties != old.properties:
                check_properties(old.resource_type, logical, properties)
        except (ResourceFailed, ApiError) as error:
            self._stack.set_resource(old, "UPDATE_FAILED", reason_of(error))
            return False
        old.policy = deletion_policy(declared)
        changed = {
            name
            for name in {*properties, *old.properties}
            if properties.get(name) != old.properties.get(name)
        }
        if changed & schemas.create_only(old.resource_type):
            return self._replace(logical, old, properties)
        sent = self._sent(old, properties)
        if sent == old.sent:
            old.properties = properties
            return True
        return self._change(old, properties, sent)

    def _sent(self, old: StackResource, properties: dict[str, Any]) -> dict[str, Any]:
        tagging = schemas.tagging(old.resource_type)
        fixed = tagging is not None and not tagging.updatable
        tags = old.first_tags if fixed else self._stack.definition.tags
        return with_tags(old.resource_type, properties, tags)

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
        self._stack.set_resource(
            old,
            "UPDATE_IN_PROGRESS",
            "Requested update requires the creation of a new physical resource; hence "
            "creating one.",
        )
        return self._create(logical)

    def _change(self, old: StackResource, properties: dict[str, Any], sent: dict[str, Any]) -> bool:
        assert old.made is not None
        self._stack.set_resource(old, "UPDATE_IN_PROGRESS")
        try:
            made = old.handler.update(
                self._stack.place(old.logical_id), old.resource_type, old.made, old.sent, sent
            )
        except (ResourceFailed, ApiError) as error:
            self._stack.set_resource(old, "UPDATE_FAILED", reason_of(error))
            return False
        self._changed.append(Changed(old, old.properties, old.sent, old.made))
        old.made, old.properties, old.sent = made, properties, sent
        self._running[old.logical_id] = old
        return True

    def _fail(self, reason: str) -> Operation | None:
        if self._roll_back:
            return self.go_back(reason)
        self._stack.stalled = self
        self._stack.set_status("UPDATE_FAILED", reason)
        return None

    def go_back(self, reason: str) -> Operation:
        """The rollback of all this update, and of those before it that failed and stayed."""
        stack, new_template = self._stack, self._stack.template
        stack.set_status("UPDATE_ROLLBACK_IN_PROGRESS", reason)
        stack.definition = self._before
        for logical, old in self._resources_before.items():
            stack.resources[logical] = old
            if old.status in ("UPDATE_FAILED", "UPDATE_IN_PROGRESS"):
                stack.set_resource(old, "UPDATE_COMPLETE")
        for made in self._made:
            if made.logical_id not in self._resources_before:
                stack.resources.pop(made.logical_id, None)
        cleanup = Cleanup(stack, self._made, new_template, "UPDATE_ROLLBACK_COMPLETE", undoing=True)
        return GoingBack(stack, list(reversed(self._changed)), cleanup)
