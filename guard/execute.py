"""Does what a plan says: the ledger first, then the stops, then what people are told."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from http.client import HTTPException
from typing import TYPE_CHECKING, Any

from cleanup.calls import FAILURES, failure
from cleanup.kind import Kind
from cleanup.kinds import KINDS
from cleanup.needed import is_known, needed_kinds
from cleanup.resources import Key, Scope
from cleanup.steps import STOPPED, Call, Policy
from guard import notices
from guard.doors import open_doors, shut_doors
from guard.notices import Digest, Send
from guard.observe import CALLS_PER_SECOND
from guard.plan import Judged, Plan
from guard.rule import shown
from guard.table import Table
from workshop.aws import Clients

if TYPE_CHECKING:
    from cleanup.sweep import Remaining, SweepResult

# Of the fifteen minutes that Lambda gives. What goes on then is the next run's, which finds it
# as it is: AWS and the ledger are all that a run begins with.
SWEEP_SECONDS = 480.0
# A deletion is not begun for less.
_LEAST_SECONDS = 30.0
# What holds somebody's files. Attendees make none of these: theirs are their stack's.
_HOMES = frozenset({"domain", "notebook-instance", "space", "user-profile"})

_DONE = {"stop": "to be stopped", "leave": "left running"}

# Takes a line of the log.
Log = Callable[[dict[str, Any]], None]


@dataclass(frozen=True, slots=True)
class Means:
    """What an execution works with. `topic` is the ARN of the notices' topic; `seconds` is how
    long stopping may take; `send` posts to a webhook."""

    clients: Clients
    table: Table
    topic: str
    log: Log
    seconds: float = SWEEP_SECONDS
    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    send: Send = notices.post


@dataclass(slots=True)
class Report:
    """What a run did. `done` are the calls that AWS accepted, `remaining` what would not stop
    in time and why, `told` the notice that was sent ("" for none), `problems` what else went
    wrong, in words."""

    plan: Plan
    done: list[Call] = field(default_factory=list)
    remaining: list[Remaining] = field(default_factory=list)
    told: str = ""
    problems: list[str] = field(default_factory=list)


def execute(plan: Plan, means: Means) -> Report:
    """Carry out a plan.

    Lives are in the ledger before anything is stopped: what is killed in between has still been
    counted. Of two guards at once, one gets "gone" or "later" as an answer, and one sends each
    warning. Raises WorkshopError when the ledger cannot be written; nothing is stopped then.
    """
    report = Report(plan)
    means.table.write_lives(plan.changed)
    for one in plan.judged:
        means.log(line(one))
    _move_doors(report, means)
    until = means.now() + means.seconds
    if plan.chosen:
        _stop(report, means, until)
    if plan.swept and until - means.now() > _LEAST_SECONDS:
        _delete(report, means, until)
    digest = _tell(report, means)
    means.table.note_run(plan, digest.state)
    return report


def line(one: Judged) -> dict[str, Any]:
    """The line of the log for a decision."""
    resource, verdict = one.subject.resource, one.verdict
    return {
        "guard": verdict.action,
        "rule": verdict.rule,
        "attendee": resource.owner,
        "kind": resource.kind,
        "name": resource.name,
        "reason": f"{_DONE[verdict.action]}: {verdict.reason}",
        "due": shown(verdict.due) if verdict.due else "",
    }


def summary(report: Report) -> dict[str, Any]:
    """A run in numbers: the last line of its log, and what the function returns."""
    plan, spent = report.plan, report.plan.bill.total
    return {
        "guard": "run",
        "at": plan.at.isoformat(timespec="seconds"),
        "stopped": len(plan.stops),
        "left": len(plan.judged) - len(plan.stops),
        "calls": len(report.done),
        "remaining": len(report.remaining),
        "warnings": len(plan.warnings),
        "usd": round(spent.usd, 4),
        "unknown": spent.unknown,
        "verified": plan.verified,
        "unseen": list(plan.unseen),
        "problems": report.problems,
    }


def _sagemaker_kinds(plan: Plan, clients: Clients) -> list[Kind]:
    """What attendees make. What it leaves elsewhere is the instructor's sweep's, and the guard's
    role ends none of it; nor does it what holds somebody's files."""
    needed = needed_kinds()
    region = plan.policy.region
    return [
        kind
        for kind in KINDS
        if kind.service == "sagemaker"
        and kind.name not in _HOMES
        and (kind.name in needed or is_known(clients, region, kind))
    ]


