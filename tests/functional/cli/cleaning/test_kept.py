"""`workshop destroy` does not delete what somebody wants to keep."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.functional.cli.cleaning.account import (
    add_model,
    add_notebook,
    break_things,
    models,
    notebooks,
    say,
)
from tests.unit.workshop.configs import write_config

# One local AWS serves all tests of this folder, so they share a worker.
pytestmark = pytest.mark.xdist_group("cleaning-commands")

REFUSED = "destroy would delete what is kept: notebook-instance ml101-ann (us-east-1)"


@pytest.fixture
def keeping(config: Path) -> Path:
    """A workshop that protects ann's environment and a model."""
    return write_config(config.parent, cleanup={"protected": ["ml101-ann", "ml101-bob-m"]})


def test_destroy_refuses_to_delete_an_environment_that_is_kept(
    keeping: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    add_notebook("ml101-ann")
    add_model("ml101-ann-m")

    of = ("destroy", "--config", keeping, "--yes", "--discard-work")
    code, _, err = say(capsys, *of)

    assert code == 1
    assert REFUSED in err
    assert "ml101-ann is protected" in err
    assert "fix: remove the tag workshop:keep, or the name from cleanup.protected" in err
    assert (notebooks(), models()) == ({"ml101-ann": "InService"}, ["ml101-ann-m"])


def test_a_dry_run_says_that_destroy_would_refuse(
    keeping: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    add_notebook("ml101-ann")

    of = ("destroy", "--config", keeping, "--dry-run", "--discard-work")
    code, _, err = say(capsys, *of)

    assert code == 1
    assert f"it would be refused: {REFUSED}" in err


def test_what_is_kept_and_no_stack_deletes_does_not_stand_in_the_way(
    keeping: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    add_model("ml101-bob-m")

    _, _, err = say(capsys, "destroy", "--config", keeping, "--dry-run")

    assert "it would be refused" not in err


def test_destroy_refuses_where_it_cannot_see_what_is_kept(
    keeping: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    add_notebook("ml101-ann")
    break_things({"fault": "refuse", "operation": "GetResources"})

    code, _, err = say(capsys, "destroy", "--config", keeping, "--yes", "--discard-work")

    assert code == 3
    assert "whether something is to be kept cannot be seen" in err
    assert notebooks() == {"ml101-ann": "InService"}
