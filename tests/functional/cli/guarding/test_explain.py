"""`workshop guard --explain`: what every part of the rule says of one thing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.functional.cli.cleaning.account import add_model, break_things, call, say
from tests.functional.cli.guarding.account import add_notebook, ledger_of

# One local AWS serves all tests of this folder, so they share a worker.
pytestmark = pytest.mark.xdist_group("guarding-commands")

Capture = pytest.CaptureFixture[str]


def test_every_part_of_the_rule_says_when_it_would_stop_a_thing(
    config: Path, capsys: Capture
) -> None:
    name = add_notebook("ann")

    code, said, _ = call(capsys, "guard", "--explain", name, "--config", config)

    (found,) = said["found"]
    assert (code, found["action"], found["rule"]) == (0, "leave", "unseen")
    assert [finding["rule"] for finding in found["findings"]] == ["deadline", "budget", "unseen"]
    assert found["findings"][0]["due"].startswith("2030-03-04 17:05")
    assert ledger_of(config).lives == {}


def test_what_the_next_run_stops_is_said_in_a_line(over: Path, capsys: Capture) -> None:
    name = add_notebook("ann")

    code, printed, err = say(capsys, "guard", "--explain", name, "--config", over)

    assert code == 0
    title = printed.splitlines()[0]
    assert title == "notebook-instance ml101-ann (us-east-1), of ann: the next run stops it"
    assert "ml101-ann: deadline: the workshop is over at 2020-03-02 18:00Z" in err


def test_what_bills_nothing_is_told_so(config: Path, capsys: Capture) -> None:
    add_model("ml101-ann-m")

    code, _, err = say(capsys, "guard", "--explain", "ml101-ann-m", "--config", config)

    assert code == 0
    assert "model ml101-ann-m (us-east-1), of ann, bills nothing: the guard leaves it" in err


def test_a_name_that_nothing_has_is_refused_with_those_near_it(
    config: Path, capsys: Capture
) -> None:
    add_notebook("ann")

    code, _, err = say(capsys, "guard", "--explain", "ml101-anm", "--config", config)

    assert code == 2
    assert "nothing of ml101 is called ml101-anm" in err
    assert "near it are ml101-ann" in err


def test_where_a_list_is_refused_nobody_says_that_there_is_no_such_thing(
    config: Path, capsys: Capture
) -> None:
    break_things({"fault": "refuse", "operation": "ListEndpoints"})

    code, _, err = say(capsys, "guard", "--explain", "ml101-ann-e", "--config", config)

    assert code == 3
    assert "nothing that could be seen is called ml101-ann-e" in err
    assert "endpoint in us-east-1" in err
