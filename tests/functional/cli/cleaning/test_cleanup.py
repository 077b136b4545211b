"""`workshop cleanup` and its options: what goes, what stays, and what is said of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.functional.cli.cleaning.account import (
    BUCKET,
    add_ended_job,
    add_model,
    add_notebook,
    break_things,
    call,
    jobs,
    models,
    notebooks,
    say,
)
from tests.functional.cli.clients import client

# One local AWS serves all tests of this folder, so they share a worker.
pytestmark = pytest.mark.xdist_group("cleaning-commands")

Capture = pytest.CaptureFixture[str]
REFUSED = {"fault": "refuse", "operation": "ListApps"}
STUCK = {"fault": "stick", "kind": "notebook-instance", "resource": "ml101-ann"}


def names(rows: list[dict[str, Any]]) -> list[str]:
    return sorted(row["name"] for row in rows)


def test_a_dry_run_shows_every_resource_and_what_an_hour_less_of_it_saves(
    config: Path, capsys: Capture
) -> None:
    add_model("ml101-ann-m")
    add_notebook("ml101-bob")

    code, printed, err = say(capsys, "cleanup", "--config", config, "--dry-run", "--yes")

    assert code == 0
    lines = [line.split() for line in printed.splitlines()]
    row = ["stop", "notebook-instance", "ml101-bob", "bob", "us-east-1", "InService", "0.050"]
    assert row in lines
    assert ["delete", "model", "ml101-ann-m", "ann", "us-east-1", "-", "-"] in lines
    assert "nothing was changed: stop or delete 2 resources; that saves 0.05 USD/h" in err
    assert (models(), notebooks()) == (["ml101-ann-m"], {"ml101-bob": "InService"})


def test_a_plan_of_very_many_is_shown_by_its_sums(config: Path, capsys: Capture) -> None:
    for number in range(61):
        add_model(f"ml101-{'ann' if number % 2 else 'bob'}-{number}")

    _, printed, _ = say(capsys, "cleanup", "--config", config, "--dry-run")

    lines = [line.split() for line in printed.splitlines()]
    assert ["delete", "model", "us-east-1", "61", "2", "0.00", "USD/h"] in lines
    assert "ml101-ann-1" not in printed


def test_the_plan_as_json_has_an_action_a_reason_and_a_price(config: Path, capsys: Capture) -> None:
    add_notebook("ml101-bob")

    code, said, _ = call(capsys, "cleanup", "--config", config, "--dry-run")

    assert (code, said["ok"], said["executed"], said["verified"]) == (0, False, False, True)
    (row,) = said["plan"]
    assert (row["action"], row["name"]) == ("stop_notebook_instance", "ml101-bob")
    assert (row["attendee"], row["why"], row["bills"]) == ("bob", "name prefix", "hour")
    assert said["saves"] == {"usd_per_hour": 0.05, "unknown": 0}


def test_a_price_that_nobody_knows_is_unknown_and_not_zero(config: Path, capsys: Capture) -> None:
    add_notebook("ml101-bob", "ml.g6e.48xlarge")

    _, printed, err = say(capsys, "cleanup", "--config", config, "--dry-run")
    _, said, _ = call(capsys, "cleanup", "--config", config, "--dry-run")

    assert printed.splitlines()[-1].split()[-1] == "unknown"
    assert "that saves unknown" in err
    assert said["saves"] == {"usd_per_hour": 0.0, "unknown": 1}


def test_without_prices_nothing_is_said_of_them(config: Path, capsys: Capture) -> None:
    add_notebook("ml101-bob")

    without = ("cleanup", "--config", config, "--dry-run", "--no-prices")
    _, _, err = say(capsys, *without)
    _, said, _ = call(capsys, *without)

    assert err.splitlines()[-1] == "dry run, nothing was changed: stop or delete 1 resource"
    assert said["saves"] == {"usd_per_hour": 0.0, "unknown": 1}


def test_one_labs_things_are_found_by_tag_and_by_name(config: Path, capsys: Capture) -> None:
    add_model("ml101-ann-iris-xgboost-1")
    add_model("ml101-ann-tagged", module="iris-xgboost")
    add_model("ml101-ann-iris-xgboost-other", module="other")
    add_model("ml101-ann-other")

    code, said, _ = call(capsys, "cleanup", "--config", config, "--yes", "--module", "iris-xgboost")

    assert code == 0
    assert names(said["done"]) == ["ml101-ann-iris-xgboost-1", "ml101-ann-tagged"]
    assert models() == ["ml101-ann-iris-xgboost-other", "ml101-ann-other"]


def test_what_is_younger_than_asked_for_stays(config: Path, capsys: Capture) -> None:
    add_model("ml101-ann-m")
    of = ("cleanup", "--config", config, "--yes", "--older-than")

    _, young, _ = call(capsys, *of, "1h")
    assert [(row["name"], row["reason"]) for row in young["kept"]] == [("ml101-ann-m", "too young")]
    assert models() == ["ml101-ann-m"]

    _, old, _ = call(capsys, *of, "0s")
    assert names(old["done"]) == ["ml101-ann-m"]


def test_environments_go_on_running_when_they_are_to_be_kept(config: Path, capsys: Capture) -> None:
    add_notebook("ml101-ann")
    add_notebook("ml101-ann-second")
    add_model("ml101-ann-m")

    code, said, err = call(capsys, "cleanup", "--config", config, "--yes", "--keep-environments")

    assert (code, said["ok"]) == (0, True)
    assert notebooks() == {"ml101-ann": "InService"}
    assert models() == []
    assert "environments stay as they are" in {row["reason"] for row in said["kept"]}, err


def test_records_of_jobs_that_ended_go_only_on_request(config: Path, capsys: Capture) -> None:
    add_ended_job("ml101-ann-train")

    _, said, err = call(capsys, "cleanup", "--config", config, "--yes")
    assert (said["ok"], said["done"]) == (True, [])
    assert "nothing to stop or delete" in err
    assert jobs() == {"ml101-ann-train": "Failed"}

    _, said, _ = call(capsys, "cleanup", "--config", config, "--yes", "--records")
    assert names(said["done"]) == ["ml101-ann-train"]
    assert jobs() == {}


@pytest.mark.parametrize("options", [["--dry-run"], ["--yes"]])
def test_a_list_that_is_refused_makes_the_run_not_verified(
    config: Path, capsys: Capture, options: list[str]
) -> None:
    add_model("ml101-ann-m")
    break_things(REFUSED)

    code, said, err = call(capsys, "cleanup", "--config", config, *options)

    assert (code, said["ok"], said["verified"]) == (3, False, False)
    assert [(hole["kind"], hole["region"]) for hole in said["unknown"]] == [("app", "us-east-1")]
    assert "could not be read: app in us-east-1" in err


def test_what_sticks_is_reported_with_its_cost_while_the_rest_goes(
    config: Path, capsys: Capture
) -> None:
    add_notebook("ml101-ann")
    add_model("ml101-ann-m")
    break_things(STUCK)

    code, said, _ = call(capsys, "cleanup", "--config", config, "--yes", "--give-up-after", "1s")

    assert (code, said["ok"], said["verified"]) == (1, False, True)
    (left,) = said["remaining"]
    assert (left["name"], left["status"], left["attendee"]) == ("ml101-ann", "Stopping", "ann")
    assert said["cost"] == {"usd_per_hour": 0.05, "unknown": 0}
    assert models() == []


def test_every_call_is_in_an_audit_log_of_its_own(config: Path, capsys: Capture) -> None:
    add_model("ml101-ann-m")

    _, _, err = say(capsys, "cleanup", "--config", config, "--yes")

    (log,) = Path("sweeps").glob("ml101-*.jsonl")
    assert f"audit log: {log}" in err
    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    assert [line["result"] for line in lines] == ["sent", "accepted"]
    assert {line["call"] for line in lines} == {"sagemaker:delete_model"}
    assert {line["name"] for line in lines} == {"ml101-ann-m"}
    assert all(line["who"].startswith("arn:aws:") for line in lines)


def test_an_audit_log_goes_where_it_is_told_and_into_the_bucket(
    config: Path, capsys: Capture
) -> None:
    client("s3").create_bucket(Bucket=BUCKET)
    add_model("ml101-ann-m")

    _, _, err = say(
        capsys, "cleanup", "--config", config, "--yes", "--audit", "logs/a.jsonl", "--audit-s3"
    )

    assert f"audit log: s3://{BUCKET}/audit/a.jsonl" in err
    kept = client("s3").get_object(Bucket=BUCKET, Key="audit/a.jsonl")["Body"].read()
    assert kept == Path("logs/a.jsonl").read_bytes() != b""


def test_a_sweep_that_changes_nothing_leaves_no_audit_log(config: Path, capsys: Capture) -> None:
    _, _, err = say(capsys, "cleanup", "--config", config, "--yes")

    assert not Path("sweeps").exists()
    assert "audit log" not in err


@pytest.mark.parametrize("text", ["2", "2w", "-1h", "1.5h", "h"])
def test_a_duration_is_a_whole_number_with_a_unit(config: Path, capsys: Capture, text: str) -> None:
    code, _, err = say(capsys, "cleanup", "--config", config, f"--older-than={text}")

    assert code == 2
    assert "write 30s, 90m, 2h or 1d" in err
