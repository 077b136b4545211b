"""What people are told before something is stopped, once each."""

from __future__ import annotations

from dataclasses import replace

import pytest

from costs.meter import Amount, Bill
from guard.ledger import Extension, Hold, Ledger
from guard.policy import GuardPolicy
from guard.warnings import find_warnings
from tests.unit.guard.samples import at, policy
from workshop.names import SHARED

TOTAL = policy(budget_total=100.0)
EACH = policy(budget_per_attendee=20.0)
ENDS = 17 * 60
DEADLINE = ENDS + 60


def spent(**usd: float) -> Bill:
    return Bill({who: Amount(amount) for who, amount in usd.items()})


def texts(
    bill: Bill, of: GuardPolicy = TOTAL, minutes: float = 0, ledger: Ledger | None = None
) -> list[str]:
    found = find_warnings(at(minutes), of, ledger or Ledger(), bill, bill.by_attendee)
    return [warning.text for warning in found]


@pytest.mark.parametrize(
    ("usd", "told"),
    [
        (49.99, []),
        (50, ["the workshop has spent 50.00 USD, 50 % of 100.00 USD"]),
        (79.99, ["the workshop has spent 79.99 USD, 50 % of 100.00 USD"]),
        (80, ["the workshop has spent 80.00 USD, 80 % of 100.00 USD"]),
        (100, ["the workshop has spent 100.00 USD, 100 % of 100.00 USD: stopped"]),
        (250, ["the workshop has spent 250.00 USD, 100 % of 100.00 USD: stopped"]),
    ],
)
def test_the_workshops_budget_warns_at_half_at_four_fifths_and_when_it_is_spent(
    usd: float, told: list[str]
) -> None:
    assert texts(spent(ann=usd)) == told


def test_everybody_counts_for_the_workshops_budget() -> None:
    assert texts(spent(ann=30, bob=20, shared=30)) == [
        "the workshop has spent 80.00 USD, 80 % of 100.00 USD"
    ]


def test_each_attendees_budget_warns_of_that_attendee() -> None:
    assert texts(spent(zoe=10, ann=16, bob=1), EACH) == [
        "ann has spent 16.00 USD, 80 % of 20.00 USD",
        "zoe has spent 10.00 USD, 50 % of 20.00 USD",
    ]


def test_what_all_share_has_no_budget_that_could_be_spent() -> None:
    assert texts(Bill({SHARED: Amount(99)}), EACH) == []


def test_without_budgets_nothing_is_told_of_them() -> None:
    assert texts(spent(ann=1e6), policy()) == []


def test_what_is_not_known_is_told_with_what_is() -> None:
    assert texts(Bill({"ann": Amount(60, 2)})) == [
        "the workshop has spent at least 60.00 USD (2 unknown), 50 % of 100.00 USD"
    ]


def test_a_warning_that_was_sent_is_not_told_again_and_the_next_one_is() -> None:
    [half] = find_warnings(at(0), TOTAL, Ledger(), spent(ann=50), ["ann"])
    sent = Ledger(warned=frozenset({half.key}))

    assert texts(spent(ann=60), ledger=sent) == []
    assert len(texts(spent(ann=80), ledger=sent)) == 1


def test_another_budget_is_another_warning() -> None:
    [half] = find_warnings(at(0), TOTAL, Ledger(), spent(ann=50), ["ann"])
    sent = Ledger(warned=frozenset({half.key}))

    assert len(texts(spent(ann=110), replace(TOTAL, budget_total=200.0), ledger=sent)) == 1


def test_an_attendee_called_total_is_not_the_workshop() -> None:
    both = policy(budget_total=20.0, budget_per_attendee=20.0)
    found = find_warnings(at(0), both, Ledger(), spent(total=10), ["total"])

    assert len({warning.key for warning in found}) == 2


