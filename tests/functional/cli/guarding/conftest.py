"""One local AWS for the tests of this folder, which share a worker."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.functional.cli.cleaning.account import remove_everything
from tests.functional.cli.guarding.account import EAST, WEST, deploy_guard, remove_guards
from tests.functional.cli.local_aws import local_aws
from tests.unit.workshop.configs import write_config


@pytest.fixture(scope="session")
def exports() -> Iterator[dict[str, str]]:
    """The variables that lead to a local AWS in a process of its own."""
    with local_aws("--pace", "0") as found:
        yield found


@pytest.fixture
def place(
    exports: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """A directory of the test's own, and an AWS that every test leaves empty."""
    for name, value in exports.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    remove_everything()
    remove_guards()


@pytest.fixture
def config(place: Path) -> Path:
    """The workshop ml101 of ann and bob, with its guard."""
    path = write_config(place, budget={"total": 100, "per_attendee": 10})
    deploy_guard(path)
    return path


@pytest.fixture
def two_regions(place: Path) -> Path:
    """The workshop ml101 of ann in the east and bob in the west, with a guard in each."""
    attendees = [{"id": "ann", "region": EAST}, {"id": "bob", "region": WEST}]
    path = write_config(place, regions=[EAST, WEST], attendees=attendees)
    deploy_guard(path, EAST, WEST)
    return path


@pytest.fixture
def over(place: Path) -> Path:
    """The workshop ml101, which ended years ago, with its guard."""
    times = {"starts": "2020-03-02T09:00:00Z", "ends": "2020-03-02T17:00:00Z"}
    path = write_config(place, **times)
    deploy_guard(path)
    return path
