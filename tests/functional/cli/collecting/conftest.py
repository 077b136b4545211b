"""One local AWS for the tests of this folder, which share a worker."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.functional.cli.collecting.account import (
    BUCKET,
    REGION,
    make_stack,
    remove_everything,
)
from tests.functional.cli.local_aws import local_aws
from tests.unit.workshop.configs import write_config


@pytest.fixture(scope="session")
def exports() -> Iterator[dict[str, str]]:
    """The variables that lead to a local AWS in a process of its own."""
    with local_aws("--pace", "0") as found:
        yield found


@pytest.fixture
def config(
    exports: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """The workshop ml101 of ann and bob with its bucket, in a directory of its own."""
    for name, value in exports.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "instructor"))
    make_stack()
    yield write_config(tmp_path)
    remove_everything()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Ann's home: what the boot script wrote, and an hour of work."""
    home = tmp_path / "ann"
    (home / ".workshop").mkdir(parents=True)
    context = {"workshop": "ml101", "attendee": "ann", "region": REGION, "bucket": BUCKET}
    (home / ".workshop" / "context.json").write_text(
        json.dumps({**context, "environment": "notebook"})
    )
    (home / "work.ipynb").write_text("an hour of work", encoding="utf-8")
    return home
