"""`workshop destroy`: sweep, delete the stacks, and verify that nothing is left."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
from botocore.exceptions import BotoCoreError, ClientError

from workshop.cli.boundary import explain
from workshop.cli.cleanup import describe, note_progress
from workshop.cli.findings_of_scan import resource_rows
from workshop.cli.inventory import Inventory, find_logs, own_buckets, take_inventory
from workshop.cli.options import config_option, json_option, plan_options
from workshop.cli.output import decide, note, print_json, print_table
from workshop.errors import EXIT_FAILED, EXIT_OK, EXIT_UNVERIFIED, WorkshopError

if TYPE_CHECKING:
    from cleanup.resources import Scope
    from workshop.aws import Clients
    from workshop.model import Workshop


@click.command("destroy")
@config_option
@plan_options
@json_option
def command(config: Path, yes: bool, dry_run: bool, as_json: bool) -> int:
    """Delete everything of the workshop, attendees' files included, and verify it.

    Sweeps what attendees made, empties the bucket, deletes attendees' stacks, then the
    shared ones, then log streams; a last scan says what is left. Exit code 0: nothing is
    left; 1: something is; 3: a listing failed, so nothing can be said. A dry run shows what
    would be deleted, and leaves with 0 or 3.

    Example: workshop destroy --dry-run
    """
    from workshop.aws import make_clients
    from workshop.cli.account import account_id, make_scope, workshop_stacks
    from workshop.config import load_workshop

    workshop = load_workshop(config)
    clients = make_clients()
    account, _ = account_id(clients, workshop.regions[0])
    stacks = workshop_stacks(workshop, clients)
    scope = make_scope(workshop, stacks)
    before = take_inventory(workshop, scope, account, clients)
    if before.empty and not before.blind:
        note(f"nothing of {workshop.name} exists in {', '.join(workshop.regions)}")
        return _report(before, [], as_json, regions=workshop.regions, executed=False)
    if not as_json:
        print_table(
            ("kind", "region", "name", "status"),
            (row.values() for row in before.as_rows()),  # type: ignore[misc]
        )
    files = sum(before.objects.values())
    summary = f"delete {len(before.stacks)} stacks, {files} objects and all attendees' files"
    if not decide(yes, dry_run, summary):
        return _report(before, [], as_json, regions=workshop.regions, executed=False)
    problems = _destroy(workshop, scope, account, clients)
    after = take_inventory(workshop, scope, account, clients)
    return _report(after, problems, as_json, regions=workshop.regions, executed=True)


def _destroy(workshop: Workshop, scope: Scope, account: str, clients: Clients) -> list[str]:
    """Do it, in the order AWS demands; what fails does not stop the rest.

    Returns what went wrong.
    """
    from cleanup.leftovers import remove_log_leftovers
    from cleanup.sweep import Sweep
    from deploy.destroy import destroy_stacks
    from workshop.cli.account import workshop_stacks
    from workshop.cli.progress import StackProgress

    note("sweeping what attendees made")
    swept = Sweep(scope, clients, progress=note_progress).run()
    problems = [f"{describe(f.resource)}: {f.reason}" for f in swept.failed]
    for region in workshop.regions:
        problems += _empty_buckets(workshop, account, region, clients)
    stacks = workshop_stacks(workshop, clients)
    with StackProgress("destroy", len(stacks)) as progress:
        results = destroy_stacks(stacks, clients, progress=progress)
    problems += [f"stack {r.stack} ({r.region}): {r.reason}" for r in results if not r.ok]
    if all(r.ok for r in results):
        # What a stack should have deleted and is still there has nobody else to delete it.
        swept = Sweep(scope, clients, keep_managed=False, progress=note_progress).run()
        problems += [f"{describe(f.resource)}: {f.reason}" for f in swept.failed]
    for region in workshop.regions:
        with _noting(problems, f"logs in {region}"):
            logs = find_logs(scope, region, clients)
            remove_log_leftovers(logs, clients)
            note(f"removed {len(logs)} log groups and streams in {region}")
    return problems


def _empty_buckets(workshop: Workshop, account: str, region: str, clients: Clients) -> list[str]:
    """Empty the workshop's bucket, and its prefix in the bootstrap bucket, of a region."""
    from cleanup.leftovers import empty_bucket

    problems: list[str] = []
    for bucket, prefix in own_buckets(workshop, account, region, clients):
        with _noting(problems, f"bucket {bucket}"):
            count = empty_bucket(bucket, region, clients, prefix=prefix)
            note(f"emptied {bucket}/{prefix}: {count} objects")
    return problems


@contextmanager
def _noting(problems: list[str], where: str) -> Iterator[None]:
    """Note what AWS refuses, and go on: the rest still bills."""
    try:
        yield
    except (ClientError, BotoCoreError, WorkshopError) as error:
        problems.append(f"{where}: {explain(error).why or error}")


def _report(
    after: Inventory,
    problems: list[str],
    as_json: bool,
    *,
    regions: tuple[str, ...],
    executed: bool,
) -> int:
    ok = after.empty and not after.blind
    if as_json:
        print_json(
            {
                "ok": ok,
                "executed": executed,
                "verified": not after.blind,
                "left": after.as_rows(),
                "unknown": after.blind,
                "problems": problems,
                "resources": resource_rows(after.resources),
            }
        )
    if not executed:
        return EXIT_UNVERIFIED if after.blind else EXIT_OK
    for problem in problems:
        note(f"problem: {problem}")
    for row in after.as_rows():
        note(f"left: {row['kind']} {row['name']} ({row['region']}) {row['status']}")
    if ok:
        note(f"verified in {', '.join(regions)}: nothing of the workshop is left, nothing bills")
    if not after.empty:
        return EXIT_FAILED
    return EXIT_OK if ok else EXIT_UNVERIFIED
