"""A synth of many attendees costs little more than a synth of one."""

from __future__ import annotations

import time
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.figure import Figure, Measured
from benchmarks.timing import ratio
from workshop.cli.synth import synthesize
from workshop.config import load_workshop
from workshop.config.example import EXAMPLE
from workshop.errors import WorkshopError

_MANY = 100


def _measure() -> Measured:
    with TemporaryDirectory() as directory:
        few, many = (_config(Path(directory), count) for count in (1, _MANY))
        return ratio(lambda: _seconds(many), lambda: _seconds(few), pairs=3)


def _config(directory: Path, attendees: int) -> Path:
    """Write the example workshop with so many attendees; returns its path."""
    path = directory / f"{attendees}.yaml"
    path.write_text(
        EXAMPLE.replace("\nattendees: 3\n", f"\nattendees: {attendees}\n"), encoding="utf-8"
    )
    found = len(load_workshop(path).attendees)
    if found != attendees:
        raise WorkshopError(f"the example has {found} attendees where {attendees} are wanted")
    return path


def _seconds(config: Path) -> float:
    """The wall time of one synth as `workshop deploy` does it: app.py in a child process."""
    with TemporaryDirectory() as assembly:
        started = time.perf_counter()
        synthesize(config, Path(assembly))
        return time.perf_counter() - started


SYNTH_RATIO = Figure(
    name="synth-ratio",
    what=f"synth of {_MANY} attendees against the synth of 1",
    unit="x",
    bar=2,
    measure=_measure,
)
