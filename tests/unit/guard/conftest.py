"""A local AWS in this process, whose clock the test moves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.rehearsal.bench import Bench
from tests.unit.rehearsal.wire import Wire


@pytest.fixture(scope="module")
def wire() -> Wire:
    """Clients of the local AWS."""
    return Wire()


@pytest.fixture
def bench(tmp_path: Path, wire: Wire) -> Iterator[Bench]:
    """A new local AWS, which the wire reaches."""
    bench = Bench(tmp_path / "machine")
    wire.connect(bench.world)
    yield bench
    bench.machine.close()
