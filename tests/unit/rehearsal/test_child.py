"""Processes of jobs: their end is noticed, and nothing of them is left."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from rehearsal.jobs.child import Child

MARK = "CHILD_OF_A_TEST"
# Starts one process in its own group and one in another, tells their ids, then goes on or not.
PARENT = """
import signal, subprocess, sys, time
if "deaf" in sys.argv:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
ids = [subprocess.Popen(["sleep", "600"], start_new_session=own).pid for own in (False, True)]
print(*ids, flush=True)
if "stays" in sys.argv:
    time.sleep(600)
"""


def start(tmp_path: Path, *how: str) -> tuple[Child, list[int]]:
    process = subprocess.Popen(
        [sys.executable, "-c", PARENT, *how],
        env={**os.environ, MARK: str(tmp_path)},
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdout is not None
    with process.stdout:
        ids = [int(word) for word in process.stdout.readline().split()]
    return Child(process, (MARK, str(tmp_path))), ids


def running(ids: list[int]) -> list[int]:
    return [
        one
        for one in ids
        if psutil.pid_exists(one) and psutil.Process(one).status() != psutil.STATUS_ZOMBIE
    ]


@pytest.mark.parametrize("how", [("stays",), ("stays", "deaf"), ()])
def test_ending_a_process_ends_its_children_and_detached_grandchildren(
    tmp_path: Path, how: tuple[str, ...]
) -> None:
    child, ids = start(tmp_path, *how)
    assert len(ids) == 2
    if not how:
        child.wait(60)

    child.end(grace_seconds=0.05)

    assert child.exit_code is not None
    psutil.wait_procs([psutil.Process(one) for one in running(ids)], timeout=30)
    assert running(ids) == []


def test_waiting_gives_the_exit_code_or_none_while_it_runs(tmp_path: Path) -> None:
    child, _ = start(tmp_path, "stays")
    assert child.wait(0.01) is None
    child.end(grace_seconds=60)
    assert child.exit_code == -15

    ended, _ = start(tmp_path)
    assert ended.wait(60) == 0
    ended.end(0)
