"""Need, limit and use compared."""

from __future__ import annotations

import pytest

from quotas.catalog import Quota
from quotas.demand import Demand
from quotas.fit import Line, binding_line, fit


def line(
    need: int, applied: float | None, in_use: int | None, *, fixed: int = 0, code: str = "L-1"
) -> Line:
    demand = Demand("training", Quota(code, "a quota"), 1, need - fixed, fixed)
    limits = {} if applied is None else {code: applied}
    (found,) = fit("us-east-1", [demand], limits, {} if in_use is None else {code: in_use})
    return found


@pytest.mark.parametrize(
    ("need", "applied", "in_use", "state"),
    [
        (3, 3, 0, "ok"),
        (3, 4, 1, "ok"),
        (3, 3, 1, "problem"),
        (1, 0, 0, "problem"),
        (3, None, 0, "unknown"),
        (3, 9, None, "unknown"),
        (9, 3, None, "problem"),
    ],
)
def test_unknown_is_never_enough_and_too_much_is_certain(
    need: int, applied: float | None, in_use: int | None, state: str
) -> None:
    assert line(need, applied, in_use).state == state


def test_without_a_listing_every_quota_is_unknown() -> None:
    (found,) = fit("us-east-1", [Demand("training", Quota("L-1", "q"), 1, 1)], None, {"L-1": 0})

    assert found.state == "unknown"
    assert found.applied is None


def test_capacity_is_what_is_left_after_use_and_the_fixed_part() -> None:
    assert line(5, 10, 3, fixed=1).capacity == 6
    assert line(5, 2, 3).capacity == 0
    assert line(5, None, 3).capacity is None


def test_the_binding_quota_is_the_short_one_that_carries_the_fewest() -> None:
    roomy, tight, worst = line(5, 9, 0), line(5, 4, 0, code="L-2"), line(5, 1, 0, code="L-3")

    assert binding_line([roomy, tight, worst]) == worst
    assert binding_line([roomy]) is None


def test_the_default_quotas_of_a_new_account_bind_one_after_the_other() -> None:
    """The sanity case of a class on AWS's defaults: jobs, then profiles, totals, spaces."""
    defaults = {"job type": 0, "profiles": 2, "training total": 4, "spaces": 6}
    carried = []
    while True:
        lines = [line(10, value, 0, code=name) for name, value in defaults.items()]
        binding = binding_line(lines)
        if binding is None:
            break
        carried.append(binding.capacity)
        defaults[binding.code] = 10

    assert carried == [0, 2, 4, 6]
