"""Requests checked as botocore's model declares: members, types, lengths, patterns, enums.

boto3 itself checks only required members, types and minimum lengths before it sends;
patterns, maximum lengths and enums are the service's to refuse, in the wording
"N validation error(s) detected: Value ... failed to satisfy constraint: ...".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from botocore.model import Shape

from rehearsal.errors import ApiError

_PYTHON_TYPES: dict[str, tuple[type, ...]] = {
    "structure": (dict,),
    "map": (dict,),
    "list": (list,),
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "timestamp": (int, float, str),
    "blob": (str,),
}


@lru_cache(maxsize=4096)
def _compile(pattern: str) -> re.Pattern[str] | None:
    """The pattern, or None for the few written in Java's dialect that Python cannot read."""
    try:
        return re.compile(pattern)
    except re.error:
        return None


def seconds_of(value: Any) -> float:
    """A timestamp in seconds since the epoch: a number, as the JSON protocol has it, or ISO
    8601 text. Raises SerializationException for anything else."""
    try:
        if isinstance(value, str):
            moment = datetime.fromisoformat(value)
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
        return float(value)
    except ValueError as error:
        raise ApiError("SerializationException", f"{value!r} is not a timestamp") from error


def validate(shape: Shape, value: Any) -> None:
    """Raise the service's ValidationException when `value` does not fit the input shape."""
    problems = list(_problems(shape, value, ""))
    if not problems:
        return
    count = len(problems)
    noun = "validation error" if count == 1 else "validation errors"
    raise ApiError("ValidationException", f"{count} {noun} detected: {'; '.join(problems)}")


def _problems(shape: Shape, value: Any, path: str) -> Iterator[str]:
    kind = shape.type_name
    expected = _PYTHON_TYPES[kind]
    wrong_type = not isinstance(value, expected)
    if wrong_type or (isinstance(value, bool) and kind != "boolean"):
        yield _failed(value, path, f"Member must be of type {kind}")
        return
    if kind == "structure":
        yield from _structure_problems(shape, value, path)
    elif kind == "list":
        yield from _length_problems(shape, value, path, len(value))
        for index, item in enumerate(value):
            yield from _problems(shape.member, item, f"{path}.{index + 1}.member")
    elif kind == "map":
        yield from _length_problems(shape, value, path, len(value))
        for key, item in value.items():
            yield from _problems(shape.key, key, f"{path}.key")
            yield from _problems(shape.value, item, f"{path}.{key}.member")
    elif kind == "string":
        yield from _string_problems(shape, value, path)
    elif kind == "timestamp":
        seconds_of(value)
    elif kind in ("integer", "long", "float", "double"):
        yield from _range_problems(shape, value, path)


def _structure_problems(shape: Shape, value: dict[str, Any], path: str) -> Iterator[str]:
    for name in shape.required_members:
        if value.get(name) is None:
            yield _failed(None, _join(path, name), "Member must not be null")
    for name, item in value.items():
        if item is not None and name in shape.members:
            yield from _problems(shape.members[name], item, _join(path, name))


def _string_problems(shape: Shape, value: str, path: str) -> Iterator[str]:
    yield from _length_problems(shape, value, path, len(value))
    allowed = getattr(shape, "enum", None)
    if allowed and value not in allowed:
        yield _failed(value, path, f"Member must satisfy enum value set: [{', '.join(allowed)}]")
    pattern = shape.metadata.get("pattern")
    if not pattern:
        return
    compiled = _compile(pattern)
    if compiled is not None and not compiled.fullmatch(value):
        yield _failed(value, path, f"Member must satisfy regular expression pattern: {pattern}")


def _length_problems(shape: Shape, value: Any, path: str, length: int) -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and length < least:
        yield _failed(value, path, f"Member must have length greater than or equal to {least}")
    if most is not None and length > most:
        yield _failed(value, path, f"Member must have length less than or equal to {most}")


def _range_problems(shape: Shape, value: float, path: str) -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and value < least:
        yield _failed(value, path, f"Member must have value greater than or equal to {least}")
    if most is not None and value > most:
        yield _failed(value, path, f"Member must have value less than or equal to {most}")


def _join(path: str, name: str) -> str:
    camel = name[:1].lower() + name[1:]
    return f"{path}.{camel}" if path else camel


def _failed(value: Any, path: str, constraint: str) -> str:
    shown = "null" if value is None else str(value)
    shown_value = shown if value is None else f"'{shown[:200]}'"
    return f"Value {shown_value} at '{path}' failed to satisfy constraint: {constraint}"
