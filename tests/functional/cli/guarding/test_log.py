"""`workshop guard --log`: what the guards wrote, of all regions, by time."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.functional.cli.cleaning.account import break_things, say
from tests.functional.cli.guarding.account import EAST, WEST, write_log
from tests.unit.workshop.configs import write_config

# One local AWS serves all tests of this folder, so they share a worker.
pytestmark = pytest.mark.xdist_group("guarding-commands")

Capture = pytest.CaptureFixture[str]
_PATIENCE_SECONDS = 60


def stop(attendee: str, rule: str = "deadline") -> dict[str, Any]:
    return {
        "guard": "stop",
        "rule": rule,
        "attendee": attendee,
        "kind": "endpoint",
        "name": f"ml101-{attendee}-e",
        "reason": "stopped: because",
        "due": "2030-03-04 17:05Z",
    }


def test_the_lines_of_all_regions_come_by_time(two_regions: Path, capsys: Capture) -> None:
    write_log(EAST, stop("ann"), minutes_ago=5)
    write_log(WEST, stop("bob"), minutes_ago=7)
    write_log(EAST, stop("cy"), minutes_ago=9)

    code, printed, _ = say(capsys, "guard", "--log", "--config", two_regions)

    lines = printed.splitlines()
    assert code == 0
    assert [line.split()[2] for line in lines] == [EAST, WEST, EAST]
    assert [line.split("of ")[1].split()[0] for line in lines] == ["cy", "bob", "ann"]
    assert lines[0].endswith("stop  endpoint ml101-cy-e of cy  [deadline]  stopped: because")


def test_lines_can_be_limited_to_a_rule_an_attendee_and_a_time(
    config: Path, capsys: Capture
) -> None:
    write_log(EAST, stop("ann"), stop("ann", "budget"), stop("bob", "budget"))
    write_log(EAST, stop("ann", "budget"), minutes_ago=90)
    wanted = ("--rule", "budget", "--attendee", "ann")

    _, printed, _ = say(capsys, "guard", "--log", *wanted, "--config", config)
    assert len(printed.splitlines()) == 1

    _, printed, _ = say(capsys, "guard", "--log", *wanted, "--since", "2h", "--config", config)
    assert len(printed.splitlines()) == 2


def test_as_json_every_line_is_as_it_was_written(config: Path, capsys: Capture) -> None:
    write_log(EAST, stop("ann"))

    _, printed, _ = say(capsys, "guard", "--log", "--json", "--config", config)

    line = json.loads(printed)
    assert line.pop("region") == EAST
    assert line.pop("time")
    assert line == stop("ann")


def test_errors_of_the_function_are_shown_and_lambdas_own_lines_are_not(
    config: Path, capsys: Capture
) -> None:
    write_log(
        EAST,
        "START RequestId: 1 Version: $LATEST\n",
        "[ERROR] ValueError: this is the guard of another\n",
        {"guard": "run", "stopped": 2, "left": 1, "usd": 1.5, "unknown": 0, "verified": False}
        | {"unseen": ["endpoint"], "calls": 2, "remaining": 1},
        "END RequestId: 1\n",
        "REPORT RequestId: 1 Duration: 1 ms\n",
    )

    _, printed, _ = say(capsys, "guard", "--log", "--config", config)

    error, run = printed.splitlines()
    assert error.endswith("error  [ERROR] ValueError: this is the guard of another")
    assert run.endswith(
        "run  2 to be stopped, 1 left, 2 calls, 1.50 USD spent, 1 would not stop, "
        "not seen: endpoint"
    )


def test_what_somebody_wrote_into_a_name_does_not_steer_the_terminal(
    config: Path, capsys: Capture
) -> None:
    write_log(EAST, stop("ann") | {"reason": "\x1b[2Jgone"})

    _, printed, _ = say(capsys, "guard", "--log", "--config", config)

    assert "\x1b" not in printed


def test_a_guard_without_a_log_is_told(place: Path, capsys: Capture) -> None:
    code, printed, err = say(capsys, "guard", "--log", "--config", write_config(place))

    assert (code, printed) == (1, "")
    assert "us-east-1: the guard has no log: there is no /aws/lambda/ml101-shared-guard" in err


def test_a_log_that_may_not_be_read_is_unknown(config: Path, capsys: Capture) -> None:
    break_things({"fault": "refuse", "service": "logs", "operation": "FilterLogEvents"})

    code, _, err = say(capsys, "guard", "--log", "--config", config)

    assert code == 3
    assert "logs:FilterLogEvents" in err


def test_following_shows_each_new_line_once_until_it_is_interrupted(config: Path) -> None:
    write_log(EAST, stop("ann"))
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "workshop.cli.main", "guard", "--log", "--follow"),
            *("--config", str(config)),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert process.stdout is not None
    said, deadline = b"", time.monotonic() + _PATIENCE_SECONDS
    while b"of bob" not in said:
        left = max(0.0, deadline - time.monotonic())
        assert select.select([process.stdout], [], [], left)[0], said
        if not said:
            write_log(EAST, stop("bob"), minutes_ago=0)
        said += os.read(process.stdout.fileno(), 4096)

    process.send_signal(signal.SIGINT)
    rest, _ = process.communicate(timeout=_PATIENCE_SECONDS)

    assert process.returncode == 130
    assert [line.split(b"of ")[1].split()[0] for line in (said + rest).splitlines()] == [
        b"ann",
        b"bob",
    ]
