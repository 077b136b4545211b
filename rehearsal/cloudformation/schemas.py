"""CloudFormation's resource schemas, from the files that cfn-lint packages.

cfn-lint itself is not imported: that alone takes seconds.
"""

from __future__ import annotations

import importlib.util
import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

_PROVIDER_OF_ALL = "us-east-1"


@lru_cache(maxsize=1)
def _folder() -> Path:
    spec = importlib.util.find_spec("cfnlint")
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError("cfn-lint is not installed: run `make setup`")
    return Path(spec.submodule_search_locations[0]) / "data" / "schemas"


@lru_cache(maxsize=64)
def _types(region: str) -> dict[str, str]:
    path = _folder() / "providers" / f"{region}.json"
    if not path.exists():
        return {}
    loaded: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


def exists(resource_type: str, region: str) -> bool:
    """Whether CloudFormation has a resource type in a region."""
    return resource_type in _types(region)


@lru_cache(maxsize=512)
def schema(resource_type: str) -> dict[str, Any]:
    """The schema of a resource type (us-east-1 has them all), or {} for an unknown one."""
    name = _types(_PROVIDER_OF_ALL).get(resource_type)
    if name is None:
        return {}
    path = _folder() / "resources" / f"{name}.json"
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


def create_only(resource_type: str) -> frozenset[str]:
    """The top-level properties whose change replaces a resource."""
    pointers = schema(resource_type).get("createOnlyProperties", [])
    # Nested ones ("/properties/A/B") would replace only when that member changes.
    return frozenset(p.removeprefix("/properties/") for p in pointers if p.count("/") == 2)


def primary_identifier(resource_type: str) -> tuple[str, ...]:
    """The properties that identify a resource, in order."""
    pointers = schema(resource_type).get("primaryIdentifier", [])
    return tuple(p.removeprefix("/properties/") for p in pointers)


def conditional_create_only(resource_type: str) -> frozenset[str]:
    """The top-level properties whose change replaces a resource only sometimes."""
    pointers = schema(resource_type).get("conditionalCreateOnlyProperties", [])
    return frozenset(p.removeprefix("/properties/") for p in pointers if p.count("/") == 2)


@dataclass(frozen=True, slots=True)
class Tagging:
    """The property that holds a type's tags: its name, whether it is a map (else a list of
    Key and Value), and whether a change of the stack's tags reaches it."""

    name: str
    is_map: bool
    updatable: bool


@lru_cache(maxsize=512)
def tagging(resource_type: str) -> Tagging | None:
    """How a type is tagged, or None for one that cannot be."""
    declared = schema(resource_type).get("tagging", {})
    name = declared.get("tagProperty", "").removeprefix("/properties/")
    if not declared.get("taggable") or not name or "/" in name:
        return None
    kind = schema(resource_type)["properties"].get(name, {}).get("type", "array")
    return Tagging(name, "object" in kind, bool(declared.get("tagUpdatable", True)))
