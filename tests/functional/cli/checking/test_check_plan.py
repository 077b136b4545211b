"""What a configuration says by itself: times, modules, instance types, prices."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from costs.prices import Cell, Price, Prices
from modules.declarations import Need
from tests.factories import make_workshop
from tests.functional.cli.checking.account import LAB, NOW, all_prices, later
from tests.unit.quotas.fakes import FakeClient, refusal
from workshop.cli.findings import Finding
from workshop.cli.probes.plan import check_plan
from workshop.cli.probes.prices import check_prices, read_missing_prices
from workshop.model import Budget, Workshop

WORKSHOP = make_workshop(["ann", "bob"])
HOSTING = Cell("us-east-1", "hosting", "ml.m5.large")


def finding_about(subject: str, workshop: Workshop = WORKSHOP, module: Any = LAB) -> Finding:
    (finding,) = [f for f in check_plan(workshop, [module], NOW) if f.subject == subject]
    return finding


def at(starts: timedelta, length: timedelta) -> Workshop:
    return replace(WORKSHOP, starts=NOW + starts, ends=NOW + starts + length)


@pytest.mark.parametrize(
    ("starts", "length", "state", "what", "noted"),
    [
        (timedelta(days=2), timedelta(hours=8), "ok", "2030-06-03 12:00 UTC to ", False),
        (timedelta(hours=-1), timedelta(hours=8), "ok", "it has begun", True),
        (timedelta(hours=-8), timedelta(hours=8), "problem", "the workshop ended", True),
        (timedelta(days=1), timedelta(days=29), "ok", "29 days", True),
        (timedelta(days=1), timedelta(days=28), "ok", "UTC to ", False),
    ],
)
def test_times_that_are_over_are_a_problem_and_odd_ones_a_note(
    starts: timedelta, length: timedelta, state: str, what: str, noted: bool
) -> None:
    finding = finding_about("starts and ends", at(starts, length))

    assert finding.state == state
    assert what in finding.what
    assert bool(finding.why) == noted


def test_modules_must_end_before_the_workshop_does() -> None:
    short = at(timedelta(days=1), timedelta(minutes=LAB.minutes - 1))
    exact = at(timedelta(days=1), timedelta(minutes=LAB.minutes))

    assert finding_about("modules in time", short).state == "problem"
    assert finding_about("modules in time", exact).state == "ok"


def test_modules_of_a_slot_run_at_the_same_time() -> None:
    other = replace(LAB, name="other")
    both = replace(
        at(timedelta(days=1), timedelta(minutes=LAB.minutes)), modules=(LAB.name, "other")
    )

    def state(schedule: tuple[tuple[str, ...], ...]) -> str:
        found = check_plan(replace(both, schedule=schedule), [LAB, other], NOW)
        return next(f.state for f in found if f.subject == "modules in time")

    assert state(()) == "problem"
    assert state(((LAB.name, "other"),)) == "ok"


def test_an_instance_that_iam_would_refuse_is_a_problem() -> None:
    module = replace(LAB, needs=(*LAB.needs, Need("processing", "ml.c5.xlarge", 1)))

    finding = finding_about("allowed instances", module=module)

    assert finding.state == "problem"
    assert finding.what == "iris-xgboost needs ml.c5.xlarge for processing"
    assert finding.fix == "add ml.c5.xlarge to instances.processing"
    assert finding_about("allowed instances").state == "ok"


def test_a_retired_type_is_a_problem_and_what_to_use_instead_is_told() -> None:
    old = replace(LAB, needs=(Need("training", "ml.p3.2xlarge", 1),))

    finding = finding_about("retired types", module=old)

    assert finding.state == "problem"
    assert "retired" in finding.why
    assert finding.fix == "use ml.g5.xlarge instead"
    assert finding_about("retired types").state == "ok"


def test_a_retired_workspace_is_a_problem_too() -> None:
    workshop = replace(WORKSHOP, instances=replace(WORKSHOP.instances, workspace="ml.m4.xlarge"))

    assert finding_about("retired types", workshop).state == "problem"


def without(cell: Cell) -> Prices:
    known = all_prices(WORKSHOP).by_cell
    return Prices({c: price for c, price in known.items() if c != cell})


def test_an_unknown_price_is_a_problem_only_where_there_is_a_budget() -> None:
    limited = replace(WORKSHOP, budget=Budget(total=100, per_attendee=None))

    note = check_prices(WORKSHOP, [LAB], without(HOSTING), NOW)
    problem = check_prices(limited, [LAB], without(HOSTING), NOW)

    assert note.state == "ok"
    assert problem.state == "problem"
    for finding in (note, problem):
        assert str(HOSTING) in finding.what
        assert "workshop cost --refresh" in finding.fix


def test_old_prices_are_noted() -> None:
    fresh = check_prices(WORKSHOP, [LAB], all_prices(WORKSHOP), NOW)
    old = check_prices(WORKSHOP, [LAB], all_prices(WORKSHOP, as_of="2030-01-01"), NOW)

    assert (fresh.state, fresh.why) == ("ok", "")
    assert old.state == "ok"
    assert "older than 90 days" in old.why


class PriceList(FakeClient):
    """Refuses, and says where it is."""

    meta = SimpleNamespace(endpoint_url="https://api.pricing.us-east-1.amazonaws.com")


class Pricing:
    """Clients of a Price List that refuses."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, service: str, region: str) -> Any:
        self.asked.append(f"{service} {region}")
        return PriceList(service, {"get_products": refusal("AccessDenied", "GetProducts")})


