"""Resources that come back after they were deleted, as a fault on demand asks for.

Canvas apps were seen to do that several times over (aws/amazon-sagemaker-feedback#235).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rehearsal.errors import ApiError
from rehearsal.sagemaker import verbs
from rehearsal.sagemaker.resource import Resource
from rehearsal.validation import validate

if TYPE_CHECKING:
    from rehearsal.sagemaker.plane import ControlPlane


@dataclass(frozen=True, slots=True)
class _Return:
    due: float
    resource: Resource


class Returns:
    """What is about to come back."""

    def __init__(self) -> None:
        self._awaited: list[_Return] = []

    def deleted(self, plane: ControlPlane, resource: Resource) -> None:
        """A resource is gone: it may be one that comes back."""
        seconds = plane.returns(resource.kind.name, resource.path)
        if seconds is not None:
            self._awaited.append(_Return(plane.clock.after(seconds), resource))

    def tick(self, plane: ControlPlane) -> None:
        """Bring back what is due."""
        now = plane.clock.now()
        due = [entry for entry in self._awaited if entry.due <= now]
        if not due:
            return
        self._awaited = [entry for entry in self._awaited if entry.due > now]
        for entry in due:
            try:
                _make_again(plane, entry.resource)
            except ApiError:
                continue  # its parent is gone, or its name is taken: it stays away


def _make_again(plane: ControlPlane, gone: Resource) -> None:
    """Make a resource as it was made: what it was asked to be, new, with its tags."""
    model = plane.model.operation_model(f"{gone.kind.verb}{gone.kind.noun}")
    shape = model.input_shape
    assert shape is not None
    given = {name: gone.fields[name] for name in shape.members if gone.fields.get(name) is not None}
    if gone.tags and "Tags" in shape.members:
        given["Tags"] = [{"Key": key, "Value": value} for key, value in gone.tags.items()]
    validate(shape, given)
    verbs.create(plane, gone.kind, model, gone.region, given)
