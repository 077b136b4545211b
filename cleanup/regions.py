"""What the deletion of a stack sweeps in its region."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any, Literal

from cleanup.attendees import attendee_stacks, find_attendees
from cleanup.calls import CALLS_PER_SECOND, NO_OPERATION
from cleanup.kind import Kind
from cleanup.kinds import BY_NAME, KINDS
from cleanup.leftovers import (
    delete_objects,
    find_log_leftovers,
    is_own_bucket,
    remove_log_leftovers,
)
from cleanup.needed import attendee_kinds, is_known, leftover_kinds, needed_kinds
from cleanup.resources import Scope
from cleanup.steps import Call, Policy
from cleanup.sweep import Sweep, SweepResult
from workshop import names
from workshop.aws import Clients

_log = logging.getLogger(__name__)

What = Literal["attendee", "region", "leftovers"]
# Two hundred attendees' stacks may go at once, and AWS throttles an account's lists together.
_WORKERS = 4
_CALLS_PER_SECOND = 25.0
_LOGS_AT_ONCE = 100
# Whoever lacks a permission, or a boto3 that has the operation, lacks it at the next try too.
_FINAL = (
    "AccessDenied",
    "UnauthorizedOperation",
    "NotAuthorized",
    NO_OPERATION,
    "Parameter validation failed",
)


@dataclass(frozen=True, slots=True)
class Left:
    """What remains, in words; `again` when another try may help."""

    text: str
    again: bool = False


@dataclass(frozen=True, slots=True)
class Job:
    """What to sweep, and until when (as `now` counts). `assets` is the bootstrap bucket."""

    what: What
    workshop: str
    attendee: str
    region: str
    account: str
    protected: frozenset[str]
    assets: str
    clients: Clients
    until: float
    now: Callable[[], float]
    sleep: Callable[[float], None]

    @property
    def seconds_left(self) -> float:
        """How long it may still take."""
        return self.until - self.now()

    def scope(self, attendees: Iterable[str], only: frozenset[str] | None = None) -> Scope:
        """Whose things to look for."""
        return Scope(
            workshop=self.workshop,
            attendees=frozenset(attendees),
            regions=(self.region,),
            protected=self.protected,
            only=only,
            account=self.account,
        )


def sweep(job: Job) -> tuple[Left, ...]:
    """Sweep, and say what is left. Raises what AWS raises where something cannot be read."""
    if job.what == "attendee":
        return _sweep_attendee(job)
    if job.what == "leftovers":
        return _swept(job, job.scope(()), Policy(), leftover_kinds(), CALLS_PER_SECOND)
    return _sweep_region(job)


def _sweep_attendee(job: Job) -> tuple[Left, ...]:
    """What an attendee runs and has made; at last their spaces, so that their door is shut.

    Until its stack has deleted the space, an attendee could start an app in it anew, and a
    space with an app cannot be deleted. So the space goes here, where an app that comes back
    is deleted again; their role may make no other space. For the stack, what is gone already
    counts as deleted (a delete handler answers "NotFound": "Resource type handler contract",
    CloudFormation CLI user guide). No policy that denies it is put on the role instead: it
    would have to outlast the space and be off again before the role, which IAM does not delete
    with an inline policy that is not the stack's.
    """
    only = frozenset({job.attendee})
    scope = job.scope(only, only)
    doors = [BY_NAME["app"], BY_NAME["space"]]
    return _swept(job, scope, Policy(), attendee_kinds(), _CALLS_PER_SECOND) or _swept(
        job, scope, Policy(keep_managed=False), doors, _CALLS_PER_SECOND
    )


def _sweep_region(job: Job) -> tuple[Left, ...]:
    """What is left of the workshop once all attendees' stacks are gone; at last, its files."""
    stacks = attendee_stacks(job.workshop, job.region, job.clients)
    if there := sorted(name for name, status in stacks.items() if status != "DELETE_COMPLETE"):
        going = all(stacks[name] == "DELETE_IN_PROGRESS" for name in there)
        text = f"attendees' stacks are to be deleted first: {', '.join(there)}"
        return (Left(text, again=going),)
    scope = job.scope(find_attendees(job.workshop, job.region, job.clients, stacks))
    # Environments without a stack: nothing else would delete them, and a domain cannot go
    # before its profiles.
    orphans = [kind for kind in KINDS if kind.environment and kind.owner_fields]
    orphans += [BY_NAME["app"], BY_NAME["notebook-instance"]]
    left = _swept(job, scope, Policy(keep_managed=False), orphans, CALLS_PER_SECOND) or _swept(
        job, scope, Policy(claim=True), KINDS, CALLS_PER_SECOND
    )
    return left or _empty_buckets(job, scope) or _remove_logs(job, scope)


