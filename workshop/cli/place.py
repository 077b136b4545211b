"""Whose lab it is, and with what: from options, the attendee's environment or the YAML."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING

from workshop.errors import UsageError

if TYPE_CHECKING:
    from workshop.model import Workshop

# What a boot script tells an attendee's environment about itself.
CONTEXT_FILE = Path(".workshop") / "context.json"


@dataclass(frozen=True, slots=True)
class Place:
    """Who runs a lab, and with what; "" is not known yet."""

    workshop: str = ""
    attendee: str = ""
    region: str = ""
    bucket: str = ""
    prefix: str = ""
    role: str = ""

    def filled_from(self, other: Place) -> Place:
        """What is not known here, taken from `other`."""
        missing = {f.name for f in fields(self) if not getattr(self, f.name)}
        return replace(self, **{name: getattr(other, name) for name in missing})

    @property
    def is_complete(self) -> bool:
        """Whether everything is known."""
        return all(getattr(self, f.name) for f in fields(self))


def _caller(region: str) -> Mapping[str, str]:
    from workshop.aws import make_clients

    identity: Mapping[str, str] = make_clients()("sts", region).get_caller_identity()
    return identity


def find_place(
    given: Place,
    config: Path,
    context_file: Path,
    *,
    prefer_config: bool,
    caller: Callable[[str], Mapping[str, str]] = _caller,
) -> Place:
    """Fill what the options left open, from the environment's own file or the configuration.

    The file wins unless a configuration was named, or it is somebody else's. `caller` answers
    GetCallerIdentity in a region; it is asked only for what nothing else says.

    Raises:
        UsageError: it cannot be known who runs the lab.
    """
    if given.is_complete:
        return given
    known = None if prefer_config else read_context(context_file)
    if known and given.attendee in ("", known.attendee):
        place = given.filled_from(known)
        if place.is_complete:
            return place
        given = place
    from workshop.config import load_workshop

    return _from_workshop(given, load_workshop(config), config, caller)


def read_context(path: Path) -> Place | None:
    """What a boot script wrote for this environment, or None outside of one.

    Raises:
        UsageError: the file cannot be understood.
    """
    if not path.exists():
        return None
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return Place(**{f.name: str(content.get(f.name, "")) for f in fields(Place)})
    except (ValueError, AttributeError) as error:
        raise UsageError(
            f"{path} cannot be read", str(error), "delete it and restart the environment"
        ) from None


def _from_workshop(
    given: Place, workshop: Workshop, config: Path, caller: Callable[[str], Mapping[str, str]]
) -> Place:
    from workshop.names import bucket_name, bucket_prefix, environment_name

    ids = [attendee.id for attendee in workshop.attendees]
    wanted = given.attendee or (ids[0] if len(ids) == 1 else "")
    attendee = workshop.attendee(wanted)
    if attendee is None:
        raise UsageError(
            f"{config} has no attendee {wanted!r}" if wanted else "whose lab is it?",
            f"its attendees are: {', '.join(ids)}",
            "workshop run MODULE --attendee ID",
        )
    place = given.filled_from(
        Place(
            workshop=workshop.name,
            attendee=attendee.id,
            region=attendee.region,
            prefix=bucket_prefix(attendee.id),
        )
    )
    if place.is_complete:
        return place
    identity = caller(place.region)
    partition = identity["Arn"].split(":")[1]
    account = identity["Account"]
    name = environment_name(workshop.name, attendee.id)
    return place.filled_from(
        Place(
            bucket=bucket_name(workshop.name, account, place.region),
            role=f"arn:{partition}:iam::{account}:role/{name}",
        )
    )
