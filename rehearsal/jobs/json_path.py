"""JSONPath as batch transforms know it: `$`, `.name`, `*`, `['a','b']`, `[0,5:]`.

Source: https://docs.aws.amazon.com/sagemaker/latest/dg/batch-transform-data-processing.html
(JSONPath operators). Deep scans, filters and functions are not among them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

_STEP = re.compile(r"\.(?P<name>[A-Za-z_][\w-]*)|(?P<all>\.\*|\[\*\])|\[(?P<inside>[^\[\]]*)\]")
_QUOTED = re.compile(r"'([^']*)'|\"([^\"]*)\"")
_INDEX = re.compile(r"-?\d+")
_SLICE = re.compile(r"(-?\d+)?:(-?\d+)?")


class PathError(Exception):
    """The expression cannot be read, or names what is not there."""


Step = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class JsonPath:
    """A compiled expression."""

    text: str
    steps: tuple[Step, ...]

    @property
    def everything(self) -> bool:
        """Whether it selects the whole."""
        return not self.steps

    def select(self, value: Any) -> Any:
        """What the expression selects of a value. Raises PathError when it is not there."""
        for step in self.steps:
            try:
                value = step(value)
            except (KeyError, IndexError, TypeError, AttributeError) as error:
                raise PathError(f"{self.text} selects nothing of the data") from error
        return value


def compile_path(text: str) -> JsonPath:
    """Read an expression. Raises PathError for one that is not known here."""
    if not text.startswith("$"):
        raise PathError(f"{text} does not begin with $")
    return JsonPath(text, tuple(_steps(text)))


def _steps(text: str) -> Iterator[Step]:
    place = 1
    while place < len(text):
        match = _STEP.match(text, place)
        if match is None:
            raise PathError(f"{text} cannot be read at {text[place:]!r}")
        place = match.end()
        if match["name"]:
            yield _member(match["name"])
        elif match["all"]:
            yield _every
        else:
            yield _several(text, match["inside"])


def _member(name: str) -> Step:
    def step(value: Any) -> Any:
        if isinstance(value, list):
            return [item[name] for item in value]
        return value[name]

    return step


def _every(value: Any) -> Any:
    return list(value.values()) if isinstance(value, dict) else list(value)


def _several(text: str, inside: str) -> Step:
    """`'a','b'` of an object; numbers and ranges of a list."""
    names = [one or two for one, two in _QUOTED.findall(inside)]
    if names and not _QUOTED.sub("", inside).strip(", "):
        if len(names) == 1:
            return _member(names[0])
        return lambda value: {name: value[name] for name in names}
    parts = [part.strip() for part in inside.split(",")]
    if not all(_INDEX.fullmatch(part) or _SLICE.fullmatch(part) for part in parts):
        raise PathError(f"{text} cannot be read at [{inside}]")
    if len(parts) == 1 and _INDEX.fullmatch(parts[0]):
        number = int(parts[0])
        return lambda value: _list(value)[number]
    return lambda value: [item for part in parts for item in _range(_list(value), part)]


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError("an index selects of a list")
    return value


def _range(value: list[Any], part: str) -> list[Any]:
    if _INDEX.fullmatch(part):
        return [value[int(part)]]
    first, last = (int(number) if number else None for number in part.split(":"))
    if first is not None and not -len(value) <= first <= len(value):
        raise IndexError(first)
    return value[first:last]
