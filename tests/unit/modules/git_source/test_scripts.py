"""Cloning at a pin, and the script that writes down from which commit a model is."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import numpy as np
import pytest

from modules.declarations import MODULES_FOLDER
from tests.unit.modules.lab_scripts import load_script, run_script

LAB = "git-source"
TRAIN = "source/train.py"
SCRIPT = load_script(LAB, "checkout.py")


@pytest.fixture
def origin(tmp_path: Path) -> Path:
    """A repository whose file says "first" in its first commit and "second" in its second."""
    folder = tmp_path / "origin"
    folder.mkdir()
    SCRIPT.git(folder, "init", "--quiet")
    for word in ("first", "second"):
        (folder / "word.txt").write_text(word)
        SCRIPT.git(folder, "add", "--all")
        who = ("-c", "user.name=ann", "-c", "user.email=ann@example.com")
        SCRIPT.git(folder, *who, "commit", "--quiet", "-m", word)
    return folder


def commits(origin: Path) -> list[str]:
    """The newest first."""
    found: str = SCRIPT.git(origin, "log", "--format=%H")
    return found.splitlines()


def test_a_clone_is_at_the_pin_though_the_branch_has_moved(origin: Path, tmp_path: Path) -> None:
    _, first = commits(origin)

    found = SCRIPT.checkout(str(origin), first, tmp_path / "deep" / "clone")

    assert found == first
    assert (tmp_path / "deep" / "clone" / "word.txt").read_text() == "first"


@pytest.mark.parametrize("pin", ["main", "v1.0", "3f2a9c1", "HEAD", "A" * 40, ""])
def test_what_can_mean_something_else_tomorrow_is_no_pin(
    pin: str, origin: Path, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match="40 hexadecimal digits"):
        SCRIPT.checkout(str(origin), pin, tmp_path / "clone")
    assert not (tmp_path / "clone").exists()


def test_a_commit_that_the_repository_does_not_have_is_gits_own_error(
    origin: Path, tmp_path: Path
) -> None:
    with pytest.raises(RuntimeError, match="git checkout"):
        SCRIPT.checkout(str(origin), "0" * 40, tmp_path / "clone")


def test_the_script_clones_what_its_arguments_say(origin: Path, tmp_path: Path) -> None:
    newest, _ = commits(origin)

    said = run_script(LAB, "checkout.py", str(origin), newest, folder=tmp_path)

    assert said == f"{newest} in checkout\n"
    assert (tmp_path / "checkout" / "word.txt").read_text() == "second"


def test_the_model_tells_the_commit_and_the_accuracy(tmp_path: Path) -> None:
    for channel in ("train", "test"):
        (tmp_path / channel).mkdir()
        rows = np.column_stack([np.arange(30) % 3, np.arange(30) % 3])
        np.savetxt(tmp_path / channel / "rows.csv", rows, delimiter=",")

    said = run_script(LAB, TRAIN, "--commit", "c" * 40, folder=tmp_path)

    origin = json.loads((tmp_path / "model" / "origin.json").read_text())
    assert origin == {"commit": "c" * 40, "max_depth": 3, "accuracy": 1.0}
    assert said.splitlines()[-1] == "accuracy=1.0000"


def test_a_tree_that_is_not_deep_enough_mixes_up_a_class(tmp_path: Path) -> None:
    """What the lab's second commit does must show."""
    for channel in ("train", "test"):
        (tmp_path / channel).mkdir()
        rows = np.column_stack([np.arange(30) % 3, np.arange(30) % 3])
        np.savetxt(tmp_path / channel / "rows.csv", rows, delimiter=",")

    said = run_script(LAB, TRAIN, "--max-depth", "1", folder=tmp_path)

    assert said.splitlines()[-1] == "accuracy=0.6667"


@pytest.mark.parametrize("file", ["checkout.py", TRAIN])
def test_the_scripts_say_how_they_are_called(file: str, tmp_path: Path) -> None:
    assert "--" in run_script(LAB, file, "--help", folder=tmp_path)


def test_the_script_is_written_for_the_python_of_its_image() -> None:
    """scikit-learn 1.2-1 has Python 3.9."""
    ast.parse((MODULES_FOLDER / LAB / TRAIN).read_text(encoding="utf-8"), feature_version=(3, 9))
