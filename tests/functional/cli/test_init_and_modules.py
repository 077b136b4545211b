"""`workshop init` and `workshop modules`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from costs.prices import Cell, shipped
from workshop.cli.main import run
from workshop.config import load_workshop
from workshop.config.schema import WorkshopYaml


def test_init_writes_an_example_that_is_valid_and_names_every_key(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"

    assert run(["init", "--config", str(path)]) == 0

    text = path.read_text("utf-8")
    assert load_workshop(path).name == "ml101"
    assert all(f"{key}:" in text for key in WorkshopYaml.model_fields)
    assert list(tmp_path.iterdir()) == [path]


def test_init_never_overwrites(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "workshop.yaml"
    path.write_text("mine", "utf-8")

    assert run(["init", "--config", str(path)]) == 2

    assert path.read_text("utf-8") == "mine"
    assert "exists already" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == [path]


def test_init_into_a_folder_that_is_not_there_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["init", "--config", str(tmp_path / "none" / "workshop.yaml")]) == 2
    assert "there is no folder" in capsys.readouterr().err


def test_modules_are_listed_with_what_they_need(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["modules"]) == 0

    assert "training 1 x ml.m5.xlarge" in capsys.readouterr().out


def test_modules_as_json_carry_the_whole_declaration(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["modules", "--json"]) == 0

    (iris,) = [m for m in json.loads(capsys.readouterr().out) if m["name"] == "iris-xgboost"]
    assert {need["use"] for need in iris["needs"]} >= {"training", "endpoint", "transform"}
    assert iris["expected"]["metric"] == "accuracy"
    assert (iris["prerequisites"], iris["environment"]) == ([], ["studio", "notebook"])


def test_one_module_is_told_whole_and_an_unknown_price_is_unknown(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["modules", "iris-xgboost", "--region", "eu-west-3"]) == 0

    said = capsys.readouterr().out
    assert "accuracy at least 0.9" in said
    assert "unknown, the workspace not counted" in said
    assert "hosting on ml.m5.large in eu-west-3" in said


def test_a_module_says_what_each_of_its_machines_costs_per_hour(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["modules", "iris-xgboost", "--region", "us-east-1", "--json"]) == 0
    (iris,) = json.loads(capsys.readouterr().out)
    assert run(["modules", "iris-xgboost", "--region", "us-east-1"]) == 0
    said = capsys.readouterr().out

    training = shipped().usd(Cell("us-east-1", "training", "ml.m5.xlarge"))
    rates = {need["use"]: need["usd_per_hour"] for need in iris["needs"]}
    assert rates["training"] == training is not None
    assert set(rates) == {"training", "endpoint", "transform"}
    assert f"{training:g} for training 1 x ml.m5.xlarge" in said
    assert "endpoint 1 x ml.m5.large, until you delete it" in said


def test_a_module_costs_what_it_costs_in_the_region_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert run(["modules", "iris-xgboost"]) == 0
    assert "USD per attendee in us-east-1" in capsys.readouterr().out

    (tmp_path / ".workshop").mkdir()
    (tmp_path / ".workshop" / "context.json").write_text('{"region": "eu-west-3"}')
    assert run(["modules", "iris-xgboost"]) == 0
    assert "USD per attendee in eu-west-3" in capsys.readouterr().out
    assert run(["modules", "iris-xgboost", "--region", "us-west-2"]) == 0
    assert "USD per attendee in us-west-2" in capsys.readouterr().out


def test_a_modules_cost_counts_the_known_prices_and_names_the_unknown(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["modules", "iris-xgboost", "--json"]) == 0

    (iris,) = json.loads(capsys.readouterr().out)
    prices = shipped()
    need, hours = Cell("us-east-1", "training", "ml.m5.xlarge"), iris["minutes"] / 60
    assert iris["cost"]["usd_per_attendee"] >= round(hours * (prices.usd(need) or 0), 4) > 0
    uses = (("endpoint", "hosting"), ("training", "training"), ("transform", "transform"))
    types = {row["use"]: row["instance_type"] for row in iris["needs"]}
    cells = [Cell("us-east-1", usage, types[use]) for use, usage in uses]
    assert iris["cost"]["unknown"] == [str(c) for c in cells if prices.usd(c) is None]


def test_a_module_that_does_not_exist_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["modules", "iris"]) == 2

    assert "the modules are: " in capsys.readouterr().err
