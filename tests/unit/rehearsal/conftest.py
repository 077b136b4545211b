from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.rehearsal.bench import Bench
from tests.unit.rehearsal.stacks import Stacks


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path / "machine")
    yield bench
    bench.machine.close()


@pytest.fixture
def stacks(bench: Bench) -> Stacks:
    return Stacks(bench)
