"""In an attendee's environment the instructor's commands say whose they are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.functional.cli.cleaning.account import say
from tests.functional.cli.clients import client
from tests.functional.cli.guarding.account import ACCOUNT, EAST

# One local AWS serves all tests of this folder, so they share a worker.
pytestmark = pytest.mark.xdist_group("guarding-commands")

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def seat(config: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The environment of ann, with her role's credentials; returns the configuration."""
    monkeypatch.setenv("WORKSHOP_ROOT", str(config.parent))
    metadata = config.parent / "opt" / "ml" / "metadata" / "resource-metadata.json"
    metadata.parent.mkdir(parents=True)
    arn = f"arn:aws:sagemaker:{EAST}:{ACCOUNT}:notebook-instance/ml101-ann"
    metadata.write_text(json.dumps({"ResourceArn": arn, "ResourceName": "ml101-ann"}))
    role = f"arn:aws:iam::{ACCOUNT}:role/ml101-ann"
    found = client("sts").assume_role(RoleArn=role, RoleSessionName="SageMaker")["Credentials"]
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", found["AccessKeyId"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", found["SecretAccessKey"])
    monkeypatch.setenv("AWS_SESSION_TOKEN", found["SessionToken"])
    return config


@pytest.mark.usefixtures("seat")
@pytest.mark.parametrize(
    "arguments", [("guard",), ("guard", "--hold", "1h", "--yes"), ("extend", "1h", "--yes")]
)
def test_an_attendee_is_told_that_the_command_is_the_instructors(
    capsys: Capture, arguments: tuple[str, ...]
) -> None:
    code, _, err = say(capsys, *arguments)

    assert code == 2
    assert f"workshop {arguments[0]} is the instructor's" in err
    assert "this is the environment of ann in ml101" in err


def test_whoever_names_a_configuration_works_as_an_instructor(seat: Path, capsys: Capture) -> None:
    code, _, err = say(capsys, "guard", "--release", "--config", seat)

    assert code == 0
    assert "nobody is held" in err
