"""Does what a plan says: the ledger first, then the stops, then what people are told."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cleanup.calls import FAILURES, failure
from cleanup.kind import Kind
from cleanup.kinds import KINDS
from cleanup.needed import is_known, needed_kinds
from cleanup.steps import Call, Policy
from guard import notices
from guard.doors import move_doors
from guard.notices import Digest, Send
from guard.observe import CALLS_PER_SECOND
from guard.plan import Judged, Plan
from guard.rule import shown
from guard.table import Table
from workshop.aws import Clients

if TYPE_CHECKING:
    from cleanup.sweep import Remaining

# Of the fifteen minutes that Lambda gives. What goes on then is the next run's, which finds it
# as it is: AWS and the ledger are all that a run begins with.
SWEEP_SECONDS = 480.0

_DONE = {"stop": "stopped", "leave": "left running"}

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
    wrong, in words, `moved` the attendees whose doors were shut or opened."""

    plan: Plan
    done: list[Call] = field(default_factory=list)
    remaining: list[Remaining] = field(default_factory=list)
    told: str = ""
    problems: list[str] = field(default_factory=list)
    moved: frozenset[str] = frozenset()


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
    if plan.keys:
        kinds = {resource.kind for resource in plan.resources if resource.key in plan.keys}
        _sweep(report, means, Policy(stop_only=True), [k for k in KINDS if k.name in kinds])
    if plan.sweep:
        _sweep(report, means, Policy(), _sagemaker_kinds(plan, means.clients))
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
    """What attendees make; what it leaves elsewhere is the instructor's sweep's, and the
    guard's role ends none of it."""
    needed = needed_kinds()
    region = plan.policy.region
    return [
        kind
        for kind in KINDS
        if kind.service == "sagemaker" and (kind.name in needed or is_known(clients, region, kind))
    ]


def _move_doors(report: Report, means: Means) -> None:
    """Before anything is stopped, or it could be started again in between."""
    plan = report.plan
    doors = plan.doors
    if not doors.shut and not doors.opened:
        return
    iam = means.clients("iam", plan.policy.region)
    report.moved, problems = move_doors(doors, plan.policy.workshop, iam)
    shut = [who for who in doors.shut if who in report.moved]
    opened = [who for who in doors.opened if who in report.moved]
    means.table.note_doors(shut, opened)
    report.problems += problems
    for who in shut:
        reason = f"may start nothing more: {doors.shut[who]}"
        means.log({"guard": "shut", "attendee": who, "reason": reason})
    for who in opened:
        means.log({"guard": "open", "attendee": who, "reason": "may start things again"})


def _sweep(report: Report, means: Means, policy: Policy, kinds: Iterable[Kind]) -> None:
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
        report.plan.scope,
        means.clients,
        policy=policy,
        kinds=kinds,
        keys=report.plan.keys if policy.stop_only else None,
        limit_seconds=means.seconds,
        calls_per_second=CALLS_PER_SECOND,
        audit=audit,
        now=means.now,
        sleep=means.sleep,
    ).run()
    report.done += result.done
    report.remaining += result.remaining


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
        shut={who: why for who, why in plan.doors.shut.items() if who in report.moved},
        opened=[who for who in plan.doors.opened if who in report.moved],
        warnings=warnings,
        before=plan.ledger.digest,
    )
    if not digest.text:
        return digest
    sent = True
    try:
        means.clients("sns", plan.policy.region).publish(
            TopicArn=means.topic, Subject=digest.subject, Message=digest.text
        )
    except FAILURES as error:
        sent = False
        report.problems.append(f"the notice was not sent: {failure(error)}")
        # Another run tells again.
        means.table.release(warning.key for warning in warnings)
    if plan.policy.webhook:
        try:
            means.send(plan.policy.webhook, digest.text)
        except OSError as error:
            report.problems.append(f"the webhook did not take the notice: {error}")
    for problem in report.problems:
        means.log({"guard": "problem", "reason": problem})
    if not sent:
        return Digest("", "", plan.ledger.digest)
    report.told = digest.text
    means.log({"guard": "notice", "reason": digest.text})
    return digest
