"""`workshop destroy` loses nobody's work."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.functional.cli.clients import client
from tests.functional.cli.collecting.account import (
    call,
    collect,
    files_of,
    make_notebook,
    make_stack,
    stacks,
    status_of,
    wait_until,
)

# One local AWS serves all tests of this folder, so they share a worker.
pytestmark = pytest.mark.xdist_group("collect-commands")


def test_destroy_refuses_before_it_changes_anything_and_a_dry_run_says_so(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_notebook("ann")

    code, said, err = call(capsys, "destroy", "--config", config, "--dry-run")
    assert (code, said["executed"]) == (1, False)
    assert [(row["attendee"], row["state"]) for row in said["uncollected"]] == [
        ("ann", "not collected")
    ]

    code, said, err = call(capsys, "destroy", "--config", config, "--yes")
    assert (code, said) == (1, None)
    assert "work would be lost: ann" in err
    assert "--discard-work" in err
    assert status_of("ml101-ann") in ("Pending", "InService")


def test_destroy_saves_collected_work_before_it_deletes_it(
    config: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_notebook("ann")
    wait_until(lambda: status_of("ml101-ann") == "InService")
    collect(home, capsys)

    code, said, err = call(capsys, "destroy", "--config", config, "--yes")

    assert (code, said["ok"], said["problems"]) == (0, True, [])
    (saved,) = Path("collected/ml101").iterdir()
    assert "ml101-ann/work.ipynb" in files_of(saved.read_bytes())
    assert "saved 1 archives" in err
    assert status_of("ml101-ann") == ""


def test_collected_work_stays_until_no_volume_needs_it_so_that_destroy_can_run_again(
    config: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_notebook("ann")
    wait_until(lambda: status_of("ml101-ann") == "InService")
    make_stack("ml101-ann", "anns-things", "ann")
    # CloudFormation does not delete a bucket that holds something.
    client("s3").put_object(Bucket="anns-things", Key="x", Body=b"x")
    collect(home, capsys)

    code, said, _ = call(capsys, "destroy", "--config", config, "--yes")
    assert code == 1
    assert "stack ml101-shared (us-east-1): kept" in " ".join(said["problems"])
    assert sorted(stacks()) == ["ml101-ann", "ml101-shared"]

    client("s3").delete_object(Bucket="anns-things", Key="x")
    code, said, _ = call(capsys, "destroy", "--config", config, "--yes")
    assert (code, said["ok"], stacks()) == (0, True, {})
    assert len(list(Path("collected/ml101").iterdir())) == 1


def test_destroy_discards_work_when_told_to(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_notebook("ann")
    wait_until(lambda: status_of("ml101-ann") == "InService")

    code, said, _ = call(capsys, "destroy", "--config", config, "--yes", "--discard-work")

    assert (code, said["ok"]) == (0, True)
    assert not Path("collected").exists()
