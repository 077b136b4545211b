"""A template's values as the APIs want them."""

from __future__ import annotations

from typing import Any

from botocore.model import Shape


def coerce(shape: Shape, value: Any) -> Any:
    """A template's value as the API's type: CloudFormation converts text to numbers and back.
    Members that the shape does not have are left out."""
    kind = shape.type_name
    if kind == "structure" and isinstance(value, dict):
        return {
            name: coerce(shape.members[name], item)
            for name, item in value.items()
            if name in shape.members
        }
    if kind == "list" and isinstance(value, list):
        return [coerce(shape.member, item) for item in value]
    if kind == "map" and isinstance(value, dict):
        return {name: coerce(shape.value, item) for name, item in value.items()}
    if kind in ("integer", "long") and isinstance(value, str):
        return int(value)
    if kind in ("float", "double") and isinstance(value, str):
        return float(value)
    if kind == "boolean" and isinstance(value, str):
        return value.lower() == "true"
    if kind == "string" and isinstance(value, bool):
        return str(value).lower()
    if kind == "string" and isinstance(value, (int, float)):
        return str(value)
    return value


def with_small_letters(properties: dict[str, Any]) -> dict[str, Any]:
    """A template's properties as the members of CodeBuild's API: with a small letter first, but
    for one. What has no capital is no property and is left out: an answer has given it."""
    return {
        _small(name): _small_in(value) for name, value in properties.items() if name[0].isupper()
    }


def _small_in(value: Any) -> Any:
    if isinstance(value, dict):
        return {_small(name): _small_in(item) for name, item in value.items()}
    return [_small_in(item) for item in value] if isinstance(value, list) else value


def _small(name: str) -> str:
    return "buildspec" if name == "BuildSpec" else name[0].lower() + name[1:]
