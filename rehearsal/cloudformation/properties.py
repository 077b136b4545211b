"""Properties against their type's schema, as CloudFormation checks them before it makes a
resource.

Checked are unknown and missing keys, types, enumerations and patterns, nested ones too. Text
that reads as a number or a truth value is one, and the other way round: CloudFormation
converts ("CloudFormation service cast most types into strings",
aws-cloudformation/cloudformation-cli#435). Not checked are lengths, numbers' ranges, the
formats and conditions that only cfn-lint knows, and patterns that Python's dialect does not
have (Unicode's classes, mostly): a template that AWS takes must not be refused, and the API
that makes the resource has its own say.

The wording is AWS's (aws/aws-cdk#28984, aws-cloudformation/iac-model-evaluation#29,
aws-cloudformation/cloudformation-resource-schema#114, aws-cloudformation/cfn-lint#3223). For
types of the old kind AWS has another, "Encountered unsupported properties in {/}: [X]"; which
these are is not in the schemas.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from rehearsal.cloudformation import schemas
from rehearsal.cloudformation.handlers import ResourceFailed

Schema = dict[str, Any]

_NAMES = {"array": "JSONArray", "object": "JSONObject"}


def check_properties(resource_type: str, logical_id: str, properties: dict[str, Any]) -> None:
    """Raise ResourceFailed with all that is wrong. A type without a schema (a custom
    resource, CDK's metadata) takes anything."""
    schema = schemas.schema(resource_type)
    if not schema:
        return
    problems = list(_problems(schema, schema, properties, "#"))
    if problems:
        raise ResourceFailed(
            f"Properties validation failed for resource {logical_id} with message:\n"
            + "\n".join(problems)
        )


def _problems(root: Schema, node: Schema, value: Any, path: str) -> Iterator[str]:
    if "$ref" in node:
        yield from _problems(root, _target(root, node["$ref"]), value, path)
        return
    kinds = node.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if kinds and not any(_is(kind, node, value) for kind in kinds):
        wanted = _NAMES.get(kinds[0], kinds[0].capitalize())
        yield f"{path}: expected type: {wanted}, found: {_name(value)}"
        return
    if "enum" in node and _text(value) not in {_text(item) for item in node["enum"]}:
        yield f"{path}: failed validation constraint for keyword [enum]"
    if "pattern" in node and not _matches(node["pattern"], value):
        yield f"{path}: failed validation constraint for keyword [pattern]"
    if isinstance(value, dict):
        yield from _keys(root, node, value, path)
    if isinstance(value, list) and isinstance(node.get("items"), dict):
        for number, item in enumerate(value):
            yield from _problems(root, node["items"], item, f"{path}/{number}")
    yield from _alternatives(root, node, value, path)


def _keys(root: Schema, node: Schema, value: dict[str, Any], path: str) -> Iterator[str]:
    for key in node.get("required", []):
        if key not in value:
            yield f"{path}: required key [{key}] not found"
    named, patterns = node.get("properties", {}), node.get("patternProperties", {})
    for key, item in value.items():
        if key in named:
            yield from _problems(root, named[key], item, f"{path}/{key}")
            continue
        fitting = [schema for pattern, schema in patterns.items() if _matches(pattern, key)]
        for schema in fitting:
            yield from _problems(root, schema, item, f"{path}/{key}")
        if not fitting and node.get("additionalProperties") is False:
            yield f"{path}: extraneous key [{key}] is not permitted"


def _alternatives(root: Schema, node: Schema, value: Any, path: str) -> Iterator[str]:
    """Of anyOf and oneOf one must fit. That two of oneOf fit is let pass: what text is read
    as is not decided here."""
    for schema in node.get("allOf", []):
        yield from _problems(root, schema, value, path)
    for keyword in ("anyOf", "oneOf"):
        choices = node.get(keyword, [])
        if choices and all(any(_problems(root, choice, value, path)) for choice in choices):
            yield f"{path}: #: no subschema matched out of the total {len(choices)} subschemas"


def _target(root: Schema, reference: str) -> Schema:
    node: Any = root
    for part in reference.removeprefix("#/").split("/"):
        node = node[int(part)] if isinstance(node, list) else node[part]
    found: Schema = node
    return found


def _is(kind: str, node: Schema, value: Any) -> bool:
    """Whether a value is of a kind, or is converted to it."""
    if kind == "object":
        # A document, such as a policy, may come as text.
        return isinstance(value, dict) or (isinstance(value, str) and "properties" not in node)
    if kind == "array":
        return isinstance(value, list)
    if isinstance(value, (dict, list)):
        return False
    text = _text(value)
    if kind == "boolean":
        return text.lower() in ("true", "false")
    if kind in ("integer", "number"):
        try:
            return float(text).is_integer() or kind == "number"
        except ValueError:
            return False
    return True


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _name(value: Any) -> str:
    if isinstance(value, (dict, list)):
        return _NAMES["object" if isinstance(value, dict) else "array"]
    if isinstance(value, bool):
        return "Boolean"
    return {int: "Integer", float: "Double"}.get(type(value), "String")


def _matches(pattern: str, value: Any) -> bool:
    if isinstance(value, (dict, list)):
        return True
    compiled = _compiled(pattern)
    return compiled is None or compiled.search(_text(value)) is not None


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern[str] | None:
    """A pattern, or None for one that Python does not have, or would read otherwise."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            return re.compile(pattern)
        except (re.error, Warning):
            return None
