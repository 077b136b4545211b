"""`workshop status`: what runs, whose, since when, at what price."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.functional.cli.cleaning.account import (
    add_model,
    add_notebook,
    break_things,
    call,
    notebooks,
    say,
    wait_until,
)
from tests.functional.cli.clients import client

# One local AWS serves all tests of this folder, so they share a worker.
pytestmark = pytest.mark.xdist_group("cleaning-commands")

Capture = pytest.CaptureFixture[str]
_PATIENCE_SECONDS = 60


def test_every_thing_is_shown_with_its_owner_its_age_and_its_price(
    config: Path, capsys: Capture
) -> None:
    add_model("ml101-ann-m")
    add_notebook("ml101-bob")

    code, said, _ = call(capsys, "status", "--config", config)

    assert (code, said["verified"], said["unknown"]) == (0, True, [])
    rows = {row["name"]: row for row in said["resources"]}
    assert set(rows) == {"ml101-ann-m", "ml101-bob"}
    assert rows["ml101-bob"]["rate"] == {"usd_per_hour": 0.05, "unknown": 0}
    assert rows["ml101-ann-m"]["rate"] is None
    assert said["cost"] == {"usd_per_hour": 0.05, "unknown": 0}
    since = datetime.fromisoformat(rows["ml101-bob"]["since"])
    assert abs(datetime.now(UTC) - since) < timedelta(minutes=5)


def test_what_was_spent_is_told_by_attendee_and_its_unknown_part_is_counted(
    config: Path, capsys: Capture
) -> None:
    add_notebook("ml101-bob")

    code, said, _ = call(capsys, "status", "--config", config)

    spent = said["spent"]
    assert (code, set(spent["attendees"]), set(spent["kinds"])) == (
        *(0, {"bob"}, {"notebook-instance"}),
    )
    # Its volume has a price in the shipped snapshot, as its machine has.
    assert (spent["unknown"], spent["complete"]) == (0, False)
    assert 0 <= spent["usd"] < 0.01
    _, said, _ = call(capsys, "status", "--no-prices", "--config", config)
    assert said["spent"] is None


def test_what_bills_by_the_hour_comes_first_with_a_total(config: Path, capsys: Capture) -> None:
    add_model("ml101-ann-m")
    add_notebook("ml101-bob")

    _, printed, err = say(capsys, "status", "--config", config)

    columns, _, first, second = printed.splitlines()[:4]
    assert "since (UTC)" in columns
    assert first.split()[:4] == ["bob", "us-east-1", "notebook-instance", "ml101-bob"]
    assert first.split()[-1] == "0.050"
    assert second.split()[3] == "ml101-ann-m"
    assert "2 resources, 1 bill by the hour: 0.05 USD/h" in err


def test_what_runs_is_shown_without_the_rest(config: Path, capsys: Capture) -> None:
    add_model("ml101-ann-m")
    add_notebook("ml101-ann")
    add_notebook("ml101-bob")
    client("sagemaker").stop_notebook_instance(NotebookInstanceName="ml101-ann")
    wait_until(lambda: notebooks()["ml101-ann"] == "Stopped")

    _, said, _ = call(capsys, "status", "--config", config, "--running")

    assert [row["name"] for row in said["resources"]] == ["ml101-bob"]


def test_one_attendees_things_are_shown_alone(config: Path, capsys: Capture) -> None:
    add_model("ml101-ann-m")
    add_model("ml101-bob-m")

    _, said, _ = call(capsys, "status", "--config", config, "--attendee", "bob")

    assert [row["attendee"] for row in said["resources"]] == ["bob"]


def test_a_price_that_nobody_knows_is_unknown_and_not_zero(config: Path, capsys: Capture) -> None:
    add_notebook("ml101-bob", "ml.g6e.48xlarge")

    _, printed, err = say(capsys, "status", "--config", config)
    _, said, _ = call(capsys, "status", "--config", config)

    assert printed.splitlines()[2].split()[-1] == "unknown"
    assert "1 bill by the hour: unknown" in err
    assert said["cost"] == {"usd_per_hour": 0.0, "unknown": 1}


def test_without_prices_what_runs_costs_something_unknown(config: Path, capsys: Capture) -> None:
    add_notebook("ml101-bob")

    _, said, _ = call(capsys, "status", "--config", config, "--no-prices")

    assert said["cost"] == {"usd_per_hour": 0.0, "unknown": 1}


def test_a_list_that_is_refused_is_told_and_has_an_exit_code(config: Path, capsys: Capture) -> None:
    add_model("ml101-ann-m")
    break_things({"fault": "refuse", "operation": "ListEndpoints"})

    code, said, err = call(capsys, "status", "--config", config)

    assert (code, said["verified"]) == (3, False)
    assert [hole["kind"] for hole in said["unknown"]] == ["endpoint"]
    assert "could not be read: endpoint in us-east-1" in err
    assert [row["name"] for row in said["resources"]] == ["ml101-ann-m"]


def test_watching_as_json_is_refused(config: Path, capsys: Capture) -> None:
    code, _, err = say(capsys, "status", "--config", config, "--watch", "--json")

    assert code == 2
    assert "--watch and --json exclude each other" in err


def test_watching_looks_again_until_it_is_interrupted(config: Path) -> None:
    add_model("ml101-ann-m")
    options = ["--config", str(config), "--watch", "--every", "1"]
    process = subprocess.Popen(
        [sys.executable, "-m", "workshop.cli.main", "status", *options],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    assert process.stderr is not None
    said, deadline = b"", time.monotonic() + _PATIENCE_SECONDS
    while said.count(b"again in 1 s; Ctrl-C ends") < 2:
        left = max(0.0, deadline - time.monotonic())
        assert select.select([process.stderr], [], [], left)[0], said
        said += os.read(process.stderr.fileno(), 4096)

    process.send_signal(signal.SIGINT)
    _, rest = process.communicate(timeout=_PATIENCE_SECONDS)

    assert process.returncode == 130
    assert rest.decode().strip().endswith("interrupted")
