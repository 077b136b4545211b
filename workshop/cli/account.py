"""What commands must know of the account: its id, its stacks, whose things to look for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from cleanup.resources import Scope
from deploy.destroy import find_stacks
from workshop import names
from workshop.aws import Clients
from workshop.errors import UsageError
from workshop.names import TAG_ATTENDEE

if TYPE_CHECKING:
    from deploy.state import StackState
    from workshop.model import Attendee, Workshop


def account_id(clients: Clients, region: str) -> tuple[str, str]:
    """The account's 12-digit id and its partition ("aws", "aws-cn", "aws-us-gov")."""
    identity = clients("sts", region).get_caller_identity()
    return str(identity["Account"]), str(identity["Arn"]).split(":")[1]


def need_attendee(workshop: Workshop, attendee_id: str) -> Attendee:
    """The attendee with an id; raises UsageError when there is none."""
    attendee = workshop.attendee(attendee_id)
    if attendee is None:
        known = ", ".join(a.id for a in workshop.attendees[:10])
        more = ", ..." if len(workshop.attendees) > 10 else ""
        raise UsageError(
            f"{attendee_id} is not an attendee of {workshop.name}",
            f"its attendees are {known}{more}",
            "give one of these, or add the attendee to the YAML",
        )
    return attendee


def make_scope(
    workshop: Workshop,
    stacks: Iterable[StackState],
    *,
    regions: tuple[str, ...] = (),
    only: Iterable[str] = (),
) -> Scope:
    """Whose things to sweep: the YAML's attendees, and those that still have a stack."""
    wanted = frozenset(only)
    deployed = {s.tags[TAG_ATTENDEE] for s in stacks if TAG_ATTENDEE in s.tags}
    known = frozenset(a.id for a in workshop.attendees) | deployed
    unknown = sorted(wanted - known)
    if unknown:
        need_attendee(workshop, unknown[0])
    return Scope(
        workshop=workshop.name,
        attendees=known,
        regions=regions or workshop.regions,
        protected=frozenset(workshop.cleanup.protected),
        only=wanted or None,
    )


def workshop_stacks(
    workshop: Workshop, clients: Clients, regions: tuple[str, ...] = ()
) -> list[StackState]:
    """The workshop's stacks in its regions (all of them by default)."""
    return find_stacks(workshop.name, set(regions or workshop.regions), clients)


def choose_regions(workshop: Workshop, asked: tuple[str, ...]) -> tuple[str, ...]:
    """The regions asked for, or all; raises UsageError for one the workshop does not have."""
    for region in asked:
        if region not in workshop.regions:
            raise UsageError(
                f"{region} is not a region of this workshop",
                f"its regions are {', '.join(workshop.regions)}",
                "correct --region, or add it to `regions` in the YAML",
            )
    return asked or workshop.regions


def bucket_of(workshop: Workshop, account: str, region: str) -> str:
    """The workshop's bucket in a region."""
    return names.bucket_name(workshop.name, account, region)
