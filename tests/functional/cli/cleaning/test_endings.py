"""How `workshop cleanup` ends when something around the sweep goes wrong."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.functional.cli.cleaning.account import (
    BUCKET,
    add_model,
    add_notebook,
    break_things,
    call,
    models,
    say,
)

# One local AWS serves all tests of this folder, so they share a worker.
pytestmark = pytest.mark.xdist_group("cleaning-commands")

Capture = pytest.CaptureFixture[str]
STUCK = {"fault": "stick", "kind": "notebook-instance", "resource": "ml101-ann"}
NO_APPS = {"fault": "refuse", "operation": "ListApps"}
_PATIENCE_SECONDS = 60


def test_without_a_terminal_and_yes_nothing_is_done_and_that_is_a_failure(
    config: Path, capsys: Capture
) -> None:
    add_model("ml101-ann-m")

    code, said, err = call(capsys, "cleanup", "--config", config)

    assert (code, said["executed"]) == (1, False)
    assert "no terminal to ask, nothing was changed" in err
    assert models() == ["ml101-ann-m"]


def test_without_a_terminal_a_workshop_that_has_nothing_is_clean(
    config: Path, capsys: Capture
) -> None:
    code, said, _ = call(capsys, "cleanup", "--config", config)

    assert (code, said["executed"], said["ok"]) == (0, True, True)


def test_an_audit_log_that_the_bucket_does_not_take_is_told_where_it_is(
    config: Path, capsys: Capture
) -> None:
    add_model("ml101-ann-m")

    code, _, err = say(
        capsys, "cleanup", "--config", config, "--yes", "--audit", "a.jsonl", "--audit-s3"
    )

    assert (code, models()) == (1, [])
    lines = err.splitlines()
    at = lines.index("audit log: a.jsonl")
    assert lines[at + 1].startswith("the audit log was not copied into the bucket: ")
    assert f"s3://{BUCKET}" not in err


def test_a_report_that_cannot_be_written_is_told_and_the_audit_log_is_still_named(
    config: Path, capsys: Capture
) -> None:
    add_model("ml101-ann-m")
    Path("taken").write_text("a file", encoding="utf-8")

    code, _, err = say(
        capsys,
        *("cleanup", "--config", config, "--yes", "--report", "taken/r.md", "--audit", "a.jsonl"),
    )

    assert (code, models()) == (1, [])
    assert "the report was not written: " in err
    assert "audit log: a.jsonl" in err


def test_what_fails_after_a_sweep_does_not_hide_that_it_was_not_verified(
    config: Path, capsys: Capture
) -> None:
    add_model("ml101-ann-m")
    break_things(NO_APPS)
    Path("taken").write_text("a file", encoding="utf-8")

    code, _, _ = say(
        capsys, "cleanup", "--config", config, "--yes", "--report", "taken/r.md", "--audit-s3"
    )

    assert code == 3


@pytest.mark.parametrize("command", [["cleanup"], ["destroy", "--discard-work"]])
def test_whoever_interrupts_is_told_what_was_written_and_how_to_go_on(
    config: Path, command: list[str]
) -> None:
    add_notebook("ml101-ann")
    break_things(STUCK)
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "workshop.cli.main", *command, "--yes"),
            *("--config", str(config)),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    assert process.stderr is not None
    said, deadline = b"", time.monotonic() + _PATIENCE_SECONDS
    while b"stop: notebook-instance ml101-ann" not in said:
        left = max(0.0, deadline - time.monotonic())
        assert select.select([process.stderr], [], [], left)[0], said
        said += os.read(process.stderr.fileno(), 4096)

    process.send_signal(signal.SIGINT)
    _, rest = process.communicate(timeout=_PATIENCE_SECONDS)

    assert process.returncode == 130
    told = rest.decode()
    (log,) = Path("sweeps").glob("ml101-*.jsonl")
    assert f"audit log of what was done: {log}" in told
    assert "the same command, run again, continues" in told
