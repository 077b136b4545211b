"""`workshop collect`: keep attendees' work before their volumes are deleted."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from workshop.cli.options import config_option, json_option
from workshop.cli.output import note, print_json, print_table
from workshop.errors import EXIT_FAILED, EXIT_OK, EXIT_UNVERIFIED, UsageError

if TYPE_CHECKING:
    from workshop.collecting.home import Home
    from workshop.collecting.links import Linker
    from workshop.collecting.survey import Standing

_GIB = 1024**3
_LINK_HOURS = 24
# "The maximum expiration time is 604800 seconds (seven days)" with Signature Version 4
# (S3 API reference, "Authenticating Requests: Using Query Parameters").
_LINK_HOURS_MOST = 168
_SHOWN = 20
_COLUMNS = ("attendee", "region", "workspace", "work", "at (UTC)", "size", "files", "left out")
_FOR_THE_INSTRUCTOR = ("attendees", "download")
_FOR_THE_ATTENDEE = ("max_gib",)


@click.command("collect")
@click.option(
    "--attendee", "attendees", multiple=True, metavar="ID", help="Only this attendee; repeatable."
)
@click.option(
    "--hours",
    type=click.IntRange(1, _LINK_HOURS_MOST),
    default=_LINK_HOURS,
    show_default=True,
    help="How long the links open.",
)
@click.option(
    "--download",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Save all archives here.",
)
@click.option(
    "--max-gib",
    type=click.FloatRange(min=0.001, max=100),
    default=1.0,
    show_default=True,
    metavar="GIB",
    help="In an attendee's terminal: how much is archived at most.",
)
@config_option
@json_option
@click.pass_context
def command(
    context: click.Context,
    attendees: tuple[str, ...],
    hours: int,
    download: Path | None,
    max_gib: float,
    config: Path,
    as_json: bool,
) -> int:
    """Archive an attendee's work, or show whose work is archived.

    In an attendee's own terminal (Studio or notebook instance): archives the home into the
    workshop's bucket, without caches, installed packages and credentials, and prints a link
    to the archive. It may be run as often as you like; the last one counts. Exit code 0: it
    is in the bucket.

    Elsewhere, with workshop.yaml: a row for every attendee with a workspace or an archive,
    with a link. Exit code 0: all work is collected; 1: some is not, or its workspace was
    started again since; 3: a listing failed, so nothing can be said.

    Example: workshop collect --download collected
    """
    from workshop.collecting.home import read_home

    chosen = context.get_parameter_source("config") != click.core.ParameterSource.DEFAULT
    home = None if chosen else read_home(Path.home())
    if home is not None:
        _refuse(context, _FOR_THE_INSTRUCTOR, "in an attendee's terminal", "leave it out")
        return _collect(home, int(max_gib * _GIB), hours, as_json)
    _refuse(
        context,
        _FOR_THE_ATTENDEE,
        "outside an attendee's environment",
        "run workshop collect in the attendee's terminal",
    )
    return _show(config, attendees, hours, download, as_json)


def _refuse(context: click.Context, names: tuple[str, ...], where: str, fix: str) -> None:
    for name in names:
        if context.get_parameter_source(name) == click.core.ParameterSource.COMMANDLINE:
            option = next(p.opts[0] for p in context.command.params if p.name == name)
            raise UsageError(f"{option} means nothing {where}", "it is for the other use", fix)


# -- an attendee's own --------------------------------------------------------------


def _collect(home: Home, most_bytes: int, hours: int, as_json: bool) -> int:
    from workshop.aws import make_clients
    from workshop.collecting.home import collect_home
    from workshop.collecting.links import Linker
    from workshop.collecting.record import rows

    note(f"collecting {home.path} of {home.attendee} ({home.workshop})")
    s3 = make_clients()("s3", home.region)
    record = collect_home(home, s3, most_bytes, now=datetime.now(UTC))
    linker = Linker(home.region, home.bucket, hours)
    link = linker.link(home.attendee, record)
    left_out = rows(record.left_out)
    if as_json:
        print_json(
            {
                "attendee": home.attendee,
                "collected_at": record.at.isoformat(),
                "bytes": record.size,
                "files": record.files,
                "left_out": left_out,
                "link": link,
                "link_hours": hours,
                "link_may_end_sooner": linker.temporary,
            }
        )
        return EXIT_OK
    if left_out:
        print_table(
            ("not in the archive", "size", "why"),
            ((r["path"], _size(r["bytes"]), r["reason"]) for r in left_out[:_SHOWN]),
        )
    if len(left_out) > _SHOWN:
        note(f"and {len(left_out) - _SHOWN} more: all are named in the archive")
    note(f"collected {record.files} files, {_size(record.files_size)}, as {_size(record.size)}")
    note(_about_links(linker, hours))
    click.echo(link)
    return EXIT_OK


# -- the instructor's ---------------------------------------------------------------


def _show(
    config: Path, attendees: tuple[str, ...], hours: int, directory: Path | None, as_json: bool
) -> int:
    from workshop.aws import make_clients
    from workshop.cli.account import account_id, make_scope, workshop_stacks
    from workshop.cli.uncollected import save, standings
    from workshop.collecting.links import Linker
    from workshop.config import load_workshop

    workshop = load_workshop(config)
    clients = make_clients()
    account, _ = account_id(clients, workshop.regions[0])
    scope = make_scope(workshop, workshop_stacks(workshop, clients), only=attendees)
    found = standings(scope, account, clients)
    links = {
        standing: Linker(standing.region, standing.bucket, hours).link(
            standing.attendee, standing.record
        )
        for standing in found
        if standing.record
    }
    saved = save(found, directory, clients) if directory else {}
    if as_json:
        print_json(
            {
                "ok": _exit_code(found) == EXIT_OK,
                "attendees": [
                    {**_as_json(s), "link": links.get(s), "saved": saved.get(s)} for s in found
                ],
                "link_hours": hours,
            }
        )
    elif found:
        print_table(
            _COLUMNS,
            (_row(standing) for standing in found),
        )
        for standing, link in links.items():
            click.echo(f"{standing.attendee} {link}")
    _tell(found)
    if links:
        first = found[0]
        note(_about_links(Linker(first.region, first.bucket, hours), hours))
    return _exit_code(found)


def _exit_code(found: list[Standing]) -> int:
    from workshop.collecting.survey import UNSAFE, State

    states = {standing.state for standing in found}
    if State.UNKNOWN in states:
        return EXIT_UNVERIFIED
    return EXIT_FAILED if states & set(UNSAFE) else EXIT_OK


def _tell(found: list[Standing]) -> None:
    from workshop.cli.uncollected import describe

    if not found:
        note("nobody has a workspace or an archive")
    for line in describe(found):
        note(line)


def _row(standing: Standing) -> tuple[object, ...]:
    record = standing.record
    facts: tuple[object, ...] = ("-", "-", "-", "-")
    if record:
        at = f"{record.at:%Y-%m-%d %H:%M:%S}"
        facts = (at, _size(record.size), record.files, record.left_out_count)
    return standing.attendee, standing.region, _workspace(standing), standing.state, *facts


def _workspace(standing: Standing) -> str:
    if standing.workspace is None:
        return "-"
    runs = "running" if standing.workspace.running else "not running"
    return f"{standing.workspace.environment}, {runs}"


def _as_json(standing: Standing) -> dict[str, Any]:
    from workshop.collecting.record import rows

    record, workspace = standing.record, standing.workspace
    return {
        "attendee": standing.attendee,
        "region": standing.region,
        "state": standing.state,
        "reason": standing.reason,
        "workspace": workspace.environment if workspace else None,
        "running": workspace.running if workspace else False,
        "collected_at": record.at.isoformat() if record else None,
        "bytes": record.size if record else None,
        "files": record.files if record else None,
        "left_out": rows(record.left_out) if record else [],
    }


def _about_links(linker: Linker, hours: int) -> str:
    sooner = ", or sooner: these credentials are temporary, and it ends with them"
    return (
        "who has the link has the files; "
        f"it opens for {hours} hours{sooner if linker.temporary else ''}"
    )


def _size(count: int) -> str:
    if count < 1024:
        return f"{count} B"
    size = float(count)
    for unit in ("KiB", "MiB", "GiB"):
        size /= 1024
        if size < 1024:
            return f"{size:.1f} {unit}"
    return f"{size:.1f} GiB"
