"""`workshop canary`: the whole way of one attendee, before the day, and away with it."""

from __future__ import annotations

import hashlib
import signal
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import click

from workshop.cli.options import config_option, json_option, plan_options
from workshop.cli.output import decide, note, print_json, print_table
from workshop.errors import EXIT_OK, UsageError, WorkshopError
from workshop.names import PREFIX_MAX_LENGTH, TAG_ATTENDEE

if TYPE_CHECKING:
    from deploy.state import StackState
    from workshop.cli.flight import Flight
    from workshop.model import Workshop

ATTENDEE = "canary"
_DIGEST = 6


@click.command("canary")
@click.option("--region", default="", metavar="REGION", help="Where.  [default: the file's first]")
@click.option(
    "--environment",
    type=click.Choice(["studio", "notebook"]),
    help="Which environment; default: as the YAML says.",
)
@click.option("--module", default="", metavar="NAME", help="Which lab.  [default: the first one]")
@click.option(
    "--clean-up", is_flag=True, help="Only remove what an earlier, interrupted canary left."
)
@click.option(
    "--look-every",
    type=click.FloatRange(min=1),
    default=15.0,
    show_default=True,
    metavar="SECONDS",
    help="How often to look at what runs, to add up what it costs.",
)
@config_option
@plan_options
@json_option
def command(
    region: str,
    environment: str | None,
    module: str,
    clean_up: bool,
    look_every: float,
    config: Path,
    yes: bool,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Try the workshop with one throw-away attendee: environment, one lab, sweep, destroy.

    Meant for the day before, on the account and in the region of the event. The attendee
    belongs to a workshop of its own, so that what is deployed already is neither used nor
    touched; an existing network or domain that the YAML names is used. Says how long every
    step took and about what it cost; whatever fails, everything is swept and destroyed. Exit
    code 0: all went well and nothing is left; 1: something failed or is left; 3: that nothing
    is left could not be verified.

    Example: workshop canary --environment notebook
    """
    from workshop.aws import make_clients
    from workshop.cli.account import choose_regions, workshop_stacks
    from workshop.cli.flight import Flight
    from workshop.config import load_workshop

    workshop = load_workshop(config)
    (chosen, *_) = choose_regions(workshop, (region,) if region else ())
    if module and module not in workshop.modules:
        raise UsageError(
            f"{module} is not a module of this workshop",
            f"its modules are {', '.join(workshop.modules)}",
            "correct --module, or add it to `modules` in the YAML",
        )
    with TemporaryDirectory(prefix="workshop-canary-") as directory:
        canary, path = _hatch(workshop, config, Path(directory), chosen, environment, module)
        what = "sweep and destroy" if clean_up else "deploy, try, sweep and destroy"
        summary = f"{what} {canary.name} in {chosen} ({canary.attendees[0].environment})"
        require_canary(canary, workshop_stacks(canary, make_clients()))
        if not as_json:
            _show_plan(canary, clean_up)
        if not decide(yes, dry_run, summary):
            if as_json:
                print_json({"executed": False, "plan": _plan(canary, clean_up)})
            return EXIT_OK
        for signum in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(signum, _interrupt)
        flight = Flight(canary, path, Path(directory), look_every=look_every)
        code = flight.end() if clean_up else flight.fly()
        if as_json:
            print_json({"executed": True, **flight.as_json(code)})
        else:
            _show(flight)
        return code


def _interrupt(_signal: int, _frame: object) -> None:
    """SIGTERM and a closed terminal end a canary as Ctrl-C does: swept and destroyed."""
    raise KeyboardInterrupt


def _hatch(
    workshop: Workshop,
    config: Path,
    directory: Path,
    region: str,
    environment: str | None,
    module: str,
) -> tuple[Workshop, Path]:
    """The canary's own workshop, and the file that describes it."""
    from costs.own_prices import bring_prices
    from workshop.config.derive import derive

    path = directory / "workshop.yaml"
    kind = environment or workshop.environment
    bring_prices(config, path)
    network, domain = workshop.networks.get(region), workshop.domains.get(region)
    canary = derive(
        config,
        path,
        name=canary_name(workshop.name),
        attendees=[{"id": ATTENDEE, "environment": kind, "region": region}],
        environment=kind,
        regions=[region],
        modules=[module or workshop.modules[0]],
        network={region: {"vpc": network.vpc, "subnets": list(network.subnets)}}
        if network
        else None,
        domain={region: domain} if domain else None,
    )
    return canary, path


def canary_name(workshop: str) -> str:
    """The name of a workshop's canary: a workshop of its own, so that what is deployed already is
    neither used nor touched. No two workshops have the same one: `ml101fb2c19`."""
    room = PREFIX_MAX_LENGTH - len(f"--{ATTENDEE}") - _DIGEST
    digest = hashlib.sha256(workshop.encode()).hexdigest()[:_DIGEST]
    return f"{workshop[:room]}{digest}"


def require_canary(canary: Workshop, stacks: Iterable[StackState]) -> None:
    """Raise WorkshopError when the canary's name is a real workshop's: it would be destroyed."""
    others = {s.tags[TAG_ATTENDEE] for s in stacks if TAG_ATTENDEE in s.tags} - {ATTENDEE}
    if others:
        raise WorkshopError(
            f"{canary.name} is a workshop with attendees",
            f"its stacks are of {', '.join(sorted(others))}, and a canary is destroyed at its end",
            "give the workshop in the YAML another name",
        )


def _plan(canary: Workshop, clean_up: bool) -> list[dict[str, str]]:
    from workshop.cli.flight import ENDING, STEPS

    steps = ENDING if clean_up else STEPS
    values = {"module": canary.modules[0], "workshop": canary.name}
    return [{"step": step.name, "what": step.what.format(**values)} for step in steps]


def _show_plan(canary: Workshop, clean_up: bool) -> None:
    print_table(("step", "what"), [tuple(row.values()) for row in _plan(canary, clean_up)])


def _show(flight: Flight) -> None:
    rows: list[tuple[Any, ...]] = [
        (step.name, f"{step.seconds:.0f}", "yes" if step.ok else "NO", step.reason)
        for step in flight.taken
    ]
    print_table(("step", "seconds", "ok", "why not"), rows)
    click.echo(flight.verdict)
    for problem in flight.unseen:
        note(f"not in the cost, since it could not be read: {problem}")
    for left in flight.left:
        note(f"left: {left}")
