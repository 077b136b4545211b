"""The step rule: what to call now, what must wait, what is left as it is. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from graphlib import TopologicalSorter

from cleanup.kind import GONE, PAID, REST, WAIT
from cleanup.kinds import KINDS
from cleanup.resources import TAGS, Blind, Key, Resource
from workshop.names import SHARED

# Kinds in an order in which what must be gone first comes first.
_ORDER = {
    name: position
    for position, name in enumerate(
        TopologicalSorter({kind.name: kind.after for kind in KINDS}).static_order()
    )
}
_ANYBODY = ""
# Why something is kept that a sweep has set aside.
GIVEN_UP = "given up"
# Why something is kept that was only to be stopped, and is.
STOPPED = "stopped, not deleted"
_VERBS = {
    "delete": "delete",
    "stop": "stop",
    "update": "end",
    # A leftover gets the workshop's tag before its domain goes.
    "create": "claim",
    "tag": "claim",
}
_DOMAIN = "domain"

# (region, kind, owner): where resources are noted for those that come after them.
_Spot = tuple[str, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What a sweep may do with what is ours.

    With `keep_managed`, what the workshop's stacks made is stopped where it can be stopped
    and otherwise left: its stack deletes it. With `keep_environments`, apps and the
    environments' notebook instances go on running. With `records`, what is left of ended jobs
    is deleted too. With `claim`, what stacks' domains would leave behind gets the workshop's
    tag, since the stacks go next. With `stop_only`, what can be stopped is not deleted when it
    has stopped. `created_before` leaves what is younger, or of unknown age.
    `seat` is the app or instance that the command itself runs on.
    """

    keep_managed: bool = True
    keep_environments: bool = False
    records: bool = False
    claim: bool = False
    stop_only: bool = False
    created_before: datetime | None = None
    seat: Key | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """One call to make, and on what."""

    resource: Resource
    operation: str

    @property
    def verb(self) -> str:
        """What the call does, in a word: "stop", "delete", "end", "detach" or "claim"."""
        verb = self.operation.partition("_")[0]
        return _VERBS.get(verb, "detach")


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


@dataclass(slots=True)
class _Notes:
    """What has been seen of the kinds that come before."""

    unseen: set[tuple[str, str]] = field(default_factory=set)
    staying: dict[_Spot, str] = field(default_factory=dict)
    # What a stack will delete: only what would be left over from it has to stay with it.
    managed: dict[_Spot, str] = field(default_factory=dict)
    present: Counter[_Spot] = field(default_factory=Counter)


def decide(
    resources: Iterable[Resource],
    policy: Policy = Policy(),
    *,
    blind: Iterable[Blind] = (),
    aside: Mapping[Key, str] | Collection[Key] = frozenset(),
) -> Decision:
    """Return what to do next with what a scan found.

    What must be gone first (`Kind.after`) is looked for among the same owner's things and the
    shared ones, so that no attendee waits for another. If that is protected, in `aside` (keys
    of resources a sweep has given up) or `blind` (could not be listed), what comes after it
    stays too; what bills by the hour is tried even if something could not be listed. Where
    tags could not be read nothing is touched: any resource might be held.
    """
    notes = _Notes({(hole.region, hole.kind) for hole in blind})
    calls: list[Call] = []
    waiting: list[Resource] = []
    blocked: list[Resource] = []
    kept: list[tuple[Resource, str]] = []
    found = sorted(resources, key=lambda r: (_ORDER[r.kind], r.key))
    unclaimed = {r.key: r.region for r in found if _needs_claim(r, notes, aside)}
    held = find_held(found)
    for resource in found:
        action = _action(resource, policy)
        if action in (GONE, REST):
            continue
        if resource.key in unclaimed and resource.row.claim and _goes(resource, notes, policy):
            calls.append(Call(resource, resource.row.claim.operation))
            notes.present.update(_spots(resource))
            continue
        if policy.keep_managed and resource.key not in held and (reason := _managed(resource)):
            kept.append((resource, reason))
            _note(resource, notes.managed)
            continue
        if reason := held.get(resource.key) or _stays(resource, policy, action, notes, aside):
            kept.append((resource, reason))
            _note(resource, notes.staying)
            continue
        if action == WAIT:
            waiting.append(resource)
        elif any(notes.present[spot] for spot in _before(resource)) or (
            resource.kind == _DOMAIN and resource.region in unclaimed.values()
        ):
            blocked.append(resource)
        else:
            calls.append(Call(resource, action))
        notes.present.update(_spots(resource))
    calls.sort(key=_turn)
    return Decision(tuple(calls), tuple(waiting), tuple(blocked), tuple(kept))


