"""What botocore's model says of the kinds: for the tests that hold the table against it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import botocore.session
import pytest
from botocore import xform_name
from botocore.model import OperationModel, ServiceModel, Shape, StructureShape

from cleanup.kind import Kind
from cleanup.kinds import KINDS

SESSION = botocore.session.get_session()
NAMES = [kind.name for kind in KINDS]
# Operations that stop something or remove it, and that are no Update, Create or Describe.
REMOVES = re.compile(r"(Stop|Delete|Deregister|Disassociate|Detach|BatchDelete)[A-Z]")

every_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)


def model_of(kind: Kind) -> ServiceModel:
    return SESSION.get_service_model(kind.service)


def operation(kind: Kind, method: str) -> OperationModel:
    """The operation behind a client method. Raises KeyError when there is none."""
    model = model_of(kind)
    return model.operation_model({xform_name(n): n for n in model.operation_names}[method])


def input_of(kind: Kind, method: str) -> StructureShape:
    shape = operation(kind, method).input_shape
    assert isinstance(shape, StructureShape)
    return shape


def output_of(kind: Kind, method: str) -> StructureShape:
    shape = operation(kind, method).output_shape
    assert isinstance(shape, StructureShape)
    return shape


def summary_of(kind: Kind) -> StructureShape:
    """The shape of one row of the kind's list."""
    member = output_of(kind, kind.list_op).members[kind.list_key].member
    assert isinstance(member, StructureShape)
    return member


def shape_at(shape: StructureShape, path: str) -> Shape:
    """The member at a dotted path. Raises KeyError when there is none."""
    found: Any = shape
    for part in path.split("."):
        found = found.members[part]
    return found


def parameters_and_fields(kind: Kind) -> list[tuple[str, str]]:
    return [entry if isinstance(entry, tuple) else (entry, entry) for entry in kind.id_fields]


def id_parameters(kind: Kind) -> set[str]:
    return {parameter for parameter, _ in parameters_and_fields(kind)}


def given(kind: Kind) -> set[str]:
    """Fields that the scan adds to a row: its parent's."""
    return set(kind.parent.given) if kind.parent else set()


def statuses_of(kind: Kind) -> set[str]:
    return set(shape_at(summary_of(kind), kind.status_field).enum)


def example(shape: Shape) -> Any:
    """A value of a scalar shape that is long enough."""
    text = "x" * shape.metadata.get("min", 1)
    return {"integer": 3, "boolean": True}.get(shape.type_name, text)


def operations_of(methods: Iterable[tuple[Kind, str]]) -> set[str]:
    """The operations behind client methods."""
    return {operation(kind, method).name for kind, method in methods}
