"""Timing whole processes, and ratios between two of them."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.figure import Measured
from workshop.errors import WorkshopError

ROOT = Path(__file__).resolve().parents[1]
# The console script that belongs to the Python that measures.
WORKSHOP = str(Path(sys.executable).with_name("workshop"))


@dataclass(frozen=True, slots=True)
class Finished:
    """A process that has ended. `seconds` is its wall time."""

    seconds: float
    code: int
    stdout: str
    stderr: str


def run(command: Sequence[str], environment: Mapping[str, str] | None = None) -> Finished:
    """Run a process in the checkout to its end, without standard input."""
    started = time.perf_counter()
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=None if environment is None else dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        stdout, stderr = process.communicate()
    except KeyboardInterrupt:
        # Ctrl-C has reached the child too: it must be let to remove what it made, where
        # subprocess.run would kill it after a quarter of a second.
        process.wait()
        raise
    return Finished(time.perf_counter() - started, process.returncode, stdout, stderr)


def seconds_of(command: Sequence[str], environment: Mapping[str, str] | None = None) -> float:
    """The wall time of a process in seconds. Raises WorkshopError when it fails."""
    finished = run(command, environment)
    if finished.code != 0:
        said = [line for line in finished.stderr.splitlines() if line.strip()]
        raise WorkshopError(
            f"{Path(command[0]).name} {' '.join(command[1:])} ended with {finished.code}",
            said[-1] if said else "it said nothing",
        )
    return finished.seconds


def ratio(
    numerator: Callable[[], float], denominator: Callable[[], float], *, pairs: int
) -> Measured:
    """The median of the ratios of `pairs` interleaved pairs, after one that is not counted.

    Each pair runs back to back, so that what slows the machine down slows both.
    """
    numerator(), denominator()
    measured = [(numerator(), denominator()) for _ in range(pairs)]
    upper, lower = (statistics.median(column) for column in zip(*measured, strict=True))
    return Measured(
        statistics.median(above / below for above, below in measured),
        f"{upper:.2f} s against {lower:.2f} s; median of {pairs} interleaved pairs, "
        f"{os.cpu_count()} cores",
    )
