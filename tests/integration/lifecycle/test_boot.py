"""The boot scripts run for real: bash, git, the AWS CLI, uv; an S3 on loopback."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from jsonschema import validate  # type: ignore[import-untyped]

from tests.integration.lifecycle.conftest import MakeMachine
from tests.integration.lifecycle.machines import ACCOUNT, Machine, commit, git
from workshop.model import Environment

pytestmark = pytest.mark.xdist_group("lifecycle")


@pytest.mark.parametrize("environment", ["studio", "notebook"])
def test_a_fresh_environment_gets_labs_defaults_and_the_command(
    environment: Environment, make_machine: MakeMachine, remote: Path
) -> None:
    machine = make_machine(environment, remote)

    done = machine.start("boot")

    assert done.returncode == 0
    assert (machine.state / "READY").exists(), done.stderr
    assert (machine.labs / "lab.py").read_text(encoding="utf-8") == "second"
    context = json.loads((machine.home / ".workshop/context.json").read_text(encoding="utf-8"))
    assert context == {
        "workshop": "ml101",
        "attendee": "ann",
        "region": "us-east-1",
        "bucket": f"ml101-{ACCOUNT}-us-east-1",
        "prefix": "attendees/ann/",
        "role": f"arn:aws:iam::{ACCOUNT}:role/ml101-ann",
        "environment": environment,
    }
    command = machine.home / ".local/bin/workshop"
    assert command.resolve() == machine.state / "venv/bin/workshop"
    assert command.exists()
    imported = subprocess.run(
        [str(machine.state / "venv/bin/python"), "-c", "import workshop; print(workshop.__file__)"],
        cwd="/",
        capture_output=True,
        text=True,
        check=True,
    )
    assert imported.stdout.startswith(str(machine.state / "venv"))
    assert "ml-labs" in (machine.base / "WORKSHOP-README.txt").read_text(encoding="utf-8")
    assert "ready" in machine.app_log.read_text(encoding="utf-8")


def test_the_sdk_accepts_the_defaults_written_for_it(studio: Machine) -> None:
    studio.start("boot")

    text = (studio.home / ".config/sagemaker/config.yaml").read_text(encoding="utf-8")
    # The schema alone: importing all of sagemaker.core takes seconds.
    schema = subprocess.run(
        [
            sys.executable,
            "-c",
            "import json; from sagemaker.core.config.config_schema import "
            "SAGEMAKER_PYTHON_SDK_CONFIG_SCHEMA as s; print(json.dumps(s))",
        ],
        env={**os.environ, "AWS_DEFAULT_REGION": "us-east-1"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    document = yaml.safe_load(text)
    validate(document, json.loads(schema.splitlines()[-1]))
    session = document["SageMaker"]["PythonSDK"]["Modules"]["Session"]
    assert session == {
        "DefaultS3Bucket": f"ml101-{ACCOUNT}-us-east-1",
        "DefaultS3ObjectKeyPrefix": "attendees/ann",
    }
    assert {"Key": "workshop:attendee", "Value": "ann"} in document["SageMaker"]["Endpoint"]["Tags"]


def test_sagemaker_sees_the_start_succeed_while_the_work_goes_on(studio: Machine) -> None:
    started = studio.start()

    assert started.returncode == 0
    assert started.stdout == ""
    # The lock is taken for as long as the background part runs; the marker is its last act.
    deadline = time.monotonic() + 90
    while not ((studio.state / "READY").exists() or (studio.state / "FAILED").exists()):
        assert time.monotonic() < deadline, (studio.state / "boot.log").read_text(encoding="utf-8")
        time.sleep(0.05)
    assert (studio.state / "READY").exists()


def test_a_second_start_downloads_and_installs_nothing(studio: Machine) -> None:
    studio.start("boot")
    installed = (studio.state / "venv/bin/workshop").stat().st_mtime_ns
    studio.store = dataclasses.replace(studio.store, endpoint="http://127.0.0.1:9")

    studio.start("boot")

    assert (studio.state / "READY").exists()
    assert (studio.state / "venv/bin/workshop").stat().st_mtime_ns == installed


def test_untouched_labs_follow_the_reference(studio: Machine, tmp_path: Path) -> None:
    studio.start("boot")
    commit(tmp_path / "work", "lab.py", "third")
    git("push", "--quiet", "origin", "HEAD:main", at=tmp_path / "work")

    studio.start("boot")

    assert (studio.labs / "lab.py").read_text(encoding="utf-8") == "third"


@pytest.mark.parametrize("committed", [False, True])
def test_an_attendees_edits_are_never_overwritten(
    committed: bool, studio: Machine, tmp_path: Path
) -> None:
    studio.start("boot")
    if committed:
        commit(studio.labs, "lab.py", "mine")
    else:
        (studio.labs / "lab.py").write_text("mine", encoding="utf-8")
    commit(tmp_path / "work", "lab.py", "third")
    git("push", "--quiet", "origin", "HEAD:main", at=tmp_path / "work")

    studio.start("boot")

    assert (studio.labs / "lab.py").read_text(encoding="utf-8") == "mine"
    assert (studio.state / "READY").exists()


def test_edited_sdk_defaults_are_left_alone(studio: Machine) -> None:
    studio.start("boot")
    config = studio.home / ".config/sagemaker/config.yaml"
    config.write_text("SchemaVersion: '1.0'\n", encoding="utf-8")

    studio.start("boot")

    assert config.read_text(encoding="utf-8") == "SchemaVersion: '1.0'\n"


def test_a_tag_and_a_commit_can_be_the_reference(studio: Machine, tmp_path: Path) -> None:
    first = git("rev-parse", "v1", at=tmp_path / "work").strip()

    studio.start("boot", ref="v1")
    by_tag = git("rev-parse", "HEAD", at=studio.labs).strip()
    studio.start("boot", ref=first)

    assert by_tag == first
    assert git("rev-parse", "HEAD", at=studio.labs).strip() == first


def test_an_unreachable_repository_leaves_a_note_and_the_command(
    make_machine: MakeMachine,
) -> None:
    machine = make_machine("studio", None)

    done = machine.start("boot")

    assert done.returncode == 0
    assert "labs could not be fetched" in machine.failure()
    assert machine.failure().count("\n") == 1
    assert not (machine.state / "READY").exists()
    note = (machine.base / "WORKSHOP-FAILED.txt").read_text(encoding="utf-8")
    assert f"bash {machine.state}/boot.sh" in note
    assert (machine.home / ".local/bin/workshop").exists()


def test_what_the_note_says_repairs_the_environment(
    make_machine: MakeMachine, remote: Path
) -> None:
    machine = make_machine("studio", None)
    machine.start()
    deadline = time.monotonic() + 90
    while not (machine.state / "FAILED").exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    machine.remote = remote

    subprocess.run(
        ["bash", str(machine.state / "boot.sh")], env=dict(machine.variables()), check=True
    )

    assert (machine.state / "READY").exists()
    assert not (machine.base / "WORKSHOP-FAILED.txt").exists()


def test_a_reference_that_does_not_exist_is_named(studio: Machine) -> None:
    done = studio.start("boot", ref="no-such-branch")

    assert done.returncode == 0
    assert "no-such-branch" in studio.failure()
    assert not studio.labs.exists()


def test_a_bundle_that_was_tampered_with_is_not_installed(studio: Machine) -> None:
    wrong = hashlib.sha256(b"another").hexdigest()

    done = studio.start("boot", sha256=wrong)

    assert done.returncode == 0
    assert "could not be installed" in studio.failure()
    assert not (studio.state / "venv").exists()
    assert (studio.labs / "lab.py").exists()


def test_another_workshops_environment_is_refused(studio: Machine) -> None:
    metadata = studio.root / "opt/ml/metadata/resource-metadata.json"
    text = metadata.read_text(encoding="utf-8").replace("ml101-ann", "ml102-ann")
    metadata.write_text(text, encoding="utf-8")

    done = studio.start("boot")

    assert done.returncode == 0
    assert 'environment "ml102-ann" does not belong to workshop ml101' in studio.failure()
    assert not (studio.state / "context.json").exists()