@pytest.mark.parametrize(
    ("minutes", "number"),
    [
        (DEADLINE - 61, 0),
        (DEADLINE - 60, 1),
        (DEADLINE - 15, 1),
        (DEADLINE - 1, 1),
        (DEADLINE, 0),
    ],
)
def test_the_deadline_warns_in_its_last_hour_and_not_when_it_is_over(
    minutes: float, number: int
) -> None:
    told = texts(Bill(), minutes=minutes)

    assert told == number * [
        "everything is stopped at 2030-06-03 18:00Z (workshop extend 1h gives more time)"
    ]


def test_the_deadline_warns_twice_an_hour_and_a_quarter_of_one_before() -> None:
    ledger, told = Ledger(), []
    for minutes in range(DEADLINE - 90, DEADLINE + 30, 10):
        found = find_warnings(at(minutes), TOTAL, ledger, Bill(), [])
        ledger = replace(ledger, warned=ledger.warned | {warning.key for warning in found})
        told += [minutes - DEADLINE for _ in found]

    assert told == [-60, -10]


def test_an_extended_deadline_warns_anew() -> None:
    [first] = find_warnings(at(DEADLINE - 30), TOTAL, Ledger(), Bill(), [])
    warned = frozenset({first.key})
    extended = Ledger(Extension(at(ENDS), at(ENDS + 60)), warned=warned)

    assert texts(Bill(), minutes=DEADLINE - 10, ledger=extended) == []
    assert texts(Bill(), minutes=DEADLINE + 30, ledger=extended) == [
        "everything is stopped at 2030-06-03 19:00Z (workshop extend 1h gives more time)"
    ]


def test_of_all_the_workshop_one_region_tells_and_of_attendees_their_own() -> None:
    both = policy(budget_total=100.0, budget_per_attendee=20.0, regions=("a", "us-east-1"))
    found = find_warnings(at(DEADLINE - 30), both, Ledger(), spent(ann=60, bob=60), ["bob"])
    assert [warning.text for warning in found] == [
        "bob has spent 60.00 USD, 100 % of 20.00 USD: stopped"
    ]


def test_the_workshops_budget_is_told_first_then_attendees_and_the_deadline_last() -> None:
    both = policy(budget_total=100.0, budget_per_attendee=20.0)

    assert texts(spent(bob=30, ann=40), both, DEADLINE - 30) == [
        "the workshop has spent 70.00 USD, 50 % of 100.00 USD",
        "ann has spent 40.00 USD, 100 % of 20.00 USD: stopped",
        "bob has spent 30.00 USD, 100 % of 20.00 USD: stopped",
        "everything is stopped at 2030-06-03 18:00Z (workshop extend 1h gives more time)",
    ]


def test_what_is_spent_while_it_is_held_is_stopped_when_the_hold_ends() -> None:
    held = Ledger(holds=(Hold(at(90), "ann"), Hold(at(30), "bob")))
    both = policy(budget_total=100.0, budget_per_attendee=20.0)
    found = find_warnings(at(60), both, held, spent(ann=60, bob=60), ["ann", "bob"])

    assert [warning.text for warning in found] == [
        "the workshop has spent 120.00 USD, 100 % of 100.00 USD: stopped",
        "ann has spent 60.00 USD, 100 % of 20.00 USD: held until 2030-06-03 01:30Z, then stopped",
        "bob has spent 60.00 USD, 100 % of 20.00 USD: stopped",
    ]


@pytest.mark.parametrize(
    ("hold", "told"),
    [
        (
            Hold(at(DEADLINE + 60)),
            "the workshop is over at 2030-06-03 18:00Z; held until 2030-06-03 19:00Z",
        ),
        (
            Hold(at(DEADLINE)),
            "everything is stopped at 2030-06-03 18:00Z (workshop extend 1h gives more time)",
        ),
        (
            Hold(at(DEADLINE + 60), "ann"),
            "everything is stopped at 2030-06-03 18:00Z (workshop extend 1h gives more time)",
        ),
    ],
)
def test_a_hold_of_all_beyond_the_deadline_is_told_with_it(hold: Hold, told: str) -> None:
    assert texts(Bill(), minutes=DEADLINE - 30, ledger=Ledger(holds=(hold,))) == [told]
