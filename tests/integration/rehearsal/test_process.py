"""A rehearsal as a process: its report, and that it leaves nothing however it ends."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from rehearsal.machine import MARK
from rehearsal.processes import LocalAws
from workshop.errors import WorkshopError

ROOT = Path(__file__).parents[3]
_PATIENCE_SECONDS = 120.0
# What every process that a test starts, and whatever those start, has in its environment.
_TRACE = "TEST_OF_A_REHEARSAL"
POISON = {
    "AWS_PROFILE": "production",
    "AWS_ENDPOINT_URL_S3": "https://example.com",
    "AWS_CONFIG_FILE": "/nonexistent/config",
    "AWS_SESSION_TOKEN": "not-a-token",
}


class Child:
    """`workshop rehearse` with a temporary directory of its own."""

    def __init__(self, directory: Path, *arguments: str, root: Path = ROOT) -> None:
        # Not below pytest's long path: kernels put Unix sockets there.
        self.temporary = Path(tempfile.mkdtemp(prefix="t-"))
        self.trace = str(directory)
        self._errors = (directory / "stderr").open("w+")
        self._output = (directory / "stdout").open("w+")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "workshop.cli.main", "rehearse", "--json", *arguments],
            cwd=root,
            env={
                **os.environ,
                **POISON,
                "TMPDIR": str(self.temporary),
                _TRACE: self.trace,
            },
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=self._errors,
        )

    def errors(self) -> str:
        return Path(self._errors.name).read_text()

    def report(self) -> dict[str, Any]:
        said: dict[str, Any] = json.loads(Path(self._output.name).read_text())
        return said

    def wait_for_line(self, start: str) -> None:
        self.wait_until(lambda: any(x.startswith(start) for x in self.errors().splitlines()))

    def wait_until(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not condition():
            assert self.process.poll() is None, self.errors()
            assert time.monotonic() < deadline, self.errors()
            time.sleep(0.02)

    def end(self) -> int:
        return self.process.wait(_PATIENCE_SECONDS)

    def family(self) -> list[psutil.Process]:
        """What runs of it and of all it started, detached or not."""
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error, OSError):
                if process.environ().get(_TRACE) == self.trace:
                    found.append(process)
        return found

    def listening(self) -> set[int]:
        ports = set()
        for process in self.family():
            with contextlib.suppress(psutil.Error):
                ports |= {
                    c.laddr.port
                    for c in process.net_connections("tcp")
                    if c.status == psutil.CONN_LISTEN and c.laddr
                }
        return ports

    def close(self) -> None:
        for process in self.family():
            with contextlib.suppress(psutil.Error):
                process.kill()
        self.process.wait()
        self._errors.close()
        self._output.close()
        shutil.rmtree(self.temporary, ignore_errors=True)


Start = Callable[..., Child]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    started: list[Child] = []

    def make(*arguments: str, root: Path = ROOT) -> Child:
        started.append(Child(tmp_path, *arguments, root=root))
        return started[-1]

    yield make
    for child in started:
        child.close()


def assert_nothing_left(child: Child, ports: set[int]) -> None:
    assert child.family() == []
    assert list(child.temporary.iterdir()) == []
    for port in ports:
        assert not [
            c
            for c in psutil.net_connections("tcp")
            if c.status == psutil.CONN_LISTEN and c.laddr and c.laddr.port == port
        ]


# The longest first, so that it runs beside the others.
def test_a_failing_lab_fails_the_rehearsal_which_sweeps_all_the_same(
    start: Start, tmp_path: Path
) -> None:
    child = start("--attendees", "1", root=checkout_with_a_broken_lab(tmp_path / "checkout"))
    assert child.end() == 1, child.errors()
    report = child.report()
    assert (report["ok"], report["left"]) == (False, [])
    [lab] = report["modules"]
    assert (lab["name"], lab["attendee"], lab["ok"]) == ("iris-xgboost", "a001", False)
    assert "ml101-a001-" in lab["reason"], "which job"
    assert "AlgorithmError" in lab["reason"], "why"
    assert_nothing_left(child, set())


def checkout_with_a_broken_lab(root: Path) -> Path:
    """This checkout, except that the lab asks XGBoost for an objective that it does not have."""
    root.mkdir()
    for entry in ROOT.iterdir():
        if entry.name not in ("modules", ".git", ".rehearsal"):
            (root / entry.name).symlink_to(entry)
    # What other rehearsals have built; the executed notebook stays in this folder.
    (root / ".rehearsal").mkdir()
    (root / ".rehearsal" / "uv-cache").symlink_to(ROOT / ".rehearsal" / "uv-cache")
    shutil.copytree(ROOT / "modules", root / "modules")
    broken = 0
    for path in (root / "modules" / "iris-xgboost").iterdir():
        if path.suffix in (".py", ".ipynb") and "multi:softprob" in path.read_text():
            path.write_text(path.read_text().replace("multi:softprob", "multi:nothing"))
            broken += 1
    assert broken
    return root


def test_a_rehearsal_passes_in_a_poisoned_environment_and_reports_what_it_did(
    start: Start,
) -> None:
    child = start("--no-labs", "--attendees", "1", "--environment", "notebook")
    assert child.end() == 0, child.errors()
    report = child.report()
    assert set(report) == {
        "ok",
        "left",
        "attendees",
        "environment",
        "phases",
        "modules",
        "problems",
    }
    assert (report["ok"], report["left"], report["problems"]) == (True, [], [])
    assert (report["attendees"], report["environment"]) == (1, "notebook")
    for phase in report["phases"]:
        assert set(phase) == {"name", "seconds", "api_calls", "created", "removed"}
    totals = [sum(phase[name] for phase in report["phases"]) for name in ("created", "removed")]
    assert totals[0] == totals[1] > 0
    assert_nothing_left(child, set())


@pytest.mark.parametrize(
    "signals",
    # A second signal must not disturb the end: `make` passes Ctrl-C on to its child.
    [(signal.SIGINT,), (signal.SIGTERM, signal.SIGINT)],
    ids=["SIGINT", "SIGTERM and SIGINT"],
)
def test_signals_in_the_middle_of_a_deployment_leave_nothing(
    start: Start, signals: tuple[signal.Signals, ...]
) -> None:
    child = start("--no-labs", "--attendees", "2")
    child.wait_for_line("deploy ...")
    child.wait_until(lambda: len(child.family()) >= 3)  # itself, the local AWS, the command
    ports = child.listening()
    assert ports
    for signum in signals:
        child.process.send_signal(signum)
    assert child.end() == 130, child.errors()
    assert "Traceback" not in child.errors()
    assert_nothing_left(child, ports)


def test_the_local_aws_ends_by_itself_when_the_rehearsal_is_killed(start: Start) -> None:
    child = start("--no-labs", "--attendees", "1")
    child.wait_for_line("deploy ...")
    servers = [p for p in child.family() if "rehearsal.server" in p.cmdline()]
    assert servers
    child.process.kill()
    _, alive = psutil.wait_procs(servers, timeout=_PATIENCE_SECONDS)
    assert alive == []


def test_a_local_aws_that_ends_at_once_is_an_error_and_not_a_hang(tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    environment = {k: v for k, v in os.environ.items() if k != MARK}
    with pytest.raises(WorkshopError, match="did not start"):
        LocalAws(in_the_way, environment)


def test_a_local_aws_that_says_nothing_is_given_up_and_ended(tmp_path: Path) -> None:
    trace = str(tmp_path)
    with pytest.raises(WorkshopError, match="said nothing"):
        LocalAws(tmp_path / "aws", {**os.environ, _TRACE: trace}, patience=0.0)
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            assert process.environ().get(_TRACE) != trace
