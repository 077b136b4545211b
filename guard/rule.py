"""The rule: whether something that bills is stopped now, left, or stopped when. Pure.

Every part of it answers with the time from which on it stops a thing, and why; the first part
whose time has come decides. Times that were compared with AWS's are taken to be wrong by
CLOCK_TOLERANCE at most, always in favour of whoever is at work.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from cleanup.machines import Machines
from cleanup.resources import Resource
from costs.meter import Bill
from guard.budgets import limits_of
from guard.ledger import Ledger
from guard.policy import GuardPolicy

# AWS refuses requests whose clock differs by more than five minutes ("Elements of an AWS API
# request signature", IAM user guide), and metrics arrive some two minutes late.
CLOCK_TOLERANCE = timedelta(minutes=5)

# Which of the allowed instance types a machine's usage is bound to.
_USES = {
    "hosting": "endpoint",
    "training": "training",
    "training-warm-pool": "training",
    "processing": "processing",
    "transform": "transform",
}
# Jobs end by themselves: those that go on for longer than any lab needs are stopped.
_JOBS = frozenset(
    {
        "ai-benchmark-job",
        "ai-recommendation-job",
        "automl-job",
        "compilation-job",
        "job",
        "optimization-job",
        "pipeline-execution",
        "processing-job",
        "recommendations-job",
        "training-job",
        "training-session",
        "transform-job",
        "tuning-job",
    }
)
# Who should have shut a workspace down before.
_FIRST = {
    "app": "Studio's own idle shutdown should have acted",
    "notebook-instance": "the idle program on the instance should have acted",
}
_GOING = frozenset({"Deleting", "Stopping"})


@dataclass(frozen=True, slots=True)
class Activity:
    """When something was last used, as far as anybody can tell.

    `known`: whoever was asked has answered; then `latest` None means not since it began. Of
    what is not known, `latest` is a use that was seen all the same: there may be newer ones.
    `source` says how that is known, or why it is not.
    """

    known: bool
    latest: datetime | None = None
    source: str = ""


@dataclass(frozen=True, slots=True)
class Subject:
    """Something that bills by the hour: since when it runs (UTC), on what, and how it is used.

    `began` None: nobody could see it. `activity` None: nothing tells of this kind.
    `kept` says why it is never touched, or is "".
    """

    resource: Resource
    began: datetime | None
    machines: Machines
    activity: Activity | None = None
    kept: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a part of the rule says: from `due` on the thing is stopped (None: not by it)."""

    rule: str
    due: datetime | None
    reason: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is done with a thing. `rule` names the part that decided; `due` of a thing that is
    left is when it is stopped as far as one knows now (None: by nothing that is known).
    `findings` are what every part said."""

    action: Literal["stop", "leave"]
    rule: str
    reason: str
    due: datetime | None
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class _Case:
    now: datetime
    subject: Subject
    policy: GuardPolicy
    ledger: Ledger
    bill: Bill


def decide(
    now: datetime, subject: Subject, policy: GuardPolicy, ledger: Ledger, bill: Bill
) -> Verdict:
    """Return what is done with a thing now (UTC). `bill` is all that was spent, everywhere."""
    resource = subject.resource
    case = _Case(now, subject, policy, ledger, bill)
    findings = tuple(found for part in _PARTS if (found := part(case)) is not None)
    if subject.kept:
        return Verdict("leave", "protected", subject.kept, None, findings)
    if resource.status in _GOING:
        reason = f"it is {resource.status.lower()} already"
        return Verdict("leave", "going", reason, None, findings)
    dues = [(found.due, found) for found in findings if found.due is not None]
    fired = next((found for due, found in dues if due <= now), None)
    hold = ledger.hold(resource.owner, now)
    if fired is not None and hold is not None:
        reason = f"held until {shown(hold.until)}{_by(hold.by)}; else stopped: {fired.reason}"
        return Verdict("leave", "hold", reason, hold.until, findings)
    if fired is not None:
        return Verdict("stop", fired.rule, fired.reason, fired.due, findings)
    due, first = min(dues, key=lambda pair: pair[0])
    if hold is not None:
        due = max(due, hold.until)
    return Verdict("leave", first.rule, first.reason, due, findings)


def deadline(policy: GuardPolicy, ledger: Ledger) -> datetime:
    """When everything is stopped: the end, as it was extended, and the minutes of grace."""
    return end(policy, ledger) + policy.grace


def end(policy: GuardPolicy, ledger: Ledger) -> datetime:
    """When the workshop ends: as its file says, or as it was extended since."""
    extension = ledger.extension
    if extension is None or extension.of != policy.ends:
        return policy.ends
    return max(extension.until, policy.ends)


def shown(moment: datetime) -> str:
    """A time in UTC, to the minute: "2026-03-02 17:00Z"."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%MZ")


