"""What a scan finds: resources, whose they are, and what could not be seen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cleanup.kind import Kind
from cleanup.kinds import BY_NAME
from workshop.names import SHARED

# The "kind" of a Blind for tags that could not be read.
TAGS = "tags"

# (region, kind, ids): what identifies a resource across scans.
Key = tuple[str, str, tuple[tuple[str, str], ...]]


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose things are looked for.

    `attendees` are the known ids; with `only`, just these are swept, and with `module`, just
    what was made in that lab. `protected` are names that are never touched. `account` is the
    12-digit id, or "" when it is not known: what an ARN says of another account is not ours.
    `everything` takes in whatever SageMaker has in the regions, for accounts that are there
    for the event alone.
    """

    workshop: str
    attendees: frozenset[str]
    regions: tuple[str, ...]
    protected: frozenset[str] = frozenset()
    only: frozenset[str] | None = None
    module: str = ""
    account: str = ""
    everything: bool = False


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource that is ours.

    `owner` is an attendee id, or SHARED for what all of a region share. `why` says how it
    was attributed. `managed`: a stack made it and a stack will remove it. `protected` says
    why it is never touched, or is "". `instance_type` is "" where the listing names none,
    `fee` where nothing was paid up front. `claimed`: it carries the workshop's tag.
    `within` are the (kind, name, id or ARN) of what it is a part of.
    """

    kind: str
    region: str
    name: str
    ids: tuple[tuple[str, str], ...]
    status: str
    owner: str
    why: str
    managed: bool = False
    protected: str = ""
    created: datetime | None = None
    arn: str = ""
    instance_type: str = ""
    fee: str = ""
    claimed: bool = False
    within: tuple[tuple[str, str], ...] = ()

    @property
    def row(self) -> Kind:
        """The resource's kind."""
        return BY_NAME[self.kind]

    @property
    def key(self) -> Key:
        """What identifies it across scans."""
        return self.region, self.kind, self.ids

    @property
    def names(self) -> tuple[str, ...]:
        """What others may know it by: its name, its ids, its ARN."""
        return tuple(str(n) for n in (self.name, self.arn, *dict(self.ids).values()) if n)

    @property
    def bills(self) -> str:
        """ "hour", "month" or "": what it costs in its present status."""
        return self.row.bills_at(self.status)

    @property
    def shared(self) -> bool:
        """Whether it belongs to nobody in particular."""
        return self.owner == SHARED


@dataclass(frozen=True, slots=True)
class Unattributed:
    """Something that merely looks like ours. It is reported and left."""

    kind: str
    region: str
    name: str
    why: str


@dataclass(frozen=True, slots=True)
class Blind:
    """A listing that failed: what it would have shown is unknown, not absent."""

    region: str
    kind: str
    reason: str


@dataclass(frozen=True, slots=True)
class Scan:
    """The answer to "what of the workshop exists?"."""

    resources: tuple[Resource, ...]
    unattributed: tuple[Unattributed, ...] = ()
    blind: tuple[Blind, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether every listing answered."""
        return not self.blind
