"""The idle program runs for real: a server on loopback, processes, and an `aws` that notes."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lifecycle_configs import idle
from tests.integration.lifecycle.jupyter import Jupyter

pytestmark = pytest.mark.xdist_group("lifecycle")
STOP = "sagemaker stop-notebook-instance --region us-east-1 --notebook-instance-name ml101-ann\n"


def oldest_python() -> str:
    """The oldest Python from 3.9 on that is installed here; at worst the one that runs us."""
    for minor in range(9, sys.version_info[1]):
        found = shutil.which(f"python3.{minor}")
        # A version manager's shim is there without its Python, too.
        if (
            found
            and subprocess.run([found, "-c", ""], capture_output=True, check=False).returncode == 0
        ):
            return found
    return sys.executable


def wait_for(happened: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + 30
    while not happened():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


class Watch:
    """The idle program beside a Jupyter server."""

    def __init__(self, root: Path, jupyter: Jupyter, python: str) -> None:
        self.root, self.jupyter, self.python = root, jupyter, python
        self.log, self.calls = root / "idle.log", root / "aws-calls"
        self.metadata = root / "opt/ml/metadata/resource-metadata.json"
        self.metadata.parent.mkdir(parents=True)
        arn = "arn:aws:sagemaker:us-east-1:111122223333:notebook-instance/ml101-ann"
        self.metadata.write_text(f'{{"ResourceArn": "{arn}", "ResourceName": "ml101-ann"}}')
        self.told = root / "told"
        self.answer_with(self.notes)
        self.processes: list[subprocess.Popen[bytes]] = []

    @property
    def notes(self) -> str:
        """An `aws` that notes what it is asked for, and keeps what is written, line by line."""
        upload = f'{{ cat; echo; }} >>"{self.told}"; echo "$*" >"{self.told}.to"'
        return f'case "$1" in s3) {upload} ;; *) echo "$*" >>"{self.calls}" ;; esac'

    def stops(self) -> str:
        """What was asked for besides uploads, line by line."""
        return self.calls.read_text() if self.calls.exists() else ""

    def activities(self) -> list[dict[str, str]]:
        """What was written of its use."""
        if not self.told.exists():
            return []
        return [json.loads(line) for line in self.told.read_text().splitlines() if line]

    def answer_with(self, script: str) -> None:
        """What the `aws` on this machine does."""
        aws = self.root / "bin/aws"
        aws.parent.mkdir(exist_ok=True)
        replacement = self.root / "aws.new"
        replacement.write_text(f"#!/bin/sh\n{script}\n")
        replacement.chmod(0o755)
        replacement.rename(aws)

    def start(
        self, idle_seconds: float, of: str = "notebook", url: str = "", **environment: str
    ) -> subprocess.Popen[bytes]:
        source = Path(idle.__file__).read_text(encoding="utf-8")
        process = subprocess.Popen(
            [self.python, "-c", source, str(self.log), str(idle_seconds), of, url],
            env={
                "PATH": f"{self.root / 'bin'}:/usr/bin:/bin",
                "WORKSHOP_ROOT": str(self.root),
                "WORKSHOP_JUPYTER_URL": self.jupyter.url,
                "WORKSHOP_IDLE_CHECK_SECONDS": "0.05",
                **environment,
            },
        )
        self.processes.append(process)
        return process

    def says(self, text: str) -> None:
        """Wait until the log holds a text."""
        wait_for(lambda: self.log.exists() and text in self.log.read_text(), text)

    def looks(self, times: int) -> None:
        """Wait until the server was asked for everything some more times."""
        before = self.jupyter.asked
        wait_for(lambda: self.jupyter.asked >= before + 3 * times, "it does not look")


@pytest.fixture(params=[sys.executable, oldest_python()], ids=["this", "oldest"])
def watch(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Watch]:
    jupyter = Jupyter(tmp_path)
    watch = Watch(tmp_path / "machine", jupyter, request.param)
    yield watch
    for process in watch.processes:
        process.kill()
        process.wait()
    jupyter.close()


def used(watch: Watch, ago_seconds: float, state: str = "idle") -> None:
    moment = (datetime.now(UTC) - timedelta(seconds=ago_seconds)).isoformat()
    kernel = {"id": "k1", "execution_state": state, "last_activity": moment.replace("+00:00", "Z")}
    watch.jupyter.answers["/api/kernels"] = [kernel]
    watch.jupyter.answers["/api/sessions"] = [{"id": "s1", "kernel": kernel}]


def test_an_unused_instance_stops_itself_by_its_own_name(watch: Watch) -> None:
    watch.start(0.1)

    wait_for(watch.stops, "nothing was stopped")
    assert watch.calls.read_text() == STOP
    watch.says("stop: asked for")


@pytest.mark.parametrize("ago", [0, 40_000])
def test_time_zones_of_the_machine_change_nothing(ago: float, watch: Watch) -> None:
    # In Tokyo a naive "now" is nine hours ahead of the server's UTC.
    used(watch, ago)

    watch.start(32_000, TZ="Asia/Tokyo")

    watch.says("state: active")
    assert not watch.calls.exists()


def test_a_busy_kernel_keeps_the_instance_and_its_end_begins_the_wait(watch: Watch) -> None:
    used(watch, 90_000, "busy")
    watch.start(0.2)
    watch.says("kernel k1 is busy")
    watch.looks(5)
    assert not watch.calls.exists()

    used(watch, 90_000)

    wait_for(watch.stops, "nothing was stopped")


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/api/terminals", 404),
        ("/api/kernels", 500),
        ("/api/sessions", 403),
        ("/api/kernels", b"<html>Please sign in</html>"),
        ("/api/kernels", {"message": "Forbidden"}),
        ("/api/terminals", [{"name": "1"}]),
        ("/api/kernels", [{"id": "k1", "execution_state": "odd", "last_activity": "now"}]),
    ],
)
def test_what_is_not_understood_is_logged_and_stops_nothing(
    path: str, answer: object, watch: Watch
) -> None:
    watch.jupyter.answers[path] = answer

    process = watch.start(0)
    watch.says("state: unknown: ")

    watch.looks(1)
    assert process.poll() is None
    assert not watch.calls.exists()


def test_a_server_that_is_not_there_is_unknown(watch: Watch) -> None:
    watch.start(0, WORKSHOP_JUPYTER_URL="https://127.0.0.1:9")

    watch.says("state: unknown: /api/sessions: <urlopen error")
    assert not watch.calls.exists()


def test_it_asks_this_machine_and_no_proxy(watch: Watch) -> None:
    watch.start(0, https_proxy="http://127.0.0.1:9", HTTPS_PROXY="http://127.0.0.1:9")

    wait_for(watch.stops, "nothing was stopped")


def test_a_stop_that_fails_is_logged_and_tried_again(watch: Watch) -> None:
    watch.answer_with('echo "An error occurred (ThrottlingException)" >&2; exit 254')
    watch.start(0)
    watch.says("stop: failed, is tried again: An error occurred (ThrottlingException)")

    watch.answer_with(watch.notes)

    wait_for(watch.stops, "it was not tried again")
    assert watch.calls.read_text() == STOP


def test_the_log_grows_with_changes_and_not_with_time(watch: Watch) -> None:
    used(watch, 0, "busy")
    watch.start(60)

    watch.looks(5)

    lines = watch.log.read_text().splitlines()
    assert len(lines) == 2
    assert all(datetime.fromisoformat(line.split()[0]).tzinfo == UTC for line in lines)


def test_a_second_one_leaves_the_work_to_the_first(watch: Watch) -> None:
    first = watch.start(60)
    watch.says("watch: ")

    second = watch.start(60)

    assert second.wait(30) == 0
    assert first.poll() is None
    assert watch.log.read_text().count("watch: ") == 1


def test_it_ends_when_it_is_told_to(watch: Watch) -> None:
    process = watch.start(60)
    watch.says("watch: ")

    process.terminate()

    assert process.wait(30) == -signal.SIGTERM


URL = "s3://ml101-111122223333-us-east-1/attendees/ann/activity"
HOURS = 3600.0 * 9


def test_what_was_found_is_told_at_once_when_it_changes_and_not_at_every_look(
    watch: Watch,
) -> None:
    used(watch, 120)
    watch.start(HOURS, url=URL)
    watch.says(f"activity: written to {URL}")
    watch.looks(3)

    (first,) = watch.activities()
    assert set(first) == {"at", "latest", "verdict", "reason"}
    assert first["verdict"] == "active"
    at, latest = (datetime.fromisoformat(first[key]) for key in ("at", "latest"))
    assert at.tzinfo == latest.tzinfo == UTC
    assert latest <= at
    assert watch.told.with_name("told.to").read_text() == f"s3 cp --only-show-errors - {URL}\n"

    watch.jupyter.answers["/api/kernels"] = 500

    wait_for(lambda: len(watch.activities()) > 1, "the change was not told")
    unknown = watch.activities()[1]
    assert unknown["verdict"] == "unknown"
    assert "500" in unknown["reason"]
    assert unknown["latest"] == first["latest"]


def test_what_does_not_change_is_told_again_after_a_while(watch: Watch) -> None:
    used(watch, 0, "busy")
    watch.start(HOURS, url=URL, WORKSHOP_IDLE_TELL_SECONDS="0.1")

    wait_for(lambda: len(watch.activities()) > 2, "it was told once")
    assert {found["verdict"] for found in watch.activities()} == {"active"}


def test_what_cannot_be_written_is_logged_and_tried_again_and_stops_go_on(watch: Watch) -> None:
    refused = 'echo "An error occurred (AccessDenied)" >&2; exit 1'
    watch.answer_with(f'case "$1" in s3) {refused} ;; *) echo "$*" >>"{watch.calls}" ;; esac')
    watch.start(0, url=URL)
    watch.says("activity: not written: An error occurred (AccessDenied)")
    wait_for(watch.stops, "nothing was stopped")

    watch.answer_with(watch.notes)

    wait_for(watch.activities, "it was not tried again")
    assert watch.activities()[0]["verdict"] == "stop"


def test_a_studio_app_that_nobody_uses_is_told_of_and_not_stopped(watch: Watch) -> None:
    process = watch.start(0, of="studio", url=URL)

    wait_for(watch.activities, "nothing was told")
    watch.looks(3)
    assert watch.activities()[0]["verdict"] == "stop"
    assert not watch.calls.exists()
    assert process.poll() is None


def test_a_studio_apps_server_is_asked_in_plain_http_below_its_base_url(tmp_path: Path) -> None:
    plain = Jupyter()
    base = "/jupyterlab/default"
    plain.answers = {base + path: answer for path, answer in plain.answers.items()}
    watch = Watch(tmp_path / "machine", plain, sys.executable)
    assert idle.SERVERS["studio"] == f"http://localhost:8888{base}"
    try:
        watch.start(HOURS, of="studio", url=URL, WORKSHOP_JUPYTER_URL=f"{plain.url}{base}/")

        wait_for(watch.activities, "nothing was told")
        assert watch.activities()[0]["verdict"] == "active"
    finally:
        for process in watch.processes:
            process.kill()
            process.wait()
        plain.close()
