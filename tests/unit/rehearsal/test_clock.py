"""The clock's three kinds, and its controls over HTTP."""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any

import pytest

from rehearsal.clock import ScaledClock, SteppedClock, make_clock
from rehearsal.front import Front
from rehearsal.world import World
from tests.unit.rehearsal.bench import Bench


def local(world: World, method: str, path: str, body: bytes = b"") -> tuple[int, Any]:
    """Ask the front for a page below /_local/; returns the status and the decoded answer."""
    seen: list[str] = []
    environ = {
        "REQUEST_METHOD": method,
        "PATH_INFO": f"/_local/{path}",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": BytesIO(body),
    }
    answer = b"".join(Front(world)(environ, lambda status, _headers: seen.append(status)))
    return int(seen[0].split()[0]), json.loads(answer)


def step(world: World, body: Any) -> tuple[int, Any]:
    return local(world, "POST", "clock", json.dumps(body).encode())


@pytest.mark.parametrize(("kind", "pace"), [("real", 0.01), ("scaled", 0.01), ("stepped", 0.01)])
def test_a_clock_is_made_of_the_kind_that_is_asked_for(kind: str, pace: float) -> None:
    assert make_clock(kind, pace).kind == kind


def test_a_scaled_clock_shortens_waits_and_a_real_one_does_not() -> None:
    assert 0 < make_clock("scaled", 0.01).after(1e6) - ScaledClock().now() <= 1e4
    assert make_clock("real", 0.01).after(1e6) - ScaledClock().now() > 9e5


def test_a_stepped_clock_stands_still_until_it_is_stepped() -> None:
    clock = SteppedClock(100.0)
    assert clock.now() == clock.now() == 100.0
    clock.step(60)
    assert clock.now() == 160.0


@pytest.mark.parametrize("seconds", [-1.0, float("nan"), float("inf"), 1e308, 3e11])
def test_a_clock_is_not_stepped_by_what_is_no_span_of_time(seconds: float) -> None:
    clock = SteppedClock(100.0)
    with pytest.raises(ValueError, match="not a step forward"):
        clock.step(seconds)
    assert clock.now() == 100.0


def test_the_clock_page_tells_the_kind_and_the_time(bench: Bench) -> None:
    status, answer = local(bench.world, "GET", "clock")
    assert (status, answer) == (200, {"kind": "stepped", "now": bench.clock.now()})


def test_a_step_over_http_moves_everything_whose_time_has_come(bench: Bench) -> None:
    domain = bench.call(
        "CreateDomain",
        DomainName="ml101",
        AuthMode="IAM",
        DefaultUserSettings={"ExecutionRole": "arn:aws:iam::123456789012:role/r"},
        **bench.network(),
    )["DomainId"]
    before = bench.clock.now()
    status, answer = step(bench.world, {"seconds": 3600})
    assert (status, answer) == (200, {"kind": "stepped", "now": before + 3600})
    assert bench.found("domain", domain).status == "InService"


@pytest.mark.parametrize(
    "body", [{}, {"seconds": "1"}, {"seconds": True}, [1], {"seconds": -1}, {"seconds": 10**400}]
)
def test_a_step_that_is_none_is_refused(bench: Bench, body: Any) -> None:
    before = bench.clock.now()
    status, answer = step(bench.world, body)
    assert status == 400
    assert answer["message"]
    assert bench.clock.now() == before


def test_a_clock_that_runs_by_itself_cannot_be_stepped(bench: Bench) -> None:
    world = World(ScaledClock(0.01), bench.machine)
    status, answer = step(world, {"seconds": 1})
    assert status == 400
    assert "--clock stepped" in answer["message"]
