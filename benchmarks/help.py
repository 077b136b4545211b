"""`workshop --help` answers at once: hardly more than what importing click costs."""

from __future__ import annotations

import sys

from benchmarks.figure import Figure, Measured
from benchmarks.timing import WORKSHOP, ratio, seconds_of


def _measure() -> Measured:
    return ratio(
        lambda: seconds_of([WORKSHOP, "--help"]),
        lambda: seconds_of([sys.executable, "-c", "import click"]),
        pairs=15,
    )


HELP = Figure(
    name="help",
    what="workshop --help against python -c 'import click'",
    unit="x",
    bar=2,
    measure=_measure,
)
