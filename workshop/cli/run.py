"""`workshop run`: execute a lab headless and check its result."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from workshop.cli.options import config_option, json_option
from workshop.cli.output import note, print_json, progress_console
from workshop.errors import EXIT_OK, UsageError, WorkshopError

if TYPE_CHECKING:
    from modules.execute import Run
    from workshop.model import Workshop

# What a boot script tells an attendee's environment about itself.
CONTEXT_FILE = Path(".workshop") / "context.json"


@dataclass(frozen=True, slots=True)
class Place:
    """Who runs a lab, and with what; "" is not known yet."""

    workshop: str = ""
    attendee: str = ""
    region: str = ""
    bucket: str = ""
    prefix: str = ""
    role: str = ""

    def filled_from(self, other: Place) -> Place:
        """What is not known here, taken from `other`."""
        missing = {f.name for f in fields(self) if not getattr(self, f.name)}
        return replace(self, **{name: getattr(other, name) for name in missing})

    @property
    def is_complete(self) -> bool:
        """Whether everything is known."""
        return all(getattr(self, f.name) for f in fields(self))


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
    help="Where the executed copy of the notebook is kept.",
)
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
    config: Path,
    as_json: bool,
) -> int:
    """Execute a lab headless, keep the executed copy and check its result.

    Who runs it comes from the options, else from the attendee's environment
    (~/.workshop/context.json), else from the configuration. What the lab made is deleted in
    its last cell; pass --parameter clean_up=false to look at it.

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
    console = progress_console()
    note(f"{lab.title}: {place.attendee} of {place.workshop} in {place.region}")
    _end_on_sigterm()
    run = execute_module(
        lab,
        {"clean_up": True, **parameters, **extra},
        output=output,
        cell_seconds=cell_timeout,
        progress=lambda number, count, heading: console.print(
            f"  cell {number}/{count}  {heading}", markup=False
        ),
    )
    if as_json:
        print_json(report(run))
    if not run.ok:
        raise WorkshopError(
            f"{lab.name} failed for {place.attendee}",
            why=run.reason,
            fix=f"open {run.notebook}: it shows every cell's output up to the failure",
        )
    if not as_json:
        click.echo(summary(run))
    return EXIT_OK


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


def _caller(region: str) -> Mapping[str, str]:
    from workshop.aws import make_clients

    identity: Mapping[str, str] = make_clients()("sts", region).get_caller_identity()
    return identity


def find_place(
    given: Place,
    config: Path,
    context_file: Path,
    *,
    prefer_config: bool,
    caller: Callable[[str], Mapping[str, str]] = _caller,
) -> Place:
    """Fill what the options left open, from the environment's own file or the configuration.

    The file wins unless a configuration was named, or it is somebody else's. `caller` answers
    GetCallerIdentity in a region; it is asked only for what nothing else says.

    Raises:
        UsageError: it cannot be known who runs the lab.
    """
    if given.is_complete:
        return given
    known = None if prefer_config else read_context(context_file)
    if known and given.attendee in ("", known.attendee):
        place = given.filled_from(known)
        if place.is_complete:
            return place
        given = place
    from workshop.config import load_workshop

    return _from_workshop(given, load_workshop(config), config, caller)


def read_context(path: Path) -> Place | None:
    """What a boot script wrote for this environment, or None outside of one.

    Raises:
        UsageError: the file cannot be understood.
    """
    if not path.exists():
        return None
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return Place(**{f.name: str(content.get(f.name, "")) for f in fields(Place)})
    except (ValueError, AttributeError) as error:
        raise UsageError(
            f"{path} cannot be read", str(error), "delete it and restart the environment"
        ) from None


def _from_workshop(
    given: Place, workshop: Workshop, config: Path, caller: Callable[[str], Mapping[str, str]]
) -> Place:
    from workshop.names import bucket_name, bucket_prefix, environment_name

    ids = [attendee.id for attendee in workshop.attendees]
    wanted = given.attendee or (ids[0] if len(ids) == 1 else "")
    attendee = workshop.attendee(wanted)
    if attendee is None:
        raise UsageError(
            f"{config} has no attendee {wanted!r}" if wanted else "whose lab is it?",
            f"its attendees are: {', '.join(ids)}",
            "workshop run MODULE --attendee ID",
        )
    place = given.filled_from(
        Place(
            workshop=workshop.name,
            attendee=attendee.id,
            region=attendee.region,
            prefix=bucket_prefix(attendee.id),
        )
    )
    if place.is_complete:
        return place
    identity = caller(place.region)
    partition = identity["Arn"].split(":")[1]
    account = identity["Account"]
    name = environment_name(workshop.name, attendee.id)
    return place.filled_from(
        Place(
            bucket=bucket_name(workshop.name, account, place.region),
            role=f"arn:{partition}:iam::{account}:role/{name}",
        )
    )


def _end_on_sigterm() -> None:
    """Treat SIGTERM like Ctrl-C, so that the kernel ends and the executed copy is kept."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def report(run: Run) -> dict[str, Any]:
    """The run as `--json` prints it."""
    measured = run.result
    return {
        "name": run.module.name,
        "attendee": run.attendee,
        "result": {"metric": measured.metric, "value": measured.value} if measured else None,
        "expected": {
            "metric": run.module.expected.metric,
            "at_least": run.module.expected.at_least,
        },
        "ok": run.ok,
        "reason": run.reason,
        "notebook": str(run.notebook),
        "seconds": run.seconds,
    }


def summary(run: Run) -> str:
    """The run in one line; only a run that is ok has one."""
    assert run.result is not None
    expected = run.module.expected
    return (
        f"{run.module.name} passed for {run.attendee}: {run.result.metric} "
        f"{run.result.value:.3f} (at least {expected.at_least:g}), "
        f"{run.seconds:.0f} s, {run.notebook}"
    )
