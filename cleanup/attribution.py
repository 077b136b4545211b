"""Whose is it? By tag, by name prefix, or by Studio's own ownership. Pure rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cleanup.kinds import Kind
from cleanup.resources import Scope
from workshop.names import (
    SHARED,
    TAG_ATTENDEE,
    TAG_WORKSHOP,
    environment_name,
    owner_by_name,
    shared_name,
)


@dataclass(frozen=True, slots=True)
class Ownership:
    """An owner and the reason; `owner` None means: looks like ours, but is not attributed."""

    owner: str | None
    why: str


def attribute(
    kind: Kind,
    row: Mapping[str, Any],
    scope: Scope,
    tags: Mapping[str, str],
    domains: frozenset[str],
) -> Ownership | None:
    """Return the owner of a listed row, or None when it has nothing to do with the workshop.

    `tags` are the resource's own, `domains` the ids of the workshop's Studio domains.
    """
    if tags.get(TAG_WORKSHOP) == scope.workshop:
        return Ownership(tags.get(TAG_ATTENDEE, SHARED), f"tag {TAG_WORKSHOP}")
    name = str(row[kind.name_field])
    if tags.get(TAG_WORKSHOP) and owner_by_name(scope.workshop, name) is not None:
        return Ownership(None, f"named like ours, tagged {TAG_WORKSHOP}={tags[TAG_WORKSHOP]}")
    for field in kind.owner_fields:
        owner = owner_by_name(scope.workshop, str(row.get(field) or ""))
        if owner in scope.attendees:
            return Ownership(owner, f"Studio: {field} {row[field]}")
    if kind.domain_field and row.get(kind.domain_field) in domains:
        return Ownership(SHARED, f"Studio: in the workshop's domain {row[kind.domain_field]}")
    if _is_shared_name(name, scope):
        return Ownership(SHARED, "name")
    owner = owner_by_name(scope.workshop, name)
    if owner is None:
        return None
    if owner not in scope.attendees:
        return Ownership(None, f"named like ours, but {owner} is not an attendee")
    return Ownership(owner, "name prefix")


def is_managed(kind: Kind, name: str, owner: str, scope: Scope) -> bool:
    """Whether the workshop's own stacks made it: the environment and what is shared.

    The name decides, not the owner: a profile that somebody added to the workshop's domain
    is shared by attribution, but no stack deletes it.
    """
    if not kind.environment:
        return False
    return _is_shared_name(name, scope) or name == environment_name(scope.workshop, owner)


def is_protected(kind: Kind, row: Mapping[str, Any], scope: Scope) -> bool:
    """Whether its name is protected, or that of the space or user profile it belongs to."""
    fields = (kind.name_field, *kind.owner_fields)
    return any(row.get(field) in scope.protected for field in fields)


def _is_shared_name(name: str, scope: Scope) -> bool:
    shared = shared_name(scope.workshop)
    return name == shared or name.startswith(f"{shared}-")
