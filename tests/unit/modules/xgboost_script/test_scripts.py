"""The training script outside of SageMaker, its checkpoints, and the functions that serve."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import numpy as np
import pytest
import xgboost

from modules.declarations import MODULES_FOLDER
from tests.unit.modules.lab_scripts import load_script, run_script

LAB = "xgboost-script"
TRAIN = "source/train.py"
SCRIPT = load_script(LAB, TRAIN)
SERVING = load_script(LAB, "source/inference.py")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three classes that two columns tell apart."""
    chance = np.random.default_rng(7)
    for channel, count in (("train", 60), ("validation", 30)):
        classes = np.arange(count) % 3
        table = np.column_stack([classes, classes[:, None] + chance.uniform(0, 0.5, (count, 2))])
        (tmp_path / channel).mkdir()
        np.savetxt(tmp_path / channel / "rows.csv", table, delimiter=",")
    return tmp_path


def rounds_in(said: str) -> list[int]:
    return [int(number) for number in re.findall(r"^round=(\d+) ", said, re.MULTILINE)]


def train(folder: Path, rounds: int, *more: str) -> str:
    return run_script(
        LAB, TRAIN, "--num-round", str(rounds), "--checkpoint-every", "2", *more, folder=folder
    )


def test_every_round_tells_its_losses_in_a_line(folder: Path) -> None:
    said = train(folder, 3)

    assert rounds_in(said) == [1, 2, 3]
    number = r"(\d+\.\d{5})"
    losses = re.findall(f"train-mlogloss={number} validation-mlogloss={number}", said)
    assert [float(loss) for loss, _ in losses] == sorted(
        (float(a) for a, _ in losses), reverse=True
    )


def test_a_second_run_goes_on_from_the_last_checkpoint(folder: Path) -> None:
    train(folder, 5)

    said = train(folder, 7, "--model-dir", "resumed")

    assert "going on after round 4" in said
    assert rounds_in(said) == [5, 6, 7]
    model = xgboost.Booster(model_file=str(folder / "resumed" / "model.json"))
    assert model.num_boosted_rounds() == 7


def test_a_resumed_model_is_the_one_that_was_never_interrupted(folder: Path) -> None:
    whole = train(folder, 6, "--checkpoint-dir", "none", "--model-dir", "whole")
    train(folder, 4)
    resumed = train(folder, 6)

    assert whole.splitlines()[5] == resumed.splitlines()[2]


def test_a_finished_checkpoint_is_the_model(folder: Path) -> None:
    train(folder, 4)

    said = train(folder, 4)

    assert rounds_in(said) == []
    assert "rounds=4 in" in said


def test_the_latest_checkpoint_is_the_one_with_most_rounds(tmp_path: Path) -> None:
    for file in ("round-8.json", "round-10.json", ".12.json", "round-x.json"):
        (tmp_path / file).write_text("")

    assert SCRIPT.latest_checkpoint(tmp_path) == (tmp_path / "round-10.json", 10)
    assert SCRIPT.latest_checkpoint(tmp_path / "nothing") == (None, 0)


def test_the_model_serves_by_the_file_that_lies_beside_it(folder: Path) -> None:
    train(folder, 8)
    assert (folder / "model" / "code" / "inference.py").is_file()
    model = SERVING.model_fn(str(folder / "model"))
    rows = [[0.2, 0.2], [1.2, 1.2], [2.2, 2.2]]

    for body, kind in (
        ("\n".join(f"{a},{b}" for a, b in rows), "text/csv"),
        (json.dumps({"wines": rows}).encode(), "application/json"),
    ):
        probabilities = SERVING.predict_fn(SERVING.input_fn(body, kind), model)
        answer, content_type = SERVING.output_fn(probabilities, "application/json")

        assert content_type == "application/json"
        predictions = json.loads(answer)["predictions"]
        assert [row["wine"] for row in predictions] == list(SERVING.CLASSES)
        assert all(0.5 < row["probability"] <= 1 for row in predictions)


def test_what_an_endpoint_does_not_read_or_write_is_refused() -> None:
    with pytest.raises(ValueError, match="image/png"):
        SERVING.input_fn("", "image/png")
    with pytest.raises(ValueError, match="text/csv"):
        SERVING.output_fn(np.eye(3), "text/csv")


def test_a_folder_without_data_is_named(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"no \.csv in"):
        SCRIPT.read_matrix(tmp_path)


def test_the_script_says_how_it_is_called(tmp_path: Path) -> None:
    assert "--checkpoint-every" in run_script(LAB, TRAIN, "--help", folder=tmp_path)


@pytest.mark.parametrize("file", ["train.py", "inference.py"])
def test_the_scripts_are_written_for_the_python_of_their_image(file: str) -> None:
    """XGBoost 1.7-1 has Python 3.8."""
    source = MODULES_FOLDER / LAB / "source" / file
    ast.parse(source.read_text(encoding="utf-8"), feature_version=(3, 8))
