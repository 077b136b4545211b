"""`workshop cleanup --everything`: whole regions, and no way round typing the account's id."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.functional.cli.at_terminal import at_a_terminal
from tests.functional.cli.cleaning.account import (
    ACCOUNT,
    add_model,
    add_notebook,
    call,
    models,
    notebooks,
    say,
)
from tests.functional.cli.clients import client
from tests.unit.workshop.configs import write_config

# One local AWS serves all tests of this folder, so they share a worker.
pytestmark = pytest.mark.xdist_group("cleaning-commands")

PROMPT = "Type the account's id"


@pytest.fixture
def listed(config: Path) -> Path:
    """A workshop whose account is there for it alone."""
    return write_config(config.parent, cleanup={"dedicated_accounts": [ACCOUNT]})


def test_an_account_that_the_file_does_not_list_is_refused(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    add_model("demo")

    code, _, err = say(capsys, "cleanup", "--config", config, "--everything", "--yes")

    assert code == 2
    assert f"--everything does not work in account {ACCOUNT}" in err
    assert "cleanup.dedicated_accounts lists none" in err
    assert models() == ["demo"]


@pytest.mark.parametrize("limit", [["--attendee", "ann"], ["--module", "iris-xgboost"]])
def test_everything_cannot_be_limited(
    listed: Path, capsys: pytest.CaptureFixture[str], limit: list[str]
) -> None:
    code, _, err = say(capsys, "cleanup", "--config", listed, "--everything", "--yes", *limit)

    assert code == 2
    assert "--everything cannot be limited" in err


def test_yes_does_not_stand_for_the_accounts_id(
    listed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    add_model("demo")

    code, _, err = say(capsys, "cleanup", "--config", listed, "--everything", "--yes")

    assert code == 2
    assert "--everything needs a terminal" in err
    assert models() == ["demo"]


def test_a_dry_run_of_everything_needs_no_terminal(
    listed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    add_model("demo")

    code, said, _ = call(capsys, "cleanup", "--config", listed, "--everything", "--dry-run")

    assert (code, said["executed"]) == (0, False)
    assert [row["name"] for row in said["plan"]] == ["demo"]
    assert models() == ["demo"]


@pytest.mark.parametrize("typed", ["yes", "123456789013", f"{ACCOUNT}0"])
def test_another_id_changes_nothing(listed: Path, typed: str) -> None:
    add_model("demo")

    code, shown = at_a_terminal(
        PROMPT, typed, "cleanup", "--config", listed, "--everything", "--yes"
    )

    assert PROMPT in shown
    assert f"that is not {ACCOUNT}: nothing was changed" in shown
    assert (code, models()) == (0, ["demo"])


def test_the_right_id_sweeps_sagemaker_and_leaves_other_services_to_their_owners(
    listed: Path,
) -> None:
    add_model("demo")
    add_notebook("somebodys")
    client("ecr").create_repository(repositoryName="another-team")
    client("s3").create_bucket(Bucket="another-teams-data")

    code, shown = at_a_terminal(
        PROMPT, f" {ACCOUNT} ", "cleanup", "--config", listed, "--everything"
    )

    assert code == 0, shown
    assert "clean: nothing of SageMaker is left that bills by the hour" in shown
    assert (models(), notebooks()) == ([], {})
    repositories = client("ecr").describe_repositories()["repositories"]
    assert [found["repositoryName"] for found in repositories] == ["another-team"]
    buckets = client("s3").list_buckets()["Buckets"]
    assert "another-teams-data" in {bucket["Name"] for bucket in buckets}
