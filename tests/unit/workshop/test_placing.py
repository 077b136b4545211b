"""A split is written into workshop.yaml, and nothing else of it changes."""

from __future__ import annotations

from difflib import ndiff
from pathlib import Path

import pytest

from tests.unit.workshop.configs import write_text
from workshop.config import load_workshop
from workshop.config.example import EXAMPLE
from workshop.config.placing import with_placements
from workshop.config.placing import write_text as replace_file
from workshop.errors import UsageError

HOME, AWAY = "us-east-1", "eu-west-1"
BOTH = [HOME, AWAY]
PEOPLE = """attendees:
  - ann   # the first
  - {id: bob, email: bob@example.com}
  - id: eve
    name: Eve
  - {id: "007", region: us-east-1}
"""


def example(people: str = "attendees: 3\n", regions: str = "regions: [us-east-1]\n") -> str:
    text = EXAMPLE.replace("attendees: 3\n", people).replace("regions: [us-east-1]\n", regions)
    assert people in text
    assert regions in text
    return text


def changes(folder: Path, text: str, placed: dict[str, str], regions: list[str]) -> list[str]:
    """The lines that go and come; the result is loaded and holds what was to be written."""
    path = folder / "workshop.yaml"
    path.write_bytes(text.encode())
    found = with_placements(path, placed, regions)
    assert path.read_bytes() == text.encode()  # nothing is written before somebody agrees
    path.write_bytes(found.encode())
    workshop = load_workshop(path)
    assert workshop.regions == tuple(regions)
    assert sorted(a.region for a in workshop.attendees) == sorted(placed.values())
    return [line for line in ndiff(text.splitlines(), found.splitlines()) if line[0] in "+-"]


def test_a_count_stays_a_count_where_taking_turns_does_it(tmp_path: Path) -> None:
    placed = {"a001": HOME, "a002": AWAY, "a003": HOME}

    assert changes(tmp_path, example(), placed, BOTH) == [
        "- regions: [us-east-1]",
        "+ regions: [us-east-1, eu-west-1]",
    ]


def test_a_count_becomes_a_list_where_turns_are_not_the_split(tmp_path: Path) -> None:
    placed = {"a001": AWAY, "a002": AWAY, "a003": HOME}

    assert changes(tmp_path, example("attendees: 3  # so far\n"), placed, BOTH) == [
        "- attendees: 3  # so far",
        "+ attendees:",
        "+   - {id: a001, region: eu-west-1}",
        "+   - {id: a002, region: eu-west-1}",
        "+   - {id: a003, region: us-east-1}  # so far",
        "- regions: [us-east-1]",
        "+ regions: [us-east-1, eu-west-1]",
    ]


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_people_get_their_regions_and_keep_their_comments(tmp_path: Path, line_end: str) -> None:
    text = example(PEOPLE, "regions:\n  - us-east-1  # home\n").replace("\n", line_end)
    placed = {"ann": AWAY, "bob": AWAY, "eve": HOME, "007": AWAY}

    found = changes(tmp_path, text, placed, BOTH)

    assert [line for line in found if line.startswith("+")] == [
        "+   - {id: ann, region: eu-west-1}   # the first",
        "+   - {id: bob, region: eu-west-1, email: bob@example.com}",
        "+     region: us-east-1",
        '+   - {id: "007", region: eu-west-1}',
        "+   - eu-west-1",
    ]
    assert (
        b"\n".join((tmp_path / "workshop.yaml").read_bytes().split(line_end.encode())).count(b"\r")
        == 0
    )


def test_what_is_so_already_stays_as_it_is(tmp_path: Path) -> None:
    assert changes(tmp_path, example(), dict.fromkeys(("a001", "a002", "a003"), HOME), [HOME]) == []


@pytest.mark.parametrize(
    ("people", "regions", "why"),
    [
        ("attendees: {roster: roster.csv}\n", "regions: [us-east-1]\n", "roster"),
        (PEOPLE, "regions:\n  - us-east-1\n  # and\n  - eu-central-1\n", "comments"),
        (
            PEOPLE,
            "regions: [us-east-1, us-west-2]\ndomain: {us-west-2: d-abc}\n",
            "us-west-2",
        ),
        (PEOPLE, "regions: [us-east-1,  # home\n  us-west-2]\n", "comment"),
        (PEOPLE, "regions: &places [us-east-1]\n", "anchor"),
        ("attendees: # who: all of them\n  3\n", "regions: [us-east-1]\n", "comment"),
    ],
)
def test_what_cannot_be_edited_safely_is_refused_with_the_text_to_paste(
    tmp_path: Path, people: str, regions: str, why: str
) -> None:
    (tmp_path / "roster.csv").write_text("id\nann\nbob\neve\n007\n", encoding="utf-8")
    text = example(people, regions)
    path = write_text(tmp_path, text)
    placed = {"ann": HOME, "bob": AWAY, "eve": HOME, "007": AWAY}

    with pytest.raises(UsageError) as refused:
        with_placements(path, placed, BOTH)

    assert why in refused.value.why
    assert "regions: [us-east-1, eu-west-1]" in refused.value.fix
    assert '{id: "007", region: eu-west-1}' in refused.value.fix
    assert path.read_text(encoding="utf-8") == text
    assert sorted(p.name for p in tmp_path.iterdir()) == ["roster.csv", "workshop.yaml"]


def test_a_file_is_replaced_at_once_with_its_rights(tmp_path: Path) -> None:
    path = write_text(tmp_path, "old")
    path.chmod(0o640)

    replace_file(path, "new")

    assert path.read_text(encoding="utf-8") == "new"
    assert path.stat().st_mode & 0o777 == 0o640
    assert [p.name for p in tmp_path.iterdir()] == ["workshop.yaml"]
