"""How an update is undone, and how what it replaced, dropped or made in vain is removed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from rehearsal.cloudformation.handlers import Made, ResourceFailed
from rehearsal.cloudformation.operations import Operation, Removal, reason_of, settle
from rehearsal.cloudformation.stack import Stack, StackResource
from rehearsal.cloudformation.template import Template
from rehearsal.errors import ApiError

# The CDK CLI knows a skipped resource by this text.
SKIPPED = "Resource skipped during UpdateRollback"


@dataclass(frozen=True, slots=True)
class Changed:
    """A resource that an update changed in place, with its properties before."""

    resource: StackResource
    properties: dict[str, Any]
    sent: dict[str, Any]
    made: Made

    def left(self) -> StackResource | None:
        """What the change left behind: a custom resource that answered another physical id
        replaced itself, and the old one is to be deleted ("Custom resources", user guide)."""
        now = self.resource.made
        if not self.resource.handler.replaces or now is None:
            return None
        if now.physical_id == self.made.physical_id:
            return None
        return replace(self.resource, made=self.made, properties=self.properties, sent=self.sent)


class GoingBack:
    """Gives resources their old properties, and waits until they are stable. What cannot be
    given back leaves the stack in UPDATE_ROLLBACK_FAILED, from which `go_on` goes on."""

    def __init__(self, stack: Stack, changes: list[Changed], cleanup: Cleanup) -> None:
        self._stack = stack
        self._changes = changes
        self._cleanup = cleanup
        self._undone: list[Changed] = []
        self._running: dict[str, StackResource] = {}
        self._failed: list[str] = []
        self._begin(changes)

    def check(self, skip: frozenset[str]) -> None:
        """Raise CloudFormation's ValidationError for a resource that did not fail and is to
        be skipped. (The wording could not be confirmed.)"""
        wrong = sorted(skip - set(self._failed))
        if wrong:
            raise ApiError(
                "ValidationError",
                f"Resources [{', '.join(wrong)}] cannot be skipped: they are not in "
                "UPDATE_FAILED state.",
            )

    def go_on(self, skip: frozenset[str]) -> GoingBack:
        """Try again what failed, without what is to be skipped (ContinueUpdateRollback)."""
        self._stack.set_status("UPDATE_ROLLBACK_IN_PROGRESS", "User Initiated")
        failed, self._failed = set(self._failed), []
        for logical in sorted(skip):
            resource = self._stack.resources[logical]
            self._stack.set_resource(resource, "UPDATE_COMPLETE", SKIPPED)
        self._begin([c for c in self._changes if c.resource.logical_id in failed - skip])
        return self

    def step(self) -> Operation | None:
        settle(self._stack, self._running, "UPDATE", self._failed)
        if self._running:
            return self
        if not self._failed:
            self._stack.set_status("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS")
            self._cleanup.add([gone for change in self._undone if (gone := change.left())])
            return self._cleanup
        names = ", ".join(sorted(self._failed))
        self._stack.stalled = self
        self._stack.set_status(
            "UPDATE_ROLLBACK_FAILED",
            f"The following resource(s) failed to update: [{names}]. ",
        )
        return None

    def _begin(self, changes: list[Changed]) -> None:
        # A resource that several updates changed goes back to what it was before the first.
        oldest = {change.resource.logical_id: change for change in changes}
        for logical, change in oldest.items():
            if self._change_back(change):
                self._running[logical] = change.resource
            else:
                self._failed.append(logical)

    def _change_back(self, change: Changed) -> bool:
        """Start to give a resource its old properties; False when that failed at once."""
        resource = change.resource
        assert resource.made is not None
        undone = Changed(resource, resource.properties, resource.sent, resource.made)
        self._stack.set_resource(resource, "UPDATE_IN_PROGRESS")
        try:
            resource.made = resource.handler.update(
                self._stack.place(resource.logical_id),
                resource.resource_type,
                resource.made,
                resource.sent,
                change.sent,
            )
        except (ResourceFailed, ApiError) as error:
            self._stack.set_resource(resource, "UPDATE_FAILED", reason_of(error))
            return False
        resource.properties, resource.sent = change.properties, change.sent
        self._undone.append(undone)
        return True


class Cleanup:
    """Removes what an update replaced or dropped. A failure here does not fail the update,
    and the stack forgets the resource ("CloudFormation ... attempts to delete", user guide,
    "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")."""

    def __init__(
        self,
        stack: Stack,
        resources: list[StackResource],
        template: Template,
        done: str,
        *,
        undoing: bool = False,
    ) -> None:
        self._stack = stack
        self._done = done
        self._resources = resources
        self._template = template
        self._undoing = undoing
        self.add([])

    def add(self, resources: list[StackResource]) -> None:
        """Remove these as well; before the first step."""
        self._resources = [*self._resources, *resources]
        self._removal = Removal(self._stack, self._resources, self._template, undoing=self._undoing)

    def step(self) -> Operation | None:
        if not self._removal.step():
            return self
        for resource in self._resources:
            if self._stack.resources.get(resource.logical_id) is resource:
                del self._stack.resources[resource.logical_id]
        self._stack.set_status(self._done)
        return None
