"""`workshop destroy`: sweep, delete the stacks, and verify that nothing is left."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import click

from workshop.cli.cleanup import describe
from workshop.cli.findings_of_scan import note_scan, resource_rows
from workshop.cli.options import config_option, json_option, plan_options
from workshop.cli.output import decide, note, print_json, print_table
from workshop.errors import EXIT_FAILED, EXIT_OK, EXIT_UNVERIFIED

if TYPE_CHECKING:
    from cleanup.leftovers import Leftover
    from cleanup.resources import Resource, Scope
    from deploy.state import StackState
    from workshop.aws import Clients
    from workshop.model import Workshop


@dataclass(slots=True)
class Inventory:
    """What of the workshop exists, as far as it can be seen."""

    stacks: list[StackState]
    resources: tuple[Resource, ...]
    objects: dict[tuple[str, str], int]  # (region, bucket) -> object versions
    logs: list[Leftover]
    blind: list[str] = field(default_factory=list)

    @property
    def empty(self) -> bool:
        """Whether nothing is left."""
        return not (self.stacks or self.resources or self.objects or self.logs)

    def as_rows(self) -> list[dict[str, str]]:
        """One row per thing: kind, region, name, status."""
        rows = [("stack", s.region, s.name, s.status) for s in self.stacks]
        rows += [(r.kind, r.region, r.name, r.status) for r in self.resources]
        rows += [
            ("bucket", region, bucket, f"{count} objects")
            for (region, bucket), count in self.objects.items()
        ]
        rows += [(log.kind, log.region, log.name, "") for log in self.logs]
        keys = ("kind", "region", "name", "status")
        return [dict(zip(keys, row, strict=True)) for row in sorted(rows)]


@click.command("destroy")
@config_option
@plan_options
@json_option
def command(config: Path, yes: bool, dry_run: bool, as_json: bool) -> int:
    """Delete everything of the workshop, attendees' files included, and verify it.

    Sweeps what attendees made, empties the bucket, deletes attendees' stacks, then the
    shared ones, then log streams; a last scan says what is left. Exit code 0: nothing is
    left; 1: something is; 3: a listing failed, so nothing can be said.

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
    before = _take_inventory(workshop, scope, account, clients)
    if before.empty and not before.blind:
        note(f"nothing of {workshop.name} exists in {', '.join(workshop.regions)}")
        return _report(before, [], as_json, executed=False)
    if not as_json:
        print_table(
            ("kind", "region", "name", "status"),
            (row.values() for row in before.as_rows()),  # type: ignore[misc]
        )
    files = sum(before.objects.values())
    summary = f"delete {len(before.stacks)} stacks, {files} objects and all attendees' files"
    if not decide(yes, dry_run, summary):
        if as_json:
            print_json({"ok": False, "executed": False, "left": before.as_rows()})
        return EXIT_OK
    problems = _destroy(workshop, scope, account, clients)
    after = _take_inventory(workshop, scope, account, clients)
    return _report(after, problems, as_json, executed=True)


def _destroy(workshop: Workshop, scope: Scope, account: str, clients: Clients) -> list[str]:
    """Do it, in the order AWS demands; returns what went wrong."""
    from cleanup.leftovers import empty_bucket, remove_log_leftovers
    from cleanup.sweep import Sweep
    from deploy.destroy import destroy_stacks
    from workshop.cli.account import bucket_of, workshop_stacks
    from workshop.cli.progress import StackProgress

    note("sweeping what attendees made")
    sweep = Sweep(scope, clients, progress=lambda what, state: note(f"  {state}: {describe(what)}"))
    problems = [f"{describe(f.resource)}: {f.reason}" for f in sweep.run().failed]
    for region in workshop.regions:
        count = empty_bucket(bucket_of(workshop, account, region), region, clients)
        note(f"emptied the bucket in {region}: {count} objects")
    stacks = workshop_stacks(workshop, clients)
    with StackProgress("destroy", len(stacks)) as progress:
        results = destroy_stacks(stacks, clients, progress=progress)
    problems += [f"stack {r.stack} ({r.region}): {r.reason}" for r in results if not r.ok]
    for region in workshop.regions:
        logs = _find_logs(scope, region, clients)
        remove_log_leftovers(logs, clients)
        note(f"removed {len(logs)} log groups and streams in {region}")
        _remove_assets(workshop, account, region, clients)
    return problems


def _remove_assets(workshop: Workshop, account: str, region: str, clients: Clients) -> None:
    """Remove the workshop's own assets from the region's bootstrap bucket."""
    from cleanup.leftovers import empty_bucket
    from workshop import names

    bucket = names.bootstrap_bucket(account, region)
    empty_bucket(bucket, region, clients, prefix=names.assets_prefix(workshop.name))


def _find_logs(scope: Scope, region: str, clients: Clients) -> list[Leftover]:
    from cleanup.leftovers import find_log_leftovers

    return find_log_leftovers(scope.workshop, scope.attendees, region, clients)


def _take_inventory(workshop: Workshop, scope: Scope, account: str, clients: Clients) -> Inventory:
    from cleanup.leftovers import count_objects
    from cleanup.scan import scan
    from workshop.cli.account import bucket_of, workshop_stacks

    found = scan(scope, clients)
    note_scan(found)
    objects: dict[tuple[str, str], int] = {}
    logs: list[Leftover] = []
    for region in workshop.regions:
        bucket = bucket_of(workshop, account, region)
        count = count_objects(bucket, region, clients)
        if count is not None:
            objects[region, bucket] = count
        logs += _find_logs(scope, region, clients)
    return Inventory(
        stacks=workshop_stacks(workshop, clients),
        resources=tuple(r for r in found.resources if _counts(r)),
        objects=objects,
        logs=logs,
        blind=[f"{hole.kind} in {hole.region}" for hole in found.blind],
    )


def _counts(resource: Resource) -> bool:
    """A finished job's record cannot be deleted and costs nothing."""
    from cleanup.kinds import REST

    return resource.row.action(resource.status) != REST


def _report(after: Inventory, problems: list[str], as_json: bool, *, executed: bool) -> int:
    ok = after.empty and not after.blind
    if as_json:
        print_json(
            {
                "ok": ok,
                "executed": executed,
                "verified": not after.blind,
                "left": after.as_rows(),
                "problems": problems,
                "resources": resource_rows(after.resources),
            }
        )
    for problem in problems:
        note(f"problem: {problem}")
    for row in after.as_rows():
        note(f"left: {row['kind']} {row['name']} ({row['region']}) {row['status']}")
    if ok and executed:
        note("verified: nothing of the workshop is left, nothing bills")
    if not after.empty:
        return EXIT_FAILED
    return EXIT_OK if ok else EXIT_UNVERIFIED
