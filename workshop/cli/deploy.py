"""`workshop deploy`: create or update every attendee's environment."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import click

from workshop.cli.options import config_option, json_option, plan_options
from workshop.cli.output import decide, note, print_json, print_table
from workshop.errors import EXIT_FAILED, EXIT_OK

if TYPE_CHECKING:
    from deploy.assembly import StackArtifact
    from deploy.engine import Result
    from deploy.plan import Step
    from workshop.aws import Clients


@click.command("deploy")
@click.option(
    "--parallel",
    type=click.IntRange(1, 100),
    default=20,
    show_default=True,
    help="How many stacks may be under way at once.",
)
@config_option
@plan_options
@json_option
def command(config: Path, yes: bool, dry_run: bool, as_json: bool, parallel: int) -> int:
    """Create or update every attendee's environment.

    Shared stacks first, then attendees in parallel. One failed attendee neither stops nor
    rolls back the others; run again, and only what is missing is done. Exit code 0: all
    stacks are up to date; 1: some failed, or would be refused.

    Example: workshop deploy --yes
    """
    from deploy.assembly import read_assembly
    from deploy.assets import upload_assets
    from deploy.engine import deploy_stacks
    from deploy.plan import Action, make_plan
    from workshop.aws import make_clients
    from workshop.cli.account import account_id
    from workshop.cli.progress import StackProgress
    from workshop.cli.synth import synthesize
    from workshop.config import load_workshop

    workshop = load_workshop(config)
    clients = make_clients()
    account, partition = account_id(clients, workshop.regions[0])
    with TemporaryDirectory(prefix="workshop-assembly-") as directory:
        note(f"synthesizing {workshop.name}: {len(workshop.attendees)} attendees")
        synthesize(config, Path(directory))
        artifacts = read_assembly(Path(directory), account, partition)
        steps = make_plan(artifacts, clients)
        _note_others(workshop.name, set(workshop.regions), artifacts, clients)
        if not as_json:
            _show_plan(steps)
        wanted = [step for step in steps if step.action != Action.KEEP]
        if not wanted:
            note("everything is up to date")
            return _report(workshop.name, [], steps, as_json)
        summary = _summary(steps)
        if not decide(yes, dry_run, summary):
            refused = any(step.action == Action.REFUSE for step in steps)
            if as_json:
                print_json(
                    {
                        "ok": not refused,
                        "executed": False,
                        "plan": _plan_rows(steps),
                        "stacks": [],
                    }
                )
            return EXIT_FAILED if refused else EXIT_OK
        assets = {asset for step in wanted for asset in step.artifact.uploads}
        uploaded = upload_assets(assets, clients, account)
        note(f"assets: {uploaded} uploaded, {len(assets) - uploaded} already there")
        with StackProgress("deploy", len(steps)) as progress:
            results = deploy_stacks(steps, clients, parallel=parallel, progress=progress)
    return _report(workshop.name, results, steps, as_json)


def _note_others(
    workshop: str, regions: set[str], artifacts: list[StackArtifact], clients: Clients
) -> None:
    """Say which stacks of the workshop the YAML no longer asks for: they stay, and may bill."""
    from deploy.destroy import find_stacks

    wanted = {(artifact.region, artifact.name) for artifact in artifacts}
    for stack in find_stacks(workshop, regions, clients):
        if (stack.region, stack.name) not in wanted:
            note(f"{stack.name} ({stack.region}) is not in the YAML; it stays until destroy")


def _plan_rows(steps: list[Step]) -> list[dict[str, str]]:
    return [
        {
            "stack": s.artifact.name,
            "region": s.artifact.region,
            "action": s.action,
            "reason": s.reason,
        }
        for s in steps
    ]


def _show_plan(steps: list[Step]) -> None:
    rows = (row.values() for row in _plan_rows(steps))
    print_table(("stack", "region", "action", "because"), (tuple(row) for row in rows))


def _summary(steps: list[Step]) -> str:
    counts = Counter(str(step.action) for step in steps)
    return ", ".join(f"{action} {count}" for action, count in sorted(counts.items())) + " stacks"


def _report(workshop: str, results: list[Result], steps: list[Step], as_json: bool) -> int:
    failed = [result for result in results if not result.ok]
    if as_json:
        rows: list[dict[str, Any]] = [
            {
                "stack": r.stack,
                "region": r.region,
                "action": r.action,
                "ok": r.ok,
                "reason": r.reason,
                "seconds": round(r.seconds, 1),
            }
            for r in results
        ]
        print_json(
            {
                "ok": not failed,
                "executed": bool(results),
                "plan": _plan_rows(steps),
                "stacks": rows,
            }
        )
    elif failed:
        print_table(
            ("failed stack", "region", "why"), ((r.stack, r.region, r.reason) for r in failed)
        )
        note(f"{len(failed)} of {len(results)} stacks failed; run workshop deploy again for them")
    elif results:
        note(f"{workshop} is deployed; next: workshop open ATTENDEE")
    return EXIT_FAILED if failed else EXIT_OK
