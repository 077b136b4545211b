"""Which kinds a look needs to see: what attendees can have made, and what a boto3 can list."""

from __future__ import annotations

from cleanup.kind import Kind
from cleanup.kinds import BY_NAME, KINDS
from cleanup.kinds.attendees import ATTENDEE_KINDS, BUILDER_KINDS
from workshop.aws import Clients


def attendee_kinds() -> tuple[Kind, ...]:
    """What one attendee's stack looks for: a quarter of the lists of a whole look.

    Their role lets attendees make nothing else (the boundary denies it under any policy), and
    what must be gone before those kinds, or before the space, is there as well. Whatever else
    carries an attendee's name was made by somebody else for them: the instructor's sweep finds
    it, and the shared stack's deletion does. Nothing tells a stack's deletion whether they could
    build images, so it always looks for those.
    """
    wanted = {*ATTENDEE_KINDS, *BUILDER_KINDS, "space"}
    while more := {after for name in wanted for after in BY_NAME[name].after} - wanted:
        wanted |= more
    return tuple(kind for kind in KINDS if kind.name in wanted)


def leftover_kinds() -> tuple[Kind, ...]:
    """What a Studio domain leaves in its network."""
    return tuple(kind for kind in KINDS if kind.leftover and "domain" in kind.after)


def needed_kinds() -> frozenset[str]:
    """The kinds that must have been seen before a region is called clean: what attendees' roles
    can have made, the environments, and what Studio domains leave behind.

    All others only an instructor, or somebody else, can have made. Those among them that
    Lambda's boto3 cannot list yet, since it is older than ours, are named in the log and not
    looked for, or no shared stack could ever be deleted. They are unknown, not clean: `workshop
    status` and `workshop destroy` list them with the boto3 that this project pins.
    """
    environments = {kind.name for kind in KINDS if kind.environment}
    made = ATTENDEE_KINDS | BUILDER_KINDS
    return frozenset({*made, *environments, *(kind.name for kind in leftover_kinds())})


def is_known(clients: Clients, region: str, kind: Kind) -> bool:
    """Whether this boto3 can list a kind, and what it is listed under."""
    needed = (kind, BY_NAME[kind.parent.kind]) if kind.parent else (kind,)
    return all(hasattr(clients(one.service, region), one.list_op) for one in needed)
