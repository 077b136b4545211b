"""A template's parameters: what was given, checked as declared, and as Ref answers it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from rehearsal.cloudformation.template import Template, validation_error

STORED = "AWS::SSM::Parameter::Value"
_NO_ECHO = "****"

Read = Callable[[str], str]  # the value of a Systems Manager parameter


def given(rows: list[dict[str, Any]], previous: Mapping[str, str] | None = None) -> dict[str, str]:
    """The parameters of a request; UsePreviousValue takes the stack's own, which may have
    been the default then and is the default now."""
    found: dict[str, str] = {}
    for row in rows:
        key = row["ParameterKey"]
        if not row.get("UsePreviousValue"):
            found[key] = row.get("ParameterValue", "")
        elif key in (previous or {}):
            found[key] = (previous or {})[key]
    return found


def evaluate(template: Template, texts: Mapping[str, str], read: Read) -> dict[str, Any]:
    """The values of all declared parameters.

    Raises CloudFormation's ValidationError for one without a value, one that is not
    declared, one that breaks what is declared, and one that Systems Manager does not have.
    """
    declared: dict[str, dict[str, Any]] = template.get("Parameters", {})
    unknown = [name for name in texts if name not in declared]
    if unknown:
        raise validation_error(f"Parameters: [{', '.join(unknown)}] do not exist in the template")
    absent = [name for name, d in declared.items() if name not in texts and "Default" not in d]
    if absent:
        raise validation_error(f"Parameters: [{', '.join(absent)}] must have values")
    values: dict[str, Any] = {}
    for name, declaration in declared.items():
        text = str(texts.get(name, declaration.get("Default")))
        _check(name, declaration, text)
        values[name] = _value(declaration.get("Type", "String"), text, read)
    return values


def shown(template: Template, texts: Mapping[str, str], values: Mapping[str, Any]) -> list[Any]:
    """The parameters as DescribeStacks shows them: all of them, secrets masked."""
    rows: list[dict[str, Any]] = []
    for name, declaration in template.get("Parameters", {}).items():
        text = str(texts.get(name, declaration.get("Default", "")))
        secret = str(declaration.get("NoEcho", "")).lower() == "true"
        row = {"ParameterKey": name, "ParameterValue": _NO_ECHO if secret else text}
        if declaration.get("Type", "").startswith(STORED) and name in values:
            value = values[name]
            row["ResolvedValue"] = ",".join(value) if isinstance(value, list) else value
        rows.append(row)
    return rows


def _value(kind: str, text: str, read: Read) -> Any:
    if kind.startswith(STORED):
        text = read(text)
    if kind == "CommaDelimitedList" or "List<" in kind or "<CommaDelimitedList" in kind:
        return [part.strip() for part in text.split(",")]
    return text


def _check(name: str, declaration: dict[str, Any], text: str) -> None:
    """The wording for numbers could not be confirmed; that of the others is AWS's."""
    kind = declaration.get("Type", "String")
    problem = ""
    parts = [p.strip() for p in text.split(",")] if kind == "CommaDelimitedList" else [text]
    allowed = [str(value) for value in declaration.get("AllowedValues", [])]
    pattern = declaration.get("AllowedPattern")
    if allowed and not set(parts) <= set(allowed):
        problem = f"Parameter '{name}' must be one of AllowedValues"
    elif pattern and not all(re.fullmatch(pattern, part) for part in parts):
        problem = f"Parameter '{name}' must match pattern {pattern}"
    elif len(text) < int(declaration.get("MinLength", 0)):
        least = declaration["MinLength"]
        problem = f"Parameter '{name}' must contain at least {least} characters"
    elif "MaxLength" in declaration and len(text) > int(declaration["MaxLength"]):
        most = declaration["MaxLength"]
        problem = f"Parameter '{name}' must contain at most {most} characters"
    elif kind == "Number":
        problem = _number_problem(name, declaration, text)
    if not problem:
        return
    explained = declaration.get("ConstraintDescription")
    if explained:
        problem = f"Parameter {name} failed to satisfy constraint: {explained}"
    raise validation_error(problem)


def _number_problem(name: str, declaration: dict[str, Any], text: str) -> str:
    try:
        number = float(text)
    except ValueError:
        return f"Parameter '{name}' must be a number"
    if "MinValue" in declaration and number < float(declaration["MinValue"]):
        return f"Parameter '{name}' must be a number not less than {declaration['MinValue']}"
    if "MaxValue" in declaration and number > float(declaration["MaxValue"]):
        return f"Parameter '{name}' must be a number not greater than {declaration['MaxValue']}"
    return ""
