"""What runs of the workshop in a region, since when, on what, and when it was last used.

Reads only. What could not be read is named, and makes a run unverified.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Any

from cleanup.attendees import attendee_stacks, find_attendees
from cleanup.calls import FAILURES, Caller, failure
from cleanup.kind import Kind
from cleanup.kinds import BY_NAME, KINDS
from cleanup.lifetimes import Lifetimes, Run
from cleanup.machines import find_machines
from cleanup.needed import is_known, needed_kinds
from cleanup.resources import Blind, Key, Resource, Scope
from cleanup.scan import Scanner
from cleanup.steps import find_held
from guard.activity import Described, endpoint_activity, workspace_activity
from guard.ledger import Life
from guard.lives import began, is_final
from guard.policy import PERIOD, GuardPolicy
from guard.rule import CLOCK_TOLERANCE, Activity, Subject
from workshop import names
from workshop.aws import Clients

# A full look at 1,500 resources takes some 3,000 reads; AWS publishes no limits.
CALLS_PER_SECOND = 100.0
# Of CloudWatch more than the limit is asked for: the last use of what is about to be stopped.
_MORE = CLOCK_TOLERANCE + PERIOD
_COMPONENT = "inference-component"
_WORKSPACES = ("app", "notebook-instance")
# Studio's apps that the program in an environment watches.
_WATCHED_APPS = ("JupyterLab", "CodeEditor")


@dataclass(frozen=True, slots=True)
class Observation:
    """One look: everything of the workshop that bills or billed, what of it runs now, and what
    could not be seen. `scope` is whose things were looked for; `present` are the attendees who
    have a stack here, or anything that bills."""

    scope: Scope
    present: frozenset[str]
    resources: tuple[Resource, ...]
    runs: tuple[Run, ...]
    blind: tuple[Blind, ...]


class Reads(Caller):
    """A caller that makes the same read once in its life."""

    def __init__(self, clients: Clients, calls_per_second: float = CALLS_PER_SECOND) -> None:
        super().__init__(clients, calls_per_second=calls_per_second)
        self.clients = clients
        self._known: dict[tuple[Any, ...], Any] = {}
        self._guarded = Lock()

    def read(self, service: str, region: str, operation: str, parameters: Mapping[str, Any]) -> Any:
        """As Caller.read."""
        key = (service, region, operation, tuple(sorted(parameters.items())))
        with self._guarded:
            if key in self._known:
                return self._known[key]
        answer = super().read(service, region, operation, parameters)
        with self._guarded:
            self._known[key] = answer
        return answer


def billing_kinds(clients: Clients, region: str) -> tuple[Kind, ...]:
    """The kinds that bill, but those that this boto3 cannot list and attendees cannot make
    (`cleanup.needed.needed_kinds`): `workshop status` lists them with a newer one."""
    needed = needed_kinds()
    return tuple(
        kind
        for kind in KINDS
        if kind.bills and (kind.name in needed or is_known(clients, region, kind))
    )


def observe(
    policy: GuardPolicy, account: str, lives: Mapping[str, Life], clients: Clients, reads: Reads
) -> Observation:
    """Look at everything that bills. Raises what AWS raises when nobody can say who attends."""
    region = policy.region
    stacks = attendee_stacks(policy.workshop, region, clients)
    attendees = find_attendees(policy.workshop, region, clients, stacks)
    scope = Scope(
        workshop=policy.workshop,
        attendees=attendees | {life.attendee for life in lives.values()} - {names.SHARED},
        regions=(region,),
        protected=policy.protected,
        account=account,
    )
    found = Scanner(scope, reads).look(billing_kinds(clients, region))
    # What has ended for good is in the ledger, and need not be described again.
    open_ones = [r for r in found.resources if not is_final(lives, r)]
    runs = tuple(Lifetimes(reads).find(open_ones))
    owners = {r.owner for r in found.resources if r.bills and not r.shared}
    return Observation(scope, _living(stacks) | owners, found.resources, runs, found.blind)


def _living(stacks: Mapping[str, str]) -> frozenset[str]:
    """The attendees whose stack is not deleted."""
    living = (name for name, status in stacks.items() if status != "DELETE_COMPLETE")
    return frozenset(found[1] for name in living if (found := names.read_environment_name(name)))


def find_subjects(
    found: Observation,
    lives: Mapping[str, Life],
    policy: GuardPolicy,
    reads: Reads,
    now: datetime,
) -> tuple[Subject, ...]:
    """What runs by the hour, with what can be told of its use, sorted."""
    running = [r for r in found.resources if r.bills == "hour"]
    held = find_held(found.resources)
    machines = find_machines(running, reads)
    endpoints = [r for r in running if r.kind == "endpoint"]
    listed = _lists_components(found, reads.clients)
    described = reads.together(lambda r: _describe(r, found, listed, reads), endpoints)
    used: dict[Key, Activity] = endpoint_activity(
        reads, policy.region, described, window=policy.endpoint_idle + _MORE, now=now
    )
    bucket = names.bucket_name(policy.workshop, found.scope.account, policy.region)
    by_attendee = workspace_activity(reads, bucket, _people(running), policy.region, now=now)
    return tuple(
        Subject(
            resource=resource,
            began=began(lives, resource),
            machines=machines[resource.key],
            activity=used.get(resource.key) or _workspace(resource, by_attendee),
            kept=held.get(resource.key, ""),
        )
        for resource in sorted(running, key=lambda r: r.key)
    )


def _people(running: Iterable[Resource]) -> Collection[str]:
    return sorted({r.owner for r in running if r.kind in _WORKSPACES and not r.shared})


def _workspace(resource: Resource, by_attendee: Mapping[str, Activity]) -> Activity | None:
    """What an environment says of itself. Of other apps and instances of the same attendee
    nobody tells."""
    ids = dict(resource.ids)
    watched = ids.get("AppType") in _WATCHED_APPS or resource.managed
    if resource.kind not in _WORKSPACES or not watched:
        return None
    return by_attendee.get(resource.owner)


def _lists_components(found: Observation, clients: Clients) -> bool:
    """Whether inference components were seen: their requests are counted by component alone."""
    region = found.scope.regions[0]
    blind = any(hole.kind == _COMPONENT for hole in found.blind)
    return not blind and is_known(clients, region, BY_NAME[_COMPONENT])


def _describe(resource: Resource, found: Observation, listed: bool, reads: Reads) -> Described:
    if not listed:
        return Described(resource, None, (), "its inference components could not be listed")
    ids = resource.row.ids_sent(resource.ids)
    parts = tuple(
        other.name
        for other in found.resources
        if other.kind == _COMPONENT and ("endpoint", resource.name) in other.within
    )
    try:
        answer = reads.read("sagemaker", resource.region, "describe_endpoint", ids)
    except FAILURES as error:
        return Described(resource, None, parts, failure(error))
    return Described(resource, answer, parts)
