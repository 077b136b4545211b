"""Who the attendees of a region are, where there is no configuration: in a function."""

from __future__ import annotations

from collections.abc import Iterable

from cleanup.calls import Caller
from cleanup.listing import list_tagged, tags_by_arn
from workshop import names
from workshop.aws import Clients
from workshop.names import TAG_ATTENDEE, TAG_WORKSHOP


def attendee_stacks(workshop: str, region: str, clients: Clients) -> dict[str, str]:
    """The newest status of each of the workshop's attendees' stacks of the region, by name.

    Those deleted in the last 90 days are listed too: they tell who the attendees were.
    Raises ClientError when they cannot be listed.
    """
    found: dict[str, str] = {}
    pages = clients("cloudformation", region).get_paginator("list_stacks").paginate()
    for row in (row for page in pages for row in page["StackSummaries"]):
        name = str(row["StackName"])
        attendee = names.owner_by_name(workshop, name)
        if attendee is None or name != names.attendee_stack_name(workshop, attendee):
            continue
        description = names.attendee_stack_description(workshop, attendee)
        if row.get("TemplateDescription") != description:
            continue
        status = str(row["StackStatus"])
        # Of a name there is one stack at most that is not deleted.
        if found.get(name, "DELETE_COMPLETE") == "DELETE_COMPLETE":
            found[name] = status
    return found


def find_attendees(
    workshop: str, region: str, clients: Clients, stacks: Iterable[str]
) -> frozenset[str]:
    """The attendees of some stacks of theirs, by name, and those whose ids stand in tags.

    Where tags cannot be read, a sweep cannot read them either, and says so.
    """
    tagged: set[str] = set()
    listing = list_tagged(Caller(clients), region, TAG_WORKSHOP)
    if not listing.problem:
        tagged = {
            tags[TAG_ATTENDEE]
            for tags in tags_by_arn(listing.rows).values()
            if tags.get(TAG_WORKSHOP) == workshop
            and names.is_attendee_id(tags.get(TAG_ATTENDEE, names.SHARED))
        }
    return frozenset({name.removeprefix(f"{workshop}-") for name in stacks} | tagged)
