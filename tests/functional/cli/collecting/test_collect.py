"""`workshop collect`, in an attendee's terminal and in the instructor's."""

from __future__ import annotations

import json
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.functional.cli.clients import client
from tests.functional.cli.collecting.account import (
    ACCOUNT,
    BUCKET,
    REGION,
    call,
    collect,
    files_of,
    make_notebook,
    make_space,
    note_start,
    remove_everything,
    status_of,
    wait_until,
)
from workshop.cli.main import run
from workshop.collecting.survey import State, survey

# One local AWS serves all tests of this folder, so they share a worker.
pytestmark = pytest.mark.xdist_group("collect-commands")


@pytest.mark.usefixtures("config")
def test_an_attendees_link_opens_the_archive_of_their_home(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / ".cache").mkdir()

    code, said, _ = collect(home, capsys, "--hours", "2")

    assert (code, said["attendee"], said["files"]) == (0, "ann", 1)
    assert [row["path"] for row in said["left_out"]] == [".cache", ".workshop"]
    with urllib.request.urlopen(said["link"]) as answer:
        assert "ml101-ann/work.ipynb" in files_of(answer.read())
    # What S3 demands of buckets made since 2020, and what boto3 does not do by itself.
    assert "X-Amz-Algorithm=AWS4-HMAC-SHA256" in said["link"]
    assert "X-Amz-Expires=7200" in said["link"]


@pytest.mark.usefixtures("config")
def test_an_attendee_reads_what_was_taken_and_what_not(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "big.bin").write_bytes(b"x" * 2_000_000)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(home))
        assert run(["collect", "--max-gib", "0.001"]) == 0

    printed = capsys.readouterr()
    assert "big.bin" in printed.out
    assert printed.out.splitlines()[-1].startswith("http")
    assert "collected 1 files, 15 B" in printed.err
    assert "it opens for 24 hours" in printed.err


@pytest.mark.parametrize("option", [("--download", "x"), ("--attendee", "ann")])
@pytest.mark.usefixtures("config")
def test_an_attendee_cannot_collect_from_others(
    home: Path, capsys: pytest.CaptureFixture[str], option: tuple[str, str]
) -> None:
    code, _, err = collect(home, capsys, *option)

    assert code == 2
    assert f"{option[0]} means nothing in an attendee's terminal" in err


