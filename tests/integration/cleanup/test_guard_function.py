"""The guard where it lives: its function, deployed by the stack, stops what runs and shuts the
doors once the workshop is over, and opens them when it is not."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.integration.cleanup.classroom import Classroom, open_classroom
from workshop import names

GUARD = names.guard_name("ml101")
_PATIENCE_SECONDS = 240.0


@pytest.fixture(scope="module")
def classroom(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Classroom]:
    with open_classroom(tmp_path_factory.mktemp("guarded")) as opened:
        yield opened


def invoke(classroom: Classroom, **changes: Any) -> None:
    """Let the function run as its schedule does, by other rules."""
    schedule = classroom.client("scheduler").get_schedule(Name=GUARD)
    event = json.loads(schedule["Target"]["Input"])
    classroom.client("lambda").invoke(
        FunctionName=GUARD,
        InvocationType="Event",
        Payload=json.dumps({"policy": {**event["policy"], **changes}}).encode(),
    )


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def shut(classroom: Classroom) -> set[str]:
    """Whose role has the tag that the boundary heeds."""
    iam = classroom.client("iam")
    found = {who: iam.list_role_tags(RoleName=f"ml101-{who}")["Tags"] for who in ("ann", "bob")}
    return {who for who, tags in found.items() if names.TAG_STOPPED in {t["Key"] for t in tags}}


def running(classroom: Classroom) -> set[tuple[str, str]]:
    """(kind, status) of the workspaces that bill."""
    left = {(kind, status) for kind, _, status in classroom.left()}
    wanted = {("app", "InService"), ("notebook-instance", "InService")}
    return left & wanted


def test_once_the_workshop_is_over_the_function_stops_it_and_not_before(
    classroom: Classroom,
) -> None:
    assert len(running(classroom)) == 2

    # The schedule's own runs, every few seconds, would open the doors again.
    classroom.client("scheduler").update_schedule(
        **_as_it_is(classroom.client("scheduler").get_schedule(Name=GUARD)), State="DISABLED"
    )
    invoke(classroom, ends="2020-01-01T00:00:00+00:00", grace_minutes=0)
    wait_until(lambda: not running(classroom))

    assert shut(classroom) == {"ann", "bob"}
    # Its lines are there when it has ended.
    wait_until(lambda: any(line.get("stopped") == 2 for line in _log(classroom)))
    stops = {(s["kind"], s["rule"]) for s in _log(classroom) if s["guard"] == "stop"}
    assert stops == {("app", "deadline"), ("notebook-instance", "deadline")}

    invoke(classroom)
    wait_until(lambda: shut(classroom) == set())
    assert not running(classroom)


def _as_it_is(schedule: dict[str, Any]) -> dict[str, Any]:
    kept = ("Name", "ScheduleExpression", "FlexibleTimeWindow", "Target")
    return {key: schedule[key] for key in kept}


def _log(classroom: Classroom) -> list[dict[str, Any]]:
    pages = (
        classroom.client("logs")
        .get_paginator("filter_log_events")
        .paginate(logGroupName=f"/aws/lambda/{GUARD}")
    )
    texts = [event["message"] for page in pages for event in page["events"]]
    return [json.loads(text) for text in texts if text.startswith("{")]
