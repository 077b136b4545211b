"""What is rehearsed: the instructor's own workshop file, with fewer people."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from workshop.config import load_workshop
from workshop.model import Workshop
from workshop.names import PREFIX_MAX_LENGTH

# How long the ids are that a count makes: a001.
_COUNTED_ID_LENGTH = 4


@dataclass(frozen=True, slots=True)
class Options:
    """What to rehearse; `environment` None and no `modules` mean: as the file says."""

    config: Path
    attendees: int
    environment: str | None
    modules: tuple[str, ...]
    labs: bool
    keep: bool


def write_config(options: Options, target: Path) -> Workshop:
    """Write the workshop file that is rehearsed, and return what it says.

    The attendees become a count, and a network or domain that exists in an account is left
    out, since the local AWS is empty. Raises ConfigError when the instructor's file has
    problems.
    """
    workshop = load_workshop(options.config)  # its problems are told with its own lines
    document = yaml.load(options.config.read_text(encoding="utf-8-sig"), Loader=_Text)
    document["attendees"] = _attendees(workshop.name, options.attendees)
    if options.environment:
        document["environment"] = options.environment
    if options.modules:
        document["modules"] = list(options.modules)
    for name in ("network", "domain"):
        document.pop(name, None)
    target.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    return load_workshop(target)


def _attendees(workshop: str, count: int) -> int | list[str]:
    """A count; or, where a long workshop name leaves no room for a001, shorter ids."""
    room = PREFIX_MAX_LENGTH - len(f"{workshop}--")
    if room >= _COUNTED_ID_LENGTH:
        return count
    return [str(number).zfill(room) for number in range(1, count + 1)]


class _Text(yaml.SafeLoader):
    """YAML whose timestamps stay text, as the configuration wants them."""


def _construct_text(_loader: yaml.SafeLoader, node: yaml.Node) -> Any:
    return node.value


_Text.add_constructor("tag:yaml.org,2002:timestamp", _construct_text)
