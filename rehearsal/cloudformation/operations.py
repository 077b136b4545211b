"""What happens to a stack: creation, update, deletion and their rollbacks.

Each is a small machine that the world steps; nothing blocks and nothing waits. A step
looks at what is under way, starts what can start, and settles the stack when all is done.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from rehearsal.cloudformation.handlers import (
    Handler,
    ResourceFailed,
    UnsupportedHandler,
    api_reason,
)
from rehearsal.cloudformation.properties import check_properties
from rehearsal.cloudformation.stack import Stack, StackResource, with_tags
from rehearsal.cloudformation.template import Template, deletion_policy, dependencies
from rehearsal.errors import ApiError

HandlerOf = Callable[[str], Handler]  # by resource type


class Operation(Protocol):
    """Something going on with a stack."""

    def step(self) -> Operation | None:
        """Do what can be done now; return what goes on, or None when it is over."""
        ...


def reason_of(error: Exception) -> str:
    """An error in the words of an event."""
    return api_reason(error) if isinstance(error, ApiError) else str(error)


class Create:
    """Creates resources as their dependencies allow; rolls back when one fails."""

    def __init__(self, stack: Stack, handler_of: HandlerOf, *, on_failure: str = "ROLLBACK"):
        self._stack = stack
        self._handler_of = handler_of
        self._on_failure = on_failure
        self._pending = stack.wanted()
        self._running: dict[str, StackResource] = {}
        self._failed: list[str] = []
        stack.set_status("CREATE_IN_PROGRESS", "User Initiated")

    def step(self) -> Operation | None:
        settle(self._stack, self._running, "CREATE", self._failed)
        if not self._failed:
            self._start()
        if self._running or (self._pending and not self._failed):
            return self
        if self._failed:
            names = ", ".join(sorted(self._failed))
            return self._fail(f"The following resource(s) failed to create: [{names}]. ")
        try:
            self._stack.set_outputs()
        except ApiError as error:
            return self._fail(f"{error.message} ")
        self._stack.set_status("CREATE_COMPLETE")
        return None

    def _start(self) -> None:
        for logical in list(self._pending):
            waiting = self._stack.needs(logical) & {*self._pending, *self._running}
            if waiting:
                continue
            self._pending.remove(logical)
            resource = begin_creation(self._stack, logical, self._handler_of)
            if resource.status == "CREATE_FAILED":
                self._failed.append(logical)
                return
            self._running[logical] = resource

    def _fail(self, reason: str) -> Operation | None:
        if self._on_failure == "DO_NOTHING":
            self._stack.set_status("CREATE_FAILED", reason)
            return None
        if self._on_failure == "DELETE":
            return Delete(self._stack, reason=reason, undoing=True)
        self._stack.set_status("ROLLBACK_IN_PROGRESS", f"{reason}Rollback requested by user.")
        return undo_creation(self._stack)


def undo_creation(stack: Stack) -> Delete:
    """The rollback of a creation, whose status is set already."""
    return Delete(stack, begin="", done="ROLLBACK_COMPLETE", failed="ROLLBACK_FAILED", undoing=True)


def begin_creation(stack: Stack, logical: str, handler_of: HandlerOf) -> StackResource:
    """Start to make a resource; its status says whether that went well."""
    declared = stack.template["Resources"][logical]
    resource_type = declared["Type"]
    handler = handler_of(resource_type)
    resource = StackResource(
        logical_id=logical,
        resource_type=resource_type,
        handler=handler,
        status="CREATE_IN_PROGRESS",
        changed=stack.now(),
        policy=deletion_policy(declared),
        first_tags=stack.definition.tags,
    )
    stack.resources[logical] = resource
    stack.set_resource(resource, "CREATE_IN_PROGRESS")
    try:
        resource.properties = stack.properties_of(logical)
        if not isinstance(handler, UnsupportedHandler):  # which says what matters more
            check_properties(resource_type, logical, resource.properties)
        resource.sent = with_tags(resource_type, resource.properties, stack.definition.tags)
        resource.made = resource.handler.create(stack.place(logical), resource_type, resource.sent)
    except (ResourceFailed, ApiError) as error:
        stack.set_resource(resource, "CREATE_FAILED", reason_of(error))
    return resource


def settle(stack: Stack, running: dict[str, StackResource], verb: str, failed: list[str]) -> None:
    """Take what has become stable, or has failed, out of `running`."""
    for logical, resource in list(running.items()):
        try:
            if resource.made is None:
                raise ResourceFailed("Internal Failure")
            made = resource.handler.created(
                stack.place(logical), resource.resource_type, resource.made
            )
        except (ResourceFailed, ApiError) as error:
            stack.set_resource(resource, f"{verb}_FAILED", reason_of(error))
            failed.append(logical)
            del running[logical]
            continue
        if made is not None:
            resource.made = made
            stack.set_resource(resource, f"{verb}_COMPLETE")
            del running[logical]


class Removal:
    """Removes a set of resources, dependents first. Shared by deletion, rollback, clean-up.

    `undoing` says that the operation that made them is being rolled back, when
    RetainExceptOnCreate means Delete.
    """

    def __init__(
        self,
        stack: Stack,
        resources: list[StackResource],
        template: Template,
        *,
        undoing: bool = False,
    ) -> None:
        self._stack = stack
        self._undoing = undoing
        self._pending = {id(r): r for r in resources}
        self._template = template
        self._running: dict[int, StackResource] = {}
        self.failed: list[StackResource] = []

    def step(self) -> bool:
        """Do what can be done now; True when nothing is left to do."""
        for key, resource in list(self._running.items()):
            self._poll(key, resource)
        for key, resource in list(self._pending.items()):
            if not self._blocked(resource):
                del self._pending[key]
                self._begin(key, resource)
        if not self._running and self._pending and self.failed:
            return True  # what waits for a failed one stays
        return not self._running and not self._pending

    def _blocked(self, resource: StackResource) -> bool:
        others = [*self._pending.values(), *self._running.values(), *self.failed]
        return any(
            resource.logical_id in self._needs(other.logical_id)
            for other in others
            if other is not resource
        )

    def _needs(self, logical: str) -> set[str]:
        known = self._template["Resources"]
        return dependencies(self._template, logical) if logical in known else set()

    def _begin(self, key: int, resource: StackResource) -> None:
        if resource.made is None:
            self._forget(resource)
            return
        if self._kept(resource):
            self._stack.set_resource(resource, "DELETE_SKIPPED")
            self._forget(resource)
            return
        self._stack.set_resource(resource, "DELETE_IN_PROGRESS")
        try:
            resource.handler.delete(
                self._stack.place(resource.logical_id),
                resource.resource_type,
                resource.made,
                resource.sent,
            )
        except (ResourceFailed, ApiError) as error:
            self._fail(resource, error)
            return
        self._running[key] = resource
        self._poll(key, resource)

    def _kept(self, resource: StackResource) -> bool:
        if resource.policy == "RetainExceptOnCreate":
            return not self._undoing
        return resource.policy == "Retain" and not (
            self._undoing and self._stack.retain_except_on_create
        )

    def _poll(self, key: int, resource: StackResource) -> None:
        assert resource.made is not None
        try:
            gone = resource.handler.deleted(
                self._stack.place(resource.logical_id), resource.resource_type, resource.made
            )
        except (ResourceFailed, ApiError) as error:
            del self._running[key]
            self._fail(resource, error)
            return
        if gone:
            del self._running[key]
            self._stack.set_resource(resource, "DELETE_COMPLETE")
            self._forget(resource)

    def _fail(self, resource: StackResource, error: Exception) -> None:
        self._stack.set_resource(resource, "DELETE_FAILED", reason_of(error))
        self.failed.append(resource)

    def _forget(self, resource: StackResource) -> None:
        if self._stack.resources.get(resource.logical_id) is resource:
            del self._stack.resources[resource.logical_id]


class Delete:
    """Deletes a stack's resources; also the rollback of a creation."""

    def __init__(
        self,
        stack: Stack,
        *,
        begin: str = "DELETE_IN_PROGRESS",
        done: str = "DELETE_COMPLETE",
        failed: str = "DELETE_FAILED",
        reason: str = "User Initiated",
        retain: frozenset[str] = frozenset(),
        undoing: bool = False,
    ) -> None:
        self._stack = stack
        self._done = done
        self._failed = failed
        stack.gone = stack.described
        for logical in retain & set(stack.resources):
            resource = stack.resources.pop(logical)
            stack.set_resource(resource, "DELETE_SKIPPED")
        self._removal = Removal(
            stack, list(stack.resources.values()), stack.template, undoing=undoing
        )
        if begin:
            stack.set_status(begin, reason)

    def step(self) -> Operation | None:
        if not self._removal.step():
            return self
        if self._removal.failed:
            names = ", ".join(sorted(r.logical_id for r in self._removal.failed))
            self._stack.set_status(
                self._failed, f"The following resource(s) failed to delete: [{names}]. "
            )
            return None
        for resource in self._stack.gone.values():
            # What failed before it was there; AWS's status of it then is not confirmed.
            if resource.made is None:
                resource.status, resource.reason = "DELETE_COMPLETE", ""
        if self._done == "DELETE_COMPLETE":
            self._stack.deleted = self._stack.now()
            self._stack.outputs = {}
        self._stack.set_status(self._done)
        return None
