"""The engine: scan, decide, call, look again, until nothing is left to do.

Waiting is one list per kind and poll, never a describe per resource. What does not move
within its deadline is set aside while everything else goes on. There is no state but AWS's:
a sweep that was killed is simply run again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from cleanup.audit import Audit, no_audit
from cleanup.calls import CALLS_PER_SECOND, WORKERS, Caller, Statistics
from cleanup.execute import Executor, Outcome
from cleanup.kind import Kind
from cleanup.kinds import KINDS
from cleanup.resources import TAGS, Blind, Key, Resource, Scan, Scope, Unattributed
from cleanup.scan import Scanner, listings_of
from cleanup.steps import GIVEN_UP, Call, Decision, Policy, decide, has_ended
from cleanup.trail import Trail
from workshop.aws import Clients

_POLL_FIRST, _POLL_MOST = 0.1, 15.0
_MOVING = ("deleting", "stopping")
# However much comes anew while it runs, a sweep ends.
LIMIT_SECONDS = 4 * 3600.0
# Between the last change and the last look, since lists lag behind changes.
SETTLE_SECONDS = 0.5
# An older plan is made anew before it is executed.
_PLAN_GOOD_FOR_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What a sweep would begin with: what was found, and what to do first. Made by reads."""

    scan: Scan
    decision: Decision
    made_at: float


@dataclass(frozen=True, slots=True)
class Remaining:
    """A resource that was to go and stays, with the reason."""

    resource: Resource
    reason: str


@dataclass(slots=True)
class SweepResult:
    """What a sweep did and what it left.

    `done` are the calls that were accepted. `returned` are resources that came back after
    they had been deleted, each with how often. `verified` only when every listing of the last
    looks answered.
    """

    done: list[Call] = field(default_factory=list)
    remaining: list[Remaining] = field(default_factory=list)
    kept: list[tuple[Resource, str]] = field(default_factory=list)
    returned: list[tuple[Resource, int]] = field(default_factory=list)
    unattributed: tuple[Unattributed, ...] = ()
    blind: tuple[Blind, ...] = ()
    looks: int = 0
    statistics: Statistics = field(default_factory=Statistics)

    @property
    def verified(self) -> bool:
        """Whether the last look saw everything."""
        return not self.blind

    @property
    def clean(self) -> bool:
        """Whether everything that was to go is gone; unknown is never clean."""
        return self.verified and not self.remaining


# Told what has happened to a resource: the result of a call ("stop", "delete", "refused"...),
# "set aside" or "came back"; and why.
Progress = Callable[[Resource, str, str], None]


def _quiet(_resource: Resource, _state: str, _detail: str) -> None: ...


