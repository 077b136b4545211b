"""The sweep's figures: how they are worked out, and the server that is slow on purpose."""

from __future__ import annotations

import io
import json
import time
from typing import Any

import pytest

from benchmarks.slow_moto import Slow
from benchmarks.sweep import Swept, judge_changes, judge_growth, judge_memory, judge_reads
from benchmarks.sweep_servers import Calls
from rehearsal.http import Response
from rehearsal.inprocess import run


def swept(
    *, seconds: float = 10.0, change_seconds: float = 5.6, reads: int = 200, size: int = 90_000_000
) -> Swept:
    statistics = {
        "kinds": 70,
        "polls": 3,
        "pages": 190,
        "seconds": seconds,
        "change_seconds": change_seconds,
    }
    return Swept(12.0, statistics, Calls(total=560 + reads, changes=560), size)


def test_changes_are_held_against_what_ten_at_once_take() -> None:
    # 560 calls of 80 ms, ten at once: 4.48 s.
    measured = judge_changes(swept(change_seconds=8.96))
    assert measured.value == pytest.approx(2)


def test_reads_are_those_that_the_server_counted_in_the_worse_of_two_sweeps() -> None:
    # 70 kinds, and pages of 200 endpoints, 201 models, 80 instances and 480 tagged resources.
    most = 3 * (70 + 2 + 3 + 1 + 5) + 3
    measured = judge_reads({"moto": swept(reads=2 * most), "local": swept(reads=10)})
    assert measured.value == pytest.approx(2)
    assert f"moto {2 * most} reads of at most {most}" in measured.detail


@pytest.mark.parametrize(
    ("seconds", "value"), [((5, 6, 8), 1), ((2, 5, 17), 2)], ids=["linear", "quadratic"]
)
def test_growth_is_what_each_more_takes_whatever_a_sweep_takes_at_least(
    seconds: tuple[float, ...], value: float
) -> None:
    counts = (100, 200, 400)
    made = {n: swept(seconds=each) for n, each in zip(counts, seconds, strict=True)}
    assert judge_growth(made).value == pytest.approx(value)


def test_memory_is_that_of_the_largest_sweep() -> None:
    measured = judge_memory({1_000: swept(size=80_000_000), 11_000: swept(size=95_000_000)})
    assert measured.value == pytest.approx(95)
    assert "1.5 kB for each more" in measured.detail


def ask(slow: Slow, path: str, method: str = "POST", body: bytes = b"", **headers: str) -> Response:
    return run(
        slow,
        {
            "PATH_INFO": path,
            "REQUEST_METHOD": method,
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": io.BytesIO(body),
            **headers,
        },
    )


def ok(_environ: Any, start_response: Any) -> list[bytes]:
    start_response("200 OK", [])
    return [b"{}"]


def lacking(_environ: Any, _start_response: Any) -> list[bytes]:
    raise NotImplementedError


def test_the_slow_server_waits_and_counts_from_when_it_is_told() -> None:
    slow = Slow(ok)
    ask(slow, "/", HTTP_X_AMZ_TARGET="SageMaker.ListModels")
    ask(slow, "/_bench", body=b'{"seconds": 0.05}')
    started = time.perf_counter()
    ask(slow, "/", HTTP_X_AMZ_TARGET="SageMaker.DeleteModel")
    assert time.perf_counter() - started >= 0.05
    assert json.loads(ask(slow, "/_bench", "GET").body) == {"DeleteModel": 1}


def test_what_moto_lacks_is_an_operation_that_nobody_knows() -> None:
    answer = ask(Slow(lacking), "/", HTTP_X_AMZ_TARGET="SageMaker.ListHubs")
    assert (answer.status, json.loads(answer.body)["__type"]) == (400, "UnknownOperationException")
