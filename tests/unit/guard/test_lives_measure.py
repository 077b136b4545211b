"""Whatever happens between the looks: what is measured is never less than the truth, and more
by what ran from one look to the next at most."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleanup.lifetimes import Run
from guard.ledger import Life
from guard.lives import bill, update
from tests.unit.guard.samples import DAY, PRICES, REGION, at, hosting, resource
from workshop.machine import Machine

T3 = (Machine("notebook", "ml.t3.medium"),)
T3_USD = 0.5


@dataclass(frozen=True)
class Gap:
    """The minutes from one look to the next; at each moment the thing comes to have so many
    instances (None: it is deleted). `blind` are moments of looks that could not see it."""

    minutes: int
    changes: tuple[tuple[int, int | None], ...]
    blind: tuple[int, ...] = ()


@dataclass
class Truth:
    """What really runs, minute by minute, and what it costs."""

    usd_per_hour: float
    count: int | None = None
    made: int = 0
    changed: int = 0
    counts: list[int] = field(default_factory=list)  # of every minute

    def pass_time(self, gap: Gap) -> None:
        start = len(self.counts)
        changes = dict(gap.changes)
        for minute in range(gap.minutes):
            if minute in changes:
                if self.count is None:
                    self.made = start + minute
                self.count, self.changed = changes[minute], start + minute
            self.counts.append(self.count or 0)

    @property
    def cost(self) -> float:
        return sum(self.counts) * self.usd_per_hour / 60


def gaps(changes: st.SearchStrategy[list[int | None]]) -> st.SearchStrategy[list[Gap]]:
    @st.composite
    def gap(draw: st.DrawFn) -> Gap:
        minutes = draw(st.integers(2, 15))
        states = draw(changes)
        moments = draw(
            st.lists(
                st.integers(0, minutes - 1),
                min_size=min(len(states), minutes),
                max_size=min(len(states), minutes),
                unique=True,
            )
        )
        blind = draw(st.lists(st.integers(1, minutes), max_size=2))
        return Gap(minutes, tuple(zip(sorted(moments), states, strict=False)), tuple(blind))

    return st.lists(gap(), min_size=1, max_size=12)


def measured(told: Iterable[tuple[int, list[Run], list[int]]], kind: str) -> float:
    """What looks come to: each a minute, what is seen then, and the blind ones before it."""
    lives: dict[str, Life] = {}
    last, now = None, DAY
    for minute, runs, blind in told:
        for moment in sorted(blind):
            lives, _ = update(lives, [], at(moment), last, {kind})
        now = at(minute)
        lives, _ = update(lives, runs, now, last)
        last = now
    found = bill(lives, {}, PRICES, REGION, now).total
    assert not found.unknown
    return found.usd


def check(truth: Truth, usd: float, doubt: float) -> None:
    """`doubt`: USD of all that ran between two looks when something changed."""
    assert usd >= truth.cost - 1e-9
    assert usd <= truth.cost + doubt + 1e-9


def doubt_of(gap: Gap, before: int | None, usd_per_hour: float) -> float:
    if not gap.changes:
        return 0.0
    most = max([before or 0, *(count or 0 for _, count in gap.changes)])
    return most * gap.minutes * usd_per_hour / 60


@given(gaps(st.lists(st.one_of(st.none(), st.integers(0, 4)), max_size=1)))
def test_an_endpoint_that_is_made_scaled_and_deleted_costs_what_it_did_or_a_look_more(
    timeline: list[Gap],
) -> None:
    truth, doubt, told = Truth(1.0), 0.0, []
    for gap in timeline:
        start = len(truth.counts)
        doubt += doubt_of(gap, truth.count, 1.0)
        truth.pass_time(gap)
        runs = []
        if truth.count is not None:
            there = resource("endpoint", created=at(truth.made))
            runs = [Run(there, hosting(truth.count), at(truth.made))]
        told.append((len(truth.counts), runs, [start + moment for moment in gap.blind]))

    check(truth, measured(told, "endpoint"), doubt)


@given(gaps(st.lists(st.sampled_from([0, 1]), max_size=4)))
def test_an_instance_that_is_stopped_and_started_costs_what_it_did_or_a_look_more(
    timeline: list[Gap],
) -> None:
    running, doubt, told = resource("notebook-instance"), 0.0, []
    truth = Truth(T3_USD, count=1)
    for gap in timeline:
        start = len(truth.counts)
        # Whoever changes one that is stopped may have started it too.
        doubt += doubt_of(gap, 1, T3_USD)
        truth.pass_time(gap)
        over = None if truth.count else at(truth.changed)
        where = running if truth.count else replace(running, status="Stopped")
        runs = [Run(where, T3, DAY, over, perhaps_less=True)]
        told.append((len(truth.counts), runs, [start + moment for moment in gap.blind]))

    check(truth, measured(told, "notebook-instance"), doubt)


def test_a_timeline_of_which_the_sum_is_known() -> None:
    """What the two above rest on: the truth is counted right."""
    truth = Truth(1.0)
    truth.pass_time(Gap(10, ((4, 2),)))
    truth.pass_time(Gap(10, ((5, None),)))

    assert truth.cost == pytest.approx((6 + 5) * 2 / 60)
    assert truth.made == 4
