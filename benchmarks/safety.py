"""Sweeps keep their promises in any workshop beside any neighbours, and like deployments and
destructions however often they are killed.

The checks are the tests' own (`tests/unit/cleanup/world_checks.py`,
`tests/integration/cleanup/killing.py`, `tests/integration/deploy/killing.py`), tried far more
often.
"""

from __future__ import annotations

import os
import traceback
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, Phase, given, seed, settings

from benchmarks.figure import Figure, Measured
from rehearsal import isolation
from rehearsal.processes import LocalAws
from tests.integration.cleanup.killing import kill_again_and_again
from tests.integration.cleanup.terminal import Terminal
from tests.integration.deploy.killing import kill_deployments, kill_destructions, make_site
from tests.unit.cleanup.world_checks import check
from tests.unit.cleanup.worlds import Case, cases
from tests.unit.rehearsal.wire import Wire
from tests.unit.workshop.configs import write_config

_WORKSHOPS, _AT_ONCE = 1000, 50
_KILLS, _KILLS_EACH = 50, 5
_DEPLOY_KILLS = 10
# A broken promise is told with its world; the first few say enough.
_TOLD = 3


@dataclass(slots=True)
class Tried:
    """What came of some worlds: how many ended clean, and what did not hold in which."""

    worlds: int = 0
    clean: int = 0
    broken: list[str] = field(default_factory=list)
    # Calls that AWS refused although no fault was in force for them, by what was asked.
    unforced: Counter[str] = field(default_factory=Counter)


def try_worlds(start: int, count: int) -> Tried:
    """Sweep so many worlds, drawn from the seed `start`, one after the other."""
    wire, tried = Wire(), Tried()

    @seed(start)
    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(cases())
    def sweep(case: Case) -> None:
        tried.worlds += 1
        try:
            verdict = check(case, wire)
        except Exception as error:  # noqa: BLE001 - told with its world; not all of them pickle
            tried.broken.append(f"{error!r} at {_place(error)} in {case}")
            return
        tried.clean += verdict.clean
        tried.unforced.update(verdict.unforced)
        if verdict.violations:
            tried.broken.append(f"{'; '.join(verdict.violations)} in {case}")

    sweep()
    return tried


def _place(error: Exception) -> str:
    """The innermost lines an error came through."""
    frames = traceback.extract_tb(error.__traceback__)[-4:]
    return " < ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in reversed(frames))


def _workshops() -> Measured:
    starts = range(0, _WORKSHOPS, _AT_ONCE)
    # Each worker has a moto of its own, whose state belongs to the process.
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
        results = list(pool.map(try_worlds, starts, [_AT_ONCE] * len(starts)))
    broken = [words for tried in results for words in tried.broken]
    worlds = sum(tried.worlds for tried in results)
    clean = sum(tried.clean for tried in results)
    detail = f"{worlds} workshops, {len(broken)} violations; {clean} ended clean"
    return Measured(
        len(broken), "; ".join([detail, *broken[:_TOLD]]), sound=worlds >= _WORKSHOPS and clean > 0
    )


def _kills() -> Measured:
    with TemporaryDirectory(prefix="t-") as name:
        directory = Path(name)
        aws = LocalAws(directory / "aws", isolation.without_aws(os.environ))
        try:
            terminal, config = Terminal(aws.url, directory), write_config(directory)
            broken = [
                words
                for start in range(0, _KILLS, _KILLS_EACH)
                for words in kill_again_and_again(terminal, config, _KILLS_EACH, start)
            ]
        finally:
            aws.close()
    return Measured(
        len(broken), "; ".join([f"{_KILLS} kills, {len(broken)} violations", *broken[:_TOLD]])
    )


def _deploy_kills() -> Measured:
    with TemporaryDirectory(prefix="t-") as name:
        directory = Path(name)
        aws = LocalAws(directory / "aws", isolation.without_aws(os.environ))
        try:
            site = make_site(Terminal(aws.url, directory), directory)
            broken = kill_deployments(site, _DEPLOY_KILLS, seed=1)
            broken += kill_destructions(site, _DEPLOY_KILLS, seed=2)
        finally:
            aws.close()
    detail = f"{_DEPLOY_KILLS} kills of each, {len(broken)} violations"
    return Measured(len(broken), "; ".join([detail, *broken[:_TOLD]]))


SAFETY_FIGURES = (
    Figure(
        name="sweep-safety",
        what=f"promises broken by sweeps of {_WORKSHOPS:,} random workshops under random faults",
        unit="violations",
        bar=0,
        measure=_workshops,
    ),
    Figure(
        name="sweep-kills",
        what=f"promises broken by sweeps that were killed {_KILLS} times at random moments",
        unit="violations",
        bar=0,
        measure=_kills,
    ),
    Figure(
        name="deploy-kills",
        what=f"promises broken by deployments and destructions that were killed {_DEPLOY_KILLS} "
        "times each",
        unit="violations",
        bar=0,
        measure=_deploy_kills,
    ),
)
