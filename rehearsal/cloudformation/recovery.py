"""CloudFormation's operations on a stack that is on a wrong way: cancelled, rolled back by hand,
or gone on with where a rollback was stuck."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from rehearsal.cloudformation.operations import undo_creation
from rehearsal.cloudformation.requests import refuse_what_is_not_here
from rehearsal.cloudformation.stack import Stack
from rehearsal.cloudformation.template import validation_error
from rehearsal.cloudformation.undo import GoingBack
from rehearsal.cloudformation.update import Update
from rehearsal.errors import ApiError

if TYPE_CHECKING:
    from rehearsal.cloudformation.service import CloudFormation

# What failed and stayed as it was can be updated, or rolled back.
STALLED = ("CREATE_FAILED", "UPDATE_FAILED")

Params = dict[str, Any]
Answer = dict[str, Any]


def wrong_state(stack: Stack, what: str) -> ApiError:
    """The refusal of what a stack's status does not allow."""
    return validation_error(
        f"Stack:{stack.stack_id} is in {stack.status} state and can not be {what}."
    )


def cancel_update_stack(service: CloudFormation, params: Params, region: str) -> Answer:
    """CancelUpdateStack: goes back when what is under way has settled."""
    stack = service.need_live(params["StackName"], region)
    if stack.status != "UPDATE_IN_PROGRESS" or not isinstance(stack.operation, Update):
        raise validation_error("CancelUpdateStack cannot be called from current stack status")
    stack.operation.cancel()
    return {}


def rollback_stack(service: CloudFormation, params: Params, region: str) -> Answer:
    """RollbackStack: what failed and stayed goes back to the last stable state."""
    refuse_what_is_not_here(params)
    stack = service.need_live(params["StackName"], region)
    if stack.status not in STALLED:
        raise wrong_state(stack, "rolled back")
    stack.retain_except_on_create = bool(params.get("RetainExceptOnCreate"))
    stack.begin("ROLLBACK", params.get("ClientRequestToken", ""))
    if isinstance(stack.stalled, Update):
        stalled, stack.stalled = stack.stalled, None
        stack.operation = stalled.go_back("User Initiated")
    else:
        stack.set_status("ROLLBACK_IN_PROGRESS", "User Initiated")
        stack.operation = undo_creation(stack)
    return {"StackId": stack.stack_id, "OperationId": stack.operation_id}


def continue_update_rollback(service: CloudFormation, params: Params, region: str) -> Answer:
    """ContinueUpdateRollback: tries again what could not go back, or skips it."""
    stack = service.need_live(params["StackName"], region)
    if stack.status != "UPDATE_ROLLBACK_FAILED" or not isinstance(stack.stalled, GoingBack):
        raise wrong_state(stack, "rolled back")
    skip = frozenset(params.get("ResourcesToSkip", []))
    stack.stalled.check(skip)
    stack.begin("CONTINUE_ROLLBACK", params.get("ClientRequestToken", ""))
    stack.operation = stack.stalled.go_on(skip)
    stack.stalled = None
    return {}


RECOVERY: dict[str, Callable[[CloudFormation, Params, str], Answer]] = {
    "CancelUpdateStack": cancel_update_stack,
    "ContinueUpdateRollback": continue_update_rollback,
    "RollbackStack": rollback_stack,
}
