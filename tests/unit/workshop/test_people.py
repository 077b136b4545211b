"""Counts, lists and rosters, and the region each person gets."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.workshop.configs import load, problems_of, write_config
from workshop.config.people import Person, region_of
from workshop.config.schema import AttendeeYaml
from workshop.errors import Problem
from workshop.model import Attendee, Workshop

REGIONS = ["us-east-1", "eu-west-1", "ap-south-1"]


def with_roster(folder: Path, content: bytes) -> Path:
    (folder / "roster.csv").write_bytes(content)
    return write_config(folder, attendees={"roster": "roster.csv"}, regions=REGIONS)


def people_of(folder: Path, content: bytes) -> tuple[Attendee, ...]:
    with_roster(folder, content)
    return load(folder, attendees={"roster": "roster.csv"}, regions=REGIONS).attendees


def roster_problem(folder: Path, content: bytes) -> Problem:
    (problem,) = problems_of(with_roster(folder, content))
    return problem


def regions_by_id(workshop: Workshop) -> dict[str, str]:
    return {attendee.id: attendee.region for attendee in workshop.attendees}


def test_counted_attendees_have_ids_of_one_width_and_take_turns(tmp_path: Path) -> None:
    workshop = load(tmp_path, attendees=4, regions=REGIONS)

    assert regions_by_id(workshop) == {
        "a001": "us-east-1",
        "a002": "eu-west-1",
        "a003": "ap-south-1",
        "a004": "us-east-1",
    }


def test_a_growing_count_changes_nobody(tmp_path: Path) -> None:
    few = regions_by_id(load(tmp_path, attendees=9, regions=REGIONS))
    many = regions_by_id(load(tmp_path, attendees=999, regions=REGIONS))

    assert few.items() <= many.items()


@given(
    st.sets(st.from_regex(r"[a-z0-9]{1,8}", fullmatch=True), min_size=1),
    st.from_regex(r"[a-z0-9]{1,8}", fullmatch=True),
)
def test_adding_a_person_moves_nobody(ids: set[str], newcomer: str) -> None:
    def place(people: set[str]) -> dict[str, str]:
        persons = {i: Person(AttendeeYaml.model_construct(id=i, region=None), str) for i in people}
        return {i: region_of(person, REGIONS) for i, person in persons.items()}

    assert place(ids).items() <= place(ids | {newcomer}).items()


def test_taking_a_region_away_moves_only_its_people(tmp_path: Path) -> None:
    ids = [f"x{number}" for number in range(60)]
    before = regions_by_id(load(tmp_path, attendees=ids, regions=REGIONS))
    after = regions_by_id(load(tmp_path, attendees=ids, regions=REGIONS[:2]))

    assert {i for i in ids if before[i] != after[i]} == {i for i in ids if before[i] == REGIONS[2]}


def test_a_stable_rule_spreads_people_over_the_regions(tmp_path: Path) -> None:
    ids = [f"x{number}" for number in range(90)]
    counts = Counter(regions_by_id(load(tmp_path, attendees=ids, regions=REGIONS)).values())

    assert set(counts) == set(REGIONS)
    assert min(counts.values()) > 15


def test_the_order_of_the_regions_moves_nobody_who_is_named(tmp_path: Path) -> None:
    ids = ["ann", "bob", "eve"]

    assert regions_by_id(load(tmp_path, attendees=ids, regions=REGIONS)) == regions_by_id(
        load(tmp_path, attendees=ids, regions=REGIONS[::-1])
    )


def test_a_person_may_have_an_environment_and_a_region_of_their_own(tmp_path: Path) -> None:
    entry = {"id": "bob", "environment": "notebook", "region": "eu-west-1", "name": "Bob"}
    ann, bob = load(tmp_path, attendees=["ann", entry], regions=REGIONS).attendees

    assert ann.environment == "studio"
    assert bob == Attendee("bob", "eu-west-1", "notebook", "Bob")


def test_a_roster_with_bom_crlf_quotes_and_other_scripts_is_read(tmp_path: Path) -> None:
    rows = 'ID,name,email,environment,region\r\nann,"Łucja ""Lu"" Ōno, Dr.",a@b.c,notebook,\r\n'
    content = b"\xef\xbb\xbf" + (rows + "\r\n007,\r\n").encode()

    james, ann = people_of(tmp_path, content)

    assert ann.name == 'Łucja "Lu" Ōno, Dr.'
    assert (ann.email, ann.environment) == ("a@b.c", "notebook")
    assert (james.id, james.name, james.environment) == ("007", "", "studio")


def test_a_roster_needs_no_column_but_the_id(tmp_path: Path) -> None:
    assert [attendee.id for attendee in people_of(tmp_path, b"id\nbob\nann\n")] == ["ann", "bob"]


@pytest.mark.parametrize(
    ("content", "place", "what"),
    [
        (b"", ":1", "empty"),
        (b"id,name\n\n", ":1", "empty"),
        (b"name\nAnn\n", ":1: id", "no column id"),
        (b"id;name\nann;Ann\n", ":1: id", "semicolons"),
        (b"id,nmae\nann,Ann\n", ":1: nmae", "not known"),
        (b"id,id\nann,ann\n", ":1: id", "twice"),
        (b"id\nann\nAnn\n", ":3: id", "lower-case"),
        (b"id\nann\nbob\nann\n", ":4: id", "already given"),
        (b"id,name\n,Ann\n", ":2: id", "empty"),
        (b"id\nshared\n", ":2: id", "reserved"),
        (b"id,email\nann,nobody\n", ":2: email", "no e-mail"),
        (b"id,environment\nann,lab\n", ":2: environment", "not possible"),
        (b"id,region\nann,eu-north-1\n", ":2: region", "not among"),
        (b"id,name\nann,Ann,x\n", ":2", "3 cells for 2 columns"),
        (b'id,name\nann,"Ann\n', ":2", "not valid CSV"),
        ("id,name\nann,Zoë\n".encode("latin-1"), ":1", "not UTF-8"),
    ],
)
def test_a_mistake_in_the_roster_is_named_with_its_line(
    tmp_path: Path, content: bytes, place: str, what: str
) -> None:
    problem = roster_problem(tmp_path, content)

    assert problem.where == f"{tmp_path / 'roster.csv'}{place}"
    assert what in problem.what
    assert problem.fix


def test_a_roster_that_is_not_there_is_blamed_on_the_key(tmp_path: Path) -> None:
    path = write_config(tmp_path, attendees={"roster": "none.csv"})

    (problem,) = problems_of(path)

    assert problem.where == f"{path}:2: attendees.roster"
    assert "there is no file" in problem.what
