"""AWS::CloudFormation::Stack: a stack as a resource of another one.

What differs from AWS: a change set shows the nested stack as one resource, not what would
change within it, and a nested stack that could not be made is rolled back with its parent,
not before.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rehearsal.cloudformation.handlers import Handler, Made, Place, ResourceFailed
from rehearsal.cloudformation.operations import Delete
from rehearsal.cloudformation.requests import Reader
from rehearsal.cloudformation.stack import Stack
from rehearsal.errors import ApiError

if TYPE_CHECKING:
    from rehearsal.cloudformation.service import CloudFormation

_DONE = ("CREATE_COMPLETE", "UPDATE_COMPLETE")
# "parent-logical id-random": the longest name of a stack has 128 characters.
_LONGEST_NAME = 128
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


@dataclass(frozen=True, slots=True)
class _Nested:
    """The stack, and whether something was begun that has to end well."""

    stack: Stack
    begun: bool


class NestedStackHandler(Handler):
    """Makes stacks by the same engine that makes their parents."""

    def __init__(self, service: CloudFormation) -> None:
        self._service = service

    def create(self, place: Place, resource_type: str, properties: dict[str, Any]) -> Made:
        parent = self._service.need(place.stack_id, place.region)
        suffix = "-" + "".join(secrets.choice(_ALPHABET) for _ in range(12))
        name = f"{place.stack_name}-{place.logical_id}"[: _LONGEST_NAME - len(suffix)] + suffix
        definition = Reader(self._service.clients, place.region).define(
            self._request(parent, properties)
        )
        stack = self._service.new_stack(name, place.region, definition)
        stack.parent_id, stack.root_id = parent.stack_id, parent.root_id or parent.stack_id
        self._service.begin_creation(stack, definition, "DO_NOTHING", parent.token)
        self._service.add(stack)
        return _made(stack, begun=True)

    def created(self, place: Place, resource_type: str, made: Made) -> Made | None:
        nested: _Nested = made.token
        stack = nested.stack
        if stack.operation is not None:
            return None
        if nested.begun and stack.status not in _DONE:
            verb = "created" if stack.status.startswith("CREATE") else "updated"
            raise ResourceFailed(
                f"Embedded stack {stack.stack_id} was not successfully {verb}: {stack.reason}"
            )
        return _made(stack, begun=nested.begun)

    def update(
        self,
        place: Place,
        resource_type: str,
        made: Made,
        old: dict[str, Any],
        new: dict[str, Any],
    ) -> Made:
        stack = made.token.stack
        parent = self._service.need(place.stack_id, place.region)
        definition = Reader(self._service.clients, place.region).define(
            self._request(parent, new), stack.definition
        )
        try:
            self._service.begin_update(stack, definition, parent.token, roll_back=True)
        except ApiError as error:
            if error.message != "No updates are to be performed.":
                raise
            return _made(stack, begun=False)
        return _made(stack, begun=True)

    def delete(
        self, place: Place, resource_type: str, made: Made, properties: dict[str, Any]
    ) -> None:
        stack = made.token.stack
        if not stack.deleted:
            stack.begin("DELETE_STACK")
            stack.operation = Delete(stack)

    def deleted(self, place: Place, resource_type: str, made: Made) -> bool:
        stack = made.token.stack
        if stack.status == "DELETE_FAILED":
            raise ResourceFailed(
                f"Embedded stack {stack.stack_id} was not successfully deleted: {stack.reason}"
            )
        return bool(stack.deleted)

    def _request(self, parent: Stack, properties: dict[str, Any]) -> dict[str, Any]:
        """The properties as a request of CreateStack; the parent's tags are in them already."""
        given = properties.get("Parameters", {})
        texts = {k: ",".join(v) if isinstance(v, list) else str(v) for k, v in given.items()}
        return {
            **{k: v for k, v in properties.items() if k != "Parameters"},
            "Parameters": [
                {"ParameterKey": key, "ParameterValue": text} for key, text in texts.items()
            ],
            "Tags": properties.get("Tags", []),
            "Capabilities": list(parent.definition.capabilities),
        }


def _made(stack: Stack, *, begun: bool) -> Made:
    outputs = {f"Outputs.{key}": o["OutputValue"] for key, o in stack.outputs.items()}
    return Made(
        physical_id=stack.stack_id,
        reference=stack.stack_id,
        attributes=outputs,
        token=_Nested(stack, begun),
    )
