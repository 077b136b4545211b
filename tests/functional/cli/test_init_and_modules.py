"""`workshop init` and `workshop modules`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

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
