"""What botocore's model says of a kind: its operations, fields, lists and error codes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from botocore.model import OperationModel, ServiceModel, StructureShape

from rehearsal.errors import ApiError
from rehearsal.sagemaker.kind import Kind

_CREATED = ("CreationTime", "CreatedAt", "CreateDate")
_MODIFIED = ("LastModifiedTime", "LastModifiedAt", "LastUpdatedDate")
_REASONS = ("FailureReason", "FailureMessage", "StatusReason", "ErrorDetails", "StatusMessage")
_ENDS = ("EndTime", "CompletionTime")
# Which of an operation's declared errors says "there is one already".
_EXISTS = ("ResourceInUse", "ResourceAlreadyExists", "ConflictException")
# Codes that an operation may answer only when botocore's model declares them for it.
_DECLARED_ONLY = {*_EXISTS, "ResourceNotFound", "ResourceLimitExceeded"}


@dataclass(frozen=True, slots=True)
class Schema:
    """A kind's side of the model.

    `members` are the fields that describe shows; `wrapper` is the member that holds them
    when describe does not show them at its top.
    """

    members: frozenset[str]
    wrapper: str | None
    created_fields: tuple[str, ...]
    modified_fields: tuple[str, ...]
    reason_field: str | None
    end_field: str | None


def schema_of(model: ServiceModel, kind: Kind) -> Schema:
    """Read a kind's schema from botocore's model."""
    members: set[str] = set()
    wrapper: str | None = None
    for noun in (kind.noun, *kind.twins):
        shape = model.operation_model(f"Describe{noun}").output_shape
        if kind.arn_name not in shape.members:
            wrapper = next(n for n, s in shape.members.items() if kind.arn_name in _members(s))
            shape = shape.members[wrapper]
        members |= set(shape.members)
    requested = {
        name
        for noun in (kind.noun, *kind.twins)
        for name in model.operation_model(f"{kind.verb}{noun}").input_shape.members
    }
    return Schema(
        members=frozenset(members),
        wrapper=wrapper,
        created_fields=tuple(n for n in _CREATED if n in members),
        modified_fields=tuple(n for n in _MODIFIED if n in members),
        reason_field=next((n for n in _REASONS if n in members), None),
        end_field=next(
            (n for n in sorted(members) if n.endswith(_ENDS) and n not in requested), None
        ),
    )


def _members(shape: Any) -> frozenset[str]:
    return frozenset(shape.members) if shape.type_name == "structure" else frozenset()


def operations_of(model: ServiceModel, kind: Kind) -> dict[str, str]:
    """The kind's operations that follow from its row: name -> verb."""
    known = set(model.operation_names)
    found: dict[str, str] = {}
    for noun in (kind.noun, *kind.twins):
        candidates = {
            f"{kind.verb}{noun}": "create",
            **{
                f"{verb}{noun}": verb.lower()
                for verb in ("Describe", "Update", "Delete", "Stop", "Start")
                if verb != kind.verb
            },
            f"List{kind.list_noun}": "list",
        }
        found.update({name: verb for name, verb in candidates.items() if name in known})
    return found


def list_member(shape: StructureShape) -> str:
    """The member of a list's answer that holds the rows."""
    return str(next(n for n, m in shape.members.items() if m.type_name == "list"))


def declared(operation: OperationModel) -> frozenset[str]:
    """The error codes an operation declares."""
    return frozenset(shape.name for shape in operation.error_shapes)


def exists_code(operation: OperationModel) -> str:
    """The code with which a creation says that there is one already."""
    codes = declared(operation)
    return next((code for code in _EXISTS if code in codes), "ValidationException")


def conflict_code(operation: OperationModel) -> str:
    """The code with which an operation says that the resource's state or use forbids it."""
    codes = declared(operation)
    candidates = ("ConflictException", "ResourceInUse")
    return next((code for code in candidates if code in codes), "ValidationException")


def as_declared(operation: OperationModel, error: ApiError) -> ApiError:
    """The error with a code that the operation declares.

    An operation that declares no "not found" or "in use" says so by ValidationException
    (observed for DeleteEndpoint, DeleteModel and their like).
    """
    if error.code not in _DECLARED_ONLY or error.code in declared(operation):
        return error
    return ApiError("ValidationException", error.message, error.status, error.members)
