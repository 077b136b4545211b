"""Say pydantic's errors in the words of the file: what is wrong, and what would be right."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from workshop.config.document import Document, KeyPath
from workshop.config.fields import RULE, suggest
from workshop.config.schema import AttendeeYaml, NetworkYaml, RosterYaml, WorkshopYaml
from workshop.errors import Problem

_WANTED = {
    "string_type": ("text", 'quote it: "{text}"'),
    "int_type": ("a whole number", "write a number without quotes"),
    "float_type": ("a number", "write a number without quotes"),
    "list_type": ("a list", "write [{text}], or one `- item` per line"),
    "dict_type": ("a group of keys", "write `key: value` lines below it"),
    "model_type": ("a group of keys", "write `key: value` lines below it, or remove the key"),
}
_NATURE = {bool: "true or false", int: "a number", float: "a number", list: "a list"}


def explain_validation(document: Document, error: ValidationError) -> list[Problem]:
    """Turn every error of the top model into a problem with its place."""
    return [_problem(document, detail) for detail in error.errors()]


def path_of(document: Document, location: Sequence[int | str]) -> KeyPath:
    """The path in the file that a pydantic location means.

    pydantic adds the names of union members and validators to a location; what the file
    does not hold is left out, save the last part, which may be a missing key.
    """
    path: KeyPath = ()
    for part in location:
        if (*path, part) in document.places:
            path = (*path, part)
    return path


def _problem(document: Document, detail: Any) -> Problem:
    path = path_of(document, detail["loc"])
    if detail["type"] == "missing":
        path = (*path, detail["loc"][-1])
    text = document.text(path)
    known = keys_allowed(path[:-1] if detail["type"] == "extra_forbidden" else path)
    what, fix = explain_error(detail, text, known)
    return Problem(document.where(path), what, fix)


def explain_error(detail: Any, text: str | None, known: Sequence[str]) -> tuple[str, str]:
    """Return (what, fix) of one pydantic error.

    `text` is the value as the file spells it, `known` the keys that may stand there.
    """
    kind, context, value = detail["type"], detail.get("ctx", {}), detail["input"]
    if kind == RULE:
        return context["what"], context["fix"]
    if kind == "extra_forbidden":
        key = str(detail["loc"][-1])
        return f"the key {key!r} is not known; known: {', '.join(known)}", suggest(key, known)
    if kind == "missing":
        return "the key is missing", "add it; workshop init writes an example of every key"
    if kind in _WANTED:
        wanted, fix = _WANTED[kind]
        return _misread(wanted, value, text), fix.format(text=text or "...")
    if kind == "literal_error":
        return f"{_show(value)} is not possible here", f"use {context['expected']}"
    if kind == "too_short":
        return "the list is empty", "put at least one item there"
    if kind == "string_pattern_mismatch":
        return f"{_show(value)} does not look like an AWS id", f"it must match {context['pattern']}"
    return f"{_show(value)}: {detail['msg']}", _limits(context)


def _misread(wanted: str, value: Any, text: str | None) -> str:
    """YAML turns 007 into 7 and `no` into false before anybody can ask."""
    if value is None:
        return f"there is no value; {wanted} is needed"
    nature = _NATURE.get(type(value))
    if nature and text is not None:
        return f"YAML reads {text} as {nature} ({json.dumps(value)}); {wanted} is needed"
    return f"{_show(value)} is not {wanted}"


def _show(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= 60 else f"{shown[:57]}..."


def _limits(context: Mapping[str, Any]) -> str:
    words = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}
    words |= {"min_length": "at least", "max_length": "at most"}
    limits = [f"{words[key]} {value}" for key, value in context.items() if key in words]
    return f"it must be {' and '.join(limits)}" if limits else "see workshop.schema.json"


def keys_allowed(path: KeyPath) -> list[str]:
    """The keys the mapping at `path` may have."""
    if not path:
        return list(WorkshopYaml.model_fields)
    if path[0] == "attendees":
        return list((AttendeeYaml if len(path) > 1 else RosterYaml).model_fields)
    if path[0] == "network":
        return list(NetworkYaml.model_fields)
    field = WorkshopYaml.model_fields.get(str(path[0]))
    section = field.annotation if field else None
    if isinstance(section, type) and issubclass(section, BaseModel):
        return list(section.model_fields)
    return []