class Sweep:
    """One sweep over a scope. `now` and `sleep` are passed in so that tests travel in time.

    With `keys`, each with the time of its creation, whatever else is found stays as it is and is
    in nobody's way. What has gone or stopped is done with: somebody may start it, or another
    of that name, meanwhile.
    `deadline_seconds` is how long one resource may take to move (None: its kind says),
    `limit_seconds` how long it all may take; `settle_seconds` lie between the last change and
    the last look at least.
    """

    def __init__(
        self,
        scope: Scope,
        clients: Clients,
        *,
        policy: Policy = Policy(),  # noqa: B008 - frozen
        kinds: Iterable[Kind] = KINDS,
        keys: Mapping[Key, datetime | None] | None = None,
        deadline_seconds: float | None = None,
        limit_seconds: float = LIMIT_SECONDS,
        settle_seconds: float = SETTLE_SECONDS,
        workers: int = WORKERS,
        calls_per_second: float = CALLS_PER_SECOND,
        progress: Progress = _quiet,
        audit: Audit = no_audit,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._scope = scope
        self._policy = policy
        self._kinds = tuple(kinds)
        self._keys = None if keys is None else dict(keys)
        self._moved: set[Key] = set()
        self._settle = settle_seconds
        self._progress = progress
        self._now = now
        self._sleep = sleep
        self._caller = Caller(
            clients, workers=workers, calls_per_second=calls_per_second, now=now, sleep=sleep
        )
        self._executor = Executor(scope, self._caller, audit=audit, now=now)
        self._trail = Trail(deadline_seconds)
        self._limit = limit_seconds
        # The latest look at each region's kinds: a poll looks only at what still moves.
        self._latest: dict[tuple[str, str], list[Resource]] = {}
        self._blind: dict[tuple[str, str], Blind] = {}
        self._changed_at = float("-inf")
        # Whether what is ours has to be asked anew.
        self._tags_changed = False
        self._scanner = Scanner(scope, self._caller)
        self._caller.statistics.kinds = listings_of(self._kinds) * len(scope.regions)

    def plan(self) -> Plan:
        """What a sweep would begin with. Reads only."""
        return Plan(*self._look(self._kinds, whole=True), self._now())

    def run(self, plan: Plan | None = None, *, look_only: bool = False) -> SweepResult:
        """Sweep until two looks at everything find nothing left to do.

        A fresh `plan` is the first look. With `look_only` nothing is called: what there is to
        do remains. A refusal ends up in the result, never in an exception.
        """
        started = self._now()
        if plan is None or started - plan.made_at > _PLAN_GOOD_FOR_SECONDS:
            plan = self.plan()
        result = SweepResult(statistics=self._caller.statistics)
        found, decision = plan.scan, plan.decision
        # Whether the latest look was at everything, whose tags were read with it.
        whole = True
        delay = _POLL_FIRST
        while True:
            if decision.finished and whole:
                result.looks += 1
                if result.looks == 2:
                    break
                self._sleep(max(0.0, self._changed_at + self._settle - self._now()))
            elif decision.finished:
                whole = True
            elif look_only:
                self._trail.give_up(decision.remaining, "it was not in the plan; run it again")
                break
            else:
                result.looks = 0
                moved = self._execute(decision, result)
                if self._now() - started > self._limit:
                    found, decision = self._look(self._kinds, whole=True)
                    limit = f"not done after {self._limit:.0f} s; run the sweep again"
                    self._trail.give_up(decision.remaining, limit)
                    break
                delay = _POLL_FIRST if moved else min(delay * 1.5, _POLL_MOST)
                self._sleep(delay)
                whole = self._tags_changed
                self._caller.statistics.polls += 1
            kinds = self._kinds if whole else self._still_moving(decision)
            found, decision = self._look(kinds, whole=whole)
        self._caller.statistics.seconds += self._now() - started
        return self._ended(result, found, decision)

    def call(self, call: Call) -> Outcome:
        """Make one call that no look has decided on: the seat, when it is to go last."""
        return next(self._executor.execute((call,)))[0]

    def _look(self, kinds: tuple[Kind, ...], *, whole: bool) -> tuple[Scan, Decision]:
        found = self._chosen(self._scanner.look(kinds, with_tags=whole), kinds)
        for resource, times in self._trail.see(found, kinds):
            self._progress(resource, "came back", f"{times} times")
        self._remember(found, kinds)
        decision = decide(
            (resource for resources in self._latest.values() for resource in resources),
            self._policy,
            blind=self._blind.values(),
            aside=self._trail.aside.keys(),
        )
        return found, decision

    def _chosen(self, found: Scan, kinds: tuple[Kind, ...]) -> Scan:
        if self._keys is None:
            return found
        wanted = self._keys
        chosen = tuple(r for r in found.resources if r.key in wanted and wanted[r.key] == r.created)
        # What was on its way and is no longer has been started again.
        moving = {r.key for r in chosen if r.status.lower() in _MOVING}
        again = self._moved - moving
        self._moved |= moving
        going = {r.key for r in chosen if not has_ended(r, self._policy)} - again
        chosen = tuple(r for r in chosen if r.key not in again)
        blind = {(hole.region, hole.kind) for hole in found.blind}
        seen = {kind.name for kind in kinds}
        self._keys = {
            (region, kind, ids): created
            for (region, kind, ids), created in wanted.items()
            if kind not in seen
            or (region, kind, ids) in going
            or not blind.isdisjoint({(region, kind), (region, TAGS)})
        }
        return replace(found, resources=chosen)

    def _remember(self, found: Scan, kinds: tuple[Kind, ...]) -> None:
        """Put a look in the place of the earlier ones at the same kinds."""
        names = [*(kind.name for kind in kinds), TAGS]
        for spot in [(region, name) for region in self._scope.regions for name in names]:
            self._latest[spot] = []
            self._blind.pop(spot, None)
        for resource in found.resources:
            self._latest[resource.region, resource.kind].append(resource)
        self._blind |= {(hole.region, hole.kind): hole for hole in found.blind}

    def _execute(self, decision: Decision, result: SweepResult) -> bool:
        """Make the calls, and set aside what will not move. Returns whether anything moved."""
        moved = False
        self._tags_changed = False
        now = self._now()
        due = tuple(call for call in decision.calls if self._trail.due(call, now))
        for outcomes in self._executor.execute(due):
            for outcome in outcomes:
                accepted = outcome.result in ("accepted", "gone")
                moved = moved or accepted
                self._tags_changed = self._tags_changed or outcome.result == "lost"
                if outcome.result == "accepted":
                    result.done.append(outcome.call)
                    self._changed_at = self._now()
                if accepted or self._trail.is_news(outcome):
                    state = outcome.call.verb if accepted else outcome.result
                    self._progress(outcome.call.resource, state, outcome.detail)
                self._trail.note(outcome, self._now())
        going_on = moved or bool(decision.waiting)
        pending = (*decision.waiting, *(call.resource for call in decision.calls))
        for resource, reason in self._trail.overdue(pending, self._now(), going_on):
            self._progress(resource, "set aside", reason)
        return moved

    def _still_moving(self, decision: Decision) -> tuple[Kind, ...]:
        """The kinds to list at the next poll, in table order."""
        names = {resource.kind for resource in decision.remaining}
        return tuple(kind for kind in self._kinds if kind.name in names)

    def _ended(self, result: SweepResult, found: Scan, decision: Decision) -> SweepResult:
        present = {resource.key: resource for resource in found.resources}
        aside = self._trail.aside
        # What has ended by itself since it was set aside does not remain.
        left = [r for r, why in decision.kept if why == GIVEN_UP] + list(decision.remaining)
        result.remaining = [Remaining(r, aside[r.key]) for r in left]
        result.kept = [(r, why) for r, why in decision.kept if why != GIVEN_UP]
        result.returned = [
            (present.get(key, resource), times)
            for key, (resource, times) in self._trail.returned.items()
        ]
        result.unattributed = found.unattributed
        result.blind = found.blind
        return result
