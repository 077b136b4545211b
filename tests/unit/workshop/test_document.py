"""YAML that would be misread is refused, with the line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.workshop.configs import problems_of, write_text
from workshop.config.document import MAX_CHARACTERS, read_document, spell
from workshop.errors import ConfigError, Problem

FILE = Path("w.yaml")


def refusal(text: str) -> Problem:
    with pytest.raises(ConfigError) as caught:
        read_document(FILE, text)
    (problem,) = caught.value.problems
    return problem


def test_every_key_and_item_knows_its_line() -> None:
    document = read_document(FILE, "a:\n  - x\n  - b: 1\n")

    assert document.data == {"a": ["x", {"b": 1}]}
    assert document.where(("a", 1, "b")) == "w.yaml:3: a[1].b"
    assert document.where(("a", 1, "missing")) == "w.yaml:3: a[1].missing"


def test_the_spelling_of_a_scalar_is_kept() -> None:
    document = read_document(FILE, "a: 007\nb: no\n")

    assert document.data == {"a": 7, "b": False}
    assert (document.text(("a",)), document.text(("b",))) == ("007", "no")


def test_keys_that_yaml_takes_for_booleans_stay_text() -> None:
    assert read_document(FILE, "on: 1\nno: 2\n").data == {"on": 1, "no": 2}


def test_timestamps_stay_text() -> None:
    assert read_document(FILE, "a: 2030-03-04T09:00:00+01:00\n").data == {
        "a": "2030-03-04T09:00:00+01:00"
    }


def test_the_second_of_two_equal_keys_is_named_with_the_line_of_the_first() -> None:
    document = read_document(FILE, "a: 1\nb: 2\na: 3\n")

    (problem,) = document.problems
    assert problem.where == "w.yaml:3: a"
    assert "the first is in line 1" in problem.what


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("a: [1\nb: 2\n", 2, "not valid YAML"),
        ("a:\n\t- b\n", 2, "a tab"),
        ("a: &x [1]\nb: *x\n", 2, "the YAML alias *x"),
        ("", 1, "empty"),
        ("# nothing\n", 1, "empty"),
        ("a: 1\n---\nb: 2\n", 2, "not valid YAML"),
        ("a: \x00", 1, "cannot be read"),
        ("[" * 5000, 1, "nested too deeply"),
        ("a" * (MAX_CHARACTERS + 1), 1, "larger than"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_line(text: str, line: int, what: str) -> None:
    problem = refusal(text)

    assert problem.where.startswith(f"w.yaml:{line}: ")
    assert what in problem.what
    assert problem.fix


def test_aliases_that_would_expand_without_end_are_refused_before_they_do() -> None:
    lines = ["a0: &a0 [x, x]"]
    lines += [f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 60)]

    assert "alias" in refusal("\n".join(lines)).what


def test_a_python_tag_is_refused_and_not_obeyed() -> None:
    document = read_document(FILE, "a: !!python/object/apply:os.getcwd []\nb: !secret x\n")

    assert any("!secret" in problem.what for problem in document.problems)


def test_a_file_that_is_no_mapping_says_so(tmp_path: Path) -> None:
    (problem,) = problems_of(write_text(tmp_path, "- a\n"))

    assert "no keys" in problem.what


def test_a_file_that_is_not_utf8_says_so(tmp_path: Path) -> None:
    path = tmp_path / "workshop.yaml"
    path.write_bytes("title: Kürs\n".encode("latin-1"))

    (problem,) = problems_of(path)

    assert "not UTF-8" in problem.what


def test_paths_are_spelt_as_people_write_them() -> None:
    assert spell(("attendees", 2, "region")) == "attendees[2].region"
