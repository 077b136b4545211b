"""`workshop guard --explain`: what every part of the rule says of one thing. Reads only."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import click

from cleanup.resources import Blind, Resource
from guard.plan import Judged, Plan, make_plan
from guard.rule import shown
from workshop.cli.guard_desk import Desk, in_utc
from workshop.cli.guard_once import judged_json
from workshop.cli.output import note, print_json, print_table, printable
from workshop.cli.sweep_views import describe
from workshop.errors import EXIT_OK, EXIT_UNVERIFIED, UnverifiedError, UsageError


def explain_resource(desk: Desk, name: str, *, as_json: bool) -> int:
    """Print what the rule says of whatever runs by that name, ARN or id.

    What bills nothing is told so. Raises UsageError when nothing has the name, with those that
    are near; UnverifiedError when not everything could be seen. Returns the exit code.
    """
    plans = []
    for book in desk.books(elsewhere=True):
        if book.ledger is None:
            assert book.problem is not None
            raise book.problem
        now = datetime.now(UTC)
        plans.append(make_plan(book.policy, desk.account, book.ledger, desk.clients, now))
    found = [one for plan in plans for one in plan.judged if name in one.subject.resource.names]
    blind = [hole for plan in plans for hole in plan.blind]
    if found:
        _show(found, as_json)
    else:
        resting = _resting(desk, name, plans, blind)
        if as_json:
            print_json({"found": [], "resting": [_rest_json(r) for r in resting]})
        for resource in resting:
            note(f"{describe(resource)}, of {resource.owner}, {_rest(resource)}")
    for hole in blind:
        note(f"could not be read: {hole.kind} in {hole.region}: {hole.reason}")
    return EXIT_UNVERIFIED if blind else EXIT_OK


def _show(found: Sequence[Judged], as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "found": [
                    {
                        **judged_json(one),
                        "findings": [
                            {"rule": f.rule, "due": in_utc(f.due), "reason": f.reason}
                            for f in one.verdict.findings
                        ],
                    }
                    for one in found
                ],
                "resting": [],
            }
        )
        return
    for one in found:
        resource, verdict = one.subject.resource, one.verdict
        # Not the table's title, which is broken where the table is narrower.
        click.echo(printable(f"{describe(resource)}, of {resource.owner}: {_now(one)}"))
        print_table(
            ("rule", "stops it", "what it says"),
            ((f.rule, shown(f.due) if f.due else "-", f.reason) for f in verdict.findings),
        )
        note(f"{resource.name}: {verdict.rule}: {verdict.reason}")


def _now(one: Judged) -> str:
    """What is done with it, in words."""
    verdict = one.verdict
    if verdict.action == "stop":
        return "the next run stops it"
    if verdict.due is None:
        return "left running, by nothing that is known to be stopped"
    return f"left running until {shown(verdict.due)}, as far as is known now"


def _resting(
    desk: Desk, name: str, plans: Sequence[Plan], blind: Sequence[Blind]
) -> list[Resource]:
    """What has the name and does not bill by the hour."""
    from workshop.cli.status import look

    _, everything = look(desk.workshop, desk.clients, desk.regions)
    found = [r for r in everything.resources if name in r.names]
    if found:
        return found
    holes = {f"{hole.kind} in {hole.region}" for hole in (*blind, *everything.blind)}
    if holes:
        raise UnverifiedError(
            f"nothing that could be seen is called {name}",
            f"could not be read: {', '.join(sorted(holes))}",
            "look again later; workshop status says what is missing",
        )
    known = {r.name for r in everything.resources} | {
        one.subject.resource.name for plan in plans for one in plan.judged
    }
    raise UsageError(
        f"nothing of {desk.workshop.name} is called {name}",
        f"looked in {', '.join(desk.regions)}; near it are {_near(name, known)}",
        "workshop status --running lists what bills by the hour",
    )


def _near(name: str, known: Iterable[str]) -> str:
    """Names like it."""
    near = difflib.get_close_matches(name, sorted(known), n=5)
    near += [other for other in sorted(known) if name in other and other not in near][:5]
    return ", ".join(near) or "none"


def _rest(resource: Resource) -> str:
    bills = "bills its storage alone" if resource.bills == "month" else "bills nothing"
    status = f" ({resource.status})" if resource.status else ""
    return f"{bills}{status}: the guard leaves it"


def _rest_json(resource: Resource) -> dict[str, str]:
    return {
        "kind": resource.kind,
        "name": resource.name,
        "region": resource.region,
        "attendee": resource.owner,
        "status": resource.status,
        "bills": resource.bills,
    }
