"""What a run of the guard would do: made by reads alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from cleanup.kind import WAIT
from cleanup.resources import Blind, Key, Resource, Scope
from costs.meter import Bill
from costs.prices import shipped
from guard.doors import Doors, find_doors
from guard.ledger import Ledger, Life
from guard.lives import bill, update
from guard.observe import Reads, find_subjects, observe
from guard.policy import GuardPolicy
from guard.rule import Subject, Verdict, deadline, decide
from guard.warnings import Warning, find_warnings
from workshop.aws import Clients


@dataclass(frozen=True, slots=True)
class Judged:
    """Something that runs, and what is done with it."""

    subject: Subject
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Plan:
    """What was seen at `at` (UTC), what it says, and what is to be done.

    `changed` are the lives that the ledger does not know yet like that. `sweep` says whether,
    after the deadline, what attendees made is deleted as a whole.
    """

    at: datetime
    policy: GuardPolicy
    ledger: Ledger
    scope: Scope
    judged: tuple[Judged, ...]
    resources: tuple[Resource, ...]
    blind: tuple[Blind, ...]
    changed: tuple[Life, ...]
    bill: Bill
    warnings: tuple[Warning, ...]
    sweep: bool
    doors: Doors = Doors()  # noqa: RUF009 - frozen

    @property
    def stops(self) -> tuple[Judged, ...]:
        """What is to be stopped."""
        return tuple(one for one in self.judged if one.verdict.action == "stop")

    @property
    def unseen(self) -> tuple[str, ...]:
        """What could not be read, in words. Environments that have not said yet when they were
        used are none of it, nor are endpoints that are still being made."""
        lists = [f"{hole.kind} could not be listed: {hole.reason}" for hole in self.blind]
        why: dict[str, int] = {}
        for one in self.judged:
            resource, activity = one.subject.resource, one.subject.activity
            serves = resource.kind == "endpoint" and resource.row.action(resource.status) != WAIT
            if serves and activity and not activity.known:
                why[activity.source] = why.get(activity.source, 0) + 1
        uses = [f"the use of {n} endpoints could not be read: {w}" for w, n in sorted(why.items())]
        return (*lists, *uses)

    @property
    def verified(self) -> bool:
        """Whether everything could be seen."""
        return not self.unseen

    @property
    def keys(self) -> frozenset[Key]:
        """What is to be stopped, and what is a part of it and must be gone before it."""
        stopped = {one.subject.resource.key for one in self.stops}
        return frozenset(stopped | _parts(self.stops, self.resources))


def make_plan(
    policy: GuardPolicy, account: str, ledger: Ledger, clients: Clients, now: datetime
) -> Plan:
    """Look at everything, and decide. Raises what AWS raises when attendees cannot be listed."""
    reads = Reads(clients)
    found = observe(policy, account, ledger.lives, clients, reads)
    lives, changed = update(
        ledger.lives, found.runs, now, ledger.last_run, {hole.kind for hole in found.blind}
    )
    prices = policy.prices.over(shipped())
    spent = bill(lives, ledger.elsewhere, prices, policy.region, now)
    judged = tuple(
        Judged(subject, decide(now, subject, policy, ledger, spent))
        for subject in find_subjects(found, lives, policy, reads, now)
    )
    after_end = now >= deadline(policy, ledger)
    return Plan(
        at=now,
        policy=policy,
        ledger=ledger,
        scope=found.scope,
        judged=judged,
        resources=found.resources,
        blind=found.blind,
        changed=tuple(changed),
        bill=spent,
        warnings=find_warnings(now, policy, ledger, spent, found.scope.attendees),
        doors=find_doors(now, found.scope.attendees, policy, ledger, spent),
        sweep=policy.after_end == "delete" and after_end and ledger.hold("", now) is None,
    )


def _parts(stops: Iterable[Judged], resources: Iterable[Resource]) -> set[Key]:
    """What runs as a part of what is stopped: an endpoint's inference components."""
    whole = {
        (one.subject.resource.kind, name) for one in stops for name in one.subject.resource.names
    }
    return {
        resource.key
        for resource in resources
        if resource.bills == "hour" and any(holder in whole for holder in resource.within)
    }
