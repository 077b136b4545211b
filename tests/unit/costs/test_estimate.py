"""Low, expected and worst, by hand; what is not known is never counted as nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costs.budget import refusal, warnings
from costs.estimate import Estimate, Line, Span, estimate, needed_cells, usable_cells
from costs.prices import Cell, Price, Prices
from modules.declarations import Expected, Module, Need
from tests.factories import make_attendee, make_workshop
from workshop.model import Budget, Cleanup

REGION = "us-east-1"
STUDIO = Cell(REGION, "studio-jupyterlab", "ml.t3.medium")
HOME = Cell(REGION, "studio-volume", "gp3")
NOTEBOOK = Cell(REGION, "notebook", "ml.t3.medium")
NOTEBOOK_HOME = Cell(REGION, "notebook-volume", "gp2")
TRAINING = Cell(REGION, "training", "ml.m5.xlarge")
HOSTING = Cell(REGION, "hosting", "ml.m5.large")
PRICES = Prices(
    {
        cell: Price(usd, "2026-11-01", "a test")
        for cell, usd in {
            STUDIO: 0.05,
            HOME: 0.146,
            NOTEBOOK: 0.06,
            NOTEBOOK_HOME: 0.219,
            TRAINING: 0.2,
            HOSTING: 0.1,
        }.items()
    }
)


def lab(name: str = "iris", minutes: int = 60, **needs: int) -> Module:
    types = {"training": "ml.m5.xlarge", "endpoint": "ml.m5.large"}
    found = tuple(Need(use, types[use], count) for use, count in needs.items())  # type: ignore[arg-type]
    folder = Path(name)
    return Module(name, name, "", minutes, found, Expected("accuracy", 0.9), folder, folder)


def line(found: Estimate, subject: str) -> Line:
    (wanted,) = [line for line in found.lines if line.subject == subject]
    return wanted


def close(span: Span | None, low: float, expected: float, worst: float) -> bool:
    assert span is not None
    values = (span.low, span.expected, span.worst)
    return values == pytest.approx((low, expected, worst))


def test_a_workspace_runs_for_the_labs_and_an_idle_hour_for_the_event_or_to_the_deadline() -> None:
    # 9:00 to 17:00, an hour of grace; two labs of an hour, idle after 60 minutes.
    found = estimate(make_workshop(["ann", "bob"]), [lab(), lab("other")], PRICES)

    workspace = line(found, "workspace")
    assert workspace.hours == Span(3, 8, 9)
    assert close(workspace.usd, 2 * 3 * 0.05, 2 * 8 * 0.05, 2 * 9 * 0.05)
    assert close(found.idle_saves.usd, *[2 * 6 * 0.05] * 3)


def test_labs_of_one_slot_run_at_the_same_time() -> None:
    labs = [lab(), lab("other", minutes=90), lab("last")]
    workshop = replace(
        make_workshop(),
        modules=("iris", "other", "last"),
        schedule=(("iris", "other"), ("last",)),
    )

    # 90 minutes, 60 minutes, and idle after 60.
    assert line(estimate(workshop, labs, PRICES), "workspace").hours == Span(3.5, 8, 9)


def test_labs_that_fill_the_day_do_not_make_the_low_case_longer_than_the_event() -> None:
    found = estimate(make_workshop(), [lab(minutes=2000)], PRICES)

    assert line(found, "workspace").hours == Span(8, 8, 9)


def test_a_home_costs_its_gigabytes_by_the_hour_of_a_month_of_730() -> None:
    home = line(estimate(make_workshop(), [], PRICES), "home")

    assert home.units == 5
    assert close(home.usd, 8 * 5 * 0.0002, 8 * 5 * 0.0002, 9 * 5 * 0.0002)


def test_what_a_lab_starts_runs_for_its_minutes_and_at_worst_to_the_deadline() -> None:
    found = estimate(make_workshop(["ann", "bob"]), [lab(training=2)], PRICES)

    assert close(line(found, "iris").usd, 2 * 2 * 0.5 * 0.2, 2 * 2 * 1 * 0.2, 2 * 2 * 9 * 0.2)


def test_the_total_is_the_sum_of_its_lines_and_one_attendee_is_a_part_of_it() -> None:
    people = ["ann", "bob", "cam"]
    found = estimate(make_workshop(people), [lab(training=1, endpoint=1)], PRICES)

    each = 8 * 0.05 + 8 * 5 * 0.0002 + 0.2 + 0.1
    assert found.total.usd.expected == pytest.approx(3 * each)
    assert found.dearest_attendee.usd.expected == pytest.approx(each)
    assert found.total.usd.low < found.total.usd.expected < found.total.usd.worst


def test_environments_and_regions_have_prices_of_their_own() -> None:
    far = Cell("eu-west-1", "studio-jupyterlab", "ml.t3.medium")
    prices = Prices({far: Price(0.08, "2026-11-01", "a test")}).over(PRICES)
    people = [
        make_attendee("ann"),
        make_attendee("bob", "notebook"),
        make_attendee("cam", "studio", "eu-west-1"),
    ]

    found = estimate(make_workshop(people), [], prices)

    expected = {s.cell: s.usd.expected for s in found.lines if s.usd is not None}
    assert expected[STUDIO] == pytest.approx(0.4)
    assert expected[NOTEBOOK] == pytest.approx(0.48)
    assert expected[far] == pytest.approx(0.64)
    # What a home costs in eu-west-1 is not known: bob is the dearest of whom it is.
    assert found.total.unknown == {Cell("eu-west-1", "studio-volume", "gp3")}
    assert found.dearest_attendee.usd.expected == pytest.approx(0.64)


def test_a_price_that_is_not_known_is_unknown_in_every_sum_it_belongs_to() -> None:
    known = {cell: price for cell, price in PRICES.by_cell.items() if cell != HOSTING}
    nobody_could_tell = {**known, HOSTING: Price(None, "2026-11-01", "not sold there")}
    for prices in (Prices(known), Prices(nobody_could_tell)):
        found = estimate(make_workshop(), [lab(endpoint=1)], prices)

        assert line(found, "iris").usd is None
        assert found.total.unknown == found.dearest_attendee.unknown == {HOSTING}
        assert found.total.least == "at least "
        assert (HOSTING, None) in found.forgotten


def test_a_forgotten_endpoint_costs_24_hours_a_day() -> None:
    found = estimate(make_workshop(), [lab(endpoint=3)], PRICES)

    assert dict(found.forgotten)[HOSTING] == pytest.approx(2.4)
    assert dict(found.forgotten)[STUDIO] == pytest.approx(1.2)


def test_no_grace_makes_the_deadline_the_end() -> None:
    found = estimate(make_workshop(cleanup=Cleanup(0, ())), [], PRICES)

    assert line(found, "workspace").hours.worst == 8


def test_needed_are_the_labs_own_types_and_usable_all_that_are_allowed() -> None:
    workshop = make_workshop()

    needed = needed_cells(workshop, [lab(endpoint=1)])

    assert needed == tuple(sorted([STUDIO, HOME, HOSTING]))
    processing = Cell(REGION, "processing", "ml.m5.xlarge")
    transform = Cell(REGION, "transform", "ml.m5.xlarge")
    usable = usable_cells(workshop, [lab(endpoint=1)])
    assert usable == tuple(sorted([*needed, TRAINING, processing, transform]))


@pytest.mark.parametrize("budget", [Budget(100, None), Budget(None, 25)])
def test_a_budget_refuses_while_a_price_is_unknown_and_names_it(budget: Budget) -> None:
    found = estimate(make_workshop(), [lab(endpoint=1)], Prices())

    refused = refusal(budget, found)

    assert refused is not None
    assert "3 prices" in refused.what
    assert "hosting on ml.m5.large in us-east-1" in refused.why
    assert "workshop cost --refresh" in refused.fix


def test_nothing_is_refused_without_a_budget_or_without_an_unknown_price() -> None:
    unknown = estimate(make_workshop(), [lab(endpoint=1)], Prices())
    known = estimate(make_workshop(), [lab(endpoint=1)], PRICES)

    assert refusal(Budget(None, None), unknown) is None
    assert refusal(Budget(0.01, 0.01), known) is None


def test_above_the_budget_is_told_with_both_figures() -> None:
    found = estimate(make_workshop(["ann", "bob"]), [lab(endpoint=1)], PRICES)

    assert warnings(Budget(100, 50), found) == []
    assert warnings(Budget(1, 0.5), found) == [
        "expected to cost 1.02 USD, above budget.total of 1.00",
        "expected to cost 0.51 USD per attendee, above budget.per_attendee of 0.50",
    ]


@given(
    people=st.integers(1, 5),
    minutes=st.lists(st.integers(1, 5000), max_size=4),
    grace=st.integers(0, 10_080),
    known=st.sets(st.sampled_from(sorted(PRICES.by_cell))),
)
def test_in_any_workshop_low_is_not_above_expected_nor_that_above_worst_and_parts_add_up(
    people: int, minutes: list[int], grace: int, known: set[Cell]
) -> None:
    labs = [lab(f"lab-{n}", some, training=1, endpoint=2) for n, some in enumerate(minutes)]
    prices = Prices({cell: price for cell, price in PRICES.by_cell.items() if cell in known})
    workshop = make_workshop([f"a{n}" for n in range(people)], cleanup=Cleanup(grace, ()))

    found = estimate(workshop, labs, prices)

    total = found.total.usd
    assert 0 <= total.low <= total.expected + 1e-9 <= total.worst + 2e-9
    parts = [line.usd.worst for line in found.lines if line.usd is not None]
    assert total.worst == pytest.approx(sum(parts))
    assert found.total.unknown == set(needed_cells(workshop, labs)) - known
    each = found.dearest_attendee.usd.expected
    assert each * people == pytest.approx(total.expected)
