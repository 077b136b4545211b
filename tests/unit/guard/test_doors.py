"""Whose doors are shut, why, and whose are opened again."""

from __future__ import annotations

import pytest

from costs.meter import Amount, Bill
from guard.doors import Doors, find_doors
from guard.ledger import Extension, Hold, Ledger
from tests.unit.guard.samples import at, policy

BOTH = policy(budget_total=100.0, budget_per_attendee=20.0)
NOON, ENDS, DEADLINE = 720, 17 * 60, 18 * 60
EVERYBODY = ("bob", "ann")


def doors(minute: float = NOON, ledger: Ledger | None = None, **usd: float) -> Doors:
    bill = Bill({who: Amount(amount) for who, amount in usd.items()}, complete=True)
    return find_doors(at(minute), EVERYBODY, BOTH, ledger or Ledger(), bill)


def test_who_has_spent_their_budget_may_start_nothing_more() -> None:
    assert doors(ann=20) == Doors({"ann": "ann has spent 20.00 USD of 20.00 USD"})


def test_who_has_not_is_let_alone() -> None:
    assert doors(ann=19.99, bob=1) == Doors()


def test_once_all_is_spent_nobody_may_start_anything() -> None:
    reason = "the workshop has spent 100.00 USD of 100.00 USD"

    assert doors(zoe=100) == Doors({"ann": reason, "bob": reason})


@pytest.mark.parametrize(("minute", "shut"), [(DEADLINE + 4.9, []), (DEADLINE + 5, ["ann", "bob"])])
def test_once_it_is_over_nobody_may_start_anything(minute: float, shut: list[str]) -> None:
    found = doors(minute)

    assert list(found.shut) == shut
    assert set(found.shut.values()) <= {"the workshop is over since 2030-06-03 18:00Z"}


def test_an_extension_keeps_doors_open() -> None:
    assert doors(DEADLINE + 5, Ledger(Extension(at(ENDS), at(ENDS + 60)))) == Doors()


def test_a_hold_opens_the_doors_of_whom_it_is_for() -> None:
    shut = frozenset(EVERYBODY)

    found = doors(ledger=Ledger(holds=(Hold(at(800), "ann"),), shut=shut), ann=30, bob=30)

    assert found.opened == ("ann",)
    assert "ann" not in found.shut


def test_a_hold_that_has_ended_opens_nothing() -> None:
    found = doors(ledger=Ledger(holds=(Hold(at(NOON), "ann"),)), ann=30)

    assert list(found.shut) == ["ann"]


def test_with_more_to_spend_doors_open_again() -> None:
    assert doors(ledger=Ledger(shut=frozenset({"ann"})), ann=19) == Doors(opened=("ann",))


def test_doors_that_are_open_are_not_opened() -> None:
    assert doors(ledger=Ledger(shut=frozenset({"zoe"})), ann=19) == Doors()
