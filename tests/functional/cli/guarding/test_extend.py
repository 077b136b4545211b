"""`workshop extend`: a later end, for the guards of all regions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from guard.rule import end
from tests.functional.cli.at_terminal import at_a_terminal
from tests.functional.cli.cleaning.account import break_things, call, notebooks, say
from tests.functional.cli.clients import client
from tests.functional.cli.guarding.account import (
    EAST,
    WEST,
    add_ledger,
    add_notebook,
    deploy_guard,
    ledger_of,
    let_look,
    policy_of,
    remove_schedule,
)
from tests.unit.workshop.configs import write_config
from workshop import names

# One local AWS serves all tests of this folder, so they share a worker.
pytestmark = pytest.mark.xdist_group("guarding-commands")

Capture = pytest.CaptureFixture[str]
ENDS = datetime(2030, 3, 4, 16, tzinfo=UTC)


def end_of(config: Path, region: str = EAST) -> datetime:
    """When the guard of a region takes the workshop to end."""
    return end(policy_of(config, region), ledger_of(config, region))


def just_over(place: Path, minutes: int) -> Path:
    """A workshop that ended some minutes ago, has an hour of grace, and a guard."""
    now = datetime.now(UTC)
    ends = now - timedelta(minutes=minutes)
    path = write_config(
        place, starts=(ends - timedelta(hours=8)).isoformat(), ends=ends.isoformat()
    )
    deploy_guard(path)
    return path


def test_every_region_ends_later_and_it_can_be_done_again(
    two_regions: Path, capsys: Capture
) -> None:
    code, said, _ = call(capsys, "extend", "1h", "--yes", "--config", two_regions)

    assert (code, said["executed"]) == (0, True)
    assert said["regions"] == {EAST: True, WEST: True}
    assert (said["ends"], said["new_ends"]) == (
        *("2030-03-04 16:00:00+00:00", "2030-03-04 17:00:00+00:00"),
    )
    assert end_of(two_regions, EAST) == end_of(two_regions, WEST) == ENDS + timedelta(hours=1)
    call(capsys, "extend", "30m", "--yes", "--config", two_regions)
    assert end_of(two_regions, WEST) == ENDS + timedelta(minutes=90)


def test_what_runs_is_told_with_what_it_costs(config: Path, capsys: Capture) -> None:
    add_notebook("ann")
    let_look(config)

    code, printed, err = say(capsys, "extend", "1h", "--yes", "--config", config)

    assert code == 0
    assert "what runs costs 0.05 USD/h" in err
    row = printed.splitlines()[2].split()
    assert row[0] == EAST
    assert [row[2], row[4], row[6], row[8]] == ["16:00Z", "17:00Z", "17:00Z", "18:00Z"]


def test_what_was_extended_can_be_taken_back(config: Path, capsys: Capture) -> None:
    call(capsys, "extend", "1h", "--yes", "--config", config)

    code, said, _ = call(capsys, "extend", "--reset", "--yes", "--config", config)

    assert (code, said["executed"]) == (0, True)
    assert end_of(config) == ENDS
    assert ledger_of(config).extension is None


def test_an_extension_after_the_end_keeps_things_running(place: Path, capsys: Capture) -> None:
    config = just_over(place, 50)
    add_notebook("ann")

    code, _, _ = call(capsys, "extend", "1h", "--yes", "--config", config)
    call(capsys, "guard", "--once", "--yes", "--config", config)

    assert code == 0
    assert notebooks() == {"ml101-ann": "InService"}


def test_what_was_stopped_at_the_end_stays_stopped_and_that_is_told(
    place: Path, capsys: Capture
) -> None:
    config = just_over(place, 90)

    code, _, err = call(capsys, "extend", "2h", "--yes", "--config", config)

    assert code == 0
    assert "what was stopped at the end stays stopped" in err


def test_an_end_that_is_over_too_is_refused_with_one_that_is_not(
    over: Path, capsys: Capture
) -> None:
    code, _, err = say(capsys, "extend", "1h", "--yes", "--config", over)

    assert code == 2
    assert "2020-03-02 18:00Z is over, too" in err
    assert "fix: workshop extend " in err


def test_an_end_that_is_not_deployed_yet_cannot_be_extended(config: Path, capsys: Capture) -> None:
    changed = write_config(config.parent, ends="2030-03-04T19:00:00+01:00")

    code, _, err = say(capsys, "extend", "1h", "--yes", "--config", changed)

    assert code == 1
    assert "the end in the YAML is not the deployed one" in err
    assert "the YAML says 2030-03-04 18:00Z, the guards go by us-east-1: 2030-03-04 16:00Z" in err
    assert ledger_of(config).extension is None


def test_a_region_that_failed_is_named_and_brought_up_by_no_more_time(
    two_regions: Path, capsys: Capture
) -> None:
    client("dynamodb", WEST).delete_table(TableName=names.ledger_name("ml101"))

    code, said, err = call(capsys, "extend", "1h", "--yes", "--config", two_regions)

    assert (code, said["ok"]) == (1, False)
    assert "us-west-2 goes by its old end: the workshop has no ledger in us-west-2" in err
    assert "workshop extend 0m" in err
    assert end_of(two_regions, EAST) == ENDS + timedelta(hours=1)
    add_ledger(WEST)
    code, _, _ = call(capsys, "extend", "0m", "--yes", "--config", two_regions)
    assert code == 0
    assert end_of(two_regions, WEST) == ENDS + timedelta(hours=1)


def test_a_region_that_cannot_be_written_is_named(config: Path, capsys: Capture) -> None:
    break_things({"fault": "refuse", "service": "dynamodb", "operation": "PutItem"})

    code, said, err = call(capsys, "extend", "1h", "--yes", "--config", config)

    assert (code, said["regions"]) == (1, {EAST: False})
    assert "dynamodb:PutItem" in err


def test_a_workshop_without_a_guard_cannot_be_extended(config: Path, capsys: Capture) -> None:
    remove_schedule()

    code, _, err = say(capsys, "extend", "1h", "--yes", "--config", config)

    assert code == 1
    assert "ml101 has no guard in us-east-1" in err
    assert "fix: workshop deploy" in err


def test_without_a_terminal_and_without_yes_nothing_changes(config: Path, capsys: Capture) -> None:
    code, said, err = call(capsys, "extend", "1h", "--config", config)

    assert (code, said["executed"]) == (1, False)
    assert "add --yes to execute" in err
    assert end_of(config) == ENDS


def test_a_terminal_is_asked_first(config: Path) -> None:
    at_a_terminal("Continue?", "n", "extend", "1h", "--config", config)
    assert end_of(config) == ENDS

    at_a_terminal("Continue?", "y", "extend", "1h", "--config", config)
    assert end_of(config) == ENDS + timedelta(hours=1)


@pytest.mark.parametrize("arguments", [(), ("1h", "--reset")])
def test_a_duration_or_a_reset_is_needed_and_not_both(
    capsys: Capture, arguments: tuple[str, ...]
) -> None:
    code, _, err = say(capsys, "extend", *arguments)

    assert code == 2
    assert "workshop extend 1h, or workshop extend --reset" in err
