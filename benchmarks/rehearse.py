"""Rehearsals: how long they take, and how they grow with the number of attendees."""

from __future__ import annotations

import json
import os
from typing import Any

from benchmarks.figure import Figure, Measured
from benchmarks.timing import WORKSHOP, Finished, ratio, run
from workshop.errors import WorkshopError

_FEW = 3
_MANY = 25


def _rehearse(attendees: int, *options: str) -> Finished:
    command = [WORKSHOP, "rehearse", "--attendees", str(attendees), *options, "--json"]
    return run([*command, "--config", "workshop.yaml"])


def _timed(attendees: int, *options: str) -> Measured:
    """A whole rehearsal, labs included; not sound when it failed, whatever it took."""
    finished = _rehearse(attendees, *options)
    trouble = _trouble(finished)
    if trouble:
        return Measured(finished.seconds, f"the rehearsal failed: {trouble}", sound=False)
    phases = json.loads(finished.stdout)["phases"]
    slowest = sorted(phases, key=lambda phase: -phase["seconds"])[:3]
    told = ", ".join(f"{phase['name']} {phase['seconds']:.1f} s" for phase in slowest)
    return Measured(
        finished.seconds,
        f"passed, nothing left; longest phases: {told}; one run, {os.cpu_count()} cores",
    )


def _growth() -> Measured:
    return ratio(lambda: _control_plane(_MANY), lambda: _control_plane(_FEW), pairs=1)


def _control_plane(attendees: int) -> float:
    """Seconds of a rehearsal without labs. Raises WorkshopError when it fails."""
    finished = _rehearse(attendees, "--no-labs")
    trouble = _trouble(finished)
    if trouble:
        raise WorkshopError(f"the rehearsal with {attendees} attendees failed", trouble)
    return finished.seconds


def _trouble(finished: Finished) -> str:
    """Why a rehearsal failed, in one line; "" when it passed and left nothing."""
    try:
        report: dict[str, Any] = json.loads(finished.stdout)
    except ValueError:
        return f"exit code {finished.code}: " + " ".join(finished.stderr.split())[-300:]
    reasons = [
        *report["problems"],
        *(f"left: {row['kind']} {row['name']}" for row in report["left"]),
        *(
            f"{m['name']} of {m['attendee']}: {m['reason']}"
            for m in report["modules"]
            if not m["ok"]
        ),
    ]
    if finished.code == 0 and report["ok"] and not reasons:
        return ""
    return "; ".join(reasons) or f"exit code {finished.code}"


REHEARSE_FEW = Figure(
    name=f"rehearse-{_FEW}",
    what=f"workshop rehearse, {_FEW} attendees",
    unit="s",
    bar=60,
    measure=lambda: _timed(_FEW),
)
REHEARSE_MANY = Figure(
    name=f"rehearse-{_MANY}",
    what=f"workshop rehearse, {_MANY} attendees",
    unit="s",
    bar=300,
    measure=lambda: _timed(_MANY),
)
REHEARSE_LABS = Figure(
    name="rehearse-labs",
    what="workshop rehearse --module all, 1 attendee, from check to the last scan",
    unit="s",
    bar=240,
    measure=lambda: _timed(1, "--module", "all"),
)
REHEARSE_GROWTH = Figure(
    name="rehearse-no-labs-ratio",
    what=f"workshop rehearse --no-labs, {_MANY} attendees against {_FEW}",
    unit="x",
    bar=3,
    measure=_growth,
)
