"""The step rule: what to call now, what must wait, what is left as it is. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from cleanup.kinds import GONE, KINDS, REST, WAIT
from cleanup.resources import Blind, Resource
from workshop.names import SHARED

_TABLE_ORDER = {kind.name: position for position, kind in enumerate(KINDS)}
_ANYBODY = ""


@dataclass(frozen=True, slots=True)
class Call:
    """One call to make: a client method with its parameters, and why."""

    resource: Resource
    operation: str

    @property
    def parameters(self) -> dict[str, Any]:
        """What the operation is called with."""
        extra = self.resource.row.delete_with if self.verb == "delete" else {}
        return {**dict(self.resource.ids), **extra}

    @property
    def verb(self) -> str:
        """ "stop" or "delete"."""
        return self.operation.partition("_")[0]


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do next: four groups that share no resource.

    `calls` to make now, in order; `waiting` resources that change by themselves; `blocked`
    ones whose turn comes when others are gone; `kept` ones with the reason why they stay.
    """

    calls: tuple[Call, ...]
    waiting: tuple[Resource, ...]
    blocked: tuple[Resource, ...]
    kept: tuple[tuple[Resource, str], ...]

    @property
    def finished(self) -> bool:
        """Whether there is nothing left to do or to wait for."""
        return not self.remaining

    @property
    def remaining(self) -> tuple[Resource, ...]:
        """Everything that is still to go or to stop."""
        return (*(call.resource for call in self.calls), *self.waiting, *self.blocked)


def decide(
    resources: Iterable[Resource],
    *,
    keep_managed: bool = True,
    blind: Iterable[Blind] = (),
    stuck: Collection[object] = frozenset(),
) -> Decision:
    """Return what to do next with what a scan found.

    With `keep_managed`, what the workshop's stacks made is stopped where it can be stopped
    and otherwise left: its stack deletes it. What must be gone first (`Kind.after`) is
    looked for among the same owner's things and the shared ones, so that no attendee waits
    for another. If that is protected, in `stuck` (keys of resources a sweep has set aside)
    or `blind` (could not be listed), what comes after it stays too.
    """
    unseen = {(hole.region, hole.kind) for hole in blind}
    staying: dict[tuple[str, str, str], str] = {}
    present: Counter[tuple[str, str, str]] = Counter()
    calls: list[Call] = []
    waiting: list[Resource] = []
    blocked: list[Resource] = []
    kept: list[tuple[Resource, str]] = []
    for resource in sorted(resources, key=lambda r: (_TABLE_ORDER[r.kind], r.key)):
        action = resource.row.action(resource.status)
        if action in (GONE, REST):
            continue
        reason = _managed(resource) if keep_managed else ""
        if reason:
            kept.append((resource, reason))
            continue
        reason = _stays(resource, unseen, staying, stuck)
        if reason:
            kept.append((resource, reason))
            needed = f"{resource.kind} {resource.name} stays and may need it"
            staying.update(dict.fromkeys(_places(resource), needed))
            continue
        if action == WAIT:
            waiting.append(resource)
        elif any(present[place] for place in _before(resource)):
            blocked.append(resource)
        else:
            calls.append(Call(resource, action))
        present.update(_places(resource))
    # Stop the bill first: what costs by the hour goes before what costs nothing.
    calls.sort(key=lambda c: (c.resource.bills != "hour", c.resource.key))
    return Decision(tuple(calls), tuple(waiting), tuple(blocked), tuple(kept))


def _places(resource: Resource) -> tuple[tuple[str, str, str], ...]:
    """Where a resource is noted for those that come after it: its owner's, and anybody's."""
    start = (resource.region, resource.kind)
    return (*start, resource.owner), (*start, _ANYBODY)


def _before(resource: Resource) -> Iterable[tuple[str, str, str]]:
    """Where what must be gone first would be noted: what is shared comes after everybody's."""
    owners = (_ANYBODY,) if resource.shared else (resource.owner, SHARED)
    return ((resource.region, kind, owner) for kind in resource.row.after for owner in owners)


def _stays(
    resource: Resource,
    unseen: Collection[tuple[str, str]],
    staying: dict[tuple[str, str, str], str],
    stuck: Collection[object],
) -> str:
    """Why a resource is left, for its own sake or for that of another; or ""."""
    if resource.protected:
        return "protected"
    if resource.key in stuck:
        return "stuck"
    for kind in resource.row.after:
        if (resource.region, kind) in unseen:
            return f"kind {kind} could not be listed and may need it"
    return next((staying[place] for place in _before(resource) if place in staying), "")


def _managed(resource: Resource) -> str:
    """Why a resource is left to the stack that made it, or ""."""
    if resource.protected or not resource.managed:
        return ""
    action = resource.row.action(resource.status)
    if action.startswith("stop_"):
        return ""
    # A pending or stopping instance is on its way to a state that bills nothing or can be
    # stopped; everything else of the environment is its stack's.
    if action == WAIT and any(call.startswith("stop_") for call in resource.row.calls):
        return ""
    return "part of the environment: its stack deletes it (workshop destroy)"
