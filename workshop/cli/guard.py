"""`workshop guard`: what the guard knows, what it would do, and one run of it from here."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import click

from workshop.cli.durations import Duration
from workshop.cli.options import config_option, json_option, plan_options, region_option
from workshop.errors import UsageError

# Each mode, by its option, and the options that mean something with it; "" is none of them.
_MODES: Mapping[str, frozenset[str]] = {
    "": frozenset(),
    "--once": frozenset({"--dry-run", "--yes"}),
    "--hold": frozenset({"--attendee", "--dry-run", "--yes"}),
    "--release": frozenset({"--attendee", "--dry-run", "--yes"}),
    "--explain": frozenset(),
    "--log": frozenset({"--attendee", "--follow", "--rule", "--since"}),
}
_SINCE = timedelta(hours=1)


@click.command("guard")
@click.option("--once", is_flag=True, help="One run of the guard, from this machine.")
@click.option(
    "--hold",
    type=Duration(),
    metavar="DURATION",
    help="Let nothing be stopped for so long (90m, 2h; 24h at most), also beyond the end.",
)
@click.option("--release", is_flag=True, help="End a hold.")
@click.option(
    "--explain",
    metavar="RESOURCE",
    help="What every part of the rule says of something that runs, by its name.",
)
@click.option("--log", is_flag=True, help="What the guard did and why, from its log.")
@click.option(
    "--attendee",
    "attendees",
    multiple=True,
    metavar="ID",
    help="With --hold, --release and --log: only this attendee; may be given several times.",
)
@click.option(
    "--since",
    type=Duration(),
    metavar="DURATION",
    help="With --log: how far back.  [default: 1h]",
)
@click.option("--rule", default="", metavar="RULE", help="With --log: only what this rule decided.")
@click.option("--follow", is_flag=True, help="With --log: go on, until interrupted.")
@config_option
@region_option
@plan_options
@json_option
@click.pass_context
def command(
    context: click.Context,
    once: bool,
    hold: timedelta | None,
    release: bool,
    explain: str | None,
    log: bool,
    attendees: tuple[str, ...],
    since: timedelta | None,
    rule: str,
    follow: bool,
    config: Path,
    regions: tuple[str, ...],
    yes: bool,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Show the guard's state: when it ran, until when the workshop goes, what was spent of the
    budget, and what is stopped next.

    The guard is a function in every region of the workshop. Every ten minutes it stops what is
    idle, too old, too large, beyond the end or beyond the budget. The options let it run from
    here (--once), stop nothing for a while (--hold, --release), and say why (--explain, --log).
    With --log, --json prints the lines as they were written. Exit code 0: it is at work; 1: it
    is not, or something could not be stopped; 3: a ledger or a listing could not be read.

    Example: workshop guard --once --dry-run
    """
    mode = _find_mode(
        {
            "--once": once,
            "--hold": hold is not None,
            "--release": release,
            "--explain": explain is not None,
            "--log": log,
        },
        {
            "--attendee": attendees,
            "--dry-run": dry_run,
            "--follow": follow,
            "--rule": rule,
            "--since": since,
            "--yes": yes,
        },
    )
    from workshop.aws import make_clients
    from workshop.cli.guard_desk import open_desk
    from workshop.cli.instructors import refuse_attendees

    clients = make_clients()
    refuse_attendees(context, clients)
    desk = open_desk(config, regions, clients)
    if mode == "--once":
        from workshop.cli.guard_once import run_once

        return run_once(desk, yes=yes, dry_run=dry_run, as_json=as_json)
    if mode in ("--hold", "--release"):
        from workshop.cli.guard_holds import change_holds

        return change_holds(desk, hold, attendees, yes=yes, dry_run=dry_run, as_json=as_json)
    if explain is not None:
        from workshop.cli.guard_explain import explain_resource

        return explain_resource(desk, explain, as_json=as_json)
    if mode == "--log":
        from workshop.cli.guard_log import Filter, show_log

        return show_log(desk, Filter(rule, attendees), since or _SINCE, follow, as_json=as_json)
    from workshop.cli.guard_state import show_state

    return show_state(desk, as_json=as_json)


def _find_mode(modes: Mapping[str, bool], given: Mapping[str, Any]) -> str:
    """The one mode that is asked for, "" for none.

    Raises UsageError for two, and for an option that means nothing with it.
    """
    chosen = [mode for mode, wanted in modes.items() if wanted]
    if len(chosen) > 1:
        raise UsageError(
            f"{' and '.join(chosen)} exclude each other",
            "the command does one thing at a time",
            f"run it once with {chosen[0]}, then with {chosen[1]}",
        )
    mode = chosen[0] if chosen else ""
    for option, value in given.items():
        if value and option not in _MODES[mode]:
            fitting = ", ".join(m for m, options in _MODES.items() if option in options)
            raise UsageError(
                f"{option} means nothing {f'with {mode}' if mode else 'here'}",
                f"it goes with {fitting}",
                f"leave it out, or add one of {fitting}",
            )
    return mode
