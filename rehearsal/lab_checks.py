"""What is held against a class's labs when all of them have ended. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from modules.declarations import Module
from rehearsal import needs
from rehearsal.needs import Peak
from rehearsal.report import LabResult
from workshop.model import Workshop
from workshop.names import attendee_prefix, environment_name


def with_needs(
    results: Sequence[LabResult],
    taught: Mapping[str, Module],
    peaks: Sequence[Peak],
    workshop: Workshop,
) -> list[LabResult]:
    """The results with what each lab declares and what it used, in the order they are taught."""
    order = list(taught)
    return [
        replace(
            result,
            declares=taught[result.name].needs,
            used=needs.used(peaks, result.name, environment_name(workshop.name, result.attendee)),
        )
        for result in sorted(results, key=lambda r: (order.index(r.name), r.attendee))
    ]


def undeclared(
    results: Sequence[LabResult],
    taught: Mapping[str, Module],
    peaks: Sequence[Peak],
    workshop: Workshop,
) -> list[str]:
    """Where the labs asked for other instances than they declare: quotas, costs and the
    allow-list follow from the declarations. A lab that failed is not looked at."""
    failed = {(result.attendee, result.name) for result in results if not result.ok}
    found = []
    for person in workshop.attendees:
        who = environment_name(workshop.name, person.id)
        skipped = {name for attendee, name in failed if attendee == person.id}
        done = [module for name, module in taught.items() if name not in skipped]
        seen = [peak for peak in peaks if peak.module not in skipped]
        found += needs.differences(seen, done, [who])
    return found


def kept(
    results: Sequence[LabResult],
    made: Collection[tuple[str, str, str]],
    workshop: str,
    forgotten: tuple[str, str],
) -> Iterator[str]:
    """What labs still have that were to clean up after themselves, in words.

    `made` are the kinds, regions and names of what came into being since before the labs;
    `forgotten` is the attendee who cleans nothing up, and after which lab.
    """
    attendee, module = forgotten
    kept_on_purpose = f"{attendee_prefix(workshop, attendee)}{module}"
    failed = {result.attendee for result in results if not result.ok}
    for person in sorted({result.attendee for result in results} - failed):
        prefix = attendee_prefix(workshop, person)
        for kind, region, name in sorted(made):
            if name.startswith(prefix) and not name.startswith(kept_on_purpose):
                yield f"a lab of {person} left {kind} {name} in {region} behind its clean-up"
