"""What `check` says fits does fit in a local AWS that enforces quotas, and no one more."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, note, settings

from modules.declarations import Need
from quotas import catalog
from tests.unit.quotas.accounts import MOST, TYPES, Account, Case, Clients, cases

# Two types in one slot: neither type's quota binds, but the total of both does.
TOTAL_OVER_A_SLOT = Case(
    {catalog.TOTALS["training"]: 5.0},
    {
        name: (Need("training", instance_type, 1),)
        for name, instance_type in zip("xy", TYPES, strict=True)
    },
    (("x", "y"),),
    ("studio",),
    0,
)

# Of two teams' endpoints the second has failed.
ONE_ENDPOINT_FAILED = Case(
    {catalog.type_quota("endpoint", TYPES[1]).code: 4.0},
    {"x": (Need("endpoint", TYPES[1], 1),)},
    (("x",),),
    ("studio",),
    2,
)


@pytest.fixture(scope="module")
def clients() -> Clients:
    return Clients()


def judged_and_tried(case: Case, clients: Clients, people: int) -> tuple[int, set[str], str]:
    """What the check says of an account: how many fit, what binds; and what happens when so
    many come, in that very account."""
    with tempfile.TemporaryDirectory(prefix="t-") as name, Account(case, Path(name)) as account:
        clients.connect(account)
        account.use_by_others()
        fit = account.judge(clients, people)
        assert fit.capacity is not None
        assert not fit.not_sold
        refusal = account.rehearse(people)
        return fit.capacity, {line.name for line in fit.binding}, refusal


@settings(
    max_examples=20,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(case=cases())
@example(case=TOTAL_OVER_A_SLOT)
@example(case=ONE_ENDPOINT_FAILED)
def test_as_many_as_check_says_fit_and_one_more_is_refused_at_a_quota_it_names(
    clients: Clients, case: Case
) -> None:
    turns = len(case.environments)
    # A class of full turns, so that the mix of the environments is the same for all sizes.
    capacity, binding, _ = judged_and_tried(case, clients, turns * MOST)
    assert 0 <= capacity <= turns * MOST
    note(f"{capacity} fit; {sorted(binding)} bind")

    # The mix of a smaller class may be another one: what fits is asked again for each size.
    for people in (capacity, capacity + 1):
        if not people:
            continue
        said, named, refusal = judged_and_tried(case, clients, people)
        note(f"{people} came: {said} fit, {refusal or 'none refused'}")
        assert bool(refusal) == (said < people)
        if refusal:
            assert any(f"'{name}'" in refusal for name in named)
        if turns == 1:
            assert said == capacity
