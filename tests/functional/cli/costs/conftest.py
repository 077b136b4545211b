"""One local AWS for the tests of this folder, which share a worker."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.functional.cli.local_aws import local_aws
from tests.unit.workshop.configs import write_config


@pytest.fixture(scope="session")
def exports() -> Iterator[dict[str, str]]:
    """The variables that lead to a local AWS in a process of its own."""
    with local_aws("--pace", "0") as found:
        yield found


@pytest.fixture
def config(exports: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The workshop ml101 of ann and bob with a budget, in the local AWS."""
    for name, value in exports.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    return write_config(tmp_path, budget={"total": 100, "per_attendee": 25})
