"""`workshop guard`: whether the guards are at work, the end, holds, the budget, what is next."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from guard.ledger import Extension, Hold
from tests.functional.cli.cleaning.account import break_things, call, say
from tests.functional.cli.clients import client
from tests.functional.cli.guarding.account import (
    EAST,
    WEST,
    add_notebook,
    add_schedule,
    let_look,
    policy_of,
    remove_schedule,
    spend,
    table_of,
)
from tests.unit.workshop.configs import write_config
from workshop import names

# One local AWS serves all tests of this folder, so they share a worker.
pytestmark = pytest.mark.xdist_group("guarding-commands")

Capture = pytest.CaptureFixture[str]


def test_a_guard_at_work_is_shown_with_what_it_stops_next(config: Path, capsys: Capture) -> None:
    add_notebook("ann")
    let_look(config, minutes_ago=4)

    code, printed, err = say(capsys, "guard", "--config", config)

    assert (code, err) == (0, "")
    first = printed.splitlines()[2]
    assert first.split()[:5] == ["us-east-1", "ENABLED", "4", "min", "ago"]
    assert "2030-03-04 16:00Z" in first
    coming = next(line for line in printed.splitlines() if "notebook-instance" in line)
    assert "unseen" in coming
    assert "its use is not known" in coming


def test_the_budget_names_the_dearest_first(config: Path, capsys: Capture) -> None:
    spend(config, "ann", hours=20)
    spend(config, "bob", hours=100)
    let_look(config)

    code, said, _ = call(capsys, "guard", "--config", config)
    _, printed, _ = say(capsys, "guard", "--config", config)

    assert (code, said["ok"]) == (0, True)
    assert said["spent"]["usd"] == pytest.approx(6.0)
    assert (said["spent"]["complete"], said["budget"]) == (
        *(True, {"total": 100, "per_attendee": 10}),
    )
    rows = [line.split() for line in printed.splitlines() if "USD" in line]
    assert rows[0][:6] == ["the", "workshop", "6.00", "USD", "100.00", "USD"]
    assert [(row[0], row[-1]) for row in rows[1:]] == [("bob", "50%"), ("ann", "10%")]


def test_a_guard_that_has_not_run_for_long_is_told_with_the_reason(
    config: Path, capsys: Capture
) -> None:
    let_look(config, minutes_ago=34)
    remove_schedule()
    add_schedule(config, state="DISABLED")

    code, _, err = say(capsys, "guard", "--config", config)

    assert code == 1
    assert "us-east-1: its schedule is DISABLED" in err
    assert "us-east-1: it has not run for 34 min" in err


def test_a_guard_without_a_schedule_is_not_at_work(config: Path, capsys: Capture) -> None:
    let_look(config)
    remove_schedule()

    code, said, err = call(capsys, "guard", "--config", config)

    assert (code, said["regions"][0]["schedule"]) == (1, "missing")
    assert "its schedule is missing: workshop deploy" in err


def test_a_guard_that_never_ran_is_not_at_work(config: Path, capsys: Capture) -> None:
    code, printed, err = say(capsys, "guard", "--config", config)

    assert code == 1
    assert "never" in printed
    assert "us-east-1: it has not run yet" in err


def test_a_workshop_that_is_not_deployed_has_no_guard(place: Path, capsys: Capture) -> None:
    code, said, err = call(capsys, "guard", "--config", write_config(place))

    assert (code, said["ok"]) == (1, False)
    assert "the workshop has no ledger in us-east-1: workshop deploy" in err


def test_a_ledger_that_may_not_be_read_is_unknown(config: Path, capsys: Capture) -> None:
    break_things({"fault": "refuse", "service": "dynamodb", "operation": "Query"})

    code, said, err = call(capsys, "guard", "--config", config)

    assert (code, said["regions"][0]["ends"]) == (3, None)
    assert said["spent"]["unknown"] == 1
    assert "dynamodb:Query" in err


def test_what_the_last_run_could_not_see_is_unknown(config: Path, capsys: Capture) -> None:
    let_look(config, minutes_ago=10)
    break_things({"fault": "refuse", "operation": "ListEndpoints"})
    let_look(config)
    break_things()

    code, printed, err = say(capsys, "guard", "--config", config)

    assert code == 3
    assert "not all" in printed
    assert "its last run could not see: endpoint" in err


def test_holds_and_an_extension_are_shown_with_whose_they_are(
    config: Path, capsys: Capture
) -> None:
    let_look(config)
    policy, table = policy_of(config), table_of(config)
    table.put_extension(Extension(policy.ends, policy.ends + timedelta(hours=1), "jane"))
    table.put_hold(Hold(datetime.now(UTC) + timedelta(hours=1), "ann", "joe"))
    table.put_hold(Hold(datetime.now(UTC) - timedelta(hours=1), "bob", "joe"))

    _, printed, _ = say(capsys, "guard", "--config", config)
    code, said, _ = call(capsys, "guard", "--config", config)

    assert "2030-03-04 17:00Z, extended by jane" in printed
    assert (code, said["regions"][0]["extended_by"]) == (0, "jane")
    assert [(hold["attendee"], hold["by"]) for hold in said["holds"]] == [("ann", "joe")]


def test_rules_that_are_not_deployed_yet_are_told(config: Path, capsys: Capture) -> None:
    let_look(config)
    changed = write_config(config.parent, budget={"total": 50})

    code, said, err = call(capsys, "guard", "--config", changed)

    assert (code, said["regions"][0]["differs"]) == (0, True)
    assert "its rules are not those of the YAML: workshop deploy" in err


def test_every_region_is_shown_and_its_spending_counts(two_regions: Path, capsys: Capture) -> None:
    spend(two_regions, "ann", hours=20)
    spend(two_regions, "bob", hours=40, region=WEST)
    let_look(two_regions, EAST)
    let_look(two_regions, WEST)

    code, said, _ = call(capsys, "guard", "--config", two_regions)

    assert (code, [row["region"] for row in said["regions"]]) == (0, [EAST, WEST])
    assert set(said["spent"]["attendees"]) == {"ann", "bob"}
    client("dynamodb", WEST).delete_table(TableName=names.ledger_name("ml101"))
    code, said, _ = call(capsys, "guard", "--config", two_regions)
    assert (code, said["spent"]["unknown"], said["spent"]["complete"]) == (1, 1, False)


def test_two_modes_at_once_are_refused(capsys: Capture) -> None:
    code, _, err = say(capsys, "guard", "--once", "--log")

    assert code == 2
    assert "--once and --log exclude each other" in err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--yes",), "--yes means nothing here"),
        (("--follow", "--once"), "--follow means nothing with --once"),
        (("--explain", "x", "--attendee", "ann"), "--attendee means nothing with --explain"),
    ],
)
def test_an_option_of_another_mode_is_refused(
    capsys: Capture, arguments: tuple[str, ...], told: str
) -> None:
    code, _, err = say(capsys, "guard", *arguments)

    assert code == 2
    assert told in err
