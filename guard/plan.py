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
from guard.observe import CALLS_PER_SECOND, Reads, find_subjects, observe
from guard.policy import GuardPolicy
from guard.rule import CLOCK_TOLERANCE, Subject, Verdict, deadline, decide
from guard.warnings import Warning, find_warnings
from workshop.aws import Clients
from workshop.names import SHARED


@dataclass(frozen=True, slots=True)
class Judged:
    """Something that runs, and what is done with it."""

    subject: Subject
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Plan:
    """What was seen at `at` (UTC), what it says, and what is to be done.

    `changed` are the lives that the ledger does not know yet like that. `swept` are the owners
    of whom, after the deadline, what they made is deleted as a whole.
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
    swept: frozenset[str] = frozenset()
    doors: Doors = Doors()  # noqa: RUF009 - frozen

    @property
    def stops(self) -> tuple[Judged, ...]:
        """What is to be stopped."""
        return tuple(one for one in self.judged if one.verdict.action == "stop")

    @property
    def newly_shut(self) -> tuple[str, ...]:
        """Whose doors are to be shut that were not."""
        return tuple(who for who in self.doors.shut if who not in self.ledger.shut)

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
    def chosen(self) -> dict[Key, datetime | None]:
        """What is to be stopped, and what is a part of it and must be gone before it: each with
        the time of its creation, so that another of the same name is not taken for it."""
        keys = {one.subject.resource.key for one in self.stops}
        keys |= _parts(self.stops, self.resources)
        return {r.key: r.created for r in self.resources if r.key in keys}


def make_plan(
    policy: GuardPolicy,
    account: str,
    ledger: Ledger,
    clients: Clients,
    now: datetime,
    *,
    calls_per_second: float = CALLS_PER_SECOND,
) -> Plan:
    """Look at everything, and decide. Raises what AWS raises when attendees cannot be listed."""
    reads = Reads(clients, calls_per_second)
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
        doors=find_doors(now, found.present, policy, ledger, spent),
        swept=_swept(now, found.scope.attendees, policy, ledger),
    )


def _swept(
    now: datetime, attendees: Iterable[str], policy: GuardPolicy, ledger: Ledger
) -> frozenset[str]:
    """The owners whose things are deleted as a whole; what all share only while nobody is held."""
    if policy.after_end != "delete" or now < deadline(policy, ledger) + CLOCK_TOLERANCE:
        return frozenset()
    free = {who for who in attendees if ledger.hold(who, now) is None}
    held = any(hold.until > now for hold in ledger.holds)
    return frozenset(free if held else free | {SHARED})


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
