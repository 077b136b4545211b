"""`workshop cleanup`: stop what bills, then delete what attendees made."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cleanup.resources import Resource
from workshop.cli.findings_of_scan import gap_rows, kept_rows, note_scan, resource_rows
from workshop.cli.options import config_option, json_option, plan_options, region_option
from workshop.cli.output import decide, note, print_json, print_table
from workshop.errors import EXIT_FAILED, EXIT_OK, EXIT_UNVERIFIED

if TYPE_CHECKING:
    from cleanup.resources import Scan
    from cleanup.steps import Call, Decision
    from cleanup.sweep import SweepResult


@click.command("cleanup")
@click.option(
    "--attendee",
    "attendees",
    multiple=True,
    metavar="ID",
    help="Only this attendee's things; may be given several times.",
)
@config_option
@region_option
@plan_options
@json_option
def command(
    config: Path,
    attendees: tuple[str, ...],
    regions: tuple[str, ...],
    yes: bool,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Stop what bills, then delete what attendees made: endpoints, jobs, models, apps.

    Environments stay (a notebook instance is stopped, a space keeps its files); to remove
    them too: workshop destroy. Exit code 0: clean; 1: something remains; 3: a listing
    failed, so nothing can be said.

    Example: workshop cleanup --attendee a001 --dry-run
    """
    from cleanup.sweep import Sweep
    from workshop.aws import make_clients
    from workshop.cli.account import choose_regions, make_scope, workshop_stacks
    from workshop.config import load_workshop

    workshop = load_workshop(config)
    clients = make_clients()
    chosen = choose_regions(workshop, regions)
    stacks = workshop_stacks(workshop, clients, chosen)
    scope = make_scope(workshop, stacks, regions=chosen, only=attendees)
    sweep = Sweep(scope, clients, progress=note_progress)
    found, decision = sweep.plan()
    if not as_json:
        show_plan(decision)
    note_scan(found)
    busy = len(decision.remaining)
    if not busy:
        note("nothing to stop or delete")
    if not busy or not decide(yes, dry_run, f"stop or delete {busy} resources"):
        if as_json:
            print_json(plan_json(found, decision))
        return EXIT_OK if found.complete else EXIT_UNVERIFIED
    result = sweep.run()
    if as_json:
        print_json(result_json(result))
    else:
        show_result(result)
    return exit_code(result)


def exit_code(result: SweepResult) -> int:
    """What a sweep's result means to the shell."""
    if result.failed:
        return EXIT_FAILED
    return EXIT_OK if result.verified else EXIT_UNVERIFIED


def note_progress(what: Call | Resource, state: str) -> None:
    """Say on stderr what a sweep has just done to a resource."""
    resource = what if isinstance(what, Resource) else what.resource
    note(f"  {state}: {describe(resource)}")


def describe(resource: Resource) -> str:
    """A resource in a few words."""
    return f"{resource.kind} {resource.name} ({resource.region})"


def show_plan(decision: Decision) -> None:
    """Print what a sweep would begin with."""
    rows = [(c.verb, c.resource) for c in decision.calls]
    rows += [("wait", r) for r in decision.waiting]
    rows += [("then delete", r) for r in decision.blocked]
    print_table(
        ("action", "kind", "name", "attendee", "region", "status", "bills by"),
        (
            (verb, r.kind, r.name, r.owner, r.region, r.status or "-", r.bills or "-")
            for verb, r in rows
        ),
    )


def plan_json(found: Scan, decision: Decision) -> dict[str, object]:
    """A plan as JSON; `ok` when there is nothing to do and everything could be seen."""
    return {
        "ok": decision.finished and found.complete,
        "executed": False,
        "verified": found.complete,
        "plan": [
            {"action": c.operation, **row}
            for c, row in zip(
                decision.calls, resource_rows(c.resource for c in decision.calls), strict=True
            )
        ],
        "waiting": resource_rows(decision.waiting),
        "blocked": resource_rows(decision.blocked),
        "kept": kept_rows(decision.kept),
        **gap_rows(found),
    }


def result_json(result: SweepResult) -> dict[str, object]:
    """A result as JSON."""
    return {
        "ok": result.clean,
        "executed": True,
        "verified": result.verified,
        "done": [
            {"action": d.call.operation, "kind": d.call.resource.kind, "name": d.call.resource.name}
            for d in result.done
        ],
        "failed": [
            {"kind": f.resource.kind, "name": f.resource.name, "reason": f.reason}
            for f in result.failed
        ],
        "kept": kept_rows(result.kept),
        **gap_rows(result),
    }


def show_result(result: SweepResult) -> None:
    """Print what a sweep did and what it left."""
    counts = Counter((d.call.verb, d.call.resource.kind) for d in result.done)
    print_table(
        ("action", "kind", "count"),
        ((verb, kind, count) for (verb, kind), count in sorted(counts.items())),
    )
    for failed in result.failed:
        note(f"remains: {describe(failed.resource)}: {failed.reason}")
    for hole in result.blind:
        note(f"not verified: {hole.kind} in {hole.region}: {hole.reason}")
    if result.clean:
        note("clean: nothing of the attendees' is left but their environments")