def _move_doors(report: Report, means: Means) -> None:
    """Before anything is stopped, or it could be started again in between.

    The ledger knows of a door before it is shut and until after it is opened: what is killed in
    between is done again by the next run.
    """
    plan = report.plan
    doors = plan.doors
    if not doors.shut and not doors.opened:
        return
    workshop = plan.policy.workshop
    iam = means.clients("iam", plan.policy.region)
    for who in plan.newly_shut:
        reason = f"may start nothing more: {doors.shut[who]}"
        means.log({"guard": "shut", "attendee": who, "reason": reason})
    means.table.note_shut(plan.newly_shut)
    report.problems += shut_doors(doors.shut, workshop, iam)
    for who in doors.opened:
        means.log({"guard": "open", "attendee": who, "reason": "may start things again"})
    failed = open_doors(doors.opened, workshop, iam)
    report.problems += failed
    if not failed:
        means.table.note_opened(doors.opened)


def _stop(report: Report, means: Means, until: float) -> None:
    """Stop what was chosen; what the sweep left of it remains, whatever the reason."""
    from cleanup.sweep import Remaining

    plan = report.plan
    kinds = {kind for _, kind, _ in plan.chosen}
    policy = Policy(stop_only=True)
    result = _sweep(
        report, means, policy, [k for k in KINDS if k.name in kinds], until, keys=plan.chosen
    )
    report.remaining += [
        Remaining(resource, why)
        for resource, why in result.kept
        if resource.key in plan.chosen and why != STOPPED
    ]


def _delete(report: Report, means: Means, until: float) -> None:
    """Delete what attendees made; nothing of whoever is held."""
    scope = replace(report.plan.scope, only=report.plan.swept)
    kinds = _sagemaker_kinds(report.plan, means.clients)
    _sweep(report, means, Policy(), kinds, until, scope=scope)


def _sweep(
    report: Report,
    means: Means,
    policy: Policy,
    kinds: Iterable[Kind],
    until: float,
    *,
    keys: Mapping[Key, datetime | None] | None = None,
    scope: Scope | None = None,
) -> SweepResult:
    # Most runs stop nothing, and every one of them begins with a fresh function.
    from cleanup.sweep import Sweep

    def audit(call: Call, result: str, detail: str = "") -> None:
        resource = call.resource
        means.log(
            {
                "guard": "call",
                "call": f"{resource.row.service}:{call.operation}",
                "attendee": resource.owner,
                "kind": resource.kind,
                "name": resource.name,
                "result": result,
                "detail": detail,
            }
        )

    result = Sweep(
        scope or report.plan.scope,
        means.clients,
        policy=policy,
        kinds=kinds,
        keys=keys,
        limit_seconds=until - means.now(),
        calls_per_second=CALLS_PER_SECOND,
        audit=audit,
        now=means.now,
        sleep=means.sleep,
    ).run()
    report.done += result.done
    report.remaining += result.remaining
    return result


def _tell(report: Report, means: Means) -> Digest:
    plan = report.plan
    # Only now: a run that is killed before has told nobody, and the next one does.
    won = means.table.win(warning.key for warning in plan.warnings)
    warnings = [warning for warning in plan.warnings if warning.key in won]
    digest = notices.compose(
        plan.policy.workshop,
        plan.policy.region,
        stops=plan.stops,
        done=report.done,
        remaining=report.remaining,
        unseen=[*plan.unseen, *report.problems],
        shut={who: plan.doors.shut[who] for who in plan.newly_shut},
        opened=plan.doors.opened,
        warnings=warnings,
        before=plan.ledger.digest,
    )
    if not digest.text:
        return digest
    took = 0
    try:
        means.clients("sns", plan.policy.region).publish(
            TopicArn=means.topic, Subject=digest.subject, Message=digest.text
        )
        took += 1
    except FAILURES as error:
        report.problems.append(f"the notice was not sent: {failure(error)}")
    if plan.policy.webhook:
        try:
            means.send(plan.policy.webhook, digest.text)
            took += 1
        # Whatever a server may answer, or a URL may be.
        except (OSError, HTTPException, ValueError) as error:
            report.problems.append(f"the webhook did not take the notice: {error}")
    for problem in report.problems:
        means.log({"guard": "problem", "reason": problem})
    if not took:
        # Another run tells again.
        means.table.release(warning.key for warning in warnings)
        return Digest("", "", plan.ledger.digest)
    report.told = digest.text
    means.log({"guard": "notice", "reason": digest.text})
    return digest
