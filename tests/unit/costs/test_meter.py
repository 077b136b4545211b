"""Adding up what is spent between looks."""

from __future__ import annotations

import pytest

from costs.meter import Meter
from costs.prices import Rate


def metered(*looks: tuple[float, Rate]) -> Meter:
    meter = Meter()
    for at, rate in looks:
        meter.note(at, rate)
    return meter


def test_a_steady_rate_costs_what_it_says_per_hour() -> None:
    meter = metered((0, Rate(0.5)), (1800, Rate(0.5)), (7200, Rate(0.5)))
    assert meter.usd == pytest.approx(1.0)
    assert str(meter) == "1.00 USD"


def test_a_price_changes_halfway_between_two_looks() -> None:
    assert metered((0, Rate()), (3600, Rate(2.0)), (7200, Rate())).usd == pytest.approx(2.0)


def test_one_look_has_cost_nothing_yet() -> None:
    assert metered((5, Rate(9.0))).usd == 0


def test_unknown_prices_are_counted_and_said() -> None:
    meter = metered((0, Rate(1.0, 2)), (3600, Rate(1.0, 1)))
    assert (meter.unknown, str(meter)) == (2, "at least 1.00 USD (2 prices unknown)")


def test_a_little_is_not_nothing() -> None:
    assert str(metered((0, Rate(0.1)), (36, Rate(0.1)))) == "less than 0.01 USD"
    assert str(Meter()) == "0.00 USD"
