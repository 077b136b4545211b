"""What is held against a class's labs when all of them have ended. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from modules.declarations import Module
from rehearsal import needs
from rehearsal.needs import Peak
from rehearsal.report import LabResult
from workshop.model import Workshop
from workshop.names import attendee_prefix, bucket_prefix, environment_name


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


def forgotten_lab(attendees: Sequence[str], taught: Mapping[str, Module]) -> tuple[str, str] | None:
    """Who does not clean up, and after which lab: the last attendee after the first with an
    endpoint. None where it has to be rehearsed without a lab: an only attendee cleans up after
    every lab, since nobody else shows that its clean-up works."""
    hosting = [m.name for m in taught.values() if any(n.use == "endpoint" for n in m.needs)]
    return (attendees[-1], hosting[0]) if hosting and len(attendees) > 1 else None


def kept(
    results: Sequence[LabResult],
    made: Collection[tuple[str, str, str]],
    workshop: str,
    forgotten: tuple[str, str] | None,
) -> Iterator[str]:
    """What labs still have that were to clean up after themselves, in words.

    `made` are the kinds, regions and names of what came into being since before the labs;
    `forgotten` is the attendee who cleans nothing up, and after which lab. What belongs to a
    lab that failed is not looked at.
    """
    excused = {(result.attendee, result.name) for result in results if not result.ok}
    excused |= {forgotten} if forgotten else set()
    labs = {result.name for result in results}
    for person in sorted({result.attendee for result in results}):
        prefix = attendee_prefix(workshop, person)
        for kind, region, name in sorted(made):
            if name.startswith(prefix) and (person, _lab_of(name, prefix, labs)) not in excused:
                yield f"a lab of {person} left {kind} {name} in {region} behind its clean-up"


def strays(bucket: str, keys: Iterable[str], attendees: Iterable[str]) -> Iterator[str]:
    """Which objects of the workshop's bucket lie in no attendee's part of it, in words: on AWS
    the attendees' roles may write nowhere else, which the local AWS does not enforce."""
    parts = tuple(bucket_prefix(attendee) for attendee in attendees)
    for key in keys:
        if not key.startswith(parts):
            yield f"a lab wrote s3://{bucket}/{key}, which is in no attendee's part of the bucket"


def _lab_of(name: str, prefix: str, labs: Iterable[str]) -> str:
    """The lab whose run a name belongs to: PREFIX, the lab, a time. "" for none of them."""
    return next((lab for lab in labs if re.match(rf"{re.escape(prefix + lab)}-\d", name)), "")