def _by(who: str) -> str:
    return f" by {who}" if who else ""


def _at_the_deadline(case: _Case) -> Finding:
    until = deadline(case.policy, case.ledger)
    return Finding("deadline", until + CLOCK_TOLERANCE, f"the workshop is over at {shown(until)}")


def _over_budget(case: _Case) -> Finding | None:
    """Budgets say nothing of when: what is spent by then depends on what still starts."""
    limits = limits_of(case.subject.resource.owner, case.policy, case.bill)
    passed = next((limit for limit in limits if limit.passed), None)
    if passed is not None:
        return Finding("budget", case.now, str(passed))
    said = "; ".join(str(limit) for limit in limits)
    return Finding("budget", None, said) if said else None


def _above_the_ceiling(case: _Case) -> Finding | None:
    machines = case.subject.machines or ()
    together = sum(machine.count for machine in machines)
    for machine in machines:
        use = _USES.get(machine.usage)
        if use is None:
            continue
        # The groups of a job's instances add up; an endpoint's variants do not.
        count = machine.count if machine.usage == "hosting" else together
        if count > case.policy.instances:
            reason = f"{count} instances for {use}, {case.policy.instances} at most"
            return Finding("ceiling", case.now, reason)
        allowed = case.policy.allowed.get(use, ())
        if machine.instance_type not in allowed:
            reason = f"{machine.instance_type} is not allowed for {use}: {', '.join(allowed)}"
            return Finding("ceiling", case.now, reason)
    return None


def _older_than_jobs_get(case: _Case) -> Finding | None:
    if case.subject.resource.kind not in _JOBS:
        return None
    limit = case.policy.job_age
    began = case.subject.began
    if began is None:
        return Finding("job-age", None, "since when it runs is not known")
    due = began + limit + CLOCK_TOLERANCE
    return Finding("job-age", due, f"runs since {shown(began)}, {_long(limit)} at most")


def _idle_endpoint(case: _Case) -> Finding | None:
    if case.subject.resource.kind != "endpoint":
        return None
    if case.subject.machines == ():
        reason = "no instances: it is serverless or scaled to zero"
        return Finding("idle-endpoint", None, reason)
    return _idle(case, "idle-endpoint", case.policy.endpoint_idle, "invoked")


def _idle_workspace(case: _Case) -> Finding | None:
    kind = case.subject.resource.kind
    if kind not in _FIRST:
        return None
    found = _idle(case, "idle-workspace", case.policy.workspace_idle, "used")
    if found.due is None or found.due > case.now or found.rule != "idle-workspace":
        return found
    return Finding(found.rule, found.due, f"{found.reason}; {_FIRST[kind]}")


def _idle(case: _Case, rule: str, limit: timedelta, verb: str) -> Finding:
    """From the last use on; where nobody can see it, from the beginning on and for longer."""
    began, activity = case.subject.began, case.subject.activity
    # What lies in the future was written by a clock that is ahead.
    used = None if activity is None else activity.latest
    times = [min(t, case.now) for t in (used, began) if t is not None]
    if activity is None or not activity.known:
        why = activity.source if activity else "nothing tells of this kind"
        limit = case.policy.unseen_age
        if not times:
            return Finding("unseen", None, f"neither its use nor its age is known ({why})")
        # It was used then, and perhaps since.
        since = max(times)
        seen = "runs since" if since == began else "was in use at"
        reason = f"its use is not known ({why}); {seen} {shown(since)}, {_long(limit)} at most"
        return Finding("unseen", since + limit + CLOCK_TOLERANCE, reason)
    if not times:
        return Finding(rule, None, f"not {verb}, and since when it runs is not known")
    latest = max(times)
    never = used is None or used < latest
    last = f"not {verb}, runs since {shown(latest)}" if never else f"last {verb} {shown(latest)}"
    source = f" ({activity.source})" if activity.source else ""
    due = latest + limit + CLOCK_TOLERANCE
    return Finding(rule, due, f"{last}{source}, {_long(limit)} without use at most")


def _long(span: timedelta) -> str:
    """ "60 min", "12 h"."""
    minutes = span.total_seconds() / 60
    return f"{minutes / 60:g} h" if minutes >= 120 else f"{minutes:g} min"


# In the order in which they are told of a thing that several would stop.
_PARTS: tuple[Callable[[_Case], Finding | None], ...] = (
    _at_the_deadline,
    _over_budget,
    _above_the_ceiling,
    _older_than_jobs_get,
    _idle_endpoint,
    _idle_workspace,
)
