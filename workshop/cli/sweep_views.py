"""What commands show of a sweep: the plan, its progress, the result."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from cleanup.resources import Resource
from workshop.cli.findings_of_scan import gap_rows, kept_rows, resource_rows
from workshop.cli.output import note, print_table

if TYPE_CHECKING:
    from cleanup.audit import AuditLog
    from cleanup.steps import Decision
    from cleanup.sweep import Plan, SweepResult
    from workshop.cli.money import Rates

# A longer plan is shown by its sums; --json has every line.
_MOST_ROWS = 60


def note_progress(resource: Resource, state: str, detail: str) -> None:
    """Say on stderr what has just happened to a resource."""
    why = f": {detail}" if detail else ""
    note(f"  {state}: {describe(resource)}{why}")


def describe(resource: Resource) -> str:
    """A resource in a few words."""
    return f"{resource.kind} {resource.name} ({resource.region})"


@contextmanager
def interruptible(log: AuditLog) -> Iterator[None]:
    """Say on Ctrl-C where it is written what was done, and how to go on."""
    try:
        yield
    except KeyboardInterrupt:
        if log.written:
            note(f"audit log of what was done: {log.path}")
        note("what was begun goes on in AWS; the same command, run again, continues")
        raise


def show_plan(decision: Decision, rates: Rates) -> None:
    """Print what a sweep would do: every resource, or of many the sums."""
    from workshop.cli.money import cell, total

    rows = plan_rows(decision)
    if not rows:
        return
    if len(rows) <= _MOST_ROWS:
        print_table(
            ("action", "kind", "name", "attendee", "region", "status", "USD/h"),
            (
                (verb, r.kind, r.name, r.owner, r.region, r.status or "-", cell(r, rates))
                for verb, r in rows
            ),
        )
        return
    groups: dict[tuple[str, str, str], list[Resource]] = {}
    for verb, resource in rows:
        groups.setdefault((verb, resource.kind, resource.region), []).append(resource)
    print_table(
        ("action", "kind", "region", "count", "attendees", "cost"),
        (
            (*group, len(found), len({r.owner for r in found}), total(found, rates))
            for group, found in sorted(groups.items())
        ),
    )


def plan_rows(decision: Decision) -> list[tuple[str, Resource]]:
    """(what will be done first, resource) in the order of the plan."""
    rows = [(call.verb, call.resource) for call in decision.calls]
    rows += [("wait", resource) for resource in decision.waiting]
    return rows + [("then delete", resource) for resource in decision.blocked]


def show_kept(kept: Iterable[tuple[Resource, str]]) -> None:
    """Say on stderr what stays, the reasons once each."""
    for reason, names in _by_reason(kept):
        shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
        note(f"stays: {shown}: {reason}")


def _by_reason(kept: Iterable[tuple[Resource, str]]) -> list[tuple[str, list[str]]]:
    reasons: dict[str, list[str]] = {}
    for resource, reason in kept:
        reasons.setdefault(reason, []).append(f"{resource.kind} {resource.name}")
    return sorted(reasons.items())


def show_result(result: SweepResult, rates: Rates) -> None:
    """Print what a sweep did and what it left."""
    from workshop.cli.money import total

    counts = Counter((call.verb, call.resource.kind) for call in result.done)
    if counts:
        print_table(
            ("action", "kind", "count"),
            ((verb, kind, count) for (verb, kind), count in sorted(counts.items())),
        )
    for left in result.remaining:
        note(f"remains: {describe(left.resource)}: {left.reason}")
    for resource, times in result.returned:
        note(f"came back after deletion: {describe(resource)}: {times} times")
    for hole in result.blind:
        note(f"not verified: {hole.kind} in {hole.region}: {hole.reason}")
    left_over = [left.resource for left in result.remaining]
    if rate := total(left_over, rates):
        note(f"what remains costs {rate}")


def result_json(result: SweepResult, rates: Rates) -> dict[str, Any]:
    """A result as JSON."""
    from workshop.cli.money import total

    return {
        "ok": result.clean,
        "executed": True,
        "verified": result.verified,
        "looks": result.looks,
        "done": [
            {
                "action": call.operation,
                "kind": call.resource.kind,
                "name": call.resource.name,
                "region": call.resource.region,
            }
            for call in result.done
        ],
        "remaining": [
            {**row, "reason": left.reason}
            for left, row in zip(
                result.remaining,
                resource_rows(left.resource for left in result.remaining),
                strict=True,
            )
        ],
        "returned": [
            {"kind": r.kind, "name": r.name, "region": r.region, "times": times}
            for r, times in result.returned
        ],
        "cost": rate_json(total((left.resource for left in result.remaining), rates)),
        "kept": kept_rows(result.kept),
        **gap_rows(result),
    }


def plan_json(plan: Plan, rates: Rates) -> dict[str, Any]:
    """A plan as JSON; `ok` when there is nothing to do and everything could be seen."""
    from workshop.cli.money import total

    decision = plan.decision
    return {
        "ok": decision.finished and plan.scan.complete,
        "executed": False,
        "verified": plan.scan.complete,
        "plan": [
            {"action": call.operation, **row}
            for call, row in zip(
                decision.calls, resource_rows(c.resource for c in decision.calls), strict=True
            )
        ],
        "waiting": resource_rows(decision.waiting),
        "blocked": resource_rows(decision.blocked),
        "saves": rate_json(total(decision.remaining, rates)),
        "kept": kept_rows(decision.kept),
        **gap_rows(plan.scan),
    }


def rate_json(rate: Any) -> dict[str, Any]:
    """A rate as JSON: USD per hour of what is known, and how many prices are not."""
    return {"usd_per_hour": round(rate.usd_per_hour, 4), "unknown": rate.unknown}
