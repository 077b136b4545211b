"""`workshop guard --once`: the guard's run from a terminal."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.functional.cli.at_terminal import at_a_terminal
from tests.functional.cli.cleaning.account import break_things, call, notebooks, say
from tests.functional.cli.clients import client
from tests.functional.cli.guarding.account import EAST, WEST, add_notebook, ledger_of, spend
from tests.unit.workshop.configs import write_config
from workshop import names

# One local AWS serves all tests of this folder, so they share a worker.
pytestmark = pytest.mark.xdist_group("guarding-commands")

Capture = pytest.CaptureFixture[str]


def test_what_runs_after_the_deadline_is_stopped_and_stays_in_the_ledger(
    over: Path, capsys: Capture
) -> None:
    add_notebook("ann")

    code, said, err = call(capsys, "guard", "--once", "--yes", "--config", over)

    assert (code, said["ok"], said["executed"], said["verified"]) == (0, True, True, True)
    (row,) = said["plan"]
    assert (row["action"], row["attendee"], row["rule"]) == ("stop", "ann", "deadline")
    assert [done["action"] for done in said["done"]] == ["stop_notebook_instance"]
    assert notebooks() == {"ml101-ann": "Stopped"}
    assert "accepted: sagemaker:stop_notebook_instance ml101-ann" in err
    ledger = ledger_of(over)
    assert {life.attendee for life in ledger.lives.values()} == {"ann"}
    assert set(ledger.shut) == set(said["shut"]) == {"ann"}
    assert ledger.last_run is not None


def test_a_dry_run_shows_what_would_be_stopped_and_when_the_rest_is(
    over: Path, capsys: Capture
) -> None:
    add_notebook("ann")

    code, printed, err = say(capsys, "guard", "--once", "--dry-run", "--config", over)

    columns, _, row = printed.splitlines()[:3]
    assert (code, columns.split()[:2]) == (0, ["action", "kind"])
    assert row.split()[:5] == ["stop", "notebook-instance", "ml101-ann", "ann", EAST]
    assert "the workshop is over at 2020-03-02 18:00Z" in row
    assert "dry run, nothing was changed: stop 1 resource, then let ann start nothing more" in err
    assert notebooks() == {"ml101-ann": "InService"}
    assert ledger_of(over).lives == {}


def test_without_a_terminal_and_without_yes_nothing_is_stopped(over: Path, capsys: Capture) -> None:
    add_notebook("ann")

    code, said, err = call(capsys, "guard", "--once", "--config", over)

    assert (code, said["ok"], said["executed"]) == (1, False, False)
    assert "add --yes to execute" in err
    assert notebooks() == {"ml101-ann": "InService"}


@pytest.mark.parametrize(("answer", "status"), [("y", "Stopped"), ("n", "InService")])
def test_a_terminal_is_asked_before_anything_is_stopped(
    over: Path, answer: str, status: str
) -> None:
    add_notebook("ann")

    at_a_terminal("Continue?", answer, "guard", "--once", "--config", over)

    assert notebooks() == {"ml101-ann": status}


def test_what_may_run_is_left_and_noted_without_a_question(config: Path, capsys: Capture) -> None:
    add_notebook("ann")

    code, said, err = call(capsys, "guard", "--once", "--config", config)

    (row,) = said["plan"]
    assert (code, said["executed"], row["action"]) == (0, True, "leave")
    assert (row["rule"], row["due"] is None) == ("unseen", False)
    assert "nothing is to be stopped now" in err
    assert len(ledger_of(config).lives) == 2  # the instance and its volume


def test_whoever_has_spent_the_budget_is_stopped_and_nobody_else(
    config: Path, capsys: Capture
) -> None:
    add_notebook("ann")
    add_notebook("bob")
    spend(config, "ann", hours=100)  # 0.05 USD/h are beyond 10 USD after 200 hours

    call(capsys, "guard", "--once", "--yes", "--config", config)
    assert notebooks() == {"ml101-ann": "InService", "ml101-bob": "InService"}

    spend(config, "ann", hours=201)
    code, said, err = call(capsys, "guard", "--once", "--yes", "--config", config)

    assert code == 0
    assert {row["name"]: row["rule"] for row in said["plan"]} == {
        "ml101-ann": "budget",
        "ml101-bob": "unseen",
    }
    assert "warning: ann has spent 10.0" in err
    assert notebooks() == {"ml101-ann": "Stopped", "ml101-bob": "InService"}


def test_a_list_that_is_refused_is_told_and_has_an_exit_code(over: Path, capsys: Capture) -> None:
    add_notebook("ann")
    break_things({"fault": "refuse", "operation": "ListEndpoints"})

    code, said, err = call(capsys, "guard", "--once", "--yes", "--config", over)

    assert (code, said["verified"], said["executed"]) == (3, False, True)
    (hole,) = said["unknown"]
    assert hole.startswith("us-east-1: endpoint could not be listed")
    assert hole in err
    assert notebooks() == {"ml101-ann": "Stopped"}


def test_what_would_not_stop_is_named_and_has_an_exit_code(over: Path, capsys: Capture) -> None:
    add_notebook("ann")
    break_things({"fault": "refuse", "operation": "StopNotebookInstance"})

    code, said, err = call(capsys, "guard", "--once", "--yes", "--config", over)

    assert (code, said["ok"]) == (1, False)
    assert [row["name"] for row in said["remaining"]] == ["ml101-ann"]
    assert "remains: notebook-instance ml101-ann" in err


def test_a_region_without_a_ledger_keeps_no_other_from_being_worked_on(
    two_regions: Path, capsys: Capture
) -> None:
    client("dynamodb", WEST).delete_table(TableName=names.ledger_name("ml101"))
    add_notebook("ann")

    code, said, err = call(capsys, "guard", "--once", "--yes", "--config", two_regions)

    assert (code, said["executed"]) == (1, True)
    assert len(said["problems"]) == 1
    assert "us-west-2: the workshop has no ledger in us-west-2" in err
    assert {life.attendee for life in ledger_of(two_regions).lives.values()} == {"ann"}


def test_a_workshop_that_is_not_deployed_is_told_so(place: Path, capsys: Capture) -> None:
    code, _, err = say(capsys, "guard", "--once", "--config", write_config(place))

    assert code == 1
    assert "the workshop has no ledger in us-east-1" in err
    assert "fix: workshop deploy" in err


def test_one_region_alone_can_be_worked_on(two_regions: Path, capsys: Capture) -> None:
    call(capsys, "guard", "--once", "--region", WEST, "--config", two_regions)

    assert ledger_of(two_regions, EAST).last_run is None
    assert ledger_of(two_regions, WEST).last_run is not None
