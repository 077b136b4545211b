"""Write into workshop.yaml which attendee is in which region, and touch nothing else.

Places are found by PyYAML's marks, and only what must change is replaced, so that comments
and layout stay. What comes out is loaded and compared before anybody sees it.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from workshop.config.loader import load_workshop
from workshop.config.people import COLUMNS
from workshop.errors import ConfigError, UsageError, WorkshopError


@dataclass(frozen=True, slots=True)
class _Edit:
    """`keeps` tells that comments in what is replaced are in the new text too."""

    start: int
    end: int
    text: str
    keeps: bool = False


class _NotSafe(Exception):
    """The file is written in a way that cannot be edited without losing something."""


def with_placements(path: Path, placed: Mapping[str, str], regions: Sequence[str]) -> str:
    """Return the text of the file with every attendee in the region that `placed` says.

    `placed` maps attendees' ids to regions, `regions` are those of the workshop then. A count
    of attendees stays a count where taking turns gives every region its number already.

    Raises:
        UsageError: the file cannot be edited safely (a roster, for example); the fix is the
            text to paste.
    """
    # Bytes, because reading as text would change the ends of lines.
    text = path.read_bytes().decode("utf-8")
    try:
        why = ""
        for edited in _attempts(text, placed, regions):
            why = _fault(path, edited, placed, regions)
            if not why:
                return edited
        raise _NotSafe(why)
    except _NotSafe as error:
        raise UsageError(
            f"{path} was not changed", str(error), _to_paste(placed, regions)
        ) from None


def write_text(path: Path, text: str) -> None:
    """Replace a file at once: whoever reads it sees the old text or the new one, whole."""
    target = path.resolve()
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=target.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(text.encode("utf-8"))
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(target.stat().st_mode & 0o7777)
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink()
        raise


def _fault(path: Path, text: str, placed: Mapping[str, str], regions: Sequence[str]) -> str:
    """Why a text is no workshop whose attendees are where they are to be; "" when it is.

    It is read beside the file, where a roster is found too. When people are counted, their
    numbers are compared: who is where is then the count's to say.
    """
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".yaml", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(text.encode("utf-8"))
        workshop = load_workshop(Path(name))
    except ConfigError as error:
        # Only the key of `where`: the file was read under another name.
        told = "; ".join(f"{p.where.rpartition(': ')[2]}: {p.what}" for p in error.problems)
        return f"the file would not be valid: {told}"
    except WorkshopError as error:
        return f"the file would not be valid: {error.what}"
    finally:
        Path(name).unlink()
    found = {attendee.id: attendee.region for attendee in workshop.attendees}
    counted = _attendees(text).tag.endswith(":int")
    same = (
        sorted(found.values()) == sorted(placed.values()) and found.keys() == placed.keys()
        if counted
        else found == dict(placed)
    )
    if same and workshop.regions == tuple(regions):
        return ""
    return "the file would not say that"


def _attempts(text: str, placed: Mapping[str, str], regions: Sequence[str]) -> Iterator[str]:
    people = _attendees(text)
    written = _value(text, "regions")
    assert isinstance(written, yaml.CollectionNode), "the file has been loaded already"
    in_regions = _edit_regions(text, written, regions)
    if isinstance(people, yaml.ScalarNode):
        yield _apply(text, in_regions)
        end = _line_end(text)
        lines = "".join(f"{end}  - {_entry(_quoted(id), placed[id])}" for id in sorted(placed))
        # The blank before the number goes too: `attendees:` ends its line.
        start = text.index(":", _entry_of(text, "attendees")[0].end_mark.index) + 1
        expanded = _Edit(start, people.end_mark.index, lines)
        yield _apply(text, [*in_regions, expanded])
    elif isinstance(people, yaml.MappingNode):
        raise _NotSafe("the attendees stand in a roster: put the regions into its column")
    else:
        edits = [edit for item in people.value for edit in _edit_person(text, item, placed)]
        yield _apply(text, [*in_regions, *edits])


def _value(text: str, key: str) -> yaml.Node:
    return _entry_of(text, key)[1]


def _entry_of(text: str, key: str) -> tuple[yaml.Node, yaml.Node]:
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    assert isinstance(root, yaml.MappingNode), "the file has been loaded already"
    for name, value in root.value:
        if name.value == key:
            return name, value
    raise _NotSafe(f"there is no `{key}`")


def _attendees(text: str) -> yaml.Node:
    return _value(text, "attendees")


def _edit_regions(text: str, node: yaml.CollectionNode, regions: Sequence[str]) -> list[_Edit]:
    written = [item.value for item in node.value]
    if written == list(regions):
        return []
    if node.flow_style:
        return [_Edit(node.start_mark.index, node.end_mark.index, f"[{', '.join(regions)}]")]
    # One `- region` per line: those that stay keep their lines, with their comments.
    first = text.rfind("\n", 0, node.value[0].start_mark.index) + 1
    newline = text.find("\n", node.value[-1].end_mark.index)
    last = len(text) if newline < 0 else newline
    lines = text[first:last].splitlines()
    if len(lines) != len(written):
        raise _NotSafe("comments stand between the lines of `regions`")
    kept = dict(zip(written, lines, strict=True))
    indent = lines[0][: lines[0].index("-")]
    end = _line_end(text)
    # A line with a comment that goes takes it along: it is about the region.
    rows = end.join(kept.get(r, f"{indent}- {r}") for r in regions)
    return [_Edit(first, last, rows, keeps="&" not in text[first:last])]


def _edit_person(text: str, item: yaml.Node, placed: Mapping[str, str]) -> list[_Edit]:
    if isinstance(item, yaml.ScalarNode):
        start, end = item.start_mark.index, item.end_mark.index
        return [_Edit(start, end, _entry(text[start:end], placed[item.value]))]
    assert isinstance(item, yaml.MappingNode), "the file has been loaded already"
    values = {key.value: value for key, value in item.value}
    region = placed[values["id"].value]
    if "region" in values:
        node = values["region"]
        if node.value == region:
            return []
        return [_Edit(node.start_mark.index, node.end_mark.index, region)]
    at = values["id"].end_mark.index
    if item.flow_style:
        return [_Edit(at, at, f", region: {region}")]
    # A key of its own line, below the id's, as deep as the other keys stand.
    column = item.value[0][0].start_mark.column
    line_end = text.find("\n", at)
    at = len(text) if line_end < 0 else line_end
    if text[at - 1] == "\r":
        at -= 1
    return [_Edit(at, at, f"{_line_end(text)}{' ' * column}region: {region}")]


def _apply(text: str, edits: Sequence[_Edit]) -> str:
    """Raises _NotSafe when a comment or an anchor stands in what is replaced, and would go."""
    for edit in edits:
        if any(sign in text[edit.start : edit.end] for sign in "#&") and not edit.keeps:
            raise _NotSafe("a comment or an anchor stands in what would be replaced")
    for edit in sorted(edits, key=lambda edit: edit.start, reverse=True):
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text


def _entry(id: str, region: str) -> str:
    return f"{{id: {id}, region: {region}}}"


def _quoted(id: str) -> str:
    """An id as YAML reads it back: `007` and `no` would not be text."""
    return id if yaml.safe_load(id) == id else f'"{id}"'


def _line_end(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _to_paste(placed: Mapping[str, str], regions: Sequence[str]) -> str:
    people = "\n".join(f"  - {_entry(_quoted(id), placed[id])}" for id in sorted(placed))
    roster = "\n".join(f"{id},{placed[id]}" for id in sorted(placed))
    return (
        f"paste: regions: [{', '.join(regions)}]\nand the attendees' regions, in the file:\n"
        f"attendees:\n{people}\nor in the roster's columns {COLUMNS[0]},region:\n{roster}"
    )
