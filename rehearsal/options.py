"""What is rehearsed: the instructor's own workshop file, with fewer people."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from modules.declarations import Module, load_module, load_modules
from modules.prerequisites import in_order
from workshop.config import load_workshop
from workshop.config.derive import derive
from workshop.model import Workshop
from workshop.names import PREFIX_MAX_LENGTH

# How long the ids are that a count makes: a001.
_COUNTED_ID_LENGTH = 4

MIXED = "mixed"
ALL_MODULES = "all"


@dataclass(frozen=True, slots=True)
class Options:
    """What to rehearse; `environment` None, no `modules` and no `regions` mean: as the file says.

    The environment "mixed" is one half studio, one half notebook, in every region. The module
    "all" stands for every lab there is.
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
    out, since the local AWS is empty. Labs that are named bring what they build on, the
    instance types they need, and the time. Raises ConfigError when the instructor's file has
    problems, UsageError for a lab that is not there.
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
        values |= _of_modules(workshop, _chosen(options.modules))
    return derive(options.config, target, **values)


def _chosen(names: tuple[str, ...]) -> list[Module]:
    """The labs of these names and all that they build on, in the order they are taught."""
    known = load_modules()
    wanted = list(known) if ALL_MODULES in names else list(names)
    for name in wanted:
        load_module(name)  # refuses one that is not there, and says which there are
    return [known[name] for name in in_order(wanted, known)]


def _of_modules(workshop: Workshop, modules: list[Module]) -> dict[str, Any]:
    """What the file says where these labs are taught: instances and time enough for them."""
    instances = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in asdict(workshop.instances).items()
    }
    for need in (need for module in modules for need in module.needs):
        if need.instance_type not in instances[need.use]:
            instances[need.use].append(need.instance_type)
    minutes = sum(module.minutes for module in modules)
    ends = max(workshop.ends, workshop.starts + timedelta(minutes=minutes))
    return {
        "modules": [module.name for module in modules],
        "instances": instances,
        "ends": ends.isoformat(),
    }


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
