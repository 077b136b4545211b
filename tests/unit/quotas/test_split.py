"""The fewest regions that hold a class, and who goes where."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

from hypothesis import assume, given
from hypothesis import strategies as st

from quotas.demand import Class, class_in, demand_in
from quotas.fit import RegionFit, fit, judge
from quotas.split import assign, split
from tests.factories import make_attendee, make_workshop
from workshop.model import Environment, Workshop

HOMES: list[tuple[Environment, str]] = [
    ("studio", "a"),
    ("studio", "b"),
    ("notebook", "b"),
    ("notebook", "c"),
]
CAPACITIES = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(0, 12), max_size=8)


def test_one_region_is_enough_when_it_holds_everybody() -> None:
    assert split(8, {"a": 5, "b": 8, "c": 20}) == {"b": 8}


def test_of_equally_many_regions_the_preferred_ones_are_taken_and_filled_evenly() -> None:
    assert split(10, {"a": 6, "b": 2, "c": 9, "d": 9}) == {"a": 5, "c": 5}


def test_a_small_region_is_filled_and_the_others_share_the_rest() -> None:
    assert split(22, {"a": 3, "b": 10, "c": 10}) == {"a": 3, "b": 10, "c": 9}


def test_a_class_that_no_regions_hold_is_not_split() -> None:
    assert split(10, {"a": 4, "b": 5}) is None
    assert split(1, {}) is None


@given(people=st.integers(1, 60), capacities=CAPACITIES)
def test_every_split_fits_is_whole_and_takes_the_first_of_the_smallest_sets(
    people: int, capacities: dict[str, int]
) -> None:
    sets = [
        chosen
        for size in range(1, len(capacities) + 1)
        for chosen in combinations(capacities, size)
        if sum(capacities[region] for region in chosen) >= people
    ]

    found = split(people, capacities)

    if not sets:
        assert found is None
        return
    assert found is not None
    # More regions than people cannot be needed; of a set that holds all each has somebody.
    assert tuple(found) == sets[0]
    assert sum(found.values()) == people
    assert all(0 < count <= capacities[region] for region, count in found.items())


def test_who_has_room_where_they_are_stays_there() -> None:
    people = [make_attendee(f"a{n}", region="a") for n in range(4)]
    people += [make_attendee("b0", region="b")]

    placed = assign(people, {"a": 2, "b": 3})

    assert placed == {"a0": "a", "a1": "a", "a2": "b", "a3": "b", "b0": "b"}


def test_environments_are_spread_as_the_whole_class_has_them() -> None:
    people = [make_attendee(f"s{n}", "studio", "a") for n in range(5)]
    people += [make_attendee(f"n{n}", "notebook", "a") for n in range(2)]

    placed = assign(people, {"a": 4, "b": 3})

    studio = [sum(placed[f"s{n}"] == region for n in range(5)) for region in "ab"]
    assert studio == [3, 2]
    assert sorted(placed.values()) == ["a"] * 4 + ["b"] * 3


@given(data=st.data())
def test_a_split_that_is_written_fits_wherever_the_file_placed_people_before(
    data: st.DataObject,
) -> None:
    """Environments may go with regions: all of Studio in one, all notebooks in another."""
    people = data.draw(st.lists(st.sampled_from(HOMES), min_size=1, max_size=12))
    attendees = [make_attendee(f"p{n:02}", *home) for n, home in enumerate(people)]
    before = make_workshop(attendees)
    everybody = class_in(before)
    applied = {
        region: {
            demand.quota.code: float(data.draw(st.sampled_from([0, 1, 3, 5, 8, 12, 30, 60])))
            for demand in demand_in(before, region, [], everybody)
        }
        for region in "abc"
    }

    def judged(workshop: Workshop, region: str, mix: Class | None) -> RegionFit:
        demands = demand_in(workshop, region, [], mix)
        limits = applied[region]
        lines = fit(region, demands, limits, dict.fromkeys(limits, 0))
        return judge(region, len(workshop.attendees_in(region)), demands, lines)

    capacities = {region: judged(before, region, everybody).capacity or 0 for region in "abc"}
    counts = split(len(people), capacities)
    assume(counts is not None)
    assert counts is not None
    placed = assign(attendees, counts)

    after = make_workshop([replace(one, region=placed[one.id]) for one in attendees])

    assert {region: judged(after, region, None).state for region in counts} == dict.fromkeys(
        counts, "ok"
    )
