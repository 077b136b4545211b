"""CloudFormation's API: stacks of every region, listings, events, exports.

The caller holds the world's lock.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from typing import Any

from rehearsal.clock import Clock
from rehearsal.cloudformation.answers import paged, resource_row, stack_row, summary_row
from rehearsal.cloudformation.handlers import Handler
from rehearsal.cloudformation.operations import Create, Delete
from rehearsal.cloudformation.requests import (
    check_capabilities,
    needed_capabilities,
    parameters_of,
    read_template,
    tags_of,
)
from rehearsal.cloudformation.stack import Stack
from rehearsal.cloudformation.template import validation_error
from rehearsal.cloudformation.update import Update
from rehearsal.errors import ApiError
from rehearsal.machine import Machine

_UPDATABLE = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE")

Params = dict[str, Any]

_log = logging.getLogger(__name__)


class CloudFormation:
    """The stacks of one account."""

    def __init__(
        self,
        *,
        account: str,
        clock: Clock,
        machine: Machine,
        handler_of: Callable[[str], Handler],
    ) -> None:
        self.stacks: list[Stack] = []
        self.created: Counter[str] = Counter()
        self.removed: Counter[str] = Counter()
        self._account = account
        self._clock = clock
        self._machine = machine
        self._handler_of = handler_of

    def call(self, operation: str, params: Params, region: str) -> dict[str, Any]:
        """Answer one operation. Raises ApiError with the code AWS would answer."""
        handler = _OPERATIONS.get(operation)
        if handler is None:
            raise ApiError("InvalidAction", f"The local AWS does not have {operation} yet.")
        answer: dict[str, Any] = handler(self, params, region)
        return answer

    def tick(self) -> None:
        """Let every stack that has something going on take a step."""
        for stack in self.stacks:
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
        if self._live(name, region) is not None:
            raise ApiError("AlreadyExistsException", f"Stack [{name}] already exists")
        body, template = read_template(params, region, self._machine)
        check_capabilities(template, params.get("Capabilities", []))
        stack = Stack(
            name=name,
            region=region,
            account=self._account,
            body=body,
            template=template,
            parameters=parameters_of(params),
            tags=tags_of(params),
            created=self._clock.now(),
            now=self._clock.now,
            exports_of_region=lambda: self._exports(region),
            importers_of=lambda export: self._importers(export, region),
            read_parameter=lambda path: self._read_parameter(path, region),
        )
        on_failure = params.get("OnFailure", "ROLLBACK")
        if params.get("DisableRollback"):
            on_failure = "DO_NOTHING"
        stack.protected = bool(params.get("EnableTerminationProtection"))
        stack.operation = Create(stack, self._handler_of, on_failure=on_failure)
        self.stacks.append(stack)
        self.created["stack"] += 1
        return {"StackId": stack.stack_id}

    def update_stack(self, params: Params, region: str) -> dict[str, Any]:
        """UpdateStack."""
        stack = self._need_live(params["StackName"], region)
        if stack.status not in _UPDATABLE:
            raise validation_error(
                f"Stack:{stack.stack_id} is in {stack.status} state and can not be updated."
            )
        if params.get("UsePreviousTemplate"):
            body, template = stack.body, stack.template
        else:
            body, template = read_template(params, region, self._machine)
        check_capabilities(template, params.get("Capabilities", []))
        parameters = parameters_of(params, stack.parameters)
        tags = tags_of(params) if "Tags" in params else stack.tags
        same = (template, parameters, tags) == (stack.template, stack.parameters, stack.tags)
        if same:
            raise validation_error("No updates are to be performed.")
        stack.operation = Update(
            stack,
            self._handler_of,
            body=body,
            template=template,
            parameters=parameters,
            tags=tags,
        )
        return {"StackId": stack.stack_id}

    def delete_stack(self, params: Params, region: str) -> dict[str, Any]:
        """DeleteStack: a stack that does not exist is no error."""
        stack = self._find(params["StackName"], region)
        if stack is None or stack.status in ("DELETE_COMPLETE", "DELETE_IN_PROGRESS"):
            return {}
        if stack.protected:
            raise validation_error(
                f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled"
            )
        if stack.status.endswith("_IN_PROGRESS") and not stack.status.startswith("CREATE"):
            raise validation_error(
                f"Stack:{stack.stack_id} is in {stack.status} state and can not be deleted."
            )
        for name in stack.exports:
            users = self._importers(name, region)
            if users:
                raise validation_error(
                    f"Delete canceled. Cannot delete export {name} as it is in use by "
                    f"{', '.join(users)}."
                )
        retain = frozenset(params.get("RetainResources", []))
        stack.operation = Delete(stack, retain=retain)
        return {}

    def describe_stacks(self, params: Params, region: str) -> dict[str, Any]:
        """DescribeStacks: one by name or id, or all that are not deleted."""
        name = params.get("StackName")
        if name:
            stack = self._find(name, region)
            if stack is None or (stack.deleted and not name.startswith("arn:")):
                raise validation_error(f"Stack with id {name} does not exist")
            return {"Stacks": [stack_row(stack)]}
        live = [s for s in self.stacks if s.region == region and not s.deleted]
        return paged("Stacks", [stack_row(s) for s in live], params)

    def list_stacks(self, params: Params, region: str) -> dict[str, Any]:
        """ListStacks: deleted ones too, newest first, optionally by status."""
        wanted = params.get("StackStatusFilter")
        rows = [
            summary_row(s)
            for s in reversed(self.stacks)
            if s.region == region and (not wanted or s.status in wanted)
        ]
        return paged("StackSummaries", rows, params)

    def describe_stack_events(self, params: Params, region: str) -> dict[str, Any]:
        """DescribeStackEvents, newest first."""
        stack = self._need(params["StackName"], region)
        return paged("StackEvents", list(reversed(stack.events)), params)

    def describe_stack_resources(self, params: Params, region: str) -> dict[str, Any]:
        """DescribeStackResources."""
        stack = self._need(params["StackName"], region)
        wanted = params.get("LogicalResourceId")
        rows = [
            {"StackName": stack.name, "StackId": stack.stack_id, **resource_row(r, "Timestamp")}
            for r in stack.resources.values()
            if wanted in (None, r.logical_id)
        ]
        return {"StackResources": rows}

    def list_stack_resources(self, params: Params, region: str) -> dict[str, Any]:
        """ListStackResources."""
        stack = self._need(params["StackName"], region)
        rows = [resource_row(r, "LastUpdatedTimestamp") for r in stack.resources.values()]
        return paged("StackResourceSummaries", rows, params)

    def get_template(self, params: Params, region: str) -> dict[str, Any]:
        """GetTemplate."""
        stack = self._need(params["StackName"], region)
        return {"TemplateBody": stack.body, "StagesAvailable": ["Original", "Processed"]}

    def validate_template(self, params: Params, region: str) -> dict[str, Any]:
        """ValidateTemplate: reads it, and says what it would need."""
        _, template = read_template(params, region, self._machine)
        return {"Parameters": [], "Capabilities": needed_capabilities(template)}

    def list_exports(self, params: Params, region: str) -> dict[str, Any]:
        """ListExports."""
        rows = [
            {"ExportingStackId": s.stack_id, "Name": name, "Value": value}
            for s in self.stacks
            if s.region == region and not s.deleted
            for name, value in sorted(s.exports.items())
        ]
        return paged("Exports", rows, params)

    def list_imports(self, params: Params, region: str) -> dict[str, Any]:
        """ListImports."""
        users = self._importers(params["ExportName"], region)
        if not users:
            raise validation_error(f"Export '{params['ExportName']}' is not imported by any stack.")
        return paged("Imports", users, params)

    def update_termination_protection(self, params: Params, region: str) -> dict[str, Any]:
        """UpdateTerminationProtection."""
        stack = self._need_live(params["StackName"], region)
        stack.protected = bool(params["EnableTerminationProtection"])
        return {"StackId": stack.stack_id}

    # -- helpers --------------------------------------------------------------------

    def _find(self, name: str, region: str) -> Stack | None:
        """A stack by name (the live one) or by id (a deleted one too)."""
        of_region = [s for s in reversed(self.stacks) if s.region == region]
        if name.startswith("arn:"):
            return next((s for s in of_region if s.stack_id == name), None)
        return self._live(name, region)

    def _live(self, name: str, region: str) -> Stack | None:
        return next(
            (
                s
                for s in self.stacks
                if s.region == region and not s.deleted and name in (s.name, s.stack_id)
            ),
            None,
        )

    def _need(self, name: str, region: str) -> Stack:
        stack = self._find(name, region)
        if stack is None:
            raise validation_error(f"Stack [{name}] does not exist")
        return stack

    def _need_live(self, name: str, region: str) -> Stack:
        stack = self._live(name, region)
        if stack is None:
            raise validation_error(f"Stack [{name}] does not exist")
        return stack

    def _exports(self, region: str) -> dict[str, str]:
        live = (s for s in self.stacks if s.region == region and not s.deleted)
        return {name: value for s in live for name, value in s.exports.items()}

    def _importers(self, export: str, region: str) -> list[str]:
        return sorted(
            s.name
            for s in self.stacks
            if s.region == region and not s.deleted and export in s.imports
        )

    def _read_parameter(self, path: str, region: str) -> str:
        ssm = self._machine.client("ssm", region)
        try:
            value: str = ssm.get_parameter(Name=path)["Parameter"]["Value"]
        except ssm.exceptions.ParameterNotFound as error:
            raise validation_error(
                f"Unable to fetch parameters [{path}] from parameter store for this account."
            ) from error
        return value


_OPERATIONS: dict[str, Callable[[CloudFormation, Params, str], dict[str, Any]]] = {
    "CreateStack": CloudFormation.create_stack,
    "UpdateStack": CloudFormation.update_stack,
    "DeleteStack": CloudFormation.delete_stack,
    "DescribeStacks": CloudFormation.describe_stacks,
    "ListStacks": CloudFormation.list_stacks,
    "DescribeStackEvents": CloudFormation.describe_stack_events,
    "DescribeStackResources": CloudFormation.describe_stack_resources,
    "ListStackResources": CloudFormation.list_stack_resources,
    "GetTemplate": CloudFormation.get_template,
    "ValidateTemplate": CloudFormation.validate_template,
    "ListExports": CloudFormation.list_exports,
    "ListImports": CloudFormation.list_imports,
    "UpdateTerminationProtection": CloudFormation.update_termination_protection,
}