def _swept(
    job: Job, scope: Scope, policy: Policy, kinds: Collection[Kind], calls_per_second: float
) -> tuple[Left, ...]:
    needed = needed_kinds()
    looked_for = [
        kind for kind in kinds if kind.name in needed or is_known(job.clients, job.region, kind)
    ]
    if unknown := sorted({kind.name for kind in kinds} - {kind.name for kind in looked_for}):
        _log.warning("not looked for: %s: this boto3 has no such lists", ", ".join(unknown))
    begun = job.now()
    limit = job.seconds_left
    result = Sweep(
        scope,
        job.clients,
        policy=policy,
        kinds=looked_for,
        limit_seconds=limit,
        workers=_WORKERS,
        calls_per_second=calls_per_second,
        audit=_note,
        now=job.now,
        sleep=job.sleep,
    ).run()
    for resource, why in result.kept:
        if resource.protected:
            _log.info("kept: %s %s: %s", resource.kind, resource.name, why)
    return _left(result, timed_out=job.now() - begun >= limit)


def _left(result: SweepResult, *, timed_out: bool) -> tuple[Left, ...]:
    remaining = [
        Left(f"{one.resource.kind} {one.resource.name}: {one.reason}", again=timed_out)
        for one in result.remaining
    ]
    unseen = [
        Left(f"{hole.kind} could not be listed: {hole.reason}", again=_passes(hole.reason))
        for hole in result.blind
    ]
    return (*remaining, *unseen)


def _passes(reason: str) -> bool:
    """Whether a listing may succeed at another try. What is listed under another kind has that
    one's reason, which is among the holes itself."""
    return not reason.startswith(_FINAL) and not reason.endswith(" could not be listed")


def _note(call: Call, result: str, detail: str = "") -> None:
    """The audit log of a function is its log."""
    of = f"{call.operation} {call.resource.kind} {call.resource.name} ({call.resource.why})"
    _log.info("%s: %s %s", result, of, detail)


def _empty_buckets(job: Job, scope: Scope) -> tuple[Left, ...]:
    """What is ours of the shared buckets; then the workshop's own, one attendee at a time."""

    def is_attendees(key: str) -> bool:
        return names.owner_by_name(job.workshop, key) in scope.attendees

    shared = names.sdk_bucket(job.account, job.region)
    parts: list[tuple[str, dict[str, Any]]] = [
        (shared, {"prefix": f"{job.workshop}-", "is_own": is_attendees}),
        # The bundle and this function's code, which runs on without it.
        (job.assets, {"prefix": names.assets_prefix(job.workshop)}),
    ]
    own = names.bucket_name(job.workshop, job.account, job.region)
    if is_own_bucket(job.workshop, own, job.region, job.clients):
        parts += [(own, {"prefix": names.bucket_prefix(a)}) for a in sorted(scope.attendees)]
        parts.append((own, {}))
    for bucket, of in parts:
        total = 0
        for count in delete_objects(bucket, job.region, job.clients, **of):
            total += count
            if job.seconds_left <= 0:
                _log.info("deleted from %s: %d objects", bucket, total)
                return (Left(f"bucket {bucket} is not empty yet", again=True),)
        if total:
            _log.info("emptied %s/%s: %d objects", bucket, of.get("prefix", ""), total)
    return ()


def _remove_logs(job: Job, scope: Scope) -> tuple[Left, ...]:
    """What attendees' jobs and environments have written: it bills by its size."""
    found = find_log_leftovers(job.workshop, scope.attendees, job.region, job.clients)
    for start in range(0, len(found), _LOGS_AT_ONCE):
        if job.seconds_left <= 0:
            return (Left(f"{len(found) - start} log streams", again=True),)
        remove_log_leftovers(found[start : start + _LOGS_AT_ONCE], job.clients)
    return ()
