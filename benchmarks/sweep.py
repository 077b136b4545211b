"""A sweep takes as long as its calls do: measured over HTTP, against moto and the local AWS."""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cache
from typing import Any

from benchmarks.custodian import seconds_of_custodian
from benchmarks.figure import Figure, Measured
from benchmarks.left_behind import (
    ATTENDEES,
    ENDPOINTS,
    MODELS,
    NOTEBOOKS,
    REGION,
    WORKSHOP,
    count_left,
    make_many,
    make_race,
)
from benchmarks.sweep_servers import Calls, Server, local_server, moto_server
from benchmarks.timing import Finished, run
from cleanup.calls import CALLS_PER_SECOND
from rehearsal import isolation
from workshop.errors import WorkshopError

_LATENCY_SECONDS = 0.08
_AT_ONCE = 10
# A notebook instance is stopped and deleted.
_CHANGES = ENDPOINTS + MODELS + 2 * NOTEBOOKS
# Pages of one look: what is listed, with the model that the endpoints serve, and the tags.
_PAGES = sum(
    math.ceil(rows / 100)
    for rows in (ENDPOINTS, MODELS + 1, NOTEBOOKS, ENDPOINTS + MODELS + NOTEBOOKS)
)
_COUNTS = (2_500, 5_000, 10_000)
_NO_CAP = 1e6
_MEGABYTE = 1e6

Start = Callable[[], AbstractContextManager[Server]]
STARTS: dict[str, Start] = {"moto": moto_server, "local": local_server}


@dataclass(frozen=True, slots=True)
class Swept:
    """One sweep as a process of its own: its seconds with and without starting Python, the
    engine's statistics, what the server counted, and the most memory it held."""

    wall_seconds: float
    statistics: dict[str, Any]
    calls: Calls
    bytes: int

    @property
    def seconds(self) -> float:
        """The engine's own time, its last looks included."""
        return float(self.statistics["seconds"])


@cache
def race(server: str) -> Swept:
    """Sweep what 40 attendees left, on a fresh server, with a latency. Measured once."""
    with STARTS[server]() as running:
        make_race(running.url, with_model=running.with_model)
        # AWS does not load its services at the first call; a server of these does.
        warm_up(running)
        running.slow_down(_LATENCY_SECONDS)
        swept = _sweep(running, CALLS_PER_SECOND)
    if swept.calls.changes != _CHANGES:
        raise WorkshopError(
            f"{running.name} was asked for {swept.calls.changes} changes, not {_CHANGES}"
        )
    return swept


def warm_up(server: Server) -> None:
    """Let a server answer each call once: sweep a workshop that has nothing there."""
    _run_sweeper(server, CALLS_PER_SECOND, "nobodys", ATTENDEES[:1])


def _run_sweeper(
    server: Server, calls_per_second: float, workshop: str, attendees: Sequence[str]
) -> Finished:
    environment = {**isolation.without_aws(os.environ), **isolation.exports(server.url, REGION)}
    command = [sys.executable, "-m", "benchmarks.sweeper", workshop, REGION]
    finished = run([*command, str(calls_per_second), *attendees], environment)
    if finished.code != 0:
        raise WorkshopError("the sweep broke", " ".join(finished.stderr.split())[-500:])
    return finished


def _sweep(server: Server, calls_per_second: float) -> Swept:
    """Sweep to the end. Raises WorkshopError when anything is left."""
    finished = _run_sweeper(server, calls_per_second, WORKSHOP, ATTENDEES)
    calls = server.calls()
    told = json.loads(finished.stdout)
    server.slow_down(0)
    left = count_left(server.url)
    if left or told["remaining"]:
        raise WorkshopError(f"the sweep left {left} resources", "; ".join(told["remaining"]))
    return Swept(finished.seconds, told["statistics"], calls, told["bytes"])


# -- figures ------------------------------------------------------------------------


def _changes(server: str) -> Measured:
    return judge_changes(race(server))


def judge_changes(swept: Swept) -> Measured:
    """The seconds spent on changes, against what as many calls take at best."""
    best = swept.calls.changes * _LATENCY_SECONDS / _AT_ONCE
    spent = float(swept.statistics["change_seconds"])
    return Measured(
        spent / best,
        f"{spent:.2f} s for {swept.calls.changes} changes, {best:.2f} s at best; "
        f"{swept.seconds:.1f} s in all, {os.cpu_count()} cores",
    )


def _reads() -> Measured:
    return judge_reads({server: race(server) for server in STARTS})


