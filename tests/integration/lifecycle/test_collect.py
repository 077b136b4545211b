"""Work is collected from a machine by the script that its boot leaves there."""

from __future__ import annotations

import io
import json
import subprocess
import tarfile
import time
from pathlib import Path

import psutil
import pytest

from tests.integration.lifecycle.conftest import MakeMachine
from tests.integration.lifecycle.machines import BUCKET, Machine, Store
from workshop import names
from workshop.model import Environment

pytestmark = pytest.mark.xdist_group("lifecycle")
PREFIX = "attendees/ann/collected/"


def content(machine: Machine, name: str) -> bytes:
    body: bytes = machine.store.s3().get_object(Bucket=BUCKET, Key=PREFIX + name)["Body"].read()
    return body


def collected(machine: Machine) -> dict[str, bytes]:
    """The files of the archive that counts."""
    archive = json.loads(content(machine, "collected.json"))["archive"]
    with tarfile.open(fileobj=io.BytesIO(content(machine, archive))) as tar:
        members = [member for member in tar if member.isfile()]
        return {m.name: file.read() for m in members if (file := tar.extractfile(m))}


def told(machine: Machine) -> str:
    """What an environment says of its last boot."""
    body = machine.store.s3().get_object(Bucket=BUCKET, Key=names.boot_key("ann"))["Body"]
    return str(body.read().decode().strip())


@pytest.fixture(autouse=True)
def empty_bucket(store: Store) -> None:
    s3 = store.s3()
    for item in s3.list_objects_v2(Bucket=BUCKET).get("Contents", []):
        s3.delete_object(Bucket=BUCKET, Key=item["Key"])


def test_every_start_is_noted_in_the_bucket(studio: Machine) -> None:
    studio.start("boot")
    first = content(studio, "started")
    time.sleep(1.1)  # the note has whole seconds

    studio.start("boot")

    assert content(studio, "started") > first


def test_how_a_boot_went_is_said_in_the_bucket(studio: Machine) -> None:
    studio.start("boot")
    assert told(studio) == "READY"

    (studio.labs / ".git").rename(studio.labs / "git")
    studio.start("boot")
    assert told(studio).startswith("FAILED: labs could not be fetched")


@pytest.mark.parametrize("environment", ["studio", "notebook"])
def test_an_environment_says_in_the_bucket_when_it_was_last_used(
    environment: Environment, make_machine: MakeMachine, remote: Path
) -> None:
    machine = make_machine(environment, remote)
    s3 = machine.store.s3()

    machine.start()

    deadline = time.monotonic() + 60
    while not s3.list_objects_v2(Bucket=BUCKET, Prefix=names.activity_key("ann"))["KeyCount"]:
        assert time.monotonic() < deadline, (machine.state / "idle.log").read_text(encoding="utf-8")
        time.sleep(0.05)
    body = s3.get_object(Bucket=BUCKET, Key=names.activity_key("ann"))["Body"].read()
    found = json.loads(body)
    # Nothing listens where this machine's Jupyter server would.
    assert found["verdict"] == "unknown"
    assert found["latest"] <= found["at"]
    while not ((machine.state / "READY").exists() or (machine.state / "FAILED").exists()):
        assert time.monotonic() < deadline + 60
        time.sleep(0.05)


@pytest.mark.parametrize("environment", ["studio", "notebook"])
def test_a_stop_collects_the_work_without_the_tools_own_files(
    environment: Environment, make_machine: MakeMachine, remote: Path
) -> None:
    machine = make_machine(environment, remote)
    machine.start("boot")
    (machine.labs / "mine.txt").write_text("an hour of work", encoding="utf-8")

    machine.stop()

    found = collected(machine)
    assert found["ml101-ann/ml-labs/mine.txt"] == b"an hour of work"
    assert found["ml101-ann/ml-labs/lab.py"] == b"second"
    assert not any("/.workshop/" in name or "/.local/" in name for name in found)
    assert machine.watchers() == []


def test_the_attendee_collects_with_the_installed_command(studio: Machine) -> None:
    studio.start("boot")

    done = subprocess.run(
        [studio.home / ".local/bin/workshop", "collect"],
        cwd="/",
        env=dict(studio.variables()),
        capture_output=True,
        text=True,
        check=True,
    )

    assert "X-Amz-Signature" in done.stdout
    assert "collected" in done.stderr
    assert "ml101-ann/ml-labs/lab.py" in collected(studio)


def test_two_starts_leave_one_process_that_waits_and_it_ends_with_its_volume(
    studio: Machine,
) -> None:
    studio.start("boot")
    studio.start("boot")
    deadline = time.monotonic() + 10
    while len(studio.watchers()) != 1:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    (watcher,) = studio.watchers()

    studio.delete()

    assert psutil.wait_procs([watcher], timeout=20)[1] == []
