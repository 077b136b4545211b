"""One of everything is what it says: a test that cleans it up has every kind to clean."""

from __future__ import annotations

import pytest

from rehearsal.inventory import everything
from rehearsal.sagemaker.kinds import KINDS
from tests.everything import RUNNING, make_one_of_every_kind
from tests.unit.rehearsal.bench import REGION, Bench
from tests.unit.rehearsal.wire import Wire

# Jobs that run for real end at once where there is no program for them; an export costs nothing.
RECORDS = {"training-job", "processing-job", "transform-job", "model-card-export-job"}
# It is scheduled and costs nothing yet.
SCHEDULED = {"training-session"}
ELSEWHERE = {
    "file-system",
    "log-stream",
    "mount-target",
    "network-interface",
    "repository",
    "role",
    "scalable-target",
    "security-group",
}


@pytest.fixture
def wire(bench: Bench) -> Wire:
    wire = Wire()
    wire.connect(bench.world)
    return wire


def test_every_kind_is_there_under_its_prefix(bench: Bench, wire: Wire) -> None:
    def wait(seconds: float) -> None:
        bench.settle()
        bench.step(seconds)

    tags = {"workshop:name": "ml101"}
    made = make_one_of_every_kind(wire, "ml101-ann", REGION, wait=wait, tags=tags)
    assert {kind.name for kind in KINDS} | {"canvas-app", "memory-group"} == set(made)
    rows = everything(bench.world)
    assert {kind.name for kind in KINDS} - {row["kind"] for row in rows} <= RECORDS
    assert {row["kind"] for row in rows} >= ELSEWHERE
    billing = {row["kind"] for row in rows if row["bills"]}
    assert billing >= {"app", "cluster", "endpoint", "feature-group", "mlflow-server"}
    assert billing >= set(RUNNING) - RECORDS - SCHEDULED