class Selling(Pricing):
    """Clients of a Price List that has hosting on ml.m5.large, and nothing else."""

    def __call__(self, service: str, region: str) -> Any:
        attributes = {"regionCode": "us-east-1", "usagetype": "USE1-Host:ml.m5.large"}
        dimension = {"unit": "Hrs", "pricePerUnit": {"USD": "0.5"}}
        terms = {"OnDemand": {"a": {"priceDimensions": {"b": dimension}}}}
        entry = json.dumps({"product": {"attributes": attributes}, "terms": terms})
        return PriceList(service, {"get_products": {"PriceList": [entry]}})


def test_a_price_list_that_refuses_is_a_note_without_a_budget_and_what_is_known_stays(
    tmp_path: Path,
) -> None:
    config = tmp_path / "workshop.yaml"
    clients = Pricing()
    far = later(days=365)

    prices, findings = read_missing_prices(WORKSHOP, [LAB], config, clients, far)

    assert clients.asked == ["pricing us-east-1"]
    assert [(f.subject, f.state) for f in findings] == [("price list", "ok")]
    assert findings[0].why
    assert prices.by_cell
    assert list(tmp_path.iterdir()) == []


def test_a_price_list_that_refuses_is_unknown_only_where_a_budget_needs_it(tmp_path: Path) -> None:
    from costs.own_prices import keep_prices

    limited = replace(WORKSHOP, budget=Budget(total=100, per_attendee=None))
    config, far = tmp_path / "workshop.yaml", later(days=365)

    def state() -> str:
        (finding,) = read_missing_prices(limited, [LAB], config, Pricing(), far)[1]
        return finding.state

    assert state() == "unknown"
    keep_prices(config, all_prices(limited))
    assert state() == "ok"


def test_prices_that_cannot_be_kept_are_used_and_told(tmp_path: Path) -> None:
    config = tmp_path / "missing" / "workshop.yaml"
    sells = Selling()

    prices, findings = read_missing_prices(WORKSHOP, [LAB], config, sells, NOW)

    assert prices.usd(HOSTING) == 0.5
    assert [(f.subject, f.state) for f in findings] == [("price list", "ok")]
    assert "cannot be written" in findings[0].what


def test_prices_that_are_known_are_not_read_again(tmp_path: Path) -> None:
    from costs.own_prices import keep_prices

    config = tmp_path / "workshop.yaml"
    keep_prices(config, all_prices(WORKSHOP))
    clients = Pricing()

    prices, findings = read_missing_prices(WORKSHOP, [LAB], config, clients, NOW)

    assert (clients.asked, findings) == ([], [])
    assert prices.find(HOSTING) == Price(0.1, "2030-05-30", "test")
