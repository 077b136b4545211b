"""Change sets: what an update or a creation would do, looked at first and then executed."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rehearsal.cloudformation import parameters
from rehearsal.cloudformation.answers import paged, tag_rows
from rehearsal.cloudformation.changes import compare
from rehearsal.cloudformation.definition import NOTHING, Definition
from rehearsal.cloudformation.requests import Reader
from rehearsal.cloudformation.stack import Stack
from rehearsal.cloudformation.template import validation_error
from rehearsal.errors import ApiError

if TYPE_CHECKING:
    from rehearsal.cloudformation.service import CloudFormation

# How long AWS takes to compute a change set, in seconds; simulated, it is usually more.
_CREATION_SECONDS = 1.0
NO_CHANGES = (
    "The submitted information didn't contain changes. Submit different information to create "
    "a change set."
)

Params = dict[str, Any]
Answer = dict[str, Any]


@dataclass(slots=True, eq=False)
class ChangeSet:
    """A change set; `outcome` is its status once `ready` has passed (seconds, UTC)."""

    name: str
    change_set_id: str
    stack: Stack
    kind: str  # CREATE or UPDATE
    definition: Definition
    created: float
    ready: float
    outcome: str = "CREATE_COMPLETE"
    reason: str = ""
    execution: str = "AVAILABLE"
    changes: list[dict[str, Any]] = field(default_factory=list)
    description: str = ""
    on_failure: str = ""
    nested: bool = False
    imports: bool = False
    operation_id: str = ""  # the stack's, once it is executed

    def status(self, now: float) -> str:
        """The status at a time."""
        return self.outcome if now >= self.ready else "CREATE_IN_PROGRESS"

    def execution_status(self, now: float) -> str:
        """Whether it can be executed, or how its execution goes."""
        if now < self.ready:
            return "UNAVAILABLE"
        if self.execution != "EXECUTE_IN_PROGRESS":
            return self.execution
        if self.stack.operation is not None and self.stack.operation_id == self.operation_id:
            return self.execution
        failed = "FAILED" in self.stack.status or "ROLLBACK" in self.stack.status
        self.execution = "EXECUTE_FAILED" if failed else "EXECUTE_COMPLETE"
        return self.execution


def create(service: CloudFormation, params: Params, region: str) -> Answer:
    """CreateChangeSet. A change set without changes, and one whose functions cannot be
    evaluated, is made and FAILED; what is malformed is refused at once.

    What differs from AWS: ImportExistingResources, which `cdk bootstrap` asks for, imports
    nothing. A resource that exists already fails the stack when it is made.
    """
    kind = params.get("ChangeSetType", "UPDATE")
    if kind == "IMPORT":
        raise validation_error("The local AWS does not have ChangeSetType IMPORT.")
    stack = service.live(params["StackName"], region)
    in_review = stack is not None and stack.status == "REVIEW_IN_PROGRESS"
    name = params["ChangeSetName"]
    if kind == "CREATE" and stack is not None and not in_review:
        raise validation_error(
            f"Stack [{stack.name}] already exists and cannot be created again with the "
            f"changeSet [{name}]."
        )
    if kind == "UPDATE":
        stack = service.need_live(params["StackName"], region)
        service.check_updatable(stack)
    if stack is not None and _named(service, stack, name) is not None:
        raise ApiError(
            "AlreadyExistsException",
            f"ChangeSet {name} cannot be created due to a mismatch with existing attribute "
            "Template",
        )
    before = stack.definition if stack is not None and kind == "UPDATE" else None
    definition = Reader(service.clients, region).define(params, before)
    if stack is None:
        stack = service.new_stack(params["StackName"], region, NOTHING)
        stack.begin("CREATE_CHANGESET", params.get("ClientToken", ""))
        service.check_rules(stack, definition)
        service.add(stack)
        stack.set_status("REVIEW_IN_PROGRESS", "User Initiated")
    made = _make(service, stack, kind, definition, params)
    service.change_sets[made.change_set_id] = made
    if kind == "CREATE":
        stack.change_set_id = made.change_set_id
    return {"Id": made.change_set_id, "StackId": stack.stack_id}


def _make(
    service: CloudFormation, stack: Stack, kind: str, definition: Definition, params: Params
) -> ChangeSet:
    name, now = params["ChangeSetName"], service.clock.now()
    made = ChangeSet(
        name=name,
        change_set_id=(
            f"arn:aws:cloudformation:{stack.region}:{stack.account}:changeSet/{name}/{uuid.uuid4()}"
        ),
        stack=stack,
        kind=kind,
        definition=definition,
        created=now,
        ready=service.clock.after(_CREATION_SECONDS),
        description=params.get("Description", ""),
        on_failure=params.get("OnStackFailure", ""),
        nested=bool(params.get("IncludeNestedStacks")),
        imports=bool(params.get("ImportExistingResources")),
    )
    try:
        service.check_rules(stack, definition)
        compared = compare(stack, definition)
        same_tags = definition.tags == stack.definition.tags
        if kind == "UPDATE" and compared.empty and same_tags:
            raise validation_error(NO_CHANGES)
        made.changes = compared.changes
    except ApiError as error:
        made.outcome, made.execution, made.reason = "FAILED", "UNAVAILABLE", error.message
    return made


def describe(service: CloudFormation, params: Params, region: str) -> Answer:
    """DescribeChangeSet."""
    found = find(service, params, region)
    now = service.clock.now()
    status, definition = found.status(now), found.definition
    answer: Answer = {
        **_summary(found, now),
        "Parameters": parameters.shown(
            definition.template, definition.parameters, definition.values
        ),
        "NotificationARNs": list(definition.notifications),
        "RollbackConfiguration": {},
        "Capabilities": list(definition.capabilities),
        "Tags": tag_rows(definition.tags),
        "OnStackFailure": found.on_failure or None,
        "Changes": [],
    }
    if status == "CREATE_IN_PROGRESS":
        return answer
    rows = found.changes
    if not params.get("IncludePropertyValues"):
        rows = [_without_values(row) for row in rows]
    return {**answer, **paged("Changes", rows, params)}


def _summary(found: ChangeSet, now: float) -> dict[str, Any]:
    done = now >= found.ready
    return {
        "StackId": found.stack.stack_id,
        "StackName": found.stack.name,
        "ChangeSetId": found.change_set_id,
        "ChangeSetName": found.name,
        "ExecutionStatus": found.execution_status(now),
        "Status": found.status(now),
        "StatusReason": (found.reason or None) if done else None,
        "CreationTime": found.created,
        "Description": found.description or None,
        "IncludeNestedStacks": found.nested,
        "ImportExistingResources": found.imports,
    }


def _without_values(row: dict[str, Any]) -> dict[str, Any]:
    hidden = ("BeforeContext", "AfterContext", "BeforeValue", "AfterValue", "Path")
    change = {k: v for k, v in row["ResourceChange"].items() if k not in hidden}
    change["Details"] = [
        {**d, "Target": {k: v for k, v in d["Target"].items() if k not in hidden}}
        for d in change["Details"]
    ]
    return {**row, "ResourceChange": change}


def execute(service: CloudFormation, params: Params, region: str) -> Answer:
    """ExecuteChangeSet. "When you execute a change set, CloudFormation deletes all change
    sets that are associated with the stack"; the executed one can still be described."""
    found = find(service, params, region)
    now = service.clock.now()
    status, execution = found.status(now), found.execution_status(now)
    for what, is_it, needed in (
        ("status", status, "CREATE_COMPLETE"),
        ("execution status", execution, "AVAILABLE"),
    ):
        if is_it != needed:
            raise ApiError(
                "InvalidChangeSetStatus",
                f"ChangeSet [{found.change_set_id}] cannot be executed in its current {what} "
                f"of [{is_it}]",
            )
    stack = found.stack
    if found.on_failure and "DisableRollback" in params:
        raise validation_error("DisableRollback and OnStackFailure cannot both be specified")
    stack.retain_except_on_create = bool(params.get("RetainExceptOnCreate"))
    token = params.get("ClientRequestToken", "")
    disabled = bool(params.get("DisableRollback"))
    if found.kind == "CREATE":
        on_failure = found.on_failure or ("DO_NOTHING" if disabled else "ROLLBACK")
        service.begin_creation(stack, found.definition, on_failure, token)
    else:
        service.begin_update(stack, found.definition, token, roll_back=not disabled)
    found.execution, found.operation_id = "EXECUTE_IN_PROGRESS", stack.operation_id
    stack.change_set_id = found.change_set_id
    for other in of_stack(service, stack):
        if other is not found:
            del service.change_sets[other.change_set_id]
    return {}


