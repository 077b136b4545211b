"""Progress as a stream of events, and how long it still takes."""

from __future__ import annotations

import io
import json
import sys
from datetime import UTC, datetime
from typing import Any

import click
import pytest

from deploy.engine import Event
from workshop.cli.progress import (
    EventStream,
    StackProgress,
    events_on_stderr,
    remaining_seconds,
)

NOON = datetime(2030, 3, 4, 12, 0, 0, 5000, tzinfo=UTC)


@pytest.fixture
def written() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def stream(written: io.StringIO) -> EventStream:
    return EventStream(written, now=lambda: NOON)


def events(written: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in written.getvalue().splitlines()]


def test_an_event_has_its_time_in_utc(stream: EventStream, written: io.StringIO) -> None:
    stream.emit("stack", stack="ml101-ann")
    assert events(written) == [
        {"time": "2030-03-04T12:00:00.005Z", "event": "stack", "stack": "ml101-ann"}
    ]


def test_each_line_that_is_written_becomes_a_note(
    stream: EventStream, written: io.StringIO
) -> None:
    print("one\n\ntwo", end="", file=stream)
    assert [event["text"] for event in events(written)] == ["one"]
    print(" and a half", file=stream)
    print("three", end="", file=stream)
    stream.finish()
    assert [event["text"] for event in events(written)] == ["one", "two and a half", "three"]


def test_with_json_all_that_is_said_on_stderr_is_events_and_nobody_is_asked(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with events_on_stderr(as_json=True) as stream:
        assert stream is not None
        click.echo("synthesizing", err=True)
        assert not sys.stderr.isatty()
    click.echo("error: after it", err=True)
    first, last = capsys.readouterr().err.splitlines()
    assert json.loads(first)["text"] == "synthesizing"
    assert last == "error: after it"


def test_without_json_stderr_stays_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    with events_on_stderr(as_json=False) as stream:
        assert stream is None
        click.echo("synthesizing", err=True)
    assert capsys.readouterr().err == "synthesizing\n"


def test_a_stacks_state_is_an_event_and_so_is_the_end(
    stream: EventStream, written: io.StringIO
) -> None:
    with StackProgress("deploy", 2, stream) as progress:
        progress(Event("ml101-ann", "us-east-1", "CREATE_IN_PROGRESS", 0.5))
        progress(Event("ml101-ann", "us-east-1", "failed", 9.0, True, "quota: x", "AWS said x"))

    began, failed, end = events(written)
    assert (began["status"], began["done"]) == ("CREATE_IN_PROGRESS", False)
    assert failed["event"] == "stack"
    assert (failed["stack"], failed["region"], failed["seconds"]) == ("ml101-ann", "us-east-1", 9.0)
    assert (failed["done"], failed["reason"], failed["cause"]) == (True, "quota: x", "AWS said x")
    assert (end["event"], end["what"]) == ("progress", "deploy")
    assert (end["finished"], end["total"], end["failed"]) == (1, 2, 1)


def test_elsewhere_a_finished_stack_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    with StackProgress("deploy", 2) as progress:
        progress(Event("ml101-ann", "us-east-1", "CREATE_IN_PROGRESS", 0.5))
        progress(Event("ml101-ann", "us-east-1", "failed", 9.0, True, "quota: x [1]"))
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "[1/2] ml101-ann (us-east-1) failed 9 s"
    assert lines[1] == "    quota: x [1]"
    assert lines[2].startswith("deploy: 1 of 2 stacks, 1 failed in ")


@pytest.mark.parametrize(
    ("elapsed", "worked", "left", "seconds"),
    [(30.0, 10, 20, 60.0), (30.0, 0, 20, None), (30.0, 10, 0, None)],
)
def test_what_is_left_takes_as_long_each_as_what_is_done(
    elapsed: float, worked: int, left: int, seconds: float | None
) -> None:
    assert remaining_seconds(elapsed, worked, left) == seconds
