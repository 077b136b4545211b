"""CloudFormation's API: the stacks of every region, and the operations that change them.

The caller holds the world's lock.
"""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Callable
from typing import Any

from rehearsal.clock import Clock
from rehearsal.cloudformation import changesets, queries, recovery
from rehearsal.cloudformation.changes import compare
from rehearsal.cloudformation.changesets import ChangeSet
from rehearsal.cloudformation.definition import Definition
from rehearsal.cloudformation.handlers import Handler
from rehearsal.cloudformation.nested import NestedStackHandler
from rehearsal.cloudformation.operations import Create, Delete
from rehearsal.cloudformation.recovery import STALLED, wrong_state
from rehearsal.cloudformation.requests import Reader, refuse_what_is_not_here
from rehearsal.cloudformation.rules import check_rules
from rehearsal.cloudformation.stack import STACK_TYPE, Stack
from rehearsal.cloudformation.template import validation_error
from rehearsal.cloudformation.update import Update
from rehearsal.errors import ApiError
from rehearsal.inprocess import Clients

_UPDATABLE = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE")
_STACK_NAME = re.compile(r"[a-zA-Z][-a-zA-Z0-9]{0,127}")

Params = dict[str, Any]

_log = logging.getLogger(__name__)


class CloudFormation:
    """The stacks of one account."""

    def __init__(
        self,
        *,
        account: str,
        clock: Clock,
        clients: Clients,
        handler_of: Callable[[str], Handler],
    ) -> None:
        self.stacks: list[Stack] = []
        self.change_sets: dict[str, ChangeSet] = {}
        self.created: Counter[str] = Counter()
        self.removed: Counter[str] = Counter()
        self.clock = clock
        self.clients = clients
        self._account = account
        nested = NestedStackHandler(self)
        self._handler_of = lambda kind: nested if kind == STACK_TYPE else handler_of(kind)

    def call(self, operation: str, params: Params, region: str) -> dict[str, Any]:
        """Answer one operation. Raises ApiError with the code AWS would answer."""
        handler = OPERATIONS.get(operation)
        if handler is None:
            raise ApiError("InvalidAction", f"The local AWS does not have {operation} yet.")
        return handler(self, params, region)

    def tick(self) -> None:
        """Let every stack that has something going on take a step."""
        for stack in list(self.stacks):
            if stack.operation is None:
                continue
            try:
                stack.operation = stack.operation.step()
            except Exception:  # noqa: BLE001 - one stack must not stop the others
                _log.exception("stack %s", stack.name)
                stack.operation = None
                verb = stack.status.partition("_")[0]
                stack.set_status(f"{verb}_FAILED", "Internal Failure")
            if stack.operation is None and stack.status == "DELETE_COMPLETE":
                self.removed["stack"] += 1

    # -- operations -----------------------------------------------------------------

    def create_stack(self, params: Params, region: str) -> dict[str, Any]:
        """CreateStack."""
        name = params["StackName"]
        if self.live(name, region) is not None:
            raise ApiError("AlreadyExistsException", f"Stack [{name}] already exists")
        definition = Reader(self.clients, region).define(params)
        stack = self.new_stack(name, region, definition)
        stack.protected = bool(params.get("EnableTerminationProtection"))
        stack.retain_except_on_create = bool(params.get("RetainExceptOnCreate"))
        on_failure = params.get("OnFailure", "ROLLBACK")
        if params.get("DisableRollback"):
            on_failure = "DO_NOTHING"
        token = params.get("ClientRequestToken", "")
        self.begin_creation(stack, definition, on_failure, token)
        self.add(stack)
        return {"StackId": stack.stack_id, "OperationId": stack.operation_id}

    def begin_creation(
        self, stack: Stack, definition: Definition, on_failure: str, token: str
    ) -> None:
        """Begin to make a stack's resources."""
        self.check_rules(stack, definition)
        stack.wanted(definition)  # raises for a condition that cannot be evaluated
        stack.definition = definition
        stack.disable_rollback = on_failure == "DO_NOTHING"
        stack.begin("CREATE_STACK", token)
        stack.operation = Create(stack, self._handler_of, on_failure=on_failure)

    def update_stack(self, params: Params, region: str) -> dict[str, Any]:
        """UpdateStack."""
        stack = self.need_live(params["StackName"], region)
        self.check_updatable(stack)
        roll_back = not params.get("DisableRollback")
        if stack.status in STALLED and roll_back:
            raise wrong_state(stack, "updated")
        definition = Reader(self.clients, region).define(params, stack.definition)
        stack.retain_except_on_create = bool(params.get("RetainExceptOnCreate"))
        token = params.get("ClientRequestToken", "")
        self.begin_update(stack, definition, token, roll_back=roll_back)
        return {"StackId": stack.stack_id, "OperationId": stack.operation_id}

    def begin_update(
        self, stack: Stack, definition: Definition, token: str, *, roll_back: bool
    ) -> None:
        """Begin to move a stack to another definition. Raises CloudFormation's
        ValidationError "No updates are to be performed." when nothing would change."""
        self.check_updatable(stack)
        self.check_rules(stack, definition)
        same_tags = definition.tags == stack.definition.tags
        if stack.status not in STALLED and same_tags and compare(stack, definition).empty:
            raise validation_error("No updates are to be performed.")
        stack.disable_rollback = not roll_back
        stack.begin("UPDATE_STACK", token)
        stack.operation = Update(stack, self._handler_of, definition, roll_back=roll_back)

    def delete_stack(self, params: Params, region: str) -> dict[str, Any]:
        """DeleteStack: a stack that does not exist is no error."""
        refuse_what_is_not_here(params)
        stack = self.find(params["StackName"], region)
        if stack is None or stack.status in ("DELETE_COMPLETE", "DELETE_IN_PROGRESS"):
            return {}
        if stack.protected:
            raise validation_error(
                f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled"
            )
        moving = stack.status.endswith("_IN_PROGRESS")
        if moving and not stack.status.startswith(("CREATE", "REVIEW")):
            raise wrong_state(stack, "deleted")
        for name in stack.exports:
            users = self.importers(name, region)
            if users:
                raise validation_error(
                    f"Delete canceled. Cannot delete export {name} as it is in use by "
                    f"{', '.join(users)}."
                )
        retain = frozenset(params.get("RetainResources", []))
        if retain and stack.status != "DELETE_FAILED":
            raise validation_error(
                f"Invalid operation on stack [{stack.stack_id}]. Specify resources to retain "
                "only when the current stack status is DELETE_FAILED."
            )
        for change_set in changesets.of_stack(self, stack):
            del self.change_sets[change_set.change_set_id]
        stack.begin("DELETE_STACK", params.get("ClientRequestToken", ""))
        stack.operation = Delete(stack, retain=retain)
        return {}

    def update_termination_protection(self, params: Params, region: str) -> dict[str, Any]:
        """UpdateTerminationProtection."""
        stack = self.need_live(params["StackName"], region)
        stack.protected = bool(params["EnableTerminationProtection"])
        return {"StackId": stack.stack_id}

    # -- what the operations share ----------------------------------------------------

    def new_stack(self, name: str, region: str, definition: Definition) -> Stack:
        """A stack that nobody finds until it is added."""
        if not _STACK_NAME.fullmatch(name):
            raise validation_error(
                f"1 validation error detected: Value '{name}' at 'stackName' failed to satisfy "
                "constraint: Member must satisfy regular expression pattern: "
                "[a-zA-Z][-a-zA-Z0-9]*"
            )
        return Stack(
            name=name,
            region=region,
            account=self._account,
            definition=definition,
            created=self.clock.now(),
            now=self.clock.now,
            exports_of_region=lambda: self._exports(region),
            importers_of=lambda export: self.importers(export, region),
        )

    def add(self, stack: Stack) -> None:
        """Take a new stack into the account."""
        self.stacks.append(stack)
        self.created["stack"] += 1

    def check_updatable(self, stack: Stack) -> None:
        """Refuse what is neither settled nor failed and left as it was."""
        if stack.status not in (*_UPDATABLE, *STALLED):
            raise wrong_state(stack, "updated")

    def check_rules(self, stack: Stack, definition: Definition) -> None:
        """Refuse a definition that breaks its template's rules."""
        check_rules(stack.resolver(definition))

    def change_set(self, params: Params, region: str) -> ChangeSet:
        """A change set by its id, or by its name and its stack's."""
        return changesets.find(self, params, region)

    def find(self, name: str, region: str) -> Stack | None:
        """A stack by name (the live one) or by id (a deleted one too)."""
        of_region = [s for s in reversed(self.stacks) if s.region == region]
        if name.startswith("arn:"):
            return next((s for s in of_region if s.stack_id == name), None)
        return self.live(name, region)

    def live(self, name: str, region: str) -> Stack | None:
        """A stack that is not deleted, by name or id."""
        return next(
            (
                s
                for s in self.stacks
                if s.region == region and not s.deleted and name in (s.name, s.stack_id)
            ),
            None,
        )

    def need(self, name: str, region: str) -> Stack:
        """A stack as `find` finds it, or CloudFormation's ValidationError."""
        stack = self.find(name, region)
        if stack is None:
            raise validation_error(f"Stack [{name}] does not exist")
        return stack

    def need_live(self, name: str, region: str) -> Stack:
        """A stack that is not deleted, or CloudFormation's ValidationError."""
        stack = self.live(name, region)
        if stack is None:
            raise validation_error(f"Stack [{name}] does not exist")
        return stack

    def importers(self, export: str, region: str) -> list[str]:
        """The names of the stacks that import an export."""
        return sorted(
            s.name
            for s in self.stacks
            if s.region == region and not s.deleted and export in s.imports
        )

    def _exports(self, region: str) -> dict[str, str]:
        live = (s for s in self.stacks if s.region == region and not s.deleted)
        return {name: value for s in live for name, value in s.exports.items()}


OPERATIONS: dict[str, Callable[[CloudFormation, Params, str], dict[str, Any]]] = {
    **queries.QUERIES,
    **changesets.CHANGE_SETS,
    **recovery.RECOVERY,
    "CreateStack": CloudFormation.create_stack,
    "DeleteStack": CloudFormation.delete_stack,
    "UpdateStack": CloudFormation.update_stack,
    "UpdateTerminationProtection": CloudFormation.update_termination_protection,
}
