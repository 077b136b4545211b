"""Who attends: a count, a list or a roster CSV becomes one row per person, with its place.

Each person's region is fixed by the file alone, so that adding people moves nobody:
an explicit region wins; counted people take turns (a001 the first region, a002 the
second, ...); everybody else gets the region that wins a rendezvous hash of id and region,
which depends on nobody else and moves only those of a region that is taken away.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from pydantic import ValidationError

from workshop.config.document import Document, KeyPath
from workshop.config.explain import explain_error
from workshop.config.fields import suggest
from workshop.config.schema import AttendeeYaml, RosterYaml
from workshop.errors import Problem

COLUMNS = tuple(AttendeeYaml.model_fields)


@dataclass(frozen=True, slots=True)
class Person:
    """One attendee as written. `where` gives "file:line: key" of one of its keys."""

    row: AttendeeYaml
    where: Callable[[str], str]
    number: int | None = None  # of a counted attendee, from 1


@dataclass(frozen=True, slots=True)
class People:
    """Everybody, and what is wrong with the rows that could not be read."""

    persons: tuple[Person, ...]
    problems: tuple[Problem, ...] = ()


def expand_attendees(
    document: Document, written: int | Sequence[str | AttendeeYaml] | RosterYaml
) -> People:
    """Make one row per person of what `attendees` holds.

    Counted people get ids of a fixed width (a001), so that names sort and a growing count
    changes no id.
    """
    if isinstance(written, int):
        place = document.where(("attendees",))
        return People(
            tuple(
                Person(AttendeeYaml(id=f"a{number:03}"), lambda _: place, number)
                for number in range(1, written + 1)
            )
        )
    if isinstance(written, RosterYaml):
        place = document.where(("attendees", "roster"))
        return read_roster(document.file.parent / written.roster, place)
    return People(tuple(_listed(document, index, item) for index, item in enumerate(written)))


def _listed(document: Document, index: int, item: str | AttendeeYaml) -> Person:
    path: KeyPath = ("attendees", index)
    if isinstance(item, str):
        return Person(AttendeeYaml(id=item), lambda _: document.where(path))
    return Person(item, lambda key: document.where((*path, key)))


def read_roster(file: Path, named_at: str) -> People:
    """Read a roster CSV: UTF-8 with or without BOM, any line ends, quotes as RFC 4180 has them.

    `named_at` is the place that names the file; it is blamed when there is no such file.
    """
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        return _no_people(named_at, f"there is no file {file}", "the path is relative to this file")
    except UnicodeDecodeError:
        return _no_people(f"{file}:1", "the roster is not UTF-8", "save it as CSV UTF-8")
    except OSError as error:
        return _no_people(named_at, f"{file} cannot be read: {error.strerror}", "check the path")
    # newline="" is what the csv module wants: line ends inside quotes are then kept.
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        lines = [(reader.line_num, cells) for cells in reader if any(c.strip() for c in cells)]
    except csv.Error as error:
        return _no_people(f"{file}:{reader.line_num}", f"not valid CSV: {error}", "close the quote")
    if len(lines) < 2:
        return _no_people(
            f"{file}:1", "the roster is empty", "a line with the columns, then one per person"
        )
    header = [cell.strip().lower() for cell in lines[0][1]]
    header_problems = _check_header(file, header)
    if header_problems:
        return People((), tuple(header_problems))
    return _read_rows(file, header, lines[1:])


def _no_people(where: str, what: str, fix: str) -> People:
    return People((), (Problem(where, what, fix),))


def _check_header(file: Path, header: Sequence[str]) -> list[Problem]:
    where = f"{file}:1"
    if "id" not in header:
        semicolons = len(header) == 1 and ";" in header[0]
        what = "columns are separated by semicolons" if semicolons else "there is no column id"
        fix = "separate by commas" if semicolons else f"begin with: {','.join(COLUMNS)}"
        return [Problem(f"{where}: id", what, fix)]
    problems = [
        Problem(
            f"{where}: {name or '(no name)'}", "the column is not known", suggest(name, COLUMNS)
        )
        for name in header
        if name not in COLUMNS
    ]
    problems += [
        Problem(f"{where}: {name}", "the column is there twice", "keep one")
        for name in COLUMNS
        if header.count(name) > 1
    ]
    return problems


def _read_rows(file: Path, header: Sequence[str], lines: Sequence[tuple[int, list[str]]]) -> People:
    persons: list[Person] = []
    problems: list[Problem] = []
    for line, cells in lines:
        if len(cells) > len(header):
            what = f"{len(cells)} cells for {len(header)} columns"
            problems.append(
                Problem(f"{file}:{line}", what, 'quote a cell with a comma: "Lee, Ann"')
            )
            continue
        # A short line, as spreadsheets write it, means that its last cells are empty.
        row = {key: cell.strip() for key, cell in zip(header, cells, strict=False)}
        given = {key: cell for key, cell in row.items() if cell or key == "id"}
        try:
            person = AttendeeYaml.model_validate({"id": "", **given})
        except ValidationError as error:
            for detail in error.errors():
                key = str(detail["loc"][0])
                what, fix = explain_error(detail, given.get(key), COLUMNS)
                problems.append(Problem(f"{file}:{line}: {key}", what, fix))
            continue
        persons.append(Person(person, _place_in_roster(file, line)))
    return People(tuple(persons), tuple(problems))


def _place_in_roster(file: Path, line: int) -> Callable[[str], str]:
    return lambda key: f"{file}:{line}: {key}"


def region_of(person: Person, regions: Sequence[str]) -> str:
    """The region of a person, out of the workshop's (see the module's docstring)."""
    if person.row.region is not None:
        return person.row.region
    if person.number is not None:
        return regions[(person.number - 1) % len(regions)]
    return max(regions, key=lambda region: sha256(f"{person.row.id} {region}".encode()).digest())


def ids_by_place(persons: Sequence[Person]) -> Mapping[str, list[str]]:
    """Map each attendee id to every place that gives it."""
    places: dict[str, list[str]] = {}
    for person in persons:
        places.setdefault(person.row.id, []).append(person.where("id"))
    return places
