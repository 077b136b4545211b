"""Whose is it? By tag, by name prefix, or by Studio's own ownership. Pure rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cleanup.kind import Kind, Row, value
from cleanup.resources import Resource, Scope
from workshop.names import (
    SHARED,
    TAG_ATTENDEE,
    TAG_KEEP,
    TAG_MODULE,
    TAG_WORKSHOP,
    environment_name,
    owner_by_name,
    shared_name,
)

Tags = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Ownership:
    """An owner and the reason; `owner` None means: looks like ours, but is not attributed."""

    owner: str | None
    why: str


@dataclass(frozen=True, slots=True)
class Place:
    """What of one region decides about others: ids of the workshop's own Studio domains and
    networks, and of all domains that exist (None when they could not be listed)."""

    domains: frozenset[str] = frozenset()
    networks: frozenset[str] = frozenset()
    living_domains: frozenset[str] | None = frozenset()


def attribute(
    kind: Kind,
    row: Row,
    scope: Scope,
    tags: Tags,
    place: Place,
    parent: Resource | None = None,
) -> Ownership | None:
    """Return the owner of a listed row, or None when it has nothing to do with the workshop.

    `tags` are the resource's own; `parent` is what the row was listed under.
    """
    if _is_of_another_account(kind, row, scope):
        return None
    name = kind.name_in(row)
    found = _by_others(kind, row, scope, place, parent) or _by_name(name, scope)
    if tags.get(TAG_WORKSHOP) == scope.workshop:
        # Where no tag says whose it is: it would count as everybody's and nobody's.
        named = found.owner if found is not None and found.owner else SHARED
        return Ownership(tags.get(TAG_ATTENDEE, named), f"tag {TAG_WORKSHOP}")
    said = tags.get(TAG_WORKSHOP)
    if found and found.owner is not None and said is not None:
        # Whatever else makes it look like ours: somebody has said that it is not.
        found = Ownership(None, f"looks like ours ({found.why}), tagged {TAG_WORKSHOP}={said}")
    if scope.everything and (found is None or found.owner is None):
        # A file system or an interface is listed whoever made it; Studio's name a domain.
        studio = kind.domain_of is None or bool(kind.domain_of(row))
        if kind.service != "sagemaker" and not (kind.leftover and studio):
            return found
        return Ownership(SHARED, f"everything of SageMaker in account {scope.account}")
    return found


def is_managed(kind: Kind, name: str, owner: str, scope: Scope) -> bool:
    """Whether the workshop's own stacks made it: the environment and what is shared.

    The name decides, not the owner: a profile that somebody added to the workshop's domain
    is shared by attribution, but no stack deletes it.
    """
    if not kind.environment:
        return False
    return _is_shared_name(name, scope) or name == environment_name(scope.workshop, owner)


def protection(kind: Kind, row: Row, scope: Scope, tags: Tags, parent: Resource | None) -> str:
    """Why it must not be touched, or "": its name, that of its space or user profile, its
    tag, or that what it belongs to is protected."""
    if TAG_KEEP in tags:
        return f"tag {TAG_KEEP}"
    for name in (kind.name_in(row), *(value(row, field) for field in kind.owner_fields)):
        if name in scope.protected:
            return f"{name} is protected"
    return parent.protected if parent else ""


def is_of_module(name: str, owner: str, scope: Scope, tags: Tags) -> bool:
    """Whether something was made in the scope's lab: by tag, or by what its name goes on with."""
    if TAG_MODULE in tags:
        return tags[TAG_MODULE] == scope.module
    start = f"{environment_name(scope.workshop, owner)}-{scope.module}"
    return name == start or name.startswith(f"{start}-")


def ownership_lost(resource: Resource, tags: Tags | None, scope: Scope) -> str:
    """Why a resource is no longer to be touched, by its tags of this moment; or "".

    `tags` is None when the Tagging API does not know the resource: it returns what is or was
    tagged (GetResources, API reference).
    """
    tags = tags or {}
    if TAG_KEEP in tags:
        return f"is now tagged {TAG_KEEP}"
    said = tags.get(TAG_WORKSHOP)
    if said == scope.workshop or scope.everything:
        return ""
    if said is not None:
        return f"is now tagged {TAG_WORKSHOP}={said}"
    return "lost its tag" if resource.why == f"tag {TAG_WORKSHOP}" else ""


def _by_others(
    kind: Kind, row: Row, scope: Scope, place: Place, parent: Resource | None
) -> Ownership | None:
    """By Studio's ownership, by where it lies."""
    for field in kind.owner_fields:
        owner = owner_by_name(scope.workshop, str(value(row, field) or ""))
        if owner in scope.attendees:
            return Ownership(owner, f"Studio: {field} {value(row, field)}")
    domain = kind.domain_of(row) if kind.domain_of else ""
    if domain in place.domains:
        return Ownership(SHARED, f"Studio: in the workshop's domain {domain}")
    if kind.vpc_field and row.get(kind.vpc_field) in place.networks:
        return Ownership(SHARED, f"in the workshop's network {row[kind.vpc_field]}")
    if parent:
        return Ownership(parent.owner, f"of {parent.kind} {parent.name}")
    living = place.living_domains
    if kind.leftover and domain and living is not None and domain not in living:
        return Ownership(None, f"left by the Studio domain {domain}, whose it was is not known")
    return None


def _by_name(name: str, scope: Scope) -> Ownership | None:
    if _is_shared_name(name, scope):
        return Ownership(SHARED, "name")
    owner = owner_by_name(scope.workshop, name)
    if owner is None:
        return None
    if owner not in scope.attendees:
        return Ownership(None, f"named like ours, but {owner} is not an attendee")
    return Ownership(owner, "name prefix")


def _is_of_another_account(kind: Kind, row: Row, scope: Scope) -> bool:
    """SageMaker lists AWS's own hubs and what other accounts share beside one's own."""
    parts = str(row.get(kind.arn_field) or "").split(":")
    owner = parts[4] if len(parts) > 4 else ""
    return owner == "aws" or bool(owner and scope.account and owner != scope.account)


def _is_shared_name(name: str, scope: Scope) -> bool:
    shared = shared_name(scope.workshop)
    return name == shared or name.startswith(f"{shared}-")
