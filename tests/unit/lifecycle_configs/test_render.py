"""The boot scripts as text."""

from __future__ import annotations

import ast
import base64
import random
import string
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from lifecycle_configs import idle
from lifecycle_configs.render import MAX_ENCODED, BootValues, encode, labs_directory, pack, render
from workshop.errors import WorkshopError
from workshop.model import Environment

VALUES = BootValues(
    workshop="ml101",
    repository="https://github.com/example/ml-labs.git",
    ref="main",
    bucket="ml101-{account}-us-east-1",
    bundle="s3://cdk-hnb659fds-assets-{account}-us-east-1/workshops/ml101/" + "a" * 64 + ".zip",
    bundle_sha256="0" * 64,
    idle_minutes=60,
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
def test_shellcheck_finds_nothing_in_what_unpacks_it(
    environment: Environment, tmp_path: Path
) -> None:
    script = tmp_path / "packed.sh"
    script.write_text(pack(render(environment, VALUES)), encoding="utf-8")
    shellcheck = Path(sys.executable).with_name("shellcheck")

    done = subprocess.run([shellcheck, script], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout


def incompressible(length: int) -> str:
    return "".join(random.Random(length).choices(string.ascii_letters + string.digits, k=length))


@both
def test_the_script_fits_the_size_sagemaker_takes(environment: Environment) -> None:
    longest = replace(VALUES, repository="https://" + incompressible(1016), ref=incompressible(250))

    assert len(encode(render(environment, longest))) <= MAX_ENCODED


def test_a_script_that_is_too_long_is_refused() -> None:
    with pytest.raises(WorkshopError, match="base64 characters"):
        encode(incompressible(16_384))


def test_the_packed_script_is_what_is_encoded() -> None:
    assert base64.b64decode(encode("exit 0\n")).decode() == pack("exit 0\n")


def test_the_same_script_gives_the_same_bytes() -> None:
    script = render("notebook", VALUES)

    # A time of packing, to the second, would stand in bytes 4 to 8 of a gzip file (RFC 1952).
    body = base64.b64decode(pack(script).split("gzip -dc\n")[1].split("PACKED")[0])
    assert body[4:8] == bytes(4)


def test_a_packed_script_gets_its_arguments() -> None:
    packed = pack('echo "$1"\nexit 0\n')

    done = subprocess.run(
        ["bash", "-s", "boot"], input=packed, capture_output=True, text=True, check=True
    )

    assert done.stdout == "boot\n"


def test_a_packed_script_that_cannot_be_unpacked_says_so_and_still_returns_zero() -> None:
    packed = pack("exit 0\n").replace("gzip -dc", "false")

    done = subprocess.run(["bash"], input=packed, capture_output=True, text=True, check=False)

    assert done.returncode == 0
    assert "could not be unpacked" in done.stderr


def program(environment: Environment) -> str:
    """The idle program as it stands in a script."""
    return render(environment, VALUES).split("<<'PYTHON'\n")[1].split("\nPYTHON\n")[0]


@both
def test_the_idle_program_goes_along_without_comments_and_says_the_same(
    environment: Environment,
) -> None:
    carried = ast.parse(program(environment))
    source = ast.parse(Path(idle.__file__).read_text(encoding="utf-8"))
    for node in [*ast.walk(carried), *ast.walk(source)]:
        if isinstance(node, (ast.Module, ast.FunctionDef)) and ast.get_docstring(node):
            del node.body[0]

    assert ast.dump(carried) == ast.dump(source)
    assert not [line for line in program(environment).splitlines() if line.startswith("#")]


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
