"""`workshop destroy`: sweep, delete the stacks, and verify that nothing is left."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
from botocore.exceptions import BotoCoreError, ClientError

from cleanup.resources import TAGS
from workshop.cli.boundary import explain
from workshop.cli.findings_of_scan import resource_rows
from workshop.cli.inventory import Inventory, find_logs, own_buckets, take_inventory
from workshop.cli.options import config_option, json_option, plan_options
from workshop.cli.output import decide, note, print_json, print_table
from workshop.cli.sweep_views import describe, interruptible, note_progress
from workshop.errors import (
    EXIT_FAILED,
    EXIT_OK,
    EXIT_UNVERIFIED,
    UnverifiedError,
    WorkshopError,
)
from workshop.names import TAG_ATTENDEE

if TYPE_CHECKING:
    from cleanup.audit import AuditLog
    from cleanup.resources import Scope
    from workshop.aws import Clients
    from workshop.collecting.survey import Standing
    from workshop.model import Workshop

_SAVED = Path("collected")


@click.command("destroy")
@click.option(
    "--save",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Where collected work is saved.  [default: collected/WORKSHOP]",
)
@click.option(
    "--discard-work", is_flag=True, help="Save nothing, and delete work that nobody collected."
)
@config_option
@plan_options
@json_option
def command(
    save: Path | None, discard_work: bool, config: Path, yes: bool, dry_run: bool, as_json: bool
) -> int:
    """Delete everything of the workshop, attendees' files included, and verify it.

    Refuses, before anything is changed, while somebody's work is not collected (see
    `workshop collect`), and while something of an environment is to be kept (by the tag
    workshop:keep or cleanup.protected), since its stack would delete it. Sweeps what attendees
    made, saves the collected archives on this disk, deletes attendees' stacks, empties the
    bucket, deletes the shared stacks, then log streams; a last scan says what is left. Exit
    code 0: nothing is left; 1: something is; 3: a listing failed, so nothing can be said. A
    dry run shows what would be deleted, and leaves with 0, with 3, or with 1 when it would be
    refused.

    Example: workshop destroy --dry-run
    """
    from workshop.aws import make_clients
    from workshop.cli import uncollected
    from workshop.cli.account import account_id, make_scope, workshop_stacks
    from workshop.config import load_workshop

    workshop = load_workshop(config)
    clients = make_clients()
    account, _ = account_id(clients, workshop.regions[0])
    stacks = workshop_stacks(workshop, clients)
    scope = replace(make_scope(workshop, stacks), account=account)
    before = take_inventory(workshop, scope, account, clients)
    if before.empty and not before.blind:
        note(f"nothing of {workshop.name} exists in {', '.join(workshop.regions)}")
        return _report(before, [], as_json, regions=workshop.regions, executed=False)
    if not as_json:
        print_table(
            ("kind", "region", "name", "status"),
            (row.values() for row in before.as_rows()),  # type: ignore[misc]
        )
    works = [] if discard_work else uncollected.standings(scope, account, clients)
    for line in uncollected.describe(works):
        note(line)
    refusal = _protection(before) or uncollected.refusal(works)
    if refusal and not dry_run:
        raise refusal
    files = sum(before.objects.values())
    summary = f"delete {len(before.stacks)} stacks, {files} objects and all attendees' files"
    if not decide(yes, dry_run, summary):
        if refusal:
            note(f"it would be refused: {refusal.what}; to be done first: {refusal.fix}")
        code = _report(before, [], as_json, regions=workshop.regions, executed=False, works=works)
        return refusal.exit_code if refusal and code == EXIT_OK else code
    target = None if discard_work else save or _SAVED / workshop.name
    with _audit_log(workshop, account, clients) as audit, interruptible(audit):
        problems = _destroy(workshop, scope, account, clients, target, audit)
    if audit.written:
        note(f"audit log of the sweeps: {audit.path}")
    after = take_inventory(workshop, scope, account, clients)
    return _report(after, problems, as_json, regions=workshop.regions, executed=True)


def _protection(before: Inventory) -> WorkshopError | None:
    """Why nothing may be destroyed, or None: a stack deletes all that it made, kept or not."""
    unseen = [what for what in before.blind if what.startswith(f"{TAGS} ")]
    if unseen:
        return UnverifiedError(
            "whether something is to be kept cannot be seen",
            f"could not be read: {', '.join(unseen)}",
            "allow tag:GetResources, then run the command again",
        )
    kept = [r for r in before.resources if r.managed and r.protected]
    if not kept:
        return None
    reasons = sorted({resource.protected for resource in kept})
    return WorkshopError(
        f"destroy would delete what is kept: {', '.join(describe(r) for r in kept)}",
        f"it is part of an environment, whose stack deletes it, and kept by: {', '.join(reasons)}",
        "remove the tag workshop:keep, or the name from cleanup.protected; "
        "workshop cleanup leaves it",
    )


def _audit_log(workshop: Workshop, account: str, clients: Clients) -> AuditLog:
    """Where the sweeps of a destruction are written down; on this disk, since the bucket goes."""
    from cleanup.audit import Actor, AuditLog

    arn = str(clients("sts", workshop.regions[0]).get_caller_identity()["Arn"])
    name = f"{workshop.name}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}-destroy.jsonl"
    return AuditLog(Path("sweeps") / name, Actor(arn, account, workshop.name))


def _destroy(
    workshop: Workshop,
    scope: Scope,
    account: str,
    clients: Clients,
    save: Path | None,
    audit: AuditLog,
) -> list[str]:
    """Do it, in the order AWS demands; what fails does not stop the rest, but for one thing:
    while collected work is not on this disk (in `save`, unless that is None), what holds it is
    not deleted.

    Returns what went wrong.
    """
    from cleanup.leftovers import remove_log_leftovers
    from cleanup.steps import Policy
    from cleanup.sweep import Sweep

    note("sweeping what attendees made")
    swept = Sweep(
        scope, clients, policy=Policy(claim=True), progress=note_progress, audit=audit
    ).run()
    problems = [f"{describe(f.resource)}: {f.reason}" for f in swept.remaining]
    if save is not None:
        unsaved: list[str] = []
        with _noting(unsaved, "collected work was not saved, so what holds it stays"):
            _save_work(scope, account, clients, save)
        if unsaved:
            return problems + unsaved
    stuck, all_deleted = _delete_stacks(workshop, scope, account, clients)
    problems += stuck
    if all_deleted:
        # What a stack should have deleted and is still there has nobody else to delete it.
        policy = Policy(keep_managed=False, records=True)
        swept = Sweep(scope, clients, policy=policy, progress=note_progress, audit=audit).run()
        problems += [f"{describe(f.resource)}: {f.reason}" for f in swept.remaining]
    for region in workshop.regions:
        with _noting(problems, f"logs in {region}"):
            logs = find_logs(scope, region, clients)
            remove_log_leftovers(logs, clients)
            note(f"removed {len(logs)} log groups and streams in {region}")
    return problems


def _delete_stacks(
    workshop: Workshop, scope: Scope, account: str, clients: Clients
) -> tuple[list[str], bool]:
    """Delete attendees' stacks, empty the buckets, then delete the shared stacks.

    A bucket is emptied once no volume of its region is left: until then another run must
    find the collected work that lets it delete the volumes. Returns what went wrong, and
    whether all stacks are deleted.
    """
    from deploy.destroy import destroy_stacks
    from workshop.cli.account import workshop_stacks
    from workshop.cli.progress import StackProgress

    stacks = workshop_stacks(workshop, clients)
    attendees = [stack for stack in stacks if TAG_ATTENDEE in stack.tags]
    with StackProgress("destroy", len(stacks)) as progress:
        results = destroy_stacks(attendees, clients, progress=progress)
        kept = {result.region for result in results if not result.ok}
        problems = [
            f"bucket and shared stack in {region}: kept, since an attendee's stack is left"
            for region in sorted(kept)
        ]
        free = [region for region in workshop.regions if region not in kept]
        for region in free:
            problems += _empty_buckets(workshop, scope, account, region, clients)
        shared = [s for s in stacks if s not in attendees and s.region in free]
        results += destroy_stacks(shared, clients, progress=progress)
    problems += [f"stack {r.stack} ({r.region}): {r.reason}" for r in results if not r.ok]
    return problems, not kept and all(r.ok for r in results)


def _save_work(scope: Scope, account: str, clients: Clients, directory: Path) -> None:
    """Bring the archives here: they would go with the bucket.

    Looked for anew, since an environment that the sweep has stopped may have collected its
    last work. Raises WorkshopError when work is not collected any more.
    """
    from workshop.cli import uncollected

    works = uncollected.standings(scope, account, clients)
    refusal = uncollected.refusal(works)
    if refusal:
        raise refusal
    saved = uncollected.save(works, directory, clients)
    if saved:
        note(f"saved {len(saved)} archives of attendees' work in {directory}")


def _empty_buckets(
    workshop: Workshop, scope: Scope, account: str, region: str, clients: Clients
) -> list[str]:
    """Empty the workshop's bucket of a region, and what is ours of the shared ones."""
    from cleanup.leftovers import empty_bucket

    problems: list[str] = []
    for bucket, prefix, is_own in own_buckets(workshop, scope, account, region, clients):
        with _noting(problems, f"bucket {bucket}"):
            count = empty_bucket(bucket, region, clients, prefix=prefix, is_own=is_own)
            if count or not prefix:
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
    works: Sequence[Standing] = (),
) -> int:
    from workshop.cli.uncollected import as_rows

    ok = after.empty and not after.blind
    if as_json:
        print_json(
            {
                "ok": ok,
                "executed": executed,
                "verified": not after.blind,
                "left": after.as_rows(),
                "unknown": after.blind,
                "uncollected": as_rows(works),
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
