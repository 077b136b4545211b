"""`workshop open`: start an attendee's workspace and print the sign-in link."""

from __future__ import annotations

import time
from pathlib import Path

import click

from workshop.cli.options import config_option, json_option
from workshop.cli.output import note, print_json
from workshop.errors import EXIT_OK, WorkshopError


@click.command("open")
@click.argument("attendee")
@click.option("--browser", is_flag=True, help="Open the link in the default browser.")
@click.option("--no-start", is_flag=True, help="Do not start the workspace.")
@click.option("--wait", is_flag=True, help="Wait until the workspace is in service.")
@config_option
@json_option
def command(
    attendee: str, config: Path, browser: bool, no_start: bool, wait: bool, as_json: bool
) -> int:
    """Print ATTENDEE's sign-in link, and start the workspace behind it.

    The link opens for five minutes; it is a key to the attendee's workspace, so do not
    mail it. A running workspace bills by the hour until it idles or is swept.

    Example: workshop open a001 --browser
    """
    from workshop.aws import make_clients
    from workshop.cli.account import need_attendee
    from workshop.cli.workspace import find_workspace
    from workshop.config import load_workshop

    workshop = load_workshop(config)
    person = need_attendee(workshop, attendee)
    clients = make_clients()
    workspace = find_workspace(workshop, person, clients)
    status = workspace.status()
    if not no_start:
        status = workspace.start(status)
    if wait:
        note(f"waiting for the workspace of {attendee}")
        status = workspace.wait_until_in_service(time.sleep)
    url = workspace.link()
    if as_json:
        print_json({"attendee": attendee, "region": person.region, "status": status, "url": url})
    else:
        note(f"{attendee}: {person.environment} in {person.region}, workspace {status}")
        click.echo(url)
    if browser and not click.launch(url) == 0:
        raise WorkshopError("no browser could be started", "", "open the printed link yourself")
    return EXIT_OK
