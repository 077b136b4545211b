"""What the guard's function weighs, how soon it is there, and how long a run of it takes."""

from __future__ import annotations

import os
import statistics
import sys
import time
import zipfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.big_class import (
    APPS,
    ATTENDEES,
    ENDPOINTS,
    LATENCY_SECONDS,
    RUNNING,
    BigClass,
    big_class,
)
from benchmarks.figure import Figure, Measured
from benchmarks.timing import ratio, seconds_of
from stacks.lambda_code import build_code
from workshop.errors import WorkshopError

_MEGABYTE = 1e6
_PAIRS = 15


def _zip_size() -> Measured:
    with TemporaryDirectory() as name:
        path = build_code(Path(name))
        with zipfile.ZipFile(path) as archive:
            files = len(archive.namelist())
        size = path.stat().st_size
    return Measured(size / _MEGABYTE, f"{size:,} bytes, {files} files")


def _import_time() -> Measured:
    """Python isolated from this checkout, with nothing but the archive's files and boto3."""
    with TemporaryDirectory() as name:
        directory = Path(name)
        with zipfile.ZipFile(build_code(directory)) as archive:
            archive.extractall(directory / "code")

        def seconds(module: str, *options: str) -> float:
            code = f"import sys; sys.path[:0] = [{str(directory / 'code')!r}]; import {module}"
            return seconds_of([sys.executable, "-I", *options, "-c", code])

        # A function's directory cannot be written to: each of its starts compiles the files.
        bare = [(seconds("guard.handler", "-B"), seconds("boto3", "-B")) for _ in range(_PAIRS)]
        measured = ratio(lambda: seconds("guard.handler"), lambda: seconds("boto3"), pairs=_PAIRS)
    compiling = statistics.median(ours / theirs for ours, theirs in bare)
    return Measured(measured.value, f"{measured.detail}; {compiling:.2f} x without bytecode")


@dataclass(frozen=True, slots=True)
class Run:
    """A run of the guard: its seconds, how much it stopped, and what it called."""

    what: str
    seconds: float
    stopped: int
    calls: int
    metric_calls: int
    lives_written: int


@cache
def runs() -> tuple[Run, ...]:
    """The first run, the one after it, and one that stops a tenth. Made once."""
    with big_class() as held:
        held.minute = 10
        first = _run(held, "the first", stopping=0)
        held.minute = 20
        second = _run(held, "the next", stopping=0)
        held.minute = 70
        held.use_all_but_a_tenth()
        held.minute = 75
        third = _run(held, "stopping a tenth", stopping=RUNNING // 10)
    return first, second, third


def _run(held: BigClass, what: str, *, stopping: int) -> Run:
    """Time one run. Raises WorkshopError when it did not do what it was there for."""
    before = held.wire.calls.copy()
    started = time.perf_counter()
    report = held.run()
    seconds = time.perf_counter() - started
    plan, calls = report.plan, held.wire.calls - before
    seen, stopped = len(plan.judged), len(report.done)
    if (seen, len(plan.stops), stopped) != (held.running, stopping, stopping):
        raise WorkshopError(
            f"{what}: {seen} seen of {held.running}, {stopped} stopped of {stopping}",
            "; ".join([*plan.unseen, *report.problems, *(r.reason for r in report.remaining)]),
        )
    if not plan.verified or report.remaining or report.problems:
        raise WorkshopError(f"{what}: not verified", "; ".join([*plan.unseen, *report.problems]))
    held.running -= stopped
    return Run(
        what,
        seconds,
        stopped,
        sum(calls.values()),
        calls["monitoring:GetMetricData"],
        len(plan.changed),
    )


def _run_time() -> Measured:
    made = runs()
    told = ", ".join(f"{run.what} {run.seconds:.1f} s ({run.calls:,} calls)" for run in made)
    return Measured(
        max(run.seconds for run in made),
        f"{told}; {LATENCY_SECONDS * 1e3:.0f} ms a call, the time that AWS itself takes to stop "
        f"left out; client and local AWS in one process, {os.cpu_count()} cores",
    )


def _metric_calls() -> Measured:
    made = runs()
    told = ", ".join(f"{run.what} {run.metric_calls}" for run in made)
    return Measured(
        max(run.metric_calls for run in made),
        f"{told}; {ENDPOINTS} endpoints, half of them with two variants",
    )


GUARD_ZIP = Figure(
    name="guard-zip",
    what="size of the archive with the code of all functions",
    unit="MB",
    bar=1,
    measure=_zip_size,
)
GUARD_IMPORT = Figure(
    name="guard-import",
    what="python -c 'import guard.handler' against python -c 'import boto3', both compiled before",
    unit="x",
    bar=1.3,
    measure=_import_time,
)
GUARD_RUN = Figure(
    name="guard-run",
    what=f"a run of the guard over {ATTENDEES} attendees with {RUNNING:,} running resources",
    unit="s",
    bar=60,
    measure=_run_time,
)
GUARD_METRIC_CALLS = Figure(
    name="guard-metric-calls",
    what=f"GetMetricData calls of a run over {ENDPOINTS} endpoints and {APPS} apps",
    unit="calls",
    bar=8,
    measure=_metric_calls,
)
GUARD_FIGURES = (GUARD_ZIP, GUARD_IMPORT, GUARD_RUN, GUARD_METRIC_CALLS)
