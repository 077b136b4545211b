"""`make setup` is done before anybody notices when nothing changed."""

from __future__ import annotations

import os
import statistics

from benchmarks.figure import Figure, Measured
from benchmarks.timing import seconds_of

_RUNS = 5
# Make hands these to its children; with them a make below `make bench` would not be
# the one that a user starts.
_MAKES_OWN = {"MAKEFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "MFLAGS"}


def _measure() -> Measured:
    environment = {name: value for name, value in os.environ.items() if name not in _MAKES_OWN}
    command = ["make", "setup"]
    seconds_of(command, environment)  # so that nothing has changed since
    median = statistics.median(seconds_of(command, environment) for _ in range(_RUNS))
    return Measured(median, f"median of {_RUNS} runs")


SECOND_SETUP = Figure(
    name="second-setup",
    what="make setup when nothing changed",
    unit="s",
    bar=3,
    measure=_measure,
)
