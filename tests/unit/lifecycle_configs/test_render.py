"""The boot scripts as text."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from lifecycle_configs.render import MAX_ENCODED, BootValues, encode, labs_directory, render
from workshop.errors import WorkshopError
from workshop.model import Environment

VALUES = BootValues(
    workshop="ml101",
    repository="https://github.com/example/ml-labs.git",
    ref="main",
    bucket="ml101-{account}-us-east-1",
    bundle="s3://cdk-hnb659fds-assets-{account}-us-east-1/workshops/ml101/" + "a" * 64 + ".zip",
    bundle_sha256="0" * 64,
)

both = pytest.mark.parametrize("environment", ["studio", "notebook"])


@both
def test_shellcheck_finds_nothing(environment: Environment, tmp_path: Path) -> None:
    script = tmp_path / "start.sh"
    script.write_text(render(environment, VALUES), encoding="utf-8")
    shellcheck = Path(sys.executable).with_name("shellcheck")

    done = subprocess.run([shellcheck, script], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout


@both
def test_the_script_fits_the_size_sagemaker_takes(environment: Environment) -> None:
    longest = replace(VALUES, repository="https://" + "r" * 1016, ref="b" * 250)

    assert len(encode(render(environment, longest))) <= MAX_ENCODED


def test_a_script_that_is_too_long_is_refused() -> None:
    with pytest.raises(WorkshopError, match="base64 characters"):
        encode("x" * 12_289)


def test_the_longest_script_allowed_is_taken() -> None:
    assert len(encode("x" * 12_288)) == MAX_ENCODED


@both
def test_line_endings_are_unix(environment: Environment) -> None:
    script = render(environment, VALUES)

    assert "\r" not in script
    assert script.startswith("#!/usr/bin/env bash\n")
    assert script.endswith("exit 0\n")


@both
def test_no_word_is_left_to_fill_in(environment: Environment) -> None:
    script = render(environment, VALUES)

    assert "@workshop@" not in script
    assert "@ref@" not in script


def test_a_value_cannot_break_out_of_the_script(tmp_path: Path) -> None:
    marker = tmp_path / "broken-out"
    script = render("studio", replace(VALUES, ref=f"main'; touch {marker}; '"))

    start = script.index("settings() {")
    settings = script[start : script.index("\n}\n", start) + 3]
    subprocess.run(["bash", "-c", settings + "settings"], check=True)

    assert not marker.exists()


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/example/ml-labs",
        "https://github.com/example/ml-labs.git",
        "https://github.com/example/ml-labs/",
    ],
)
def test_the_labs_directory_is_named_after_the_repository(url: str) -> None:
    assert labs_directory(url) == "ml-labs"
