"""What the stacks freeze is what the guard thaws."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from costs.prices import Cell, Price, Prices, shipped
from guard.policy import freeze, thaw
from tests.factories import make_attendee, make_workshop
from workshop.errors import WorkshopError
from workshop.model import Budget, Cleanup, Guard

REGION = "us-east-1"
WORKSHOP = make_workshop(
    [make_attendee("ann"), make_attendee("bob", region="eu-west-1")],
    regions=(REGION, "eu-west-1", "eu-north-1"),
    budget=Budget(total=100.0, per_attendee=12.5),
    cleanup=Cleanup(grace_minutes=45, protected=("b", "a"), after_end="delete"),
    guard=Guard(job_minutes=90, instances=2, unseen_hours=6, webhook="https://hooks.example/x"),
)
OURS = Cell(REGION, "hosting", "ml.m5.large")
PRICE = Price(0.115, "2030-01-01", "ours")


def frozen(own: Prices | None = None, **changes: Any) -> dict[str, Any]:
    """What reaches the function: JSON, and nothing that JSON does not have."""
    found = freeze(WORKSHOP, REGION, own or Prices())
    thawed: dict[str, Any] = json.loads(json.dumps({**found, **changes}))
    return thawed


def test_a_policy_says_what_the_workshops_file_does() -> None:
    policy = thaw(frozen())

    assert (policy.workshop, policy.region) == ("ml101", REGION)
    assert policy.ends == WORKSHOP.ends
    assert policy.deadline == WORKSHOP.ends + timedelta(minutes=45)
    assert (policy.after_end, sorted(policy.protected)) == ("delete", ["a", "b"])
    assert policy.workspace_idle == policy.endpoint_idle == timedelta(hours=1)
    assert (policy.job_age, policy.unseen_age) == (timedelta(minutes=90), timedelta(hours=6))
    assert (policy.instances, policy.webhook) == (2, "https://hooks.example/x")
    assert (policy.budget_total, policy.budget_per_attendee) == (100.0, 12.5)
    assert policy.allowed == {
        "training": ("ml.m5.xlarge",),
        "processing": ("ml.m5.xlarge",),
        "transform": ("ml.m5.xlarge",),
        "endpoint": ("ml.m5.large",),
    }


def test_a_workshop_without_budgets_has_none() -> None:
    policy = thaw(json.loads(json.dumps(freeze(make_workshop(), REGION, Prices()))))

    assert (policy.budget_total, policy.budget_per_attendee) == (None, None)


def test_only_regions_with_attendees_have_a_guard_to_ask() -> None:
    assert thaw(frozen()).regions == (REGION, "eu-west-1")


def test_an_attendee_more_changes_no_policy() -> None:
    more = make_workshop(
        [*WORKSHOP.attendees, make_attendee("cem")],
        **{key: getattr(WORKSHOP, key) for key in ("regions", "budget", "cleanup", "guard")},
    )

    assert freeze(more, REGION, Prices()) == freeze(WORKSHOP, REGION, Prices())


def test_prices_of_the_region_that_differ_from_the_shipped_ones_travel() -> None:
    assert thaw(frozen(Prices({OURS: PRICE}))).prices == Prices({OURS: PRICE})


def test_prices_that_are_shipped_unknown_or_of_another_region_do_not_travel() -> None:
    known, price = next(
        (cell, price)
        for cell, price in shipped().by_cell.items()
        if cell.region == REGION and price.usd is not None
    )
    prices = Prices(
        {
            known: price,
            Cell("eu-west-1", "hosting", "ml.m5.large"): PRICE,
            OURS: Price(None, "2030-01-01", "nobody could tell"),
        }
    )

    assert thaw(frozen(prices)).prices == Prices()


def test_a_shipped_price_that_was_read_anew_travels() -> None:
    known = next(cell for cell in shipped().by_cell if cell.region == REGION)

    assert thaw(frozen(Prices({known: PRICE}))).prices.usd(known) == 0.115


def test_the_policy_of_a_large_workshop_fits_into_a_schedules_input() -> None:
    """EventBridge hands a Lambda function at most 256 KB ("Lambda quotas", asynchronous)."""
    cells = [Cell(REGION, "hosting", f"ml.x{number}.24xlarge") for number in range(500)]
    source = "AWS Price List API, GetProducts" * 2
    prices = Prices({cell: Price(12.345678, "2030-01-01", source) for cell in cells})

    assert len(json.dumps(frozen(prices))) < 256_000 / 2


def test_a_policy_with_something_more_in_it_is_read_all_the_same() -> None:
    assert thaw(frozen(news=["of another version"])) == thaw(frozen())


@pytest.mark.parametrize("key", sorted(frozen()))
def test_a_policy_that_lacks_something_says_to_deploy_again(key: str) -> None:
    found = frozen()
    del found[key]

    with pytest.raises(WorkshopError, match="policy cannot be read") as caught:
        thaw(found)
    assert key in caught.value.why
    assert "workshop deploy" in caught.value.fix


@pytest.mark.parametrize(
    "changes",
    [
        {"ends": "soon"},
        {"ends": None},
        {"grace_minutes": "many"},
        {"instances": []},
        {"allowed": []},
        {"allowed": {"training": None}},
        {"prices": [["hosting", "ml.m5.large"]]},
        {"regions": 7},
    ],
    ids=str,
)
def test_a_policy_of_another_shape_says_to_deploy_again(changes: dict[str, Any]) -> None:
    with pytest.raises(WorkshopError, match="policy cannot be read"):
        thaw(frozen(**changes))


def test_no_policy_at_all_says_to_deploy_again() -> None:
    nothing: Any = []
    with pytest.raises(WorkshopError, match="policy cannot be read"):
        thaw(nothing)
