"""A local AWS of their own for the tests of a file, and a terminal to sweep it from."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from rehearsal import isolation
from rehearsal.processes import LocalAws
from tests.integration.cleanup.terminal import Terminal
from tests.unit.workshop.configs import write_config


@pytest.fixture(scope="module")
def terminal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terminal]:
    directory = tmp_path_factory.mktemp("sweeps")
    aws = LocalAws(directory / "aws", isolation.without_aws(os.environ))
    yield Terminal(aws.url, directory)
    aws.close()


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """The workshop ml101 of ann and bob."""
    return write_config(tmp_path)
