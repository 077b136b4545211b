"""The training script outside of SageMaker, and the functions that serve its model."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest

from modules.declarations import MODULES_FOLDER
from tests.unit.modules.lab_scripts import load_script, run_script

LAB = "sklearn-kmeans"
FILE = "source/train.py"
SCRIPT = load_script(LAB, FILE)
CENTRES = ((0.0, 0.0), (10.0, 0.0), (0.0, 10.0))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Three heaps of 20 points, in two files."""
    chance = np.random.default_rng(17)
    rows = np.concatenate([chance.normal(centre, 0.5, (20, 2)) for centre in CENTRES])
    folder = tmp_path / "data"
    folder.mkdir()
    np.savetxt(folder / "a.csv", rows[:30], delimiter=",")
    np.savetxt(folder / "b.csv", rows[30:], delimiter=",")
    return folder


def test_the_script_finds_the_heaps_and_says_how_large_they_are(data: Path) -> None:
    said = run_script(LAB, FILE, "--train", str(data), folder=data.parent)

    assert "rows=60 columns=2 sizes=[20, 20, 20]" in said


def test_the_model_serves_by_the_file_that_lies_beside_it(data: Path) -> None:
    run_script(LAB, FILE, "--train", str(data), "--model-dir", "made", folder=data.parent)
    served = data.parent / "made"

    model = SCRIPT.model_fn(str(served))

    assert (served / "code" / "train.py").read_bytes() == (MODULES_FOLDER / LAB / FILE).read_bytes()
    assert len(set(SCRIPT.predict_fn(CENTRES, model).tolist())) == 3
    # One row comes without brackets from a CSV of one line.
    assert SCRIPT.predict_fn([10.0, 0.0], model) == SCRIPT.predict_fn(CENTRES, model)[1]


def test_the_number_of_clusters_is_an_argument(data: Path) -> None:
    said = run_script(LAB, FILE, "--train", str(data), "--n-clusters", "2", folder=data.parent)

    assert "sizes=[40, 20]" in said or "sizes=[20, 40]" in said


def test_a_folder_without_data_is_named(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"no \.csv in"):
        SCRIPT.read_rows(tmp_path)


def test_the_script_says_how_it_is_called(tmp_path: Path) -> None:
    assert "--n-clusters" in run_script(LAB, FILE, "--help", folder=tmp_path)


def test_the_script_is_written_for_the_python_of_its_image() -> None:
    """scikit-learn 1.2-1 has Python 3.9."""
    ast.parse((MODULES_FOLDER / LAB / FILE).read_text(encoding="utf-8"), feature_version=(3, 9))
