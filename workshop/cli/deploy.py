"""`workshop deploy`: synth, plan, upload assets, then every stack."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import click

from workshop.cli.options import config_option, json_option, plan_options
from workshop.cli.output import decide, note, print_json, print_table
from workshop.errors import EXIT_FAILED, EXIT_OK, UsageError
from workshop.names import TAG_ATTENDEE, TAG_WORKSHOP

if TYPE_CHECKING:
    from deploy.assembly import StackArtifact
    from deploy.engine import Deployment, Result
    from deploy.plan import Step
    from workshop.aws import Clients
    from workshop.cli.progress import EventStream
    from workshop.model import Workshop


@click.command("deploy")
@click.option(
    "--parallel",
    type=click.IntRange(1, 100),
    default=20,
    show_default=True,
    help="How many stacks may be under way at once.",
)
@click.option(
    "--assembly",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="DIR",
    help="Deploy what `cdk synth` wrote there, instead of synthesizing.",
)
@config_option
@plan_options
@json_option
def command(
    config: Path, yes: bool, dry_run: bool, as_json: bool, parallel: int, assembly: Path | None
) -> int:
    """Create or update every attendee's environment.

    Shared stacks first, then attendees in parallel. One failed attendee neither stops nor
    rolls back the others; run again, and only what is missing is done. What would delete
    somebody's files is refused; so is a workshop with a `budget` while a price it needs is not
    known (workshop cost --refresh). Where it is expected to cost more than its budget, the
    plan says so. With --json, progress is a line of JSON each on stderr, and nobody is asked.
    Exit code 0: all stacks are up to date; 1: some failed, or would be refused.

    Example: workshop deploy --yes
    """
    from workshop.aws import make_clients
    from workshop.cli.budgets import hold_against_budget
    from workshop.cli.progress import events_on_stderr
    from workshop.cli.synth import synthesize
    from workshop.config import load_workshop

    workshop = load_workshop(config)
    clients = make_clients()
    above = hold_against_budget(workshop, config, clients)
    with (
        events_on_stderr(as_json) as events,
        TemporaryDirectory(prefix="workshop-assembly-") as directory,
    ):
        if assembly is None:
            note(f"synthesizing {workshop.name}: {len(workshop.attendees)} attendees")
            synthesize(config, Path(directory))
        return _deploy(
            workshop,
            assembly or Path(directory),
            clients,
            parallel=parallel,
            events=events,
            yes=yes,
            dry_run=dry_run,
            above=above,
        )


def _deploy(
    workshop: Workshop,
    assembly: Path,
    clients: Clients,
    *,
    parallel: int,
    events: EventStream | None,
    yes: bool,
    dry_run: bool,
    above: list[str],
) -> int:
    """Plan, show, ask, execute, report."""
    from deploy.assembly import read_assembly
    from deploy.assets import upload_assets
    from deploy.engine import Deployment
    from deploy.plan import Action, make_plan
    from workshop.cli.account import account_id
    from workshop.cli.progress import StackProgress

    as_json = events is not None
    account, partition = account_id(clients, workshop.regions[0])
    artifacts = read_assembly(assembly, account, partition)
    _require_own(workshop.name, artifacts)
    steps = make_plan(artifacts, clients)
    _note_others(workshop.name, set(workshop.regions), artifacts, clients)
    if not as_json:
        _show_plan(steps)
    wanted = [step for step in steps if step.action != Action.KEEP]
    if not wanted:
        note("everything is up to date")
        return _report(workshop.name, [], steps, as_json)
    for text in above:
        note(f"warning: {text}; workshop cost says why")
    if not decide(yes, dry_run, "; ".join((_summary(steps), *above))):
        refused = any(step.action == Action.REFUSE for step in steps)
        if as_json:
            print_json(
                {
                    "ok": not refused,
                    "executed": False,
                    "plan": _plan_rows(steps),
                    "above_budget": above,
                    "stacks": [],
                }
            )
        return EXIT_FAILED if refused else EXIT_OK
    assets = {asset for step in wanted for asset in step.artifact.uploads}
    uploaded = upload_assets(assets, clients, account)
    note(f"assets: {uploaded} uploaded, {len(assets) - uploaded} already there")
    progress = StackProgress("deploy", len(steps), events)
    deployment = Deployment(
        steps,
        clients,
        parallel=parallel,
        progress=progress,
        quota_codes=_quota_codes(workshop),
    )
    with _telling_what_goes_on(deployment), progress:
        results = deployment.run()
    return _report(workshop.name, results, steps, as_json)


def _require_own(workshop: str, artifacts: list[StackArtifact]) -> None:
    """Refuse an assembly that was made from another configuration's workshop."""
    others = {a.tags.get(TAG_WORKSHOP, "") for a in artifacts} - {workshop}
    if others:
        raise UsageError(
            f"the assembly is not of {workshop}",
            f"its stacks are of {', '.join(sorted(others)) or 'no workshop'}",
            "give the --config that it was made from, or leave out --assembly",
        )


def _quota_codes(workshop: Workshop) -> dict[str, str]:
    """The codes of the quotas that the workshop needs, by name: reasons tell them."""
    from modules.declarations import load_module
    from quotas.demand import demand_in

    modules = [load_module(name) for name in workshop.modules]
    quotas = [d.quota for region in workshop.regions for d in demand_in(workshop, region, modules)]
    return {quota.name: quota.code for quota in quotas if quota.code}


@contextmanager
def _telling_what_goes_on(deployment: Deployment) -> Iterator[None]:
    """When a deployment is interrupted: say what CloudFormation goes on with."""
    try:
        yield
    except BaseException:
        names = ", ".join(deployment.under_way)
        if names:
            note(f"still under way in CloudFormation: {names}")
        note("run workshop deploy again: it waits for these, and goes on from there")
        raise


def _note_others(
    workshop: str, regions: set[str], artifacts: list[StackArtifact], clients: Clients
) -> None:
    """Say which stacks of the workshop the YAML no longer asks for: they stay, and may bill."""
    from deploy.destroy import find_stacks

    wanted = {(artifact.region, artifact.name) for artifact in artifacts}
    for stack in find_stacks(workshop, regions, clients):
        if (stack.region, stack.name) in wanted:
            continue
        attendee = stack.tags.get(TAG_ATTENDEE)
        whose = f" --attendee {attendee}" if attendee else ""
        note(
            f"{stack.name} ({stack.region}) is not in the YAML; it stays until: "
            f"workshop destroy{whose}"
        )


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
                "cause": r.cause,
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