def delete(service: CloudFormation, params: Params, region: str) -> Answer:
    """DeleteChangeSet: one that does not exist is no error, as with stacks."""
    try:
        found = find(service, params, region)
    except ApiError as error:
        if error.code == "ChangeSetNotFound":
            return {}
        raise
    if found.execution_status(service.clock.now()) == "EXECUTE_IN_PROGRESS":
        raise ApiError(
            "InvalidChangeSetStatus",
            f"ChangeSet [{found.change_set_id}] cannot be deleted in its current execution "
            "status of [EXECUTE_IN_PROGRESS]",
        )
    del service.change_sets[found.change_set_id]
    return {}


def list_of_stack(service: CloudFormation, params: Params, region: str) -> Answer:
    """ListChangeSets: those that were not executed."""
    stack = service.need_live(params["StackName"], region)
    now = service.clock.now()
    rows = [_summary(c, now) for c in of_stack(service, stack) if not c.operation_id]
    return paged("Summaries", rows, params)


def of_stack(service: CloudFormation, stack: Stack) -> list[ChangeSet]:
    """A stack's change sets."""
    return [c for c in service.change_sets.values() if c.stack is stack]


def find(service: CloudFormation, params: Params, region: str) -> ChangeSet:
    """A change set by its id, or by its name and its stack's."""
    name = params["ChangeSetName"]
    found: ChangeSet | None
    if name.startswith("arn:"):
        found = service.change_sets.get(name)
    elif not params.get("StackName"):
        raise validation_error(
            "StackName must be specified if ChangeSetName is not specified as an ARN."
        )
    else:
        found = _named(service, service.need_live(params["StackName"], region), name)
    if found is None or found.stack.region != region:
        raise ApiError("ChangeSetNotFound", f"ChangeSet [{name}] does not exist", 404)
    return found


def _named(service: CloudFormation, stack: Stack, name: str) -> ChangeSet | None:
    return next(
        (c for c in of_stack(service, stack) if c.name == name and not c.operation_id), None
    )


CHANGE_SETS: dict[str, Callable[[CloudFormation, Params, str], Answer]] = {
    "CreateChangeSet": create,
    "DeleteChangeSet": delete,
    "DescribeChangeSet": describe,
    "ExecuteChangeSet": execute,
    "ListChangeSets": list_of_stack,
}
