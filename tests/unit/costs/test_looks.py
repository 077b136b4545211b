"""Adding up what is spent between looks."""

from __future__ import annotations

import pytest

from costs.looks import Looks
from costs.prices import Rate


def looked(*looks: tuple[float, Rate]) -> Looks:
    found = Looks()
    for at, rate in looks:
        found.note(at, rate)
    return found


def test_a_steady_rate_costs_what_it_says_per_hour() -> None:
    looks = looked((0, Rate(0.5)), (1800, Rate(0.5)), (7200, Rate(0.5)))
    assert looks.usd == pytest.approx(1.0)
    assert str(looks) == "1.00 USD"


def test_a_price_changes_halfway_between_two_looks() -> None:
    assert looked((0, Rate()), (3600, Rate(2.0)), (7200, Rate())).usd == pytest.approx(2.0)


def test_one_look_has_cost_nothing_yet() -> None:
    assert looked((5, Rate(9.0))).usd == 0


def test_unknown_prices_are_counted_and_said() -> None:
    looks = looked((0, Rate(1.0, 2)), (3600, Rate(1.0, 1)))
    assert (looks.unknown, str(looks)) == (2, "at least 1.00 USD (2 prices unknown)")


def test_a_little_is_not_nothing() -> None:
    assert str(looked((0, Rate(0.1)), (36, Rate(0.1)))) == "less than 0.01 USD"
    assert str(Looks()) == "0.00 USD"
