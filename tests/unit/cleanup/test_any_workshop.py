"""Any workshop, beside any neighbours, whatever fails: a sweep ends, touches nothing but what is
in scope, names what still bills, and says the truth about itself."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from tests.unit.cleanup.world_checks import check
from tests.unit.cleanup.worlds import PROTECTED, STRANGERS, Case, Thing, cases
from tests.unit.rehearsal.wire import Wire
from workshop.names import TAG_KEEP, TAG_WORKSHOP

KEPT = ((TAG_KEEP, ""), (TAG_WORKSHOP, "ml101"))
ELSEWHERE = ((TAG_WORKSHOP, "ml202"),)


@pytest.fixture(scope="module")
def wire() -> Wire:
    return Wire()


@settings(
    max_examples=10,
    deadline=None,
    derandomize=True,  # the same worlds on every machine
    database=None,
    phases=[Phase.generate],  # a smaller world fails no more clearly, and takes minutes to find
    suppress_health_check=list(HealthCheck),
)
@given(case=cases())
def test_a_sweep_of_any_workshop_keeps_its_promises(wire: Wire, case: Case) -> None:
    assert check(case, wire).violations == []


@pytest.mark.parametrize("kind", ["app", "space", "user-profile"])
@pytest.mark.parametrize("tags", [KEPT, ELSEWHERE], ids=["held", "another workshop's"])
def test_studio_s_things_are_left_by_their_tags_although_lists_have_no_arns(
    wire: Wire, kind: str, tags: tuple[tuple[str, str], ...]
) -> None:
    ours = (Thing("canvas", "ml101-ann-0"),)
    case = Case(("ann",), ours, (Thing(kind, "ml101-ann-other", tags),))
    assert check(case, wire).violations == []


def test_what_a_lagging_list_hides_makes_what_needs_it_remain(wire: Wire) -> None:
    ours = (Thing("space", "ml101-ann-0"),)
    lag = {"fault": "lag", "operation": "ListSpaces", "seconds": 7200.0}
    verdict = check(Case(("ann",), ours, (), (lag,)), wire)
    assert (verdict.violations, verdict.clean) == ([], False)


def test_a_world_without_faults_ends_clean(wire: Wire) -> None:
    ours = tuple(
        Thing(kind, f"ml101-ann-{number}")
        for number, kind in enumerate(("app", "canvas", "endpoint", "notebook-instance", "cluster"))
    )
    verdict = check(Case(("ann",), ours, ()), wire)
    assert (verdict.violations, verdict.clean) == ([], True)


def test_neighbours_strangers_and_what_is_held_are_left_whatever_they_are_called(
    wire: Wire,
) -> None:
    named = [name.format(0) for name in STRANGERS]
    others = [Thing(kind, name) for kind in ("model", "space") for name in (*named, PROTECTED)]
    others += [Thing("model", f"ml101-ann-{n}", tags) for n, tags in enumerate((KEPT, ELSEWHERE))]
    verdict = check(Case(("ann",), (Thing("model", "ml101-ann-9"),), tuple(others)), wire)
    assert (verdict.violations, verdict.clean) == ([], True)
