"""The meter over a whole class, from listings alone, against what the class really had.

The local AWS runs in this process, on a clock that the test moves; the test keeps its own
record of who had what from when to when, and the meter never sees it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from random import Random

import pytest

from cleanup.calls import Caller
from cleanup.lifetimes import Lifetimes
from cleanup.resources import Scope
from cleanup.scan import Scanner
from costs.meter import Bill, add_up
from costs.price_list import read_price_list
from costs.prices import VOLUME_TYPES, Cell, Prices
from rehearsal.faults.reach import parse
from rehearsal.sagemaker.resource import Outcome
from tests.unit.rehearsal.bench import REGION, Bench, Ended, EndlessActivity
from tests.unit.rehearsal.wire import Wire
from workshop.cli.cost_so_far import find_lifetimes

PEOPLE = ("ann", "bob", "cam")
CELLS = [
    *(Cell(REGION, usage, "ml.m5.large") for usage in ("hosting", "training", "processing")),
    *(Cell(REGION, usage, "ml.m5.large") for usage in ("transform", "studio-jupyterlab")),
    *(Cell(REGION, usage, "ml.t3.medium") for usage in ("notebook", "studio-jupyterlab")),
    *(Cell(REGION, usage, name) for usage, name in VOLUME_TYPES.items()),
]
JOBS = {"training-job": "training", "processing-job": "processing", "transform-job": "transform"}


@dataclass(frozen=True, slots=True)
class Recorded:
    """What somebody had, by the test's own watch. `ended` None: it is still there."""

    attendee: str
    cell: Cell
    count: int
    began: float
    ended: float | None


class Class:
    """People who work in a local AWS, and the record of it."""

    def __init__(self, directory: Path) -> None:
        self.bench = Bench(directory)
        self.wire = Wire()
        self.wire.connect(self.bench.world)
        self.record: list[Recorded] = []
        self._random = Random(7)

    def now(self) -> float:
        return self.bench.clock.now()

    def note(
        self,
        who: str,
        usage: str,
        name: str,
        began: float,
        ended: float | None = None,
        count: int = 1,
    ) -> None:
        self.record.append(Recorded(who, Cell(REGION, usage, name), count, began, ended))

    def pass_time(self) -> None:
        self.bench.step(self._random.randrange(60, 5000))

    def give_studio(self, who: str, domain: str) -> None:
        self.bench.profile(domain, f"ml101-{who}")
        self.bench.call(
            "CreateSpace",
            DomainId=domain,
            SpaceName=f"ml101-{who}",
            OwnershipSettings={"OwnerUserProfileName": f"ml101-{who}"},
            SpaceSharingSettings={"SharingType": "Private"},
            SpaceSettings={
                "AppType": "JupyterLab",
                "SpaceStorageSettings": {"EbsStorageSettings": {"EbsVolumeSizeInGb": 5}},
            },
        )
        self.note(who, "studio-volume", "gp3", self.now(), count=5)
        self.bench.step(10)
        spec = {"InstanceType": "ml.t3.medium"}
        self.bench.app(domain, f"ml101-{who}", ResourceSpec=spec)
        self.note(who, "studio-jupyterlab", "ml.t3.medium", self.now())

    def give_notebook(self, who: str) -> None:
        self.bench.notebook(f"ml101-{who}")
        self.note(who, "notebook-volume", "gp2", self.now(), count=5)
        self.note(who, "notebook", "ml.t3.medium", self.now())

    def deploy_endpoint(self, who: str) -> None:
        began = self.now()
        self.bench.endpoint(f"ml101-{who}-live")
        self.note(who, "hosting", "ml.m5.large", began)

    def run_job(self, who: str, kind: str) -> None:
        """A job that waits for its instances, works, and ends well."""
        bench, name = self.bench, f"ml101-{who}-{len(self.record)}"
        if kind == "training-job":
            bench.training_job(name)
        elif kind == "processing-job":
            bench.processing_job(name)
        else:
            bench.transform_job(bench.model(name), name)
        job = bench.found(kind, name)
        job.activity = EndlessActivity()
        while not any(field.endswith("StartTime") for field in job.fields):
            bench.step(1)
        job.activity = EndlessActivity()
        (began,) = (value for field, value in job.fields.items() if field.endswith("StartTime"))
        self.pass_time()
        job.activity = Ended(Outcome("Completed"))
        bench.step()
        assert job.status == "Completed"
        self.note(who, JOBS[kind], "ml.m5.large", began, self.now())

    def bill(self, prices: Prices) -> Bill:
        scope = Scope("ml101", frozenset(PEOPLE), (REGION,))
        caller = Caller(self.wire, calls_per_second=1e9)
        resources = Scanner(scope, caller).look().resources
        found = find_lifetimes(resources, Lifetimes(caller))
        return add_up(found, prices, datetime.fromtimestamp(self.now(), UTC))


@pytest.fixture
def people(tmp_path: Path) -> Iterator[Class]:
    found = Class(tmp_path / "machine")
    yield found
    found.bench.machine.close()


def recorded_usd(record: Iterable[Recorded], prices: Prices, now: float) -> float:
    """The sum by the record: hours times count times price, 730 hours a month."""
    total = 0.0
    for had in record:
        usd = prices.usd(had.cell)
        assert usd is not None, had.cell
        per_hour = usd / 730 if had.cell.usage in VOLUME_TYPES else usd
        total += ((had.ended or now) - had.began) / 3600 * had.count * per_hour
    return total


def test_the_meter_over_a_class_is_the_sum_of_the_recorded_lifetimes_to_the_cent(
    people: Class,
) -> None:
    prices = read_price_list(CELLS, people.wire, "us-east-1", date(2027, 1, 15))
    domain = people.bench.domain()
    for who in ("ann", "bob"):
        people.give_studio(who, domain)
        people.pass_time()
    people.give_notebook("cam")
    for who in PEOPLE:
        for kind in JOBS:
            people.run_job(who, kind)
        people.pass_time()
        people.deploy_endpoint(who)
    people.pass_time()

    bill = people.bill(prices)

    now = people.now()
    assert bill.total.unknown == 0
    assert round(bill.total.usd, 2) == round(recorded_usd(people.record, prices, now), 2)
    assert bill.total.usd > 1
    for who in PEOPLE:
        own = recorded_usd((r for r in people.record if r.attendee == who), prices, now)
        assert round(bill.by_attendee[who].usd, 2) == round(own, 2)


def test_looking_again_counts_what_goes_on_and_nothing_twice(people: Class) -> None:
    prices = read_price_list(CELLS, people.wire, "us-east-1", date(2027, 1, 15))
    people.run_job("ann", "training-job")
    before = people.bill(prices).total

    people.bench.step(3600)
    assert people.bill(prices).total == before
    people.deploy_endpoint("ann")
    people.bench.step(7200)

    hours = (people.now() - people.record[-1].began) / 3600
    hosting = prices.usd(Cell(REGION, "hosting", "ml.m5.large"))
    assert hosting is not None
    assert people.bill(prices).total.usd == pytest.approx(before.usd + hours * hosting)


def test_what_may_not_be_described_is_unknown_and_not_free(people: Class) -> None:
    prices = read_price_list(CELLS, people.wire, "us-east-1", date(2027, 1, 15))
    people.run_job("ann", "training-job")
    people.run_job("bob", "training-job")
    people.bench.world.faults.set(
        parse([{"fault": "refuse", "service": "sagemaker", "operation": "DescribeTrainingJob"}])
    )

    bill = people.bill(prices)

    assert (bill.total.usd, bill.total.unknown) == (0, 2)
    assert str(bill.total) == "unknown"
