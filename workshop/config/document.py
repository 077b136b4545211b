"""Read YAML into plain data, and remember where every key and item stands.

PyYAML's loader forgets positions, keeps the last of two equal keys, expands aliases
without limit, and reads timestamps without an offset as if they were UTC. So nodes are
composed and walked here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from workshop.errors import ConfigError, Problem

# A key's way from the top: ("attendees", 2, "region").
KeyPath = tuple[str | int, ...]

MAX_CHARACTERS = 1_000_000
MAX_DEPTH = 20
_TIMESTAMP = "tag:yaml.org,2002:timestamp"
_STRING = "tag:yaml.org,2002:str"
_MERGE = "tag:yaml.org,2002:merge"
_SCALARS = {
    f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "timestamp")
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a key stands (1-based line), and its scalar value as the file spells it."""

    line: int
    text: str | None


@dataclass(slots=True)
class Document:
    """A YAML file as plain data, with the place of every key."""

    file: Path
    data: Any = None
    places: dict[KeyPath, Place] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def nearest(self, path: KeyPath) -> KeyPath:
        """The longest beginning of `path` that the file really holds."""
        while path and path not in self.places:
            path = path[:-1]
        return path

    def where(self, path: KeyPath) -> str:
        """Return "file:line: key" of a path; a missing key gets its parent's line."""
        place = self.places.get(self.nearest(path))
        return f"{self.file}:{place.line if place else 1}: {spell(path)}"

    def text(self, path: KeyPath) -> str | None:
        """The scalar at a path as the file spells it (`007`, `no`), or None."""
        place = self.places.get(path)
        return place.text if place else None


def spell(path: KeyPath) -> str:
    """Spell a path the way people do: `attendees[2].region`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{part}" if text else part
    return text or "(whole file)"


def read_document(file: Path, text: str) -> Document:
    """Parse YAML text; `file` is only named in messages.

    Raises:
        ConfigError: the text is no YAML at all, or is too large, empty, or uses aliases.
            Duplicate keys are collected in `Document.problems`, so that what else is
            wrong can be reported with them.
    """
    document = Document(file)
    if len(text) > MAX_CHARACTERS:
        raise _refused(
            file, 1, f"larger than {MAX_CHARACTERS:,} characters", "describe one workshop"
        )
    try:
        _refuse_bombs(file, text)
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        raise _syntax_error(file, error) from None
    except yaml.YAMLError as error:
        reason = " ".join(str(error).split())
        raise _refused(file, 1, f"cannot be read as YAML: {reason}", "correct it") from None
    if node is None:
        raise _refused(file, 1, "the file is empty", "workshop init writes a commented example")
    document.places[()] = Place(node.start_mark.line + 1, None)
    document.data = _convert(document, loader, node, ())
    return document


def _refuse_bombs(file: Path, text: str) -> None:
    """Aliases and deep nesting can make a small file expand without end; none is needed here."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        line = event.start_mark.line + 1 if event.start_mark else 1
        if isinstance(event, yaml.AliasEvent):
            raise _refused(
                file, line, f"uses the YAML alias *{event.anchor}", "write the value out"
            )
        if isinstance(event, yaml.events.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.events.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            raise _refused(file, line, "is nested too deeply", "see workshop init for an example")


def _convert(document: Document, loader: yaml.SafeLoader, node: yaml.Node, path: KeyPath) -> Any:
    if isinstance(node, yaml.MappingNode):
        return _convert_mapping(document, loader, node, path)
    if isinstance(node, yaml.SequenceNode):
        items = []
        for index, item in enumerate(node.value):
            _remember(document, (*path, index), item, item)
            items.append(_convert(document, loader, item, (*path, index)))
        return items
    return _convert_scalar(document, loader, node, path)


def _convert_mapping(
    document: Document, loader: yaml.SafeLoader, node: yaml.MappingNode, path: KeyPath
) -> dict[str, Any]:
    data: dict[str, Any] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, yaml.ScalarNode) or key_node.tag == _MERGE:
            what = "a key must be plain text"
            document.problems.append(_problem(document, line, path, what, "write it as `key:`"))
            continue
        # `on:` and `no:` are booleans to YAML 1.1; here every key is the text it looks like.
        key = str(key_node.value)
        here = (*path, key)
        if key in data:
            first = document.places[here].line
            what = f"the key is there twice; the first is in line {first}"
            document.problems.append(_problem(document, line, here, what, "keep one of them"))
            continue
        _remember(document, here, key_node, value_node)
        data[key] = _convert(document, loader, value_node, here)
    return data


def _convert_scalar(
    document: Document, loader: yaml.SafeLoader, node: yaml.Node, path: KeyPath
) -> Any:
    line = node.start_mark.line + 1
    if node.tag not in _SCALARS:
        document.problems.append(
            _problem(document, line, path, f"the YAML tag {node.tag} is not known", "remove it")
        )
        return None
    if node.tag in (_TIMESTAMP, _STRING):
        # YAML's own timestamp type drops the offset; the text keeps it.
        return str(node.value)
    try:
        return loader.construct_object(node)
    except ValueError as error:  # for example `!!int abc`
        document.problems.append(_problem(document, line, path, str(error), "remove the tag"))
        return None


def _remember(document: Document, path: KeyPath, at: yaml.Node, value: yaml.Node) -> None:
    text = str(value.value) if isinstance(value, yaml.ScalarNode) else None
    document.places[path] = Place(at.start_mark.line + 1, text)


def _problem(document: Document, line: int, path: KeyPath, what: str, fix: str) -> Problem:
    return Problem(f"{document.file}:{line}: {spell(path)}", what, fix)


def _refused(file: Path, line: int, what: str, fix: str) -> ConfigError:
    return ConfigError([Problem(f"{file}:{line}: (whole file)", what, fix)])


def _syntax_error(file: Path, error: yaml.MarkedYAMLError) -> ConfigError:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    reason = " ".join(part for part in (error.context, error.problem) if part)
    fix = "correct the YAML syntax there or in the line above"
    if "'\\t'" in reason:
        reason, fix = f"a tab is used where YAML wants spaces ({reason})", "indent with spaces"
    return ConfigError(
        [Problem(f"{file}:{line}: (column {column})", f"not valid YAML: {reason}", fix)]
    )
