"""The boot scripts with the real wheel and AWS CLI; an S3 on loopback. More in tests/bats."""

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
from tests.integration.lifecycle.machines import ACCOUNT, Machine
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


def test_a_bundle_that_was_tampered_with_is_not_installed(studio: Machine) -> None:
    wrong = hashlib.sha256(b"another").hexdigest()

    done = studio.start("boot", sha256=wrong)

    assert done.returncode == 0
    assert "could not be installed" in studio.failure()
    assert not (studio.state / "venv").exists()
    assert (studio.labs / "lab.py").exists()