def find_held(resources: Iterable[Resource]) -> dict[Key, str]:
    """Why resources must not be touched: protected themselves, or a part of what is."""
    held = {r.key: f"protected: {r.protected}" for r in resources if r.protected}
    parts = [r for r in resources if r.within and not r.protected]
    names = {(r.region, r.kind, name): r.name for r in resources if r.protected for name in r.names}
    while found := [
        (r, kind, names[r.region, kind, name])
        for r in parts
        for kind, name in r.within
        if r.key not in held and (r.region, kind, name) in names
    ]:
        for resource, kind, holder in found:
            held[resource.key] = f"protected: part of {kind} {holder}"
            names |= {(resource.region, resource.kind, n): resource.name for n in resource.names}
    return held


def _goes(resource: Resource, notes: _Notes, policy: Policy) -> bool:
    """Whether the domain of a leftover is about to go, by a call or by its stack."""
    spot = (resource.region, _DOMAIN, _ANYBODY)
    return bool(notes.present[spot]) or (policy.claim and spot in notes.managed)


def _needs_claim(resource: Resource, notes: _Notes, aside: Collection[Key]) -> bool:
    """Whether nothing but its domain says that a leftover is ours."""
    if resource.row.claim is None or resource.claimed or resource.protected:
        return False
    return resource.key not in aside and (resource.region, TAGS) not in notes.unseen


def _turn(call: Call) -> tuple[bool, bool, bool, Key]:
    """Stop the bill first: what costs by the hour goes before what costs nothing, and of that
    first what is to be deleted later on."""
    resource = call.resource
    return resource.bills != "hour", resource.row.leftover, call.verb != "stop", resource.key


def _action(resource: Resource, policy: Policy) -> str:
    action = resource.row.action(resource.status)
    if action == REST and policy.records and resource.row.forget:
        return resource.row.forget
    return action


def _stays(
    resource: Resource,
    policy: Policy,
    action: str,
    notes: _Notes,
    aside: Collection[Key],
) -> str:
    """Why a resource is left, for its own sake or for that of another; or ""."""
    row = resource.row
    if resource.key in aside:
        return GIVEN_UP
    if (resource.region, TAGS) in notes.unseen:
        return "tags could not be read, so it might be held"
    if action == PAID:
        fee = f" ({resource.fee})" if resource.fee else ""
        return f"paid for until its end{fee}: there is no operation that ends it"
    if policy.keep_environments and row.workplace and (resource.managed or not row.environment):
        return "environments stay as they are"
    if policy.stop_only and _has_stopped(resource, action):
        return STOPPED
    if resource.key == policy.seat:
        return "this command runs on it"
    if policy.created_before and (reason := _too_young(resource, policy.created_before)):
        return reason
    # What bills by the hour is tried all the same: AWS refuses what is still needed.
    for kind in row.after if resource.bills != "hour" else ():
        if (resource.region, kind) in notes.unseen:
            return f"kind {kind} could not be listed and may need it"
    stays = {**notes.managed, **notes.staying} if row.leftover else notes.staying
    return next((stays[spot] for spot in _before(resource) if spot in stays), "")


def has_ended(resource: Resource, policy: Policy) -> bool:
    """Whether nothing is left to do with a resource: it is gone, rests, or has stopped and is
    not to be deleted."""
    action = _action(resource, policy)
    return action in (GONE, REST) or (policy.stop_only and _has_stopped(resource, action))


def _has_stopped(resource: Resource, action: str) -> bool:
    """Whether something that can be stopped has nothing left but to be deleted."""
    stops = any(call.startswith("stop_") for call in resource.row.calls)
    return stops and action.startswith("delete_")


def _managed(resource: Resource) -> str:
    """Why a resource is left to the stack that made it, or ""."""
    if not resource.managed:
        return ""
    action = resource.row.action(resource.status)
    if action.startswith("stop_"):
        return ""
    # A pending or stopping instance is on its way to a state that bills nothing or can be
    # stopped; everything else of the environment is its stack's.
    if action == WAIT and any(call.startswith("stop_") for call in resource.row.calls):
        return ""
    return "part of the environment: its stack deletes it (workshop destroy)"


def _too_young(resource: Resource, created_before: datetime) -> str:
    if resource.created is None:
        return "its age is not known"
    return "too young" if resource.created > created_before else ""


def _note(resource: Resource, staying: dict[_Spot, str]) -> None:
    """Keep what needs a resource that stays."""
    needed = f"{resource.kind} {resource.name} stays and may need it"
    for spot in _spots(resource):
        staying.setdefault(spot, needed)


def _spots(resource: Resource) -> tuple[_Spot, ...]:
    """Where a resource is noted for those that come after it: its owner's, and anybody's."""
    start = (resource.region, resource.kind)
    return (*start, resource.owner), (*start, _ANYBODY)


def _before(resource: Resource) -> Iterable[_Spot]:
    """Where what must be gone first would be noted: what is shared comes after everybody's."""
    owners = (_ANYBODY,) if resource.shared else (resource.owner, SHARED)
    return ((resource.region, kind, owner) for kind in resource.row.after for owner in owners)
