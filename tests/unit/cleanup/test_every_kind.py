"""One of everything that a workshop can leave behind, swept in this process."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from cleanup.resources import Scope
from cleanup.steps import Policy
from cleanup.sweep import Sweep, SweepResult
from rehearsal.inventory import everything
from tests.everything import make_one_of_every_kind
from tests.unit.rehearsal.bench import REGION, Bench
from tests.unit.rehearsal.wire import Wire
from workshop.names import tags

# What stays: lineage and the records of work, which bill nothing; a plan that is paid for;
# roles and logs, which `destroy` removes.
STAYS = {"action", "artifact", "context", "job", "training-session", "training-plan"}
ELSEWHERE = {"role", "log-group", "log-stream"}


class Swept:
    """One of every kind, made and swept."""

    def __init__(self, bench: Bench, wire: Wire) -> None:
        wire.connect(bench.world)

        def wait(seconds: float) -> None:
            bench.step(seconds)
            time.sleep(0.002)

        make_one_of_every_kind(wire, "ml101-ann", REGION, wait=wait, tags=tags("ml101", "ann"))
        self.before = everything(bench.world)
        self.result: SweepResult = Sweep(
            Scope("ml101", frozenset({"ann"}), (REGION,)),
            wire,
            policy=Policy(keep_managed=False),
            now=bench.clock.now,
            sleep=bench.step,
        ).run()
        self.after = everything(bench.world)


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Swept]:
    bench = Bench(tmp_path_factory.mktemp("every") / "m")
    try:
        yield Swept(bench, Wire())
    finally:
        bench.machine.close()


def test_a_sweep_of_one_of_every_kind_ends_clean(swept: Swept) -> None:
    assert swept.result.clean, (swept.result.blind, swept.result.remaining)
    assert swept.result.unattributed == ()


def test_nothing_of_it_bills_by_the_hour_but_what_is_paid_for(swept: Swept) -> None:
    assert len([row for row in swept.before if row["bills"]]) > 20
    assert [row["kind"] for row in swept.after if row["bills"]] == ["training-plan"]


def test_nothing_is_left_but_records_and_what_is_paid_for(swept: Swept) -> None:
    assert {row["kind"] for row in swept.after} - ELSEWHERE == STAYS


def test_what_is_paid_for_is_kept_with_its_fee(swept: Swept) -> None:
    [(plan, why)] = swept.result.kept
    assert plan.kind == "training-plan"
    assert why.startswith("paid for until its end (0.00 USD)")
