"""Work that waits for other work, on real threads."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from rehearsal.timetable import in_turn

WAITS = {"compare": ["batch", "other"], "batch": ["train"], "train": [], "other": []}


def run(waits: dict[str, list[str]], *failing: str, workers: int = 3) -> list[str]:
    """What came out, but for what did not fail: that in the order in which it began."""
    began: list[str] = []

    def work(key: str) -> str:
        began.append(key)
        return f"{key} failed" if key in failing else key

    with ThreadPoolExecutor(workers) as pool:
        results = in_turn(
            pool,
            work,
            waits,
            succeeded=lambda result: " " not in result,
            refuse=lambda key, earlier: f"{key} without {earlier}",
        )
        out = list(results)
    assert len(out) == len(waits)
    return [key for key in began if key in out] + sorted(o for o in out if " " in o)


def test_everything_is_done_once_and_nothing_before_what_it_waits_for() -> None:
    done = run(WAITS)

    assert sorted(done) == ["batch", "compare", "other", "train"]
    assert done.index("train") < done.index("batch") < done.index("compare") == 3


def test_one_worker_takes_what_does_not_wait_in_its_order() -> None:
    assert run({"b": [], "a": [], "c": ["b"]}, workers=1) == ["b", "a", "c"]


def test_what_waits_for_a_failure_is_refused_near_and_far() -> None:
    assert run(WAITS, "train") == [
        "other",
        "batch without train",
        "compare without batch",
        "train failed",
    ]


def test_what_does_not_wait_for_one_another_runs_at_the_same_time() -> None:
    both = threading.Barrier(2)

    def meet(_: str) -> bool:
        both.wait(timeout=30)  # broken, and raises, when the other one never comes
        return True

    with ThreadPoolExecutor(2) as pool:
        waits: dict[str, list[str]] = {"a": [], "b": []}
        done = list(in_turn(pool, meet, waits, succeeded=lambda ok: ok, refuse=lambda *_: False))

    assert done == [True, True]
