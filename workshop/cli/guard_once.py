"""`workshop guard --once`: one run of the guard, from this machine, by the same engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from cleanup.calls import FAILURES
from guard.execute import Means, Report, execute
from guard.plan import Judged, Plan, make_plan
from guard.rule import shown
from guard.table import Table
from workshop import names
from workshop.cli.boundary import explain
from workshop.cli.cost_so_far import bill_json
from workshop.cli.guard_desk import Desk, in_utc
from workshop.cli.ledgers import Book
from workshop.cli.output import decide, note, print_json, print_table
from workshop.cli.sweep_views import describe
from workshop.errors import EXIT_FAILED, EXIT_OK, EXIT_UNVERIFIED, WorkshopError

# A plan that somebody has thought about for longer is made anew before it is executed.
_GOOD_FOR = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class _Failure:
    """A region that nothing was done in, or not all."""

    region: str
    problem: WorkshopError

    def __str__(self) -> str:
        return f"{self.region}: {self.problem.what}: {self.problem.why}"


def run_once(desk: Desk, *, yes: bool, dry_run: bool, as_json: bool) -> int:
    """Make the plans of all regions, show them, and execute them once somebody agreed.

    A region that cannot be worked on keeps no other from being. Raises the WorkshopError of the
    first where there is no other. Returns the exit code.
    """
    plans, failures = _make_plans(desk)
    while True:
        if not as_json:
            _show(plans)
        for line in _doubts(plans, failures):
            note(line)
        agreed = not dry_run if not _count(plans) else decide(yes, dry_run, _summary(plans))
        if not agreed:
            if as_json:
                print_json(_as_json(plans, [], failures))
            return _exit_code(plans, [], failures) if dry_run else EXIT_FAILED
        if datetime.now(UTC) - plans[0].at <= _GOOD_FOR:
            break
        agreed_to = _keys(plans)
        plans, failures = _make_plans(desk)
        if _keys(plans) <= agreed_to:
            break
        note("more is due by now than was shown")
    reports = []
    for plan in plans:
        try:
            reports.append(execute(plan, _means(desk, plan)))
        except (*FAILURES, WorkshopError) as error:
            failures.append(_Failure(plan.policy.region, explain(error)))
            note(str(failures[-1]))
    if as_json:
        print_json(_as_json(plans, reports, failures))
    for report in reports:
        for left in report.remaining:
            note(f"remains: {describe(left.resource)}: {left.reason}")
    return _exit_code(plans, reports, failures)


def _make_plans(desk: Desk) -> tuple[list[Plan], list[_Failure]]:
    def plan(book: Book) -> Plan | _Failure:
        if book.ledger is None:
            assert book.problem is not None
            return _Failure(book.region, book.problem)
        now = datetime.now(UTC)
        try:
            return make_plan(book.policy, desk.account, book.ledger, desk.clients, now)
        except (*FAILURES, WorkshopError) as error:
            return _Failure(book.region, explain(error))

    note(f"looking at {', '.join(desk.regions)}")
    books = desk.books(elsewhere=True)
    with ThreadPoolExecutor(max_workers=len(books)) as pool:
        found = list(pool.map(plan, books))
    plans = [one for one in found if isinstance(one, Plan)]
    failures = [one for one in found if isinstance(one, _Failure)]
    if not plans:
        raise failures[0].problem
    return plans, failures


def _means(desk: Desk, plan: Plan) -> Means:
    region, workshop = plan.policy.region, desk.workshop.name
    topic = names.notices_name(workshop)
    return Means(
        clients=desk.clients,
        table=Table(desk.clients, plan.policy),
        topic=f"arn:{desk.partition}:sns:{region}:{desk.account}:{topic}",
        log=_note_line,
    )


def _note_line(line: Mapping[str, Any]) -> None:
    """Say on stderr what is happening; what is left alone was in the plan."""
    if line["guard"] == "call":
        detail = f": {line['detail']}" if line["detail"] else ""
        note(f"  {line['result']}: {line['call']} {line['name']}{detail}")
    elif line["guard"] in ("shut", "open"):
        note(f"  {line['attendee']} {line['reason']}")
    elif line["guard"] == "problem":
        note(f"problem: {line['reason']}")
    elif line["guard"] == "notice":
        note("a notice was sent")


def _keys(plans: Sequence[Plan]) -> frozenset[Any]:
    """What would be stopped, whose doors moved, and the regions in which all would be swept."""
    stops = {key for plan in plans for key in plan.chosen}
    doors = {(who,) for plan in plans for who in (*plan.newly_shut, *plan.doors.opened)}
    return frozenset(stops | doors | {plan.policy.region for plan in plans if plan.swept})


def _count(plans: Sequence[Plan]) -> int:
    doors = sum(len(plan.newly_shut) + len(plan.doors.opened) for plan in plans)
    return doors + sum(len(plan.stops) + bool(plan.swept) for plan in plans)


def _summary(plans: Sequence[Plan]) -> str:
    stops = sum(len(plan.stops) for plan in plans)
    swept = [plan.policy.region for plan in plans if plan.swept]
    parts = [f"stop {stops} resource{'' if stops == 1 else 's'}"] if stops else []
    shut = sorted(who for plan in plans for who in plan.newly_shut)
    opened = sorted(who for plan in plans for who in plan.doors.opened)
    if shut:
        parts.append(f"let {', '.join(shut)} start nothing more")
    if opened:
        parts.append(f"let {', '.join(opened)} start things again")
    if swept:
        parts.append(f"delete what attendees made in {', '.join(swept)}, since it is over")
    return ", then ".join(parts)


def _doubts(plans: Sequence[Plan], failures: Sequence[_Failure]) -> list[str]:
    said = [str(failure) for failure in failures]
    said += [f"{plan.policy.region}: {text}" for plan in plans for text in plan.unseen]
    said += [f"warning: {warning.text}" for plan in plans for warning in plan.warnings]
    if not _count(plans):
        said.append("nothing is to be stopped now")
    return said


def _show(plans: Sequence[Plan]) -> None:
    rows = [
        (
            *(one.verdict.action, one.subject.resource.kind, one.subject.resource.name),
            *(one.subject.resource.owner, plan.policy.region, one.verdict.rule),
            *(one.verdict.reason, shown(one.verdict.due) if one.verdict.due else "-"),
        )
        for plan in plans
        for one in sorted(plan.judged, key=_by_urgency)
    ]
    if rows:
        print_table(
            ("action", "kind", "name", "attendee", "region", "rule", "why", "due"),
            rows,
        )


def _by_urgency(one: Judged) -> tuple[bool, datetime, str]:
    never = datetime.max.replace(tzinfo=UTC)
    return (
        one.verdict.action != "stop",
        one.verdict.due or never,
        describe(one.subject.resource),
    )


def judged_json(one: Judged) -> dict[str, Any]:
    """A decision as JSON."""
    resource, verdict = one.subject.resource, one.verdict
    return {
        "action": verdict.action,
        "kind": resource.kind,
        "name": resource.name,
        "region": resource.region,
        "attendee": None if resource.shared else resource.owner,
        "rule": verdict.rule,
        "reason": verdict.reason,
        "due": in_utc(verdict.due),
        "since": in_utc(one.subject.began),
    }


def _as_json(
    plans: Sequence[Plan], reports: Sequence[Report], failures: Sequence[_Failure]
) -> dict[str, Any]:
    left = [remaining for report in reports for remaining in report.remaining]
    problems = [problem for report in reports for problem in report.problems]
    problems += [str(failure) for failure in failures]
    code = _exit_code(plans, reports, failures)
    return {
        "ok": code == EXIT_OK and (bool(reports) or not _count(plans)),
        "executed": bool(reports),
        "verified": not failures and all(plan.verified for plan in plans),
        "plan": [
            judged_json(one) for plan in plans for one in sorted(plan.judged, key=_by_urgency)
        ],
        "swept": [plan.policy.region for plan in plans if plan.swept],
        "shut": {who: plan.doors.shut[who] for plan in plans for who in plan.newly_shut},
        "opened": sorted(who for plan in plans for who in plan.doors.opened),
        "warnings": [warning.text for plan in plans for warning in plan.warnings],
        "spent": {plan.policy.region: bill_json(plan.bill) for plan in plans},
        "done": [
            {
                "action": call.operation,
                "kind": call.resource.kind,
                "name": call.resource.name,
                "region": call.resource.region,
            }
            for report in reports
            for call in report.done
        ],
        "remaining": [
            {
                "kind": r.resource.kind,
                "name": r.resource.name,
                "region": r.resource.region,
                "reason": r.reason,
            }
            for r in left
        ],
        "problems": problems,
        "unknown": [f"{plan.policy.region}: {text}" for plan in plans for text in plan.unseen],
    }


def _exit_code(
    plans: Sequence[Plan], reports: Sequence[Report], failures: Sequence[_Failure]
) -> int:
    if failures or any(report.remaining or report.problems for report in reports):
        return EXIT_FAILED
    return EXIT_OK if all(plan.verified for plan in plans) else EXIT_UNVERIFIED
