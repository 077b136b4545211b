"""`workshop rehearse`: the whole main job on this machine."""

from __future__ import annotations

import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from workshop.cli.lab_views import figure, needs_in_words
from workshop.cli.options import config_option, json_option
from workshop.cli.output import note, print_json, print_table
from workshop.errors import EXIT_FAILED, EXIT_OK

if TYPE_CHECKING:
    from rehearsal.report import Report


_ATTENDEES = 3


@click.command("rehearse")
@click.option(
    "--attendees",
    type=click.IntRange(1, 999),
    help="How many attendees to rehearse with; default: 3, and 1 with --module all.",
)
@click.option(
    "--environment",
    type=click.Choice(["studio", "notebook", "mixed"]),
    help="Rehearse with this kind of environment, or half and half; default: as the YAML says.",
)
@click.option(
    "--region",
    "regions",
    multiple=True,
    metavar="NAME",
    help="Rehearse in this region; may be given several times. Default: as the YAML says.",
)
@click.option(
    "--module",
    "modules",
    multiple=True,
    metavar="NAME",
    help="Only this lab, and what it builds on; may be given several times; `all` stands for "
    "every lab. Default: as the YAML says.",
)
@click.option(
    "--results",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Keep what the labs measured in this JSON file.",
)
@click.option("--no-labs", is_flag=True, help="The control plane only: no training, no inference.")
@click.option(
    "--keep", is_flag=True, help="Before the clean-up, leave everything running until Ctrl-C."
)
@config_option
@json_option
def command(
    attendees: int | None,
    environment: str | None,
    regions: tuple[str, ...],
    modules: tuple[str, ...],
    results: Path | None,
    no_labs: bool,
    keep: bool,
    config: Path,
    as_json: bool,
) -> int:
    """Run the whole workshop on this machine: no AWS account, no Docker, real training.

    Check, deploy, open, run the labs, clean up, destroy, and a last scan, by the same
    commands and calls as on AWS, against a local AWS on a loopback port that ends with the
    rehearsal. It can never reach AWS. Labs that are named are held to what they declare: the
    result, and the instances they use. Exit code 0: everything worked and nothing is left.

    Example: workshop rehearse --attendees 3 --environment notebook
    """
    from rehearsal.conductor import rehearse
    from rehearsal.options import ALL_MODULES, Options

    signal.signal(signal.SIGTERM, _interrupt)
    options = Options(
        config=config,
        attendees=attendees or (1 if ALL_MODULES in modules else _ATTENDEES),
        environment=environment,
        modules=modules,
        labs=not no_labs,
        keep=keep,
        regions=regions,
    )
    started = time.monotonic()
    report = rehearse(options, note)
    if results:
        _keep(results, report)
    if as_json:
        print_json(report.as_json())
    else:
        _show(report, time.monotonic() - started)
    return EXIT_OK if report.ok else EXIT_FAILED


def _interrupt(_signal: int, _frame: object) -> None:
    """SIGTERM ends a rehearsal as Ctrl-C does: nothing is left running."""
    raise KeyboardInterrupt


def _show(report: Report, seconds: float) -> None:
    print_table(
        ("phase", "seconds", "API calls", "created", "removed"),
        ((p.name, f"{p.seconds:.1f}", p.api_calls, p.created, p.removed) for p in report.phases),
        title=f"Rehearsal: {_people(report.attendees)}, {report.environment}",
    )
    if report.modules:
        print_table(
            ("lab", "attendee", "result", "expected", "seconds", "declares", "used", "ok"),
            (
                (
                    m.name,
                    m.attendee,
                    figure(m.result),
                    figure(m.expected),
                    "-" if m.seconds is None else f"{m.seconds:.0f}",
                    needs_in_words(m.declares),
                    "the same" if m.used == tuple(sorted(m.declares)) else needs_in_words(m.used),
                    "yes" if m.ok else "NO",
                )
                for m in report.modules
            ),
        )
    for module in report.modules:
        if not module.ok:
            click.echo(f"failed: {module.name} of {module.attendee}: {module.reason}")
    for problem in report.problems:
        click.echo(f"problem: {problem}")
    for row in report.left:
        click.echo(f"left: {row['kind']} {row['name']} ({row['region']}) {row['status']}")
    if not report.left:
        click.echo("left: nothing; nothing bills")
    click.echo(f"{'passed' if report.ok else 'FAILED'} in {seconds:.0f} s")


def _keep(path: Path, report: Report) -> None:
    """Keep the results of the labs that passed, one attendee's each."""
    from modules.declarations import load_modules
    from modules.execute import Result
    from modules.results import keep_results

    found = {lab.name: Result(**lab.result) for lab in report.modules if lab.ok}
    keep_results(path, found, load_modules())
    note(f"{len(found)} results kept in {path}")


def _people(count: int) -> str:
    return f"{count} attendee{'s' if count != 1 else ''}"
