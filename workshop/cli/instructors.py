"""Commands that are the instructor's alone say so in an attendee's environment."""

from __future__ import annotations

import os

import click

from workshop.aws import Clients
from workshop.cli.seat import find_seat, metadata_path, region_of, role_of
from workshop.errors import UsageError


def refuse_attendees(context: click.Context, clients: Clients) -> None:
    """Raise UsageError in an attendee's environment, unless a configuration was named."""
    path = metadata_path()
    default = context.get_parameter_source("config") == click.core.ParameterSource.DEFAULT
    if not default or not path.exists():
        return
    region = region_of(path) or os.environ.get("AWS_REGION", "us-east-1")
    arn = str(clients("sts", region).get_caller_identity()["Arn"])
    seat = find_seat(path, role_of(arn))
    if seat is not None:
        raise UsageError(
            f"workshop {context.command.name} is the instructor's",
            f"this is the environment of {seat.attendee} in {seat.workshop}",
            "ask the instructor; to stop what you have running: workshop cleanup",
        )
