"""What the CDK app takes along, and what it says of it."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from workshop.cli.synth import synthesize

REPOSITORY = "https://git.example.com/labs/ml-labs.git"
WORKSHOP = f"""
name: ml101
title: Machine learning 101
environment: notebook
attendees: [ann]
regions: [us-east-1]
starts: 2030-03-04T09:00:00+01:00
ends: 2030-03-04T17:00:00+01:00
repository: {{url: "{REPOSITORY}", ref: main}}
modules: [iris-xgboost]
instances:
  workspace: ml.t3.medium
  training: [ml.m5.xlarge]
  processing: [ml.m5.xlarge]
  transform: [ml.m5.xlarge]
  endpoint: [ml.m5.large]
"""


@pytest.fixture(autouse=True)
def only_local_git(remote: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_ALLOW_PROTOCOL", "file")
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", f"url.file://{remote.parent}/.insteadOf")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "https://git.example.com/labs/")


def bundle_names(tmp_path: Path, text: str = WORKSHOP) -> set[str]:
    """The names in the bundle of a workshop's assembly."""
    config, assembly = tmp_path / "workshop.yaml", tmp_path / "assembly"
    config.write_text(text, encoding="utf-8")
    synthesize(config, assembly)
    for manifest in assembly.glob("*.assets.json"):
        for file in json.loads(manifest.read_text(encoding="utf-8"))["files"].values():
            path = assembly / file["source"]["path"]
            if path.suffix == ".zip" and "requirements.txt" in (found := _names(path)):
                return found
    raise AssertionError("there is no bundle")


def told_to_the_guard(tmp_path: Path) -> dict[str, Any]:
    """The policy in the guard's schedule of a workshop's assembly."""
    config, assembly = tmp_path / "workshop.yaml", tmp_path / "assembly"
    config.write_text(WORKSHOP, encoding="utf-8")
    synthesize(config, assembly)
    template = (assembly / "ml101-shared-us-east-1.template.json").read_text(encoding="utf-8")
    (schedule,) = [
        resource["Properties"]
        for resource in json.loads(template)["Resources"].values()
        if resource["Type"] == "AWS::Scheduler::Schedule"
    ]
    policy: dict[str, Any] = json.loads(schedule["Target"]["Input"])["policy"]
    return policy


def _names(path: Path) -> set[str]:
    with zipfile.ZipFile(path) as archive:
        return set(archive.namelist())


def test_the_labs_go_along_without_a_word(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert "labs.tar" in bundle_names(tmp_path)
    assert capfd.readouterr() == ("", "")


def test_labs_that_cannot_be_had_are_one_warning_and_no_failure(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    text = WORKSHOP.replace("ref: main", "ref: no-such-branch")

    assert "labs.tar" not in bundle_names(tmp_path, text)
    out, err = capfd.readouterr()
    assert out == ""
    assert err.startswith("warning: no copy of the labs goes along")
    assert f"{REPOSITORY} at no-such-branch: " in err
    assert err.count("\n") == 1


PRICES = """region,usage,instance_type,usd,as_of,source
us-east-1,training,ml.m5.xlarge,0.5,2030-01-02,agreed with AWS
us-east-1,hosting,ml.m5.large,0.4,2030-01-02,http://127.0.0.1:4566
us-east-1,processing,ml.m5.xlarge,0.3,2030-01-02,https://api.pricing.us-east-1.amazonaws.com
"""


@pytest.mark.parametrize(
    ("endpoint", "expected"),
    [
        ("", {"training", "processing"}),
        ("http://127.0.0.1:4566", {"training", "hosting"}),
        ("http://127.0.0.1:5000", {"training"}),
    ],
)
def test_a_guard_goes_by_prices_of_the_place_it_is_deployed_to(
    endpoint: str, expected: set[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "workshop.prices.csv").write_text(PRICES, encoding="utf-8")
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    if not endpoint:
        monkeypatch.delenv("AWS_ENDPOINT_URL")

    assert {usage for usage, *_ in told_to_the_guard(tmp_path)["prices"]} == expected
