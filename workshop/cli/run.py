"""`workshop run`: execute a lab headless and check its result."""

from __future__ import annotations

import shlex
import signal
from collections.abc import Callable, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from workshop.cli.options import config_option, json_option
from workshop.cli.output import note, print_json, progress_console
from workshop.cli.place import CONTEXT_FILE, Place, find_place
from workshop.errors import EXIT_OK, UsageError, WorkshopError

if TYPE_CHECKING:
    from modules.declarations import Module
    from modules.execute import Run


@click.command("run")
@click.argument("module")
@click.option("--workshop", default="", metavar="NAME", help="The workshop's name.")
@click.option("--attendee", default="", metavar="ID", help="Whose names, tags and role to use.")
@click.option("--region", default="", help="The AWS region to run in.")
@click.option("--bucket", default="", help="The S3 bucket for the lab's data.")
@click.option("--prefix", default="", help="What the lab's keys in the bucket begin with.")
@click.option("--role", default="", metavar="ARN", help="The role SageMaker works with.")
@click.option(
    "--parameter",
    "texts",
    multiple=True,
    metavar="NAME=VALUE",
    help="Another parameter of the notebook; may be given several times.",
)
@click.option(
    "--poll-seconds",
    type=click.IntRange(min=1),
    help="How often to ask whether a job is done; the notebook's default is 10.",
)
@click.option(
    "--cell-timeout",
    type=click.IntRange(min=1),
    default=3600,
    show_default=True,
    metavar="SECONDS",
    help="How long one cell may take; then the lab has failed.",
)
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("runs"),
    show_default=True,
    metavar="DIR",
    help="Where the executed copy of the notebook is kept, as .ipynb and .html.",
)
@click.option("--fresh", is_flag=True, help="Run its prerequisites again, even if they are done.")
@config_option
@json_option
@click.pass_context
def command(
    context: click.Context,
    module: str,
    workshop: str,
    attendee: str,
    region: str,
    bucket: str,
    prefix: str,
    role: str,
    texts: tuple[str, ...],
    poll_seconds: int | None,
    cell_timeout: int,
    output: Path,
    fresh: bool,
    config: Path,
    as_json: bool,
) -> int:
    """Execute a lab headless, keep the executed copy and check its result.

    A lab that builds on others runs them first; one whose handover is in the bucket, with all
    that it names, is not run again. Who runs it comes from the options, else from the
    attendee's environment (~/.workshop/context.json), else from the configuration. What the
    lab made is deleted in its last cell, also when an earlier one fails; pass --parameter
    clean_up=false to look at it. After Ctrl-C it is not deleted: workshop cleanup does it.

    Example: workshop run iris-xgboost --attendee ann
    """
    from modules.declarations import load_module
    from modules.execute import execute_module, parameters_of
    from modules.parameters import parse

    lab = load_module(module)
    extra = parse(split_parameters(texts), parameters_of(lab))
    chosen = context.get_parameter_source("config") != click.core.ParameterSource.DEFAULT
    place = find_place(
        Place(workshop, attendee, region, bucket, prefix, role),
        config,
        Path.home() / CONTEXT_FILE,
        prefer_config=chosen,
    )
    parameters: dict[str, Any] = {f.name: getattr(place, f.name) for f in fields(place)}
    if poll_seconds is not None:
        parameters["poll_seconds"] = poll_seconds
    in_environment = not chosen and (Path.home() / CONTEXT_FILE).exists()
    sweep = cleanup_command("" if in_environment else place.attendee, config if chosen else None)
    console = progress_console()
    _end_on_sigterm()

    def execute(one: Module) -> Run:
        note(f"{one.title}: {place.attendee} of {place.workshop} in {place.region}")
        own = extra if one.name == lab.name else {}
        try:
            return execute_module(
                one,
                {"clean_up": True, **parameters, **own},
                output=output,
                cell_seconds=cell_timeout,
                progress=lambda number, count, heading: console.print(
                    f"  cell {number}/{count}  {heading}", markup=False
                ),
            )
        except KeyboardInterrupt:
            note(
                f"interrupted: the cells that ran are kept in {output}; what they made may still "
                f"bill, delete it with: {sweep}"
            )
            raise

    runs = run_in_order(labs_to_run(lab, place, fresh=fresh), execute)
    if as_json:
        print_json(report(lab, runs))
    for run in runs:
        if not run.ok:
            note(removal_line(run, sweep))
            raise WorkshopError(
                f"{run.module.name} failed for {place.attendee}",
                why=run.reason,
                fix=f"open {run.page}: it shows every cell's output up to the failure",
            )
        if not as_json:
            click.echo(summary(run))
    return EXIT_OK


