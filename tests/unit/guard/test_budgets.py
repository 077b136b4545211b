"""Which limits hold for somebody, and what each of them says."""

from __future__ import annotations

import pytest

from costs.meter import Amount, Bill
from guard.budgets import Limit, limit_of_all, limits_of
from tests.unit.guard.samples import policy
from workshop.names import SHARED

BOTH = policy(budget_total=100.0, budget_per_attendee=20.0)
BILL = Bill({"ann": Amount(5.0, 1), SHARED: Amount(7.0)})


def test_an_attendee_has_the_workshops_limit_and_a_limit_of_their_own() -> None:
    assert list(limits_of("ann", BOTH, BILL)) == [
        Limit(limit_of_all_key(), "the workshop", Amount(12.0, 1), 100.0),
        Limit("ann", "ann", Amount(5.0, 1), 20.0),
    ]


def limit_of_all_key() -> str:
    """A text that is no attendee's id."""
    found = limit_of_all(BOTH, BILL)
    assert found is not None
    assert isinstance(found.key, str)
    assert found.key != "ann"
    return found.key


def test_who_has_spent_nothing_has_spent_zero() -> None:
    assert [limit.spent for limit in limits_of("zoe", BOTH, BILL)] == [Amount(12.0, 1), Amount()]


def test_what_all_share_has_the_workshops_limit_alone() -> None:
    assert [limit.who for limit in limits_of(SHARED, BOTH, BILL)] == ["the workshop"]


def test_without_budgets_there_are_no_limits() -> None:
    assert list(limits_of("ann", policy(), BILL)) == []


@pytest.mark.parametrize(("usd", "passed"), [(19.99, False), (20.0, True), (20.01, True)])
def test_a_limit_is_passed_once_it_is_reached(usd: float, passed: bool) -> None:
    assert Limit("ann", "ann", Amount(usd), 20.0).passed is passed


def test_a_limit_says_what_is_known_to_be_spent() -> None:
    assert str(Limit("ann", "ann", Amount(4.2, 2), 25.0)) == (
        "ann has spent at least 4.20 USD (2 unknown) of 25.00 USD"
    )
