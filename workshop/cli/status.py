"""`workshop status`: what of the workshop exists, whose it is, and what runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from workshop.cli.options import config_option, json_option, region_option
from workshop.cli.output import note, print_json, print_table
from workshop.errors import EXIT_OK, EXIT_UNVERIFIED


@click.command("status")
@config_option
@region_option
@json_option
def command(config: Path, regions: tuple[str, ...], as_json: bool) -> int:
    """Show what of the workshop exists, whose it is, and what bills by the hour.

    Exit code 0: everything could be read; 3: a listing failed, so the table is not complete.

    Example: workshop status
    """
    from cleanup.scan import scan
    from workshop.aws import make_clients
    from workshop.cli.account import choose_regions, make_scope, workshop_stacks
    from workshop.cli.findings_of_scan import gap_rows, note_scan, resource_rows
    from workshop.config import load_workshop

    workshop = load_workshop(config)
    clients = make_clients()
    chosen = choose_regions(workshop, regions)
    stacks = workshop_stacks(workshop, clients, chosen)
    found = scan(make_scope(workshop, stacks, regions=chosen), clients)
    if as_json:
        rows: list[dict[str, Any]] = [
            {"name": s.name, "region": s.region, "status": s.status} for s in stacks
        ]
        print_json(
            {
                "verified": found.complete,
                "stacks": rows,
                "resources": resource_rows(found.resources),
                **gap_rows(found),
            }
        )
    else:
        print_table(("stack", "region", "status"), ((s.name, s.region, s.status) for s in stacks))
        print_table(
            ("attendee", "region", "kind", "name", "status", "bills by"),
            (
                (r.owner, r.region, r.kind, r.name, r.status or "-", r.bills or "-")
                for r in sorted(found.resources, key=lambda r: (r.owner, r.key))
            ),
        )
        running = sum(r.bills == "hour" for r in found.resources)
        note(f"{len(stacks)} stacks, {len(found.resources)} resources, {running} bill by the hour")
    note_scan(found)
    return EXIT_OK if found.complete else EXIT_UNVERIFIED