def judge_reads(swept: dict[str, Swept]) -> Measured:
    """The reads that the server counted, against 3 x (kinds + pages) + polls; pages are those
    that one look takes."""
    shares, told = [], []
    for server, each in swept.items():
        most = 3 * (each.statistics["kinds"] + _PAGES) + each.statistics["polls"]
        shares.append(each.calls.reads / most)
        told.append(f"{server} {each.calls.reads} reads of at most {most}")
    return Measured(max(shares), "; ".join(told))


def _against_custodian(server: str) -> Measured:
    ours = race(server)
    with STARTS[server]() as running:
        make_race(running.url, with_model=running.with_model)
        # AWS does not load its services at the first call; a server of these does.
        warm_up(running)
        running.slow_down(_LATENCY_SECONDS)
        theirs = seconds_of_custodian(running.url)
        calls = running.calls()
    return Measured(
        theirs / ours.wall_seconds,
        f"{ours.wall_seconds:.1f} s and {ours.calls.total} calls against {theirs:.1f} s and "
        f"{calls.total} calls; both as processes, Python's start included",
    )


@cache
def many(count: int) -> Swept:
    """Sweep so many resources from a fresh local AWS, without a latency and without the
    engine's cap on calls per second, which would hide its own time. Measured once."""
    with local_server() as running:
        make_many(running.url, count)
        running.slow_down(0)
        return _sweep(running, _NO_CAP)


def _growth() -> Measured:
    return judge_growth({count: many(count) for count in _COUNTS})


def judge_growth(swept: dict[int, Swept]) -> Measured:
    """The seconds that each more takes, in the upper half of the range against the lower: 1
    when time is linear, whatever a sweep takes at least, and 2 when it is quadratic."""
    few, some, most = sorted(swept)
    upper = (swept[most].seconds - swept[some].seconds) / (most - some)
    lower = (swept[some].seconds - swept[few].seconds) / (some - few)
    told = ", ".join(f"{count:,}: {swept[count].seconds:.1f} s" for count in sorted(swept))
    return Measured(
        upper / lower, f"{told}; {upper * 1e3:.2f} ms against {lower * 1e3:.2f} ms for each more"
    )


def _memory() -> Measured:
    return judge_memory({count: many(count) for count in _COUNTS})


def judge_memory(swept: dict[int, Swept]) -> Measured:
    """The most memory that the largest sweep held."""
    held = {count: sweep.bytes / _MEGABYTE for count, sweep in swept.items()}
    told = ", ".join(f"{count:,}: {size:.0f} MB" for count, size in held.items())
    few, most = min(held), max(held)
    each = (held[most] - held[few]) / (most - few) * 1e3
    return Measured(held[most], f"{told}; {each:.1f} kB for each more; resident, whole process")


SWEEP_MOTO = Figure(
    name="sweep-changes-moto",
    what=f"a sweep's {_CHANGES} changes on moto at 80 ms a call, against 10 at once",
    unit="x",
    bar=1.35,
    measure=lambda: _changes("moto"),
)
SWEEP_LOCAL = Figure(
    name="sweep-changes-local",
    what=f"a sweep's {_CHANGES} changes on the local AWS at 80 ms a call, against 10 at once",
    unit="x",
    bar=1.35,
    measure=lambda: _changes("local"),
)
SWEEP_READS = Figure(
    name="sweep-reads",
    what="reads of a sweep against 3 x (kinds + pages) + polls",
    unit="x",
    bar=1,
    measure=_reads,
)
SWEEP_CUSTODIAN_MOTO = Figure(
    name="sweep-custodian-moto",
    what="a whole sweep against Cloud Custodian's, on moto",
    unit="x",
    bar=15,
    at_least=True,
    measure=lambda: _against_custodian("moto"),
)
SWEEP_CUSTODIAN_LOCAL = Figure(
    name="sweep-custodian-local",
    what="a whole sweep against Cloud Custodian's, on the local AWS",
    unit="x",
    bar=15,
    at_least=True,
    measure=lambda: _against_custodian("local"),
)
SWEEP_GROWTH = Figure(
    name="sweep-10000-time",
    what=f"a sweep's time for each more up to {_COUNTS[2]:,} against up to {_COUNTS[1]:,}",
    unit="x",
    bar=1.4,
    measure=_growth,
)
SWEEP_MEMORY = Figure(
    name="sweep-10000-memory",
    what=f"memory of a sweep of {_COUNTS[-1]:,} resources",
    unit="MB",
    bar=150,
    measure=_memory,
)
SWEEP_FIGURES = (
    SWEEP_LOCAL,
    SWEEP_MOTO,
    SWEEP_READS,
    SWEEP_CUSTODIAN_MOTO,
    SWEEP_CUSTODIAN_LOCAL,
    SWEEP_GROWTH,
    SWEEP_MEMORY,
)
