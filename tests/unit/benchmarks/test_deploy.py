"""The deployments' figures: how they are worked out, and when they do not hold."""

from __future__ import annotations

import pytest

from benchmarks.deploy import (
    judge_calls,
    judge_creations,
    judge_memory,
    judge_overhead,
    judge_time,
)
from benchmarks.deployments import Deployed


def deployed(
    *,
    seconds: float = 5.0,
    code: int = 0,
    calls: int = 50,
    creations: int = 41,
    complete: int = 41,
    peak: int | None = 80_000_000,
) -> Deployed:
    return Deployed(seconds, code, calls, creations, complete, "what it said", peak)


def test_calls_and_time_are_how_many_times_as_many_the_other_takes() -> None:
    ours, theirs = deployed(seconds=5, calls=50), deployed(seconds=20, calls=800)
    assert judge_calls(ours, theirs).value == pytest.approx(16)
    assert judge_time(ours, theirs).value == pytest.approx(4)


def test_overhead_and_creations_are_ours_for_each_of_the_bare_pools() -> None:
    ours, bare = deployed(seconds=12, creations=250), deployed(seconds=10, creations=200)
    assert judge_overhead(ours, bare).value == pytest.approx(1.2)
    assert judge_creations(ours, bare).value == pytest.approx(1.25)


def test_memory_is_that_of_many_for_each_of_few() -> None:
    measured = judge_memory(deployed(peak=90_000_000), deployed(peak=75_000_000))
    assert measured.value == pytest.approx(1.2)


def test_memory_that_cannot_be_read_is_unknown() -> None:
    measured = judge_memory(deployed(peak=None), deployed())
    assert (measured.value, measured.sound) == (None, False)


@pytest.mark.parametrize(
    "changes", [{"code": 1}, {"complete": 40}], ids=["failed", "a stack is missing"]
)
def test_a_deployment_that_lacks_somebody_is_trouble(changes: dict[str, int]) -> None:
    assert deployed(**changes).trouble(41)
    assert not deployed().trouble(41)
