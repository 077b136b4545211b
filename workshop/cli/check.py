"""`workshop check`: can this account carry the workshop?"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from workshop.cli.options import config_option, json_option, region_option
from workshop.cli.output import note, print_json, print_table
from workshop.errors import EXIT_OK, UsageError

_MARKS = {"ok": "ok", "problem": "PROBLEM", "unknown": "UNKNOWN"}


@click.command()
@config_option
@region_option
@json_option
def command(config: Path, regions: tuple[str, ...], as_json: bool) -> int:
    """Check configuration, credentials, regions, quotas, names and the repository.

    Reads only. Exit code 0: the workshop fits; 1: it does not; 2: the configuration is
    wrong; 3: something could not be found out.

    Example: workshop check --config workshop.yaml
    """
    from modules.declarations import load_module
    from workshop.aws import make_clients
    from workshop.cli.findings import exit_code
    from workshop.cli.probes import check_workshop
    from workshop.config import load_workshop

    workshop = load_workshop(config)
    chosen = _choose(workshop.regions, regions)
    note(f"checking {workshop.name} in {', '.join(chosen)}")
    modules = [load_module(name) for name in workshop.modules]
    report = check_workshop(workshop, chosen, modules, make_clients())
    states = [finding.state for finding in report.findings] + [line.state for line in report.quotas]
    code = exit_code(states)
    if as_json:
        print_json(
            {
                "ok": code == EXIT_OK,
                "verified": "unknown" not in states,
                "findings": [asdict(finding) for finding in report.findings],
                "quotas": [asdict(line) for line in report.quotas],
            }
        )
        return code
    print_table(
        ("region", "subject", "state", "what"),
        ((f.region or "all", f.subject, _MARKS[f.state], f.what) for f in report.findings),
    )
    print_table(
        ("region", "code", "quota", "need", "applied", "in use", "carries", "state"),
        (
            (
                *(line.region, line.code or "?", line.name, line.need),
                *map(_figure, (line.applied, line.in_use, line.capacity)),
                _MARKS[line.state],
            )
            for line in report.quotas
        ),
    )
    for finding in report.findings:
        if finding.state != "ok":
            where = f"{finding.region}: " if finding.region else ""
            note(f"{finding.state}: {where}{finding.what}")
            note(f"  why: {finding.why}\n  fix: {finding.fix}")
    return code


def _figure(value: int | None) -> str:
    return "?" if value is None else str(value)


def _choose(all_regions: tuple[str, ...], asked: tuple[str, ...]) -> tuple[str, ...]:
    for region in asked:
        if region not in all_regions:
            raise UsageError(
                f"{region} is not a region of this workshop",
                f"its regions are {', '.join(all_regions)}",
                "correct --region, or add it to `regions` in the YAML",
            )
    return asked or all_regions
