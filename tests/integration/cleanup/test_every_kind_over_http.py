"""`workshop cleanup`, as it is typed, where one of every kind was left behind."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from rehearsal import isolation
from rehearsal.processes import LocalAws
from tests.everything import make_one_of_every_kind
from tests.integration.cleanup.terminal import REGION, Terminal, ended
from workshop.names import tags

# While a sweep waits in its own seconds, so many of AWS's pass.
_TICK_SECONDS, _AWS_SECONDS = 0.1, 60.0
# An environment bears these names: its stack deletes it, with the file system of its domain.
ENVIRONMENT = {
    "domain",
    "file-system",
    "mount-target",
    "network-interface",
    "notebook-instance",
    "notebook-lifecycle-config",
    "security-group",
    "space",
    "studio-lifecycle-config",
    "user-profile",
}
# Lineage, and what is left of work that has ended.
RECORDS = {"action", "artifact", "context", "job", "training-session"}
DESTROYED = {"role", "log-group", "log-stream"}


@pytest.fixture
def stepped(tmp_path: Path) -> Iterator[Terminal]:
    """A local AWS whose clock only moves when told to."""
    options = ("--clock", "stepped")
    aws = LocalAws(tmp_path / "aws", isolation.without_aws(os.environ), options=options)
    yield Terminal(aws.url, tmp_path)
    aws.close()


def end_while_time_passes(terminal: Terminal, process: subprocess.Popen[str]) -> tuple[int, str]:
    done = threading.Event()

    def pass_time() -> None:
        while not done.wait(_TICK_SECONDS):
            terminal.step(_AWS_SECONDS)

    clock = threading.Thread(target=pass_time)
    clock.start()
    try:
        return ended(process)
    finally:
        done.set()
        clock.join()


def test_cleanup_of_one_of_every_kind_ends_with_0_and_nothing_bills(
    stepped: Terminal, config: Path
) -> None:
    make_one_of_every_kind(
        stepped.client, "ml101-ann", REGION, wait=stepped.step, tags=tags("ml101", "ann")
    )
    process = stepped.start("cleanup", "--yes", "--no-prices", "--config", config)
    code, said = end_while_time_passes(stepped, process)
    assert code == 0, said
    left = stepped.rows()
    assert [row["kind"] for row in left if row["bills"]] == ["training-plan"]
    assert {row["kind"] for row in left} - DESTROYED == ENVIRONMENT | RECORDS | {"training-plan"}