def labs_to_run(lab: Module, place: Place, *, fresh: bool) -> list[Module]:
    """The lab, behind those of its prerequisites that have to be run for it.

    One that has handed over what still exists is done, unless all are wanted `fresh`.
    """
    if not lab.prerequisites:
        return [lab]
    from modules.declarations import load_modules
    from modules.handover import is_handed_over
    from modules.prerequisites import in_order
    from workshop.aws import make_clients

    modules = load_modules()
    s3 = make_clients()("s3", place.region)

    def is_done(name: str) -> bool:
        if fresh or not is_handed_over(s3, place.bucket, place.prefix, name):
            return False
        note(f"{modules[name].title}: done before (--fresh runs it again)")
        return True

    return [modules[name] for name in in_order([lab.name], modules, is_done)]


def run_in_order(labs: Sequence[Module], execute: Callable[[Module], Run]) -> list[Run]:
    """Execute labs one after the other; the first that fails is the last."""
    runs: list[Run] = []
    for lab in labs:
        runs.append(execute(lab))
        if not runs[-1].ok:
            break
    return runs


def cleanup_command(attendee: str, config: Path | None) -> str:
    """The command that deletes what an attendee made.

    `attendee` is "" in an environment, where it is about whose environment that is; `config`
    is the configuration that was named, if any.
    """
    parts = ["workshop cleanup"]
    parts += [f"--attendee {attendee}"] if attendee else []
    parts += [f"--config {shlex.quote(str(config))}"] if config else []
    return " ".join(parts)


def removal_line(run: Run, sweep: str) -> str:
    """What became of the things that a failed run had made; `sweep` deletes what is left."""
    removal = run.removal
    if removal is None:
        return f"what the lab made is kept and may still bill, delete it with: {sweep}"
    if removal.failure:
        return (
            f"its clean-up failed ({removal.failure}): what it made may still bill, "
            f"delete it with: {sweep}"
        )
    deleted = f": {', '.join(removal.deleted)}" if removal.deleted else ""
    return f"what the lab had made is deleted{deleted}"


def split_parameters(texts: tuple[str, ...]) -> dict[str, str]:
    """`("name=value", ...)` as a dictionary.

    Raises:
        UsageError: one has no equals sign, or names what has an option of its own.
    """
    split: dict[str, str] = {}
    reserved = {f.name for f in fields(Place)}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise UsageError(
                f"--parameter {text}", "it has no equals sign", f"--parameter {name}=VALUE"
            )
        if name in reserved:
            raise UsageError(
                f"--parameter {name}",
                "it decides what names, tags and permissions the lab works with",
                f"use --{name}",
            )
        split[name] = value
    return split


def _end_on_sigterm() -> None:
    """Treat SIGTERM like Ctrl-C, so that the kernel ends and the executed copy is kept."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def report(lab: Module, runs: Sequence[Run]) -> dict[str, Any]:
    """The runs of a lab and of its prerequisites as `--json` prints them."""
    *before, last = [_report_one(run) for run in runs]
    if last["name"] == lab.name:
        return {**last, "prerequisites": before}
    # A prerequisite failed: the lab itself did not run.
    return {
        **last,
        "name": lab.name,
        "result": None,
        "expected": lab.expected.as_json(),
        "reason": f"{last['name']}, which it builds on, failed: {last['reason']}",
        "prerequisites": [*before, last],
    }


def _report_one(run: Run) -> dict[str, Any]:
    measured = run.result
    return {
        "name": run.module.name,
        "attendee": run.attendee,
        "result": {"metric": measured.metric, "value": measured.value} if measured else None,
        "expected": run.module.expected.as_json(),
        "ok": run.ok,
        "reason": run.reason,
        "notebook": str(run.notebook),
        "page": str(run.page),
        "seconds": run.seconds,
        "removal": None if run.removal is None else asdict(run.removal),
    }


def summary(run: Run) -> str:
    """The run in one line; only a run that is ok has one."""
    assert run.result is not None
    return (
        f"{run.module.name} passed for {run.attendee}: {run.result.metric} "
        f"{run.result.value:.3f} ({run.module.expected.bound}), "
        f"{run.seconds:.0f} s, {run.page}"
    )
