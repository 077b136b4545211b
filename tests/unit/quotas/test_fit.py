"""Need, limit and use compared."""

from __future__ import annotations

from pathlib import Path

import pytest

from modules.declarations import Expected, Module, Need
from quotas import catalog
from quotas.catalog import Quota, type_quota
from quotas.demand import Demand, Machine, demand_in
from quotas.fit import Line, RegionFit, fit, judge
from quotas.history import Increase
from tests.factories import make_workshop


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


# -- what a region carries -----------------------------------------------------------------------


def carried(
    limits: dict[str, float], *, people: int = 10, in_use: dict[str, int] | None = None
) -> RegionFit:
    """A class whose every attendee trains, serves, and works in JupyterLab."""
    needs = (Need("training", "ml.m5.xlarge", 1), Need("endpoint", "ml.m5.large", 1))
    lab = Module("lab", "A lab", "things", 30, needs, Expected("x", 1), Path(), Path())
    workshop = make_workshop([f"a{n:03}" for n in range(people)], modules=("lab",))
    demands = demand_in(workshop, "us-east-1", [lab])
    used = {demand.quota.code: 0 for demand in demands} | (in_use or {})
    return judge("us-east-1", people, demands, fit("us-east-1", demands, limits, used))


def defaults() -> dict[str, float]:
    """AWS's defaults of everything that such a class needs; quotas of jobs are 0 then."""
    codes = [
        type_quota("training", "ml.m5.xlarge").code,
        type_quota("endpoint", "ml.m5.large").code,
        type_quota("studio", "ml.t3.medium").code,
        *(catalog.USER_PROFILES, catalog.SPACES, catalog.SPACES_GB, catalog.RUNNING_APPS),
        *(catalog.DOMAINS, catalog.TOTALS["training"], catalog.TOTALS["endpoint"]),
    ]
    known = {code: catalog.quota(code).default for code in codes}
    assert None not in known.values()
    return {code: float(value or 0) for code, value in known.items()}


def test_the_default_quotas_of_a_new_account_bind_one_after_the_other() -> None:
    """The sanity case: jobs are 0, then two profiles, four instances in all, six spaces."""
    applied = defaults()
    found = []
    for _ in range(4):
        region = carried(applied)
        found.append((region.capacity, {line.code for line in region.binding}))
        applied |= {line.code: 100.0 for line in region.binding}

    assert found == [
        (0, {"L-CCE2AFA6", "L-614B09FD"}),  # the types' quotas of jobs and endpoints
        (2, {catalog.USER_PROFILES}),
        (4, {catalog.TOTALS["training"], catalog.TOTALS["endpoint"]}),
        (6, {catalog.SPACES, "L-71FAF417"}),  # and JupyterLab apps
    ]


def test_what_others_use_is_not_free() -> None:
    applied = dict.fromkeys(defaults(), 100.0)

    region = carried(applied, in_use={catalog.SPACES: 93})

    assert (region.capacity, region.state) == (7, "problem")
    assert [line.code for line in region.binding] == [catalog.SPACES]


def test_one_unknown_quota_makes_the_region_unknown() -> None:
    applied = dict.fromkeys(defaults(), 100.0)
    del applied[catalog.SPACES]

    region = carried(applied)

    # Five gigabytes each, of 100.
    assert (region.capacity, region.at_most, region.state) == (None, 20, "unknown")


def test_what_is_short_for_certain_is_a_problem_whatever_is_unknown() -> None:
    applied = dict.fromkeys(defaults(), 100.0) | {catalog.RUNNING_APPS: 3.0}
    del applied[catalog.SPACES]

    region = carried(applied)

    assert (region.capacity, region.at_most, region.state) == (None, 3, "problem")


def test_without_room_for_a_domain_nobody_fits() -> None:
    applied = dict.fromkeys(defaults(), 100.0) | {catalog.DOMAINS: 2.0}

    region = carried(applied, in_use={catalog.DOMAINS: 2})

    assert region.capacity == 0
    assert [line.code for line in region.binding] == [catalog.DOMAINS]


def test_a_default_of_aws_s_is_shown_and_decides_nothing() -> None:
    (found,) = fit("us-east-1", [Demand("spaces", catalog.quota(catalog.SPACES), 1, 3)], {}, {})

    assert (found.default, found.default_as_of, found.state) == (6, "2024-02-10", "unknown")
    assert found.capacity is None


def test_a_type_that_is_not_sold_in_a_region_carries_nobody_there() -> None:
    machine = Machine("endpoint", "ml.p4d.24xlarge")
    demand = Demand("endpoint", Quota("L-1", "a quota"), 1, 2, machine=machine)
    lines = fit("eu-south-1", [demand], {"L-1": 9.0}, {"L-1": 0})

    region = judge("eu-south-1", 2, [demand], lines)

    assert lines[0].state == "problem"
    assert (region.capacity, region.not_sold) == (0, ("ml.p4d.24xlarge for endpoint",))


def test_open_requests_are_shown_beside_what_they_are_for() -> None:
    demand = Demand("training", Quota("L-1", "a quota"), 1, 3)
    increases = [
        Increase("1", "us-east-1", "L-1", "a quota", 20, "CASE_OPENED"),
        Increase("2", "us-east-1", "L-1", "a quota", 50, "DENIED"),
    ]

    (found,) = fit("us-east-1", [demand], {"L-1": 1}, {"L-1": 0}, increases=increases)

    assert (found.requested, found.status) == (20, "CASE_OPENED")
