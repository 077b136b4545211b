"""The best split of a class over regions. Pure.

Each region's capacity has its fixed costs in it already, and the quotas of one region know
nothing of another's. So the fewest regions are found without trying every subset: as many of
the largest as it takes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from quotas.demand import Class
from workshop.model import Attendee, Environment


def split(attendees: int, capacities: Mapping[str, int]) -> dict[str, int] | None:
    """Return how many attendees go to which region, or None when they do not fit.

    `capacities` are in the order in which regions are preferred. The fewest regions that hold
    everybody are taken; of several such sets the one whose regions come first. They are filled
    evenly, so that each keeps as much room as possible; regions that get nobody are left out.
    """
    chosen = _choose(attendees, capacities)
    if chosen is None:
        return None
    counts = dict.fromkeys(chosen, 0)
    left = attendees
    while left:
        open_regions = [region for region in chosen if counts[region] < capacities[region]]
        share, rest = divmod(left, len(open_regions))
        for place, region in enumerate(open_regions):
            wanted = share + (1 if place < rest else 0)
            taken = min(wanted, capacities[region] - counts[region])
            counts[region] += taken
            left -= taken
    return counts


def _choose(attendees: int, capacities: Mapping[str, int]) -> list[str] | None:
    largest = sorted(capacities.values(), reverse=True)
    held, size = 0, 0
    while held < attendees:
        if size == len(largest) or largest[size] <= 0:
            return None
        held += largest[size]
        size += 1
    chosen: list[str] = []
    left = attendees
    regions = list(capacities)
    for place, region in enumerate(regions):
        more = size - len(chosen)
        if not more:
            break
        # With this region, can the largest of the later ones hold the rest?
        later = sorted((capacities[name] for name in regions[place + 1 :]), reverse=True)
        reach = capacities[region] + sum(later[: more - 1])
        if len(later) >= more - 1 and reach >= left:
            chosen.append(region)
            left -= capacities[region]
    return chosen


def assign(attendees: Sequence[Attendee], counts: Mapping[str, int]) -> dict[str, str]:
    """Give every attendee a region so that each region has its count: id -> region.

    Whoever is in a region that has room stays there. The environments are spread as the whole
    class has them, which is what the capacities were computed for.
    """
    in_studio = sum(1 for attendee in attendees if attendee.environment == "studio")
    everybody = Class(in_studio, len(attendees) - in_studio)
    room: dict[Environment, Counter[str]] = {"studio": Counter(), "notebook": Counter()}
    # Rounded down everywhere, then one more where it takes: never more than rounded up.
    for region, count in counts.items():
        room["studio"][region] = count * everybody.studio // everybody.people
    missing = everybody.studio - room["studio"].total()
    for region, count in counts.items():
        if missing and count * everybody.studio % everybody.people:
            room["studio"][region] += 1
            missing -= 1
        room["notebook"][region] = count - room["studio"][region]
    placed: dict[str, str] = {}
    for attendee in attendees:
        if room[attendee.environment][attendee.region] > 0:
            placed[attendee.id] = attendee.region
            room[attendee.environment][attendee.region] -= 1
    for attendee in attendees:
        if attendee.id not in placed:
            left = room[attendee.environment]
            region = next(name for name in counts if left[name] > 0)
            placed[attendee.id] = region
            left[region] -= 1
    return placed