def test_an_instructor_cannot_archive_a_home(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, err = call(capsys, "collect", "--config", config, "--max-gib", "2")

    assert (code, "--max-gib means nothing" in err) == (2, True)


def test_nobodys_work_is_missing_where_nobody_has_any(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, said, err = call(capsys, "collect", "--config", config)

    assert (code, said["ok"], said["attendees"]) == (0, True, [])
    assert "nobody has a workspace" in err


def test_the_instructor_sees_whose_work_is_collected_and_saves_it(
    config: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_notebook("ann")
    make_notebook("bob")
    make_notebook("zoe")  # nobody of this workshop
    collect(home, capsys)

    code, said, err = call(capsys, "collect", "--config", config, "--download", "saved")

    assert (code, said["ok"]) == (1, False)
    states = {row["attendee"]: row["state"] for row in said["attendees"]}
    assert states == {"ann": "collected", "bob": "not collected"}
    assert "bob (us-east-1): started, and nothing was collected" in err
    (saved,) = Path("saved").iterdir()
    assert "ml101-ann/work.ipynb" in files_of(saved.read_bytes())
    ann, bob = said["attendees"]
    assert ann["saved"] == str(saved)
    assert (ann["files"], bob["link"], bob["saved"]) == (1, None, None)
    with urllib.request.urlopen(ann["link"]) as answer:
        assert answer.read() == saved.read_bytes()


def test_work_is_stale_once_its_workspace_starts_again(
    config: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_notebook("ann")
    note_start("ann")
    collect(home, capsys)
    assert call(capsys, "collect", "--config", config)[0] == 0
    time.sleep(1.1)  # S3 tells whole seconds
    note_start("ann")

    code, said, err = call(capsys, "collect", "--config", config)

    assert (code, said["attendees"][0]["state"]) == (1, "stale")
    assert "ann (us-east-1): started again since the collection of" in err


def test_a_table_for_people_holds_the_links(
    config: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_notebook("ann")
    collect(home, capsys)

    assert run(["collect", "--config", str(config)]) == 0

    printed = capsys.readouterr()
    assert "notebook, " in printed.out
    assert printed.out.splitlines()[-1].startswith("ann http")
    assert "who has the link has the files" in printed.err


@pytest.mark.parametrize("body", [b"{}", b'{"archive": "../../../etc/passwd"}', b"\xff"])
def test_a_record_that_cannot_be_read_is_unknown_not_collected(
    config: Path, capsys: pytest.CaptureFixture[str], body: bytes
) -> None:
    make_notebook("ann")
    key = "attendees/ann/collected/collected.json"
    client("s3").put_object(Bucket=BUCKET, Key=key, Body=body)

    code, said, _ = call(capsys, "collect", "--config", config)

    assert (code, said["attendees"][0]["state"]) == (3, "unknown")
    assert run(["destroy", "--config", str(config), "--yes"]) == 3
    assert status_of("ml101-ann") != ""


def test_an_archive_that_is_not_the_recorded_one_is_not_saved(
    config: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_notebook("ann")
    collect(home, capsys)
    folder = "attendees/ann/collected/"
    record = client("s3").get_object(Bucket=BUCKET, Key=f"{folder}collected.json")["Body"].read()
    client("s3").put_object(Bucket=BUCKET, Key=folder + json.loads(record)["archive"], Body=b"x")

    code, _, err = call(capsys, "collect", "--config", config, "--download", "saved")
    assert (code, "is not the one that was collected" in err) == (1, True)
    assert list(Path("saved").iterdir()) == []

    code, said, _ = call(capsys, "destroy", "--config", config, "--yes")
    assert code == 1
    assert "collected work was not saved" in said["problems"][0]
    assert client("s3").head_bucket(Bucket=BUCKET)


def test_a_space_that_was_never_started_holds_no_work(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_space()

    code, said, _ = call(capsys, "collect", "--config", config)

    assert (code, said["attendees"][0]["state"]) == (0, "never started")


def test_a_space_whose_start_was_noted_holds_work_long_after_its_app_is_gone(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_space()
    note_start("ann")

    code, said, _ = call(capsys, "collect", "--config", config)

    assert (code, said["attendees"][0]["state"]) == (1, "not collected")


def test_a_space_with_an_app_holds_work_even_if_no_start_was_noted(
    config: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    app = {**make_space(), "AppType": "JupyterLab", "AppName": "default"}
    client("sagemaker").create_app(**app)
    wait_until(lambda: client("sagemaker").describe_app(**app)["Status"] == "InService")
    code, said, _ = call(capsys, "collect", "--config", config)
    assert (code, said["attendees"][0]["state"]) == (1, "not collected")
    time.sleep(1.1)  # S3 tells whole seconds
    collect(home, capsys)

    code, said, err = call(capsys, "collect", "--config", config)
    assert (code, said["attendees"][0]["running"]) == (0, True)
    assert "still running: ann" in err

    client("sagemaker").delete_app(**app)
    wait_until(lambda: client("sagemaker").describe_app(**app)["Status"] == "Deleted")
    code, said, _ = call(capsys, "collect", "--config", config)
    assert (code, said["attendees"][0]["state"]) == (0, "collected")


class Denied:
    """A client that may do nothing."""

    def get_paginator(self, operation: str) -> Any:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, operation)


@pytest.mark.parametrize("denied", ["sagemaker", "s3"])
@pytest.mark.usefixtures("config")
def test_what_may_not_be_listed_is_unknown(denied: str) -> None:
    make_notebook("ann")

    found = survey(
        "ml101",
        ACCOUNT,
        ["ann"],
        [REGION],
        lambda service, _region: Denied() if service == denied else client(service),
    )

    assert [(s.attendee, s.state, s.reason) for s in found] == [("ann", State.UNKNOWN, "no")]


def test_without_a_bucket_nothing_is_collected(exports: dict[str, str]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in exports.items():
            patch.setenv(name, value)
        make_notebook("ann")
        found = survey("ml101", ACCOUNT, ["ann"], [REGION], lambda s, _region: client(s))
        remove_everything()

    assert [(s.attendee, s.state) for s in found] == [("ann", State.MISSING)]
