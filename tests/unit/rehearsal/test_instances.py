"""Retired instance types: refused wherever a request can ask for one, by botocore's model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from rehearsal.errors import ApiError
from rehearsal.sagemaker import instances
from rehearsal.world import service_model
from workshop.config import tables

MODEL = service_model("sagemaker")
USES = ("studio", "notebook", "training", "processing", "transform", "endpoint")
# These say where something could run, or what a page hides.
NOT_ASKED = ("Supported", "Hidden")


def places(shape: Any, path: tuple[str, ...], seen: frozenset[str]) -> Iterator[Any]:
    """Every path of an input to an instance type, with the enum's shape."""
    if shape.type_name == "structure" and shape.name not in seen:
        for name, member in shape.members.items():
            yield from places(member, (*path, name), seen | {shape.name})
    elif shape.type_name in ("list", "map"):
        inner = shape.member if shape.type_name == "list" else shape.value
        yield from places(inner, (*path, "[]"), seen)
    elif shape.name.endswith("InstanceType") and shape.name != "NotebookInstanceAcceleratorType":
        yield path, shape


def retired_of(shape: Any) -> str | None:
    """An instance type of an enum that is retired for all uses that know it."""
    found = (t for t in shape.enum if any(tables.retired(t, use) for use in USES))
    return next((t for t in found if not t.startswith("ml.t2.")), None)


def asking() -> Iterator[tuple[str, tuple[str, ...], str]]:
    for operation in MODEL.operation_names:
        shape = MODEL.operation_model(operation).input_shape
        for path, enum in places(shape, (), frozenset()) if shape is not None else ():
            instance_type = retired_of(enum)
            asks = not any(name.startswith(NOT_ASKED) for name in path)
            if instance_type and asks and not operation.startswith(("List", "Search")):
                yield operation, path, instance_type


def nested(path: tuple[str, ...], value: Any) -> Any:
    for name in reversed(path):
        value = [value] if name == "[]" else {name: value}
    return value


PLACES = [pytest.param(*place, id=f"{place[0]}.{'.'.join(place[1])}") for place in asking()]


@pytest.mark.parametrize(("operation", "path", "instance_type"), PLACES)
def test_a_retired_instance_type_is_refused_wherever_it_can_be_asked_for(
    operation: str, path: tuple[str, ...], instance_type: str
) -> None:
    with pytest.raises(ApiError, match=f"{instance_type} is not available for"):
        instances.check(operation, nested(path, instance_type))


def test_the_places_are_many() -> None:
    assert len(PLACES) > 60


def test_the_refusal_says_why_and_what_to_use_instead() -> None:
    with pytest.raises(ApiError) as caught:
        instances.check("CreateNotebookInstance", {"InstanceType": "ml.p3.2xlarge"})
    assert caught.value.message == (
        "Instance type ml.p3.2xlarge is not available for notebook: ml.p3 (V100 GPUs) is "
        "retired. Use another type, such as ml.g5.xlarge."
    )


def test_a_page_may_hide_what_is_retired() -> None:
    hidden = {"StudioWebPortalSettings": {"HiddenInstanceTypes": ["ml.p3.2xlarge"]}}
    instances.check("UpdateDomain", {"DefaultUserSettings": hidden})
    instances.check("CreateNotebookInstance", {"InstanceType": "ml.t2.medium"})
