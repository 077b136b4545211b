"""What a scan finds: resources, whose they are, and what could not be seen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cleanup.kinds import BY_NAME, GONE, REST, Kind
from workshop.names import SHARED


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose things are looked for.

    `attendees` are the known ids; with `only`, just these are swept. `protected` are names
    that are never touched.
    """

    workshop: str
    attendees: frozenset[str]
    regions: tuple[str, ...]
    protected: frozenset[str] = frozenset()
    only: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource that is ours.

    `owner` is an attendee id, or SHARED for what all of a region share. `why` says how it
    was attributed. `managed`: a stack made it and a stack will remove it.
    """

    kind: str
    region: str
    name: str
    ids: tuple[tuple[str, str], ...]
    status: str
    owner: str
    why: str
    managed: bool
    protected: bool
    created: datetime | None = None

    @property
    def row(self) -> Kind:
        """The resource's kind."""
        return BY_NAME[self.kind]

    @property
    def key(self) -> tuple[str, str, tuple[tuple[str, str], ...]]:
        """What identifies it across scans."""
        return self.region, self.kind, self.ids

    @property
    def bills(self) -> str:
        """ "hour", "month" or "": what it costs in its present status."""
        if self.row.action(self.status) in (GONE, REST):
            return ""
        # Only a notebook instance rests in a state that is called Stopped, and its volume
        # bills until it is deleted (StopNotebookInstance, API reference).
        return "month" if self.status == "Stopped" else self.row.bills

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
    unattributed: tuple[Unattributed, ...]
    blind: tuple[Blind, ...]

    @property
    def complete(self) -> bool:
        """Whether every listing answered."""
        return not self.blind
