"""The step rule: what to call now, what must wait, what is left as it is. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from cleanup.kinds import GONE, REST, WAIT
from cleanup.resources import Resource


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
    """`calls` to make now, in order; `waiting` resources that change by themselves or must
    wait for others; `kept` with the reason why they stay."""

    calls: tuple[Call, ...]
    waiting: tuple[Resource, ...]
    kept: tuple[tuple[Resource, str], ...]

    @property
    def finished(self) -> bool:
        """Whether there is nothing left to do or to wait for."""
        return not self.calls and not self.waiting


def decide(resources: Iterable[Resource], *, keep_managed: bool = True) -> Decision:
    """Return what to do next with what a scan found.

    With `keep_managed`, what the workshop's stacks made is stopped where it can be stopped
    and otherwise left: its stack deletes it.
    """
    present = [r for r in resources if r.row.action(r.status) not in (GONE, REST)]
    blocking = Counter((r.region, r.kind) for r in present if not _stays(r, keep_managed))
    calls: list[Call] = []
    waiting: list[Resource] = []
    kept: list[tuple[Resource, str]] = []
    for resource in present:
        reason = _stays(resource, keep_managed)
        if reason:
            kept.append((resource, reason))
            continue
        action = resource.row.action(resource.status)
        blocked = any(blocking[resource.region, kind] for kind in resource.row.after)
        if action == WAIT or blocked:
            waiting.append(resource)
        else:
            calls.append(Call(resource, action))
    # Stop the bill first: what costs by the hour goes before what costs nothing.
    calls.sort(key=lambda c: (c.resource.bills != "hour", c.resource.key))
    return Decision(tuple(calls), tuple(waiting), tuple(kept))


def _stays(resource: Resource, keep_managed: bool) -> str:
    """Why a resource is left as it is, or ""."""
    if resource.protected:
        return "protected"
    if not (resource.managed and keep_managed):
        return ""
    action = resource.row.action(resource.status)
    if action.startswith("stop_"):
        return ""
    # A pending or stopping instance is on its way to a state that bills nothing or can be
    # stopped; everything else of the environment is its stack's.
    if action == WAIT and any(call.startswith("stop_") for call in resource.row.calls):
        return ""
    return "part of the environment: its stack deletes it (workshop destroy)"
