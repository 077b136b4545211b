"""What ran, from when to when, times its price."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from costs.meter import Amount, Bill, Lifetime, add_up, cost
from costs.prices import Cell, Price, Prices
from workshop.machine import Machine

REGION = "us-east-1"
NOW = datetime(2030, 3, 4, 17, tzinfo=UTC)
HOSTING = Machine("hosting", "ml.m5.large")
TRAINING = Machine("training", "ml.m5.large", 2)
VOLUME = Machine("studio-volume", "gp3", 5)
PRICES = Prices(
    {
        Cell(REGION, "hosting", "ml.m5.large"): Price(0.12, "2030-01", "a test"),
        Cell(REGION, "training", "ml.m5.large"): Price(0.36, "2030-01", "a test"),
        Cell(REGION, "studio-volume", "gp3"): Price(0.73, "2030-01", "a test"),
        Cell(REGION, "transform", "ml.m5.large"): Price(None, "2030-01", "not sold"),
    }
)


def lifetime(*machines: Machine, hours: float = 1, **more: Any) -> Lifetime:
    """Something of ann's that has run for so long and still runs."""
    values = {"began": NOW - timedelta(hours=hours), "attendee": "ann", **more}
    return Lifetime(kind="x", name="n", region=REGION, machines=machines, **values)


def near(usd: float, unknown: int = 0) -> Amount:
    """An amount that equals one of about so much."""
    about: Any = pytest.approx(usd)
    return Amount(about, unknown)


def usd(found: Lifetime) -> float:
    amount = cost(found, PRICES, NOW)
    assert not amount.unknown
    return amount.usd


def test_what_runs_is_counted_until_now_and_what_ended_until_its_end() -> None:
    assert usd(lifetime(HOSTING, hours=3)) == pytest.approx(0.36)
    ended = NOW - timedelta(hours=2)
    assert usd(lifetime(HOSTING, hours=3, ended=ended)) == pytest.approx(0.12)


def test_every_instance_counts_and_every_machine_of_it() -> None:
    assert usd(lifetime(TRAINING)) == pytest.approx(0.72)
    assert usd(lifetime(TRAINING, HOSTING)) == pytest.approx(0.84)


def test_the_seconds_that_aws_bills_take_the_place_of_the_times() -> None:
    found = lifetime(TRAINING, hours=9, billable_seconds=100)

    assert usd(found) == pytest.approx(2 * 0.36 * 100 / 3600)


def test_a_volume_costs_by_the_gigabyte_and_the_730th_part_of_a_month() -> None:
    assert usd(lifetime(VOLUME, hours=10)) == pytest.approx(5 * 0.73 * 10 / 730)


def test_an_end_before_the_beginning_is_not_paid_back() -> None:
    assert usd(lifetime(HOSTING, hours=-5)) == 0


@pytest.mark.parametrize(
    "found",
    [
        lifetime(Machine("transform", "ml.m5.large")),
        lifetime(Machine("hosting", "ml.nobody.large")),
        lifetime(HOSTING, began=None),
        Lifetime("ann", "x", "n", REGION, None, NOW - timedelta(hours=1)),
    ],
)
def test_what_cannot_be_told_is_unknown_and_never_free(found: Lifetime) -> None:
    assert cost(found, PRICES, NOW) == Amount(unknown=1)


def test_of_machines_with_and_without_a_price_the_known_part_counts() -> None:
    amount = cost(lifetime(HOSTING, Machine("transform", "ml.m5.large")), PRICES, NOW)

    assert amount == near(0.12, 1)


def test_what_has_no_machine_of_its_own_costs_nothing() -> None:
    assert cost(lifetime(began=None), PRICES, NOW) == Amount()


def test_a_bill_has_everybodys_part_and_every_kinds_and_they_add_up() -> None:
    found = [
        lifetime(HOSTING),
        lifetime(TRAINING, attendee="bob"),
        lifetime(Machine("transform", "ml.m5.large"), attendee="bob"),
        lifetime(attendee="cam"),
    ]

    bill = add_up(found, PRICES, NOW)

    assert dict(bill.by_attendee) == {
        "ann": near(0.12),
        "bob": near(0.72, 1),
    }
    assert bill.total == bill.by_kind["x"] == near(0.84, 1)
    assert not bill.complete
    assert Bill().total == Amount()


def test_a_bill_is_perhaps_less_where_something_in_it_may_have_been_stopped_in_between() -> None:
    stopped = lifetime(HOSTING, perhaps_less=True)
    unpriced = lifetime(Machine("transform", "ml.m5.large"), perhaps_less=True)

    assert add_up([lifetime(HOSTING), stopped], PRICES, NOW).perhaps_less
    assert not add_up([lifetime(HOSTING), unpriced], PRICES, NOW).perhaps_less


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (Amount(41.2), "41.20 USD"),
        (Amount(41.2, 2), "at least 41.20 USD (2 unknown)"),
        (Amount(unknown=1), "unknown"),
        (Amount(), "0.00 USD"),
        (Amount(0.0044), "0.0044 USD"),
    ],
)
def test_an_amount_says_what_is_known_of_it(amount: Amount, text: str) -> None:
    assert str(amount) == text
