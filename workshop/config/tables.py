"""The tables a configuration is checked against. All but the retired types are generated."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from workshop.model import JobUse

_DATA = Path(__file__).resolve().parents[1] / "data"


@dataclass(frozen=True, slots=True)
class Retired:
    """A family of instance types that AWS no longer gives for some uses, and why."""

    family: str
    uses: tuple[str, ...]
    reason: str
    instead: str


@dataclass(frozen=True, slots=True)
class DeclaredNeed:
    """Instances one attendee uses at once in a module, as its module.yaml declares them."""

    use: JobUse
    instance_type: str
    count: int


def _read(name: str) -> Any:
    return json.loads((_DATA / name).read_text(encoding="utf-8"))


@cache
def environments_by_region() -> dict[str, tuple[str, ...] | None]:
    """Map each SageMaker region to the environments possible there; None: not known.

    From botocore's endpoints and cfn-lint's provider schemas.
    """
    table: dict[str, list[str] | None] = _read("regions.json")
    return {name: None if found is None else tuple(found) for name, found in table.items()}


@cache
def instance_types(use: str) -> tuple[str, ...]:
    """List the instance types of a use that AWS still gives, sorted.

    A use is "training", "processing", "transform", "endpoint", or for a workspace its
    environment, "studio" or "notebook". From botocore's enums without the retired types.
    """
    names: list[str] = _read("instance_types.json")[use]
    return tuple(name for name in names if retired(name, use) is None)


@cache
def _retired_families() -> tuple[Retired, ...]:
    return tuple(
        Retired(row["family"], tuple(row["uses"]), row["reason"], row["instead"])
        for row in _read("retired_instance_types.json")
    )


def retired(instance_type: str, use: str) -> Retired | None:
    """The row that says an instance type is retired for a use (see `instance_types`)."""
    family = instance_type.rsplit(".", 1)[0]
    column = "workspace" if use in ("studio", "notebook") else use
    for row in _retired_families():
        if family == row.family and column in row.uses:
            return row
    return None


@cache
def needs_by_module() -> dict[str, tuple[DeclaredNeed, ...]]:
    """Map each module to the instances it declares."""
    table: dict[str, list[dict[str, Any]]] = _read("modules.json")
    return {name: tuple(DeclaredNeed(**need) for need in needs) for name, needs in table.items()}


@cache
def prerequisites_by_module() -> dict[str, tuple[str, ...]]:
    """Map each module to those that it builds on."""
    table: dict[str, list[str]] = _read("prerequisites.json")
    return {name: tuple(earlier) for name, earlier in table.items()}


@cache
def image_builders() -> frozenset[str]:
    """The modules in which attendees build container images."""
    return frozenset(_read("image_builds.json")["modules"])


@cache
def regions_without_image_builds() -> frozenset[str]:
    """The regions in which CloudFormation cannot make what builds images (CodeBuild)."""
    return frozenset(_read("image_builds.json")["not_in"])
