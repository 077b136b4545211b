"""Checkpoints of training jobs: kept in S3, and brought back to the next job."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.rehearsal.conftest import Client
from tests.integration.rehearsal.scripts import BUCKET, Account

pytestmark = pytest.mark.xdist_group("local-aws")

# Counts how often it has run, in a file below a folder; `fail` ends it with an error.
COUNT = """
import pathlib, sys
counter = pathlib.Path("/opt/ml/checkpoints/deep/count")
counter.parent.mkdir(parents=True, exist_ok=True)
count = int(counter.read_text()) + 1 if counter.exists() else 1
counter.write_text(str(count))
sys.exit("--fail" in sys.argv)
"""


@pytest.fixture
def account(client: Client) -> Account:
    return Account(client)


def config(folder: str, **more: str) -> dict[str, Any]:
    return {"CheckpointConfig": {"S3Uri": f"s3://{BUCKET}/{folder}", **more}}


def test_a_job_finds_what_an_earlier_one_has_kept(account: Account) -> None:
    for name in ("counts-once", "counts-twice"):
        account.train(name, COUNT, **config("checkpoints/counts"))
        account.ended(name, "Completed")

    assert account.read("checkpoints/counts/deep/count") == b"2"


def test_a_job_that_fails_keeps_its_checkpoints(account: Account) -> None:
    account.train(
        "counts-and-fails", COUNT, HyperParameters={"fail": "1"}, **config("checkpoints/failed/")
    )

    account.ended("counts-and-fails", "Failed")
    assert account.read("checkpoints/failed/deep/count") == b"1"


def test_checkpoints_outside_of_the_container_contracts_folder_are_refused(
    account: Account,
) -> None:
    account.train("counts-elsewhere", COUNT, **config("checkpoints/x", LocalPath="/tmp/elsewhere"))

    assert "/tmp/elsewhere" in account.ended("counts-elsewhere", "Failed")["FailureReason"]
