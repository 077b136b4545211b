"""`workshop guard --hold` and `--release`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.functional.cli.at_terminal import at_a_terminal
from tests.functional.cli.cleaning.account import break_things, call, notebooks, say
from tests.functional.cli.guarding.account import EAST, WEST, add_notebook, ledger_of

# One local AWS serves all tests of this folder, so they share a worker.
pytestmark = pytest.mark.xdist_group("guarding-commands")

Capture = pytest.CaptureFixture[str]


def held(config: Path, region: str = EAST) -> set[str]:
    return {hold.attendee for hold in ledger_of(config, region).holds}


def test_what_is_held_is_not_stopped_until_it_is_released(over: Path, capsys: Capture) -> None:
    add_notebook("ann")

    code, said, err = call(capsys, "guard", "--hold", "2h", "--yes", "--config", over)

    assert (code, said["executed"]) == (0, True)
    assert "what runs goes on billing meanwhile" in err
    (hold,) = ledger_of(over).holds
    assert abs(hold.until - datetime.now(UTC) - timedelta(hours=2)) < timedelta(minutes=5)
    assert hold.by
    _, said, _ = call(capsys, "guard", "--once", "--yes", "--config", over)
    assert [row["rule"] for row in said["plan"]] == ["hold"]
    assert notebooks() == {"ml101-ann": "InService"}

    code, _, _ = call(capsys, "guard", "--release", "--yes", "--config", over)
    call(capsys, "guard", "--once", "--yes", "--config", over)

    assert code == 0
    assert notebooks() == {"ml101-ann": "Stopped"}


def test_one_attendee_is_held_alone_and_only_where_they_are(
    two_regions: Path, capsys: Capture
) -> None:
    arguments = ("guard", "--hold", "30m", "--attendee", "bob", "--yes", "--config", two_regions)

    code, said, _ = call(capsys, *arguments)

    assert (code, [row["region"] for row in said["holds"]]) == (0, [WEST])
    assert (held(two_regions, EAST), held(two_regions, WEST)) == (set(), {"bob"})


def test_releasing_everybody_takes_in_those_that_were_held_alone(
    config: Path, capsys: Capture
) -> None:
    call(capsys, "guard", "--hold", "1h", "--yes", "--config", config)
    call(capsys, "guard", "--hold", "1h", "--attendee", "ann", "--yes", "--config", config)
    assert held(config) == {"", "ann"}

    call(capsys, "guard", "--release", "--yes", "--config", config)

    assert held(config) == set()


def test_one_who_is_released_and_held_with_everybody_is_told_so(
    config: Path, capsys: Capture
) -> None:
    call(capsys, "guard", "--hold", "1h", "--yes", "--config", config)
    call(capsys, "guard", "--hold", "1h", "--attendee", "ann", "--yes", "--config", config)

    code, _, err = call(
        capsys, *("guard", "--release", "--attendee", "ann", "--yes", "--config", config)
    )

    assert code == 0
    assert "ann is still held with everybody until" in err
    assert held(config) == {""}


def test_releasing_nobody_is_no_failure(config: Path, capsys: Capture) -> None:
    code, said, err = call(capsys, "guard", "--release", "--config", config)

    assert (code, said["executed"], said["ok"]) == (0, False, True)
    assert "nobody is held" in err


@pytest.mark.parametrize("duration", ["25h", "2d", "0m"])
def test_a_hold_of_more_than_a_day_or_of_nothing_is_refused(
    config: Path, capsys: Capture, duration: str
) -> None:
    code, _, err = say(capsys, "guard", "--hold", duration, "--config", config)

    assert code == 2
    assert "a hold is at most 24 h long" in err


def test_a_hold_of_somebody_unknown_is_refused(config: Path, capsys: Capture) -> None:
    code, _, err = say(capsys, "guard", "--hold", "1h", "--attendee", "eve", "--config", config)

    assert code == 2
    assert "eve is not an attendee of ml101" in err


def test_a_dry_run_holds_nobody(config: Path, capsys: Capture) -> None:
    code, said, err = call(capsys, "guard", "--hold", "1h", "--dry-run", "--config", config)

    assert (code, said["executed"]) == (0, False)
    assert "dry run, nothing was changed: stop nothing until" in err
    assert held(config) == set()


def test_a_terminal_is_asked_first(config: Path) -> None:
    at_a_terminal("Continue?", "n", "guard", "--hold", "1h", "--config", config)
    assert held(config) == set()

    at_a_terminal("Continue?", "y", "guard", "--hold", "1h", "--config", config)
    assert held(config) == {""}


def test_a_ledger_that_may_not_be_written_is_named(config: Path, capsys: Capture) -> None:
    break_things({"fault": "refuse", "service": "dynamodb", "operation": "PutItem"})

    code, said, err = call(capsys, "guard", "--hold", "1h", "--yes", "--config", config)

    assert (code, said["ok"]) == (1, False)
    assert "us-east-1: " in err
    assert "dynamodb:PutItem" in err
