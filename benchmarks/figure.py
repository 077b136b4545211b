"""What a figure is: a name, a bar, and how it is measured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from workshop.errors import WorkshopError


@dataclass(frozen=True, slots=True)
class Measured:
    """What one measurement gave.

    `value` is in the figure's unit, or None when nothing could be measured. `sound` is False
    when what was timed did not do its work: a failed run is never a fast one.
    """

    value: float | None
    detail: str
    sound: bool = True


@dataclass(frozen=True, slots=True)
class Figure:
    """One row of the table of figures.

    `bar` is the most that `measure` may find, or with `at_least` the least.
    """

    name: str
    what: str
    unit: str
    bar: float
    measure: Callable[[], Measured]
    at_least: bool = False

    @property
    def bound(self) -> str:
        """The bar with its direction and unit: "<= 2 x"."""
        return f"{'>=' if self.at_least else '<='} {self.bar:g} {self.unit}"

    def meets(self, value: float) -> bool:
        """Whether a value is on the right side of the bar, or on it."""
        return value >= self.bar if self.at_least else value <= self.bar


def measure(figure: Figure) -> dict[str, Any]:
    """Measure a figure: {"name", "value", "unit", "bar", "holds", "detail"}.

    What cannot be measured has the value None, does not hold, and its detail says why.
    """
    try:
        measured = figure.measure()
    except (OSError, WorkshopError) as error:
        measured = Measured(None, " ".join(str(error).split()), sound=False)
    value = measured.value
    return {
        "name": figure.name,
        "value": None if value is None else round(value, 3),
        "unit": figure.unit,
        "bar": figure.bar,
        # Compared before it is rounded: 2.0004 is more than 2.
        "holds": measured.sound and value is not None and figure.meets(value),
        "detail": measured.detail,
    }
