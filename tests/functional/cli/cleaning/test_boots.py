"""`workshop status --boot`: whose environment is ready, and why another one is not."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.functional.cli.cleaning.account import BUCKET, break_things, call, say
from tests.functional.cli.clients import client
from workshop.cli.boots import CUT_OFF_AFTER, Boot, judge

EARLY, LATE = (datetime(2026, 1, 1, 9, minute, tzinfo=UTC) for minute in (0, 10))
Capture = pytest.CaptureFixture[str]


@pytest.fixture
def bucket(config: Path) -> Path:
    """The workshop of ann and bob with its bucket."""
    client("s3").create_bucket(Bucket=BUCKET)
    return config


def put(*objects: tuple[str, str]) -> None:
    for key, text in objects:
        client("s3").put_object(Bucket=BUCKET, Key=f"attendees/{key}", Body=text.encode())


@pytest.mark.parametrize(
    ("started", "told", "said", "state"),
    [
        (None, None, "", Boot.NEVER),
        (EARLY, None, "", Boot.BOOTING),
        (EARLY, LATE, "READY", Boot.READY),
        (EARLY, LATE, "FAILED: no room", Boot.FAILED),
        (LATE, EARLY, "READY", Boot.BOOTING),
        (LATE, EARLY, "FAILED: no room", Boot.BOOTING),
        (None, LATE, "FAILED: the start could not be noted", Boot.FAILED),
        (EARLY, LATE, "", Boot.UNKNOWN),
        (EARLY, LATE, "READY or not", Boot.UNKNOWN),
    ],
)
def test_a_boot_stands_as_the_bucket_says(
    started: datetime | None, told: datetime | None, said: str, state: Boot
) -> None:
    assert judge(started, told, said, LATE) is state


def test_a_boot_that_takes_too_long_may_be_cut_off() -> None:
    late = EARLY + CUT_OFF_AFTER + timedelta(seconds=1)
    assert judge(EARLY, None, "", late - timedelta(seconds=1)) is Boot.BOOTING
    assert judge(EARLY, None, "", late) is Boot.CUT_OFF


def test_a_failed_boot_is_shown_with_its_reason(bucket: Path, capsys: Capture) -> None:
    put(("ann/collected/started", ""), ("bob/collected/started", ""))
    put(("ann/boot", "READY\n"), ("bob/boot", "FAILED: labs could not be fetched\n"))

    code, printed, err = say(capsys, "status", "--config", bucket, "--boot")

    assert code == 1
    ann, bob = printed.splitlines()[2:4]
    assert ann.split()[:3] == ["ann", "us-east-1", "ready"]
    assert bob.endswith("labs could not be fetched")
    assert "1 failed, 1 ready" in err


def test_what_an_attendee_wrote_there_does_not_steer_the_terminal(
    bucket: Path, capsys: Capture
) -> None:
    put(("ann/boot", "FAILED: \x1b[2J\x1b]52;c;eA==\x07\nbob  us-east-1  ready"))

    _, printed, err = say(capsys, "status", "--config", bucket, "--boot", "--attendee", "ann")

    assert not set("\x1b\x07") & set(printed + err)
    assert len(printed.splitlines()) == 3


def test_an_environment_that_started_again_is_booting_and_one_that_never_did_says_so(
    bucket: Path, capsys: Capture
) -> None:
    put(("ann/boot", "READY\n"))
    time.sleep(1.1)  # S3 tells whole seconds
    put(("ann/collected/started", ""))

    code, said, _ = call(capsys, "status", "--config", bucket, "--boot")

    assert code == 0
    assert [row["state"] for row in said["boots"]] == ["booting", "never started"]
    assert said["counts"] == {"booting": 1, "never started": 1}


def test_what_cannot_be_read_is_unknown(bucket: Path, capsys: Capture) -> None:
    break_things({"fault": "refuse", "service": "s3"})
    code, said, _ = call(capsys, "status", "--config", bucket, "--boot", "--attendee", "ann")
    assert code == 3
    assert [(row["state"], row["at"]) for row in said["boots"]] == [("unknown", None)]


def test_before_anything_is_deployed_nobody_has_started(config: Path, capsys: Capture) -> None:
    code, said, _ = call(capsys, "status", "--config", config, "--boot")
    assert (code, said["counts"]) == (0, {"never started": 2})
