"""Prices and what several things cost together: unknown is never zero."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import date

import pytest

from costs.prices import Cell, Price, Prices, Rate, shipped
from workshop.machine import Machine

KNOWN = Machine("notebook", "ml.t3.medium", 2)
UNKNOWN = Machine("notebook", "ml.nothing.huge", 3)


def rate(machines: list[Machine] | None, region: str) -> Rate:
    return shipped().rate(machines, region)


def test_a_price_is_of_a_use_a_type_and_a_region() -> None:
    cell = Cell("us-east-1", "notebook", "ml.t3.medium")
    found = shipped().find(cell)

    assert found is not None
    assert found.usd == shipped().usd(cell) == 0.05
    assert found.source
    assert shipped().find(Cell("mars-north-1", "notebook", "ml.t3.medium")) is None
    assert shipped().usd(Cell("us-east-1", "nothing", "ml.t3.medium")) is None


def test_machines_cost_their_price_times_their_number() -> None:
    assert rate([KNOWN], "us-east-1") == Rate(0.10)


def test_a_machine_without_a_price_is_unknown_and_not_free() -> None:
    found = rate([KNOWN, UNKNOWN], "us-east-1")

    assert found == Rate(0.10, unknown=1)
    assert bool(rate([UNKNOWN], "us-east-1"))


def test_machines_that_nobody_could_see_are_unknown_and_none_at_all_are_free() -> None:
    assert rate(None, "us-east-1") == Rate(unknown=1)
    assert rate([], "us-east-1") == Rate()
    assert not rate([], "us-east-1")


def test_rates_add_up_and_keep_what_is_unknown() -> None:
    together = sum([Rate(0.25), Rate(unknown=1), Rate(0.5, unknown=2)], Rate())

    assert together == Rate(0.75, unknown=3)


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (Rate(0.456), "0.46 USD/h"),
        (Rate(0.456, unknown=2), "at least 0.46 USD/h (2 unknown)"),
        (Rate(unknown=1), "unknown"),
        (Rate(), "0.00 USD/h"),
    ],
)
def test_a_rate_says_what_is_known_of_it(found: Rate, text: str) -> None:
    assert str(found) == text


CELL = Cell("us-east-1", "hosting", "ml.m5.large")
OTHER = Cell("us-east-1", "training", "ml.m5.large")


def test_newer_prices_stand_over_older_ones_even_where_they_are_unknown() -> None:
    older = Prices({CELL: Price(0.1, "2026-01", "a"), OTHER: Price(0.2, "2026-01", "a")})
    newer = Prices({CELL: Price(None, "2026-05-01", "not sold there")})

    found = newer.over(older)

    assert (found.usd(CELL), found.usd(OTHER)) == (None, 0.2)
    assert found.oldest() == "2026-01"
    assert found.oldest([CELL]) == "2026-05-01"
    assert Prices().oldest() == ""


@pytest.mark.parametrize(
    ("as_of", "stale"),
    [("2026-08-23", False), ("2026-08-22", True), ("2026-09", False), ("2026-08", True)],
)
def test_a_price_is_stale_after_90_days_and_a_month_counts_from_its_first_day(
    as_of: str, stale: bool
) -> None:
    prices = Prices({CELL: Price(0.1, as_of, "a"), OTHER: Price(None, as_of, "nobody knows")})

    assert bool(prices.stale([CELL, OTHER], date(2026, 11, 21))) == stale


def test_the_shipped_snapshot_parses_and_every_cell_has_a_price_a_date_and_a_source() -> None:
    found = shipped().by_cell

    assert len(found) > 100
    assert all(price.usd and price.source for price in found.values())
    assert re.fullmatch(r"20\d\d-\d\d(-\d\d)?", shipped().oldest())


def test_a_function_without_our_packages_can_import_what_it_needs_of_costs() -> None:
    program = (
        "import sys; import costs.meter, costs.budget, costs.price_file, costs.prices; "
        "print(sorted({'pydantic', 'yaml', 'modules'} & set(sys.modules)))"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )

    assert (done.stdout.strip(), done.stderr) == ("[]", "")
