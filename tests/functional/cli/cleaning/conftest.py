"""One local AWS for the tests of this folder, which share a worker."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.functional.cli.cleaning.account import remove_everything
from tests.unit.workshop.configs import write_config


@pytest.fixture(scope="session")
def exports() -> Iterator[dict[str, str]]:
    """The variables that lead to a local AWS in a process of its own."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "workshop.cli.main", "local-aws", "--json", "--pace", "0"],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if line == "}\n":
            break
    yield json.loads("".join(lines))["exports"]
    process.terminate()
    process.communicate()


@pytest.fixture
def config(
    exports: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """The workshop ml101 of ann and bob, in an AWS that every test leaves empty; the working
    directory is the test's own."""
    for name, value in exports.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    yield write_config(tmp_path)
    remove_everything()
