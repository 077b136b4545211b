"""Prices and what several things cost together: unknown is never zero."""

from __future__ import annotations

import re

import pytest

from costs.prices import Rate, oldest, price, rate
from workshop.machine import Machine

KNOWN = Machine("notebook", "ml.t3.medium", 2)
UNKNOWN = Machine("notebook", "ml.nothing.huge", 3)


def test_a_price_is_of_a_use_a_type_and_a_region() -> None:
    found = price("notebook", "ml.t3.medium", "us-east-1")

    assert found is not None
    assert found.usd_per_hour == 0.05
    assert found.source
    assert price("notebook", "ml.t3.medium", "mars-north-1") is None
    assert price("nothing", "ml.t3.medium", "us-east-1") is None


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


def test_the_oldest_price_has_a_date() -> None:
    assert re.fullmatch(r"20\d\d-\d\d(-\d\d)?", oldest())
