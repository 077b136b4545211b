"""Attendees' work as commands that delete it must see it: whose, how it stands, saved where."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cleanup.resources import Scope
from workshop.aws import Clients
from workshop.collecting.download import download
from workshop.collecting.survey import UNSAFE, Standing, State, survey
from workshop.errors import UnverifiedError, WorkshopError

_NAMED = 10


def standings(scope: Scope, account: str, clients: Clients) -> list[Standing]:
    """How the work of everybody in scope stands."""
    attendees = scope.attendees if scope.only is None else scope.only
    return survey(scope.workshop, account, attendees, scope.regions, clients)


def describe(found: Sequence[Standing]) -> list[str]:
    """What somebody who wants to delete everything must know, one line each."""
    lines = [
        f"{standing.attendee} ({standing.region}): {_words(standing)}"
        for standing in found
        if standing.state in UNSAFE
    ]
    running = [
        s.attendee
        for s in found
        if s.state is State.COLLECTED and s.workspace and s.workspace.running
    ]
    if running:
        lines.append(
            f"still running: {_some(running)}; what is done there after a collection is not in it"
        )
    return lines


def refusal(found: Sequence[Standing]) -> WorkshopError | None:
    """Why the volumes must not be deleted, or None when all work is collected."""
    unsafe = [standing for standing in found if standing.state in UNSAFE]
    if not unsafe:
        return None
    who = _some([standing.attendee for standing in unsafe])
    fix = (
        "let them run `workshop collect` in their terminals and look with `workshop collect`, "
        "or give their work up with --discard-work"
    )
    unknown = [standing for standing in unsafe if standing.state is State.UNKNOWN]
    if len(unknown) == len(unsafe):
        return UnverifiedError(
            f"whether work is collected cannot be told for {who}", unknown[0].reason, fix
        )
    return WorkshopError(
        f"work would be lost: {who}",
        "it is not collected, or the workspace was started again since",
        fix,
    )


def save(found: Sequence[Standing], directory: Path, clients: Clients) -> dict[Standing, Path]:
    """Download every archive; returns where each is.

    Raises WorkshopError for an archive that is not what its record says, ClientError and
    BotoCoreError.
    """
    saved = {}
    for standing in found:
        if standing.record:
            s3 = clients("s3", standing.region)
            saved[standing] = download(
                s3, standing.bucket, standing.attendee, standing.region, standing.record, directory
            )
    return saved


def as_rows(found: Sequence[Standing]) -> list[dict[str, Any]]:
    """The work that would be lost, as JSON has it."""
    return [
        {"attendee": s.attendee, "region": s.region, "state": s.state, "reason": s.reason}
        for s in found
        if s.state in UNSAFE
    ]


def _words(standing: Standing) -> str:
    if standing.state is State.UNKNOWN:
        return f"whether there is work, and whether it is collected, is unknown: {standing.reason}"
    if standing.state is State.STALE and standing.record:
        return f"started again since the collection of {standing.record.at:%Y-%m-%d %H:%M} UTC"
    return "started, and nothing was collected"


def _some(attendees: Sequence[str]) -> str:
    more = len(attendees) - _NAMED
    return ", ".join(attendees[:_NAMED]) + (f" and {more} more" if more > 0 else "")
