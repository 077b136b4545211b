"""When a notebook instance counts as idle."""

from __future__ import annotations

import ast
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from lifecycle_configs import idle
from lifecycle_configs.idle import decide

NOW = datetime(2026, 3, 4, 12, 0, 0, tzinfo=UTC)
HOUR = 3600.0


def ago(minutes: float) -> datetime:
    return NOW - timedelta(minutes=minutes)


def written(moment: datetime) -> str:
    """A time as Jupyter writes it."""
    return moment.isoformat().replace("+00:00", "Z")


def kernel(minutes: float = 0, state: str = "idle", **more: Any) -> dict[str, Any]:
    model = {"id": "k1", "name": "python3", "connections": 1, "execution_state": state}
    return {**model, "last_activity": written(ago(minutes)), **more}


def session(model: dict[str, Any]) -> dict[str, Any]:
    return {"id": "s1", "path": "lab.ipynb", "type": "notebook", "kernel": model}


def terminal(minutes: float) -> dict[str, Any]:
    return {"name": "1", "last_activity": written(ago(minutes))}


def verdict(
    *, latest: float = 600, sessions: Any = (), kernels: Any = (), terminals: Any = ()
) -> str:
    return decide(NOW, ago(latest), list(sessions), list(kernels), list(terminals), HOUR)[0]


def test_the_vendored_program_is_one_that_python_3_9_can_read() -> None:
    source = Path(idle.__file__).read_text(encoding="utf-8")

    ast.parse(source, feature_version=(3, 9))


def test_what_was_never_opened_stops_an_hour_after_the_start() -> None:
    assert verdict(latest=59.9) == "active"
    assert verdict(latest=60) == "stop"


def test_a_kernel_counts_by_its_last_activity() -> None:
    assert verdict(kernels=[kernel(59)]) == "active"
    assert verdict(kernels=[kernel(61)]) == "stop"


def test_a_busy_kernel_is_use_however_long_it_has_been_silent() -> None:
    assert verdict(kernels=[kernel(6000, "busy")]) == "active"


def test_a_kernel_known_by_its_session_alone_counts() -> None:
    assert verdict(sessions=[session(kernel(59))]) == "active"
    assert verdict(sessions=[session(kernel(6000, "busy"))]) == "active"
    assert verdict(sessions=[session(kernel(61))], kernels=[kernel(61)]) == "stop"


def test_a_terminal_counts_without_any_kernel() -> None:
    assert verdict(terminals=[terminal(59)]) == "active"
    assert verdict(terminals=[terminal(61)]) == "stop"


def test_the_latest_of_several_decides() -> None:
    assert verdict(kernels=[kernel(90), kernel(59)], terminals=[terminal(200)]) == "active"
    assert verdict(kernels=[kernel(90), kernel(200)], terminals=[terminal(59)]) == "active"
    assert verdict(kernels=[kernel(90), kernel(200)], terminals=[terminal(61)]) == "stop"


def test_an_open_browser_tab_alone_is_no_use() -> None:
    assert verdict(kernels=[kernel(61, connections=3)]) == "stop"


@pytest.mark.parametrize("state", ["starting", "restarting", "autorestarting", "dead"])
def test_a_kernel_that_never_came_up_does_not_keep_the_instance(state: str) -> None:
    assert verdict(kernels=[kernel(61, state)]) == "stop"


@pytest.mark.parametrize("state", ["unknown", "paused", "", None, 7, ["idle"]])
def test_a_state_that_does_not_tell_is_unknown(state: Any) -> None:
    assert verdict(kernels=[kernel(61, state), kernel(61)]) == "unknown"


@pytest.mark.parametrize(
    "text",
    ["", "yesterday", "2026-03-04T10:00:00", "10:00Z", None, 1772618400, "2026-13-01T00:00Z"],
)
def test_a_time_that_cannot_be_read_is_unknown(text: Any) -> None:
    assert verdict(kernels=[kernel(61, last_activity=text)]) == "unknown"
    assert verdict(terminals=[{"name": "1", "last_activity": text}]) == "unknown"


def test_a_terminal_without_a_last_activity_is_unknown() -> None:
    # Older Jupyter servers tell its name alone (the samples' issue 90).
    assert verdict(terminals=[{"name": "1"}]) == "unknown"


@pytest.mark.parametrize("model", [None, [], "kernel", 7, {}, {"id": "k1"}])
def test_an_answer_of_another_shape_is_unknown(model: Any) -> None:
    assert verdict(kernels=[model]) == "unknown"
    assert verdict(sessions=[model]) == "unknown"
    assert verdict(sessions=[{"kernel": model}]) == "unknown"
    assert verdict(terminals=[model]) == "unknown"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-04T11:01:00.123456Z", "active"),
        ("2026-03-04T11:01:00Z", "active"),
        ("2026-03-04T11:01:00z", "active"),
        ("2026-03-04T10:59:00+00:00", "stop"),
        ("2026-03-04T20:01:00+09:00", "active"),
        ("2026-03-04T19:59:00+09:00", "stop"),
        ("2026-03-04T06:01:00-05:00", "active"),
        ("2026-03-04T05:59:00-05:00", "stop"),
    ],
)
def test_times_are_compared_across_time_zones(text: str, expected: str) -> None:
    assert verdict(kernels=[kernel(last_activity=text)]) == expected


def test_a_time_a_little_ahead_is_now_and_one_far_ahead_is_unknown() -> None:
    ahead, far = written(NOW + timedelta(minutes=4)), written(NOW + timedelta(hours=1))

    assert decide(NOW, ago(600), [], [kernel(last_activity=ahead)], [], HOUR)[:2] == ("active", NOW)
    assert verdict(kernels=[kernel(last_activity=far)]) == "unknown"


def test_closing_the_last_kernel_does_not_make_the_instance_idle_at_once() -> None:
    _, latest, _ = decide(NOW, ago(600), [], [kernel(5)], [], HOUR)

    assert latest == ago(5)
    assert decide(NOW + timedelta(minutes=54), latest, [], [], [], HOUR)[0] == "active"
    assert decide(NOW + timedelta(minutes=55), latest, [], [], [], HOUR)[0] == "stop"


def test_after_a_long_run_the_wait_begins_at_its_end() -> None:
    _, latest, _ = decide(NOW, ago(600), [], [kernel(300, "busy")], [], HOUR)

    assert latest == NOW
    assert decide(NOW, latest, [], [kernel(300)], [], HOUR)[0] == "active"


def test_what_is_unknown_leaves_the_latest_use_as_it_was() -> None:
    assert decide(NOW, ago(600), [], [kernel(1, "odd")], [], HOUR)[1] == ago(600)


def test_a_clock_that_was_set_back_does_not_keep_the_instance_for_longer() -> None:
    _, latest, _ = decide(NOW, NOW + timedelta(days=30), [], [], [], HOUR)

    assert latest == NOW


def test_the_reason_names_what_was_found_in_utc() -> None:
    assert decide(NOW, ago(600), [], [kernel(state="busy")], [], HOUR)[2] == "kernel k1 is busy"
    assert decide(NOW, ago(61), [], [], [], HOUR)[2] == "last used 2026-03-04T10:59:00Z"
    assert "stops 2026-03-04T12:59:00Z" in decide(NOW, ago(1), [], [], [], HOUR)[2]
