"""Deployments: against `cdk deploy` of the same assembly, and against a bare thread pool on an
AWS that is slow and throttles. Everybody's stack must be complete, or a figure does not hold."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.deployments import (
    Deployed,
    deploy_with_bare_pool,
    deploy_with_cdk,
    deploy_with_workshop,
    new_site,
    write_workshop,
)
from benchmarks.figure import Figure, Measured
from workshop.cli.synth import synthesize
from workshop.errors import WorkshopError

_CLASS, _CROWD, _FEW = 40, 200, 20
_LATENCY_SECONDS, _THROTTLED = 0.05, 0.2
_FAULTS = (
    {"fault": "latency", "seconds": _LATENCY_SECONDS},
    {"fault": "throttle", "rate": _THROTTLED, "seed": 1},
)
_MEGABYTE = 1e6


@cache
def _measure(who: str, attendees: int, *, hard: bool) -> Deployed:
    """One deployment from nothing on a fresh local AWS, with or without the faults. Measured
    once. Raises WorkshopError when it fails."""
    with TemporaryDirectory(prefix="t-") as name:
        directory = Path(name)
        config, assembly = write_workshop(directory, attendees), directory / "assembly"
        # Once for each, since the file it is made from stands beside it; the same every time.
        synthesize(config, assembly)
        with new_site() as site:
            site.set_faults(*(_FAULTS if hard else ()))
            deployers: dict[str, Callable[[], Deployed]] = {
                "workshop": lambda: deploy_with_workshop(site, config, assembly),
                "cdk": lambda: deploy_with_cdk(site, assembly),
                "pool": lambda: deploy_with_bare_pool(site, assembly),
            }
            deployed = deployers[who]()
    trouble = deployed.trouble(attendees + 1)
    if trouble:
        raise WorkshopError(f"the deployment of {attendees} attendees with {who} failed", trouble)
    return deployed


def judge_calls(ours: Deployed, theirs: Deployed) -> Measured:
    """How many calls theirs made for each of ours."""
    return Measured(theirs.calls / ours.calls, f"{theirs.calls} calls against {ours.calls}")


def judge_time(ours: Deployed, theirs: Deployed) -> Measured:
    """How many seconds theirs took for each of ours."""
    return Measured(theirs.seconds / ours.seconds, _seconds(theirs, ours))


def judge_overhead(ours: Deployed, bare: Deployed) -> Measured:
    """Our seconds for each of the bare pool's."""
    return Measured(ours.seconds / bare.seconds, _seconds(ours, bare))


def judge_creations(ours: Deployed, bare: Deployed) -> Measured:
    """Our CreateStack calls, the throttled ones included, for each of the bare pool's."""
    return Measured(
        ours.creations / bare.creations,
        f"{ours.creations} CreateStack calls against {bare.creations}",
    )


def judge_memory(many: Deployed, few: Deployed) -> Measured:
    """The command's peak memory for many attendees against that for few."""
    if many.peak_bytes is None or few.peak_bytes is None:
        return Measured(None, "a process's peak memory can be read on Linux only", sound=False)
    return Measured(
        many.peak_bytes / few.peak_bytes,
        f"{many.peak_bytes / _MEGABYTE:.0f} MB for {_CROWD} attendees, "
        f"{few.peak_bytes / _MEGABYTE:.0f} MB for {_FEW}; the command's own process, of an "
        "assembly: the synth is a child",
    )


def _seconds(upper: Deployed, lower: Deployed) -> str:
    return f"{upper.seconds:.1f} s against {lower.seconds:.1f} s, {os.cpu_count()} cores"


def _class(who: str) -> Deployed:
    return _measure(who, _CLASS, hard=False)


def _crowd(who: str) -> Deployed:
    return _measure(who, _CROWD, hard=True)


_HARD = f"at {_LATENCY_SECONDS * 1000:.0f} ms a call and {_THROTTLED:.0%} throttled"

DEPLOY_FIGURES = (
    Figure(
        name="deploy-calls",
        what=f"calls of cdk deploy --concurrency 20 against workshop deploy, {_CLASS} attendees",
        unit="x",
        bar=5,
        measure=lambda: judge_calls(_class("workshop"), _class("cdk")),
        at_least=True,
    ),
    Figure(
        name="deploy-time",
        what=f"time of cdk deploy --concurrency 20 against workshop deploy, {_CLASS} attendees",
        unit="x",
        bar=3,
        measure=lambda: judge_time(_class("workshop"), _class("cdk")),
        at_least=True,
    ),
    Figure(
        name="deploy-200-time",
        what=f"time of workshop deploy, {_CROWD} attendees {_HARD}, against a bare thread pool",
        unit="x",
        bar=1.3,
        measure=lambda: judge_overhead(_crowd("workshop"), _crowd("pool")),
    ),
    Figure(
        name="deploy-200-calls",
        what=f"CreateStack calls of workshop deploy, {_CROWD} attendees {_HARD}, against a bare "
        "thread pool",
        unit="x",
        bar=1.35,
        measure=lambda: judge_creations(_crowd("workshop"), _crowd("pool")),
    ),
    Figure(
        name="deploy-200-memory",
        what=f"peak memory of workshop deploy, {_CROWD} attendees against {_FEW}",
        unit="x",
        bar=1.3,
        measure=lambda: judge_memory(_crowd("workshop"), _measure("workshop", _FEW, hard=True)),
    ),
)
