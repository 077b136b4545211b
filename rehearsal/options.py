"""What is rehearsed: the instructor's own workshop file, with fewer people."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workshop.config import load_workshop
from workshop.config.derive import derive
from workshop.model import Workshop
from workshop.names import PREFIX_MAX_LENGTH

# How long the ids are that a count makes: a001.
_COUNTED_ID_LENGTH = 4

MIXED = "mixed"


@dataclass(frozen=True, slots=True)
class Options:
    """What to rehearse; `environment` None, no `modules` and no `regions` mean: as the file says.

    The environment "mixed" is one half studio, one half notebook, in every region.
    """

    config: Path
    attendees: int
    environment: str | None
    modules: tuple[str, ...]
    labs: bool
    keep: bool
    regions: tuple[str, ...] = ()


def write_config(options: Options, target: Path) -> Workshop:
    """Write the workshop file that is rehearsed, and return what it says.

    The attendees become a count, and a network or domain that exists in an account is left
    out, since the local AWS is empty. Raises ConfigError when the instructor's file has
    problems.
    """
    workshop = load_workshop(options.config)  # its problems are told with its own lines
    regions = options.regions or workshop.regions
    values: dict[str, Any] = {
        "regions": list(regions),
        "attendees": _attendees(workshop.name, options.attendees),
        "network": None,
        "domain": None,
    }
    if options.environment == MIXED:
        values["attendees"] = _mixed(workshop.name, options.attendees, regions)
    elif options.environment:
        values["environment"] = options.environment
    if options.modules:
        values["modules"] = list(options.modules)
    return derive(options.config, target, **values)


def _attendees(workshop: str, count: int) -> int | list[str]:
    """A count; or, where a long workshop name leaves no room for a001, shorter ids."""
    room = _room(workshop)
    return count if room >= _COUNTED_ID_LENGTH else _numbers(count, room)


def _mixed(workshop: str, count: int, regions: tuple[str, ...]) -> list[dict[str, str]]:
    """People who take turns over the regions, and over the environments within a region."""
    kinds = ("studio", "notebook")
    ids = _numbers(count, min(_room(workshop), _COUNTED_ID_LENGTH))
    return [
        {
            "id": attendee,
            "region": regions[place % len(regions)],
            "environment": kinds[place // len(regions) % len(kinds)],
        }
        for place, attendee in enumerate(ids)
    ]


def _room(workshop: str) -> int:
    return PREFIX_MAX_LENGTH - len(f"{workshop}--")


def _numbers(count: int, length: int) -> list[str]:
    return [str(number).zfill(length) for number in range(1, count + 1)]
