"""The reference of workshop.yaml, read from its JSON schema."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

# Enums longer than this are named by what they list.
_SHORT = 6


@dataclass(frozen=True, slots=True)
class Key:
    """One key of the file: `path` with dots, `[]` for an item, `<region>` for a region's name."""

    path: str
    type: str
    default: str
    meaning: str


def key_table() -> str:
    """Every key: its type, default and meaning."""
    from workshop.config.schema import json_schema

    schema = json_schema()
    rows = [
        f"| `{key.path}` | {key.type} | {key.default} | {key.meaning} |"
        for key in keys(schema, schema["$defs"], "")
    ]
    return "\n".join(["| key | type | default | meaning |", "|---|---|---|---|", *rows]) + "\n"


def keys(schema: dict[str, Any], shapes: dict[str, Any], prefix: str) -> Iterator[Key]:
    """Yield the keys of an object schema, each followed by those below it."""
    required = schema.get("required", [])
    for name, found in schema["properties"].items():
        path = f"{prefix}{name}"
        below = list(_below(found, shapes, path))
        meaning = found.get("description") or _shape(found, shapes).get("description", "")
        yield Key(
            path=path,
            type=_type(found, shapes).replace("|", "\\|"),
            default="required" if name in required else _default(found, sections=bool(below)),
            meaning=meaning.replace("|", "\\|"),
        )
        yield from below


def _below(found: dict[str, Any], shapes: dict[str, Any], path: str) -> Iterator[Key]:
    """The keys below a key, wherever its value may be an object."""
    if "$ref" in found:
        yield from keys(_shape(found, shapes), shapes, f"{path}.")
    for choice in found.get("oneOf", []):
        yield from _below(choice, shapes, path)
    if "items" in found:
        yield from _below(found["items"], shapes, f"{path}[]")
    if isinstance(found.get("additionalProperties"), dict):
        yield from _below(found["additionalProperties"], shapes, f"{path}.<region>")


def _shape(found: dict[str, Any], shapes: dict[str, Any]) -> dict[str, Any]:
    reference: str = found.get("$ref", "")
    shape: dict[str, Any] = shapes.get(reference.rpartition("/")[2], {})
    return shape


def _type(found: dict[str, Any], shapes: dict[str, Any]) -> str:
    """A schema's type in words."""
    if "$ref" in found:
        return "section"
    choices = [c for c in found.get("oneOf", found.get("anyOf", [])) if c.get("type") != "null"]
    if choices:
        return " or ".join(dict.fromkeys(_type(choice, shapes) for choice in choices))
    if "enum" in found:
        return _choices(found["enum"])
    if found["type"] == "array":
        return f"list of {_type(found['items'], shapes).replace(' or ', '/')}"
    if found["type"] == "object":
        return f"region: {_type(found['additionalProperties'], shapes)}"
    if found["type"] in ("integer", "number"):
        return _number(found)
    return "text"


def _choices(values: list[str]) -> str:
    if len(values) <= _SHORT:
        return ", ".join(f"`{value}`" for value in values)
    from modules.declarations import load_modules

    if values[0].startswith("ml."):
        return "instance type"
    return "lab" if load_modules().keys() >= set(values) else "region"


def _number(found: dict[str, Any]) -> str:
    least, most = found.get("minimum"), found.get("maximum")
    if least is not None and most is not None:
        return f"{least} to {most}"
    if "exclusiveMinimum" in found:
        return f"number above {found['exclusiveMinimum']}"
    return "number"


def _default(found: dict[str, Any], *, sections: bool) -> str:
    """A default as YAML writes it; a section's is that of its keys."""
    default = found.get("default")
    if default in (None, "", [], {}) or sections:
        return ""
    return f"`{default}`" if isinstance(default, str) else f"`{json.dumps(default)}`"
