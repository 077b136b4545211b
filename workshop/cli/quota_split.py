"""`workshop check --split`: the best split of the class over regions, shown and written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import unified_diff
from pathlib import Path

import click

from quotas.fit import RegionFit
from quotas.split import assign, split
from workshop.cli.findings import Finding
from workshop.cli.output import decide, note
from workshop.cli.quota_survey import at_most, count_people
from workshop.cli.quota_tables import Table
from workshop.config.tables import environments_by_region
from workshop.errors import UsageError
from workshop.model import Workshop


@dataclass(frozen=True, slots=True)
class Split:
    """A split over the regions that were considered; `counts` is None when there is none."""

    fits: tuple[RegionFit, ...]
    counts: dict[str, int] | None


def choose_considered(workshop: Workshop, written: str) -> tuple[str, ...]:
    """The regions of "a,b,c", or the workshop's.

    Raises UsageError for one that SageMaker does not have, or that cannot have the class's
    environments.
    """
    regions = tuple(dict.fromkeys(name.strip() for name in written.split(",") if name.strip()))
    wanted = {attendee.environment for attendee in workshop.attendees}
    known = environments_by_region()
    for region in regions:
        if region not in known:
            raise UsageError(
                f"SageMaker has no region {region!r}",
                f"its regions are {', '.join(known)}",
                "correct --regions",
            )
        possible = known[region]
        if possible is not None and not wanted <= set(possible):
            raise UsageError(
                f"{region} cannot be considered",
                f"CloudFormation cannot make {' and '.join(sorted(wanted))} environments there",
                "take it out of --regions",
            )
    return regions or workshop.regions


def find_split(workshop: Workshop, fits: Sequence[RegionFit]) -> Split:
    """The split over regions whose capacity is known; their order is the preference."""
    known = {fit.region: fit.capacity for fit in fits if fit.capacity is not None}
    return Split(tuple(fits), split(len(workshop.attendees), known))


def place(workshop: Workshop, counts: Mapping[str, int]) -> Workshop:
    """The workshop as it is when everybody has gone where a split sends them."""
    placed = assign(workshop.attendees, counts)
    return replace(
        workshop,
        attendees=tuple(replace(a, region=placed[a.id]) for a in workshop.attendees),
        regions=tuple(counts),
    )


def split_table(found: Split) -> Table:
    """Every region that was considered: what it carries, and how many go there."""
    counts = found.counts or {}
    return Table(
        ("region", "carries", "attendees"),
        (
            (fit.region, at_most(fit), str(counts.get(fit.region, 0)) if found.counts else "-")
            for fit in found.fits
        ),
    )


def summarise_split(workshop: Workshop, found: Split) -> Finding:
    """One finding: how the class is split, or why it cannot be."""
    people = count_people(len(workshop.attendees))
    if found.counts is not None:
        parts = ", ".join(f"{count} in {region}" for region, count in found.counts.items())
        return Finding("", "split", "ok", f"{people}: {parts}")
    unread = [fit.region for fit in found.fits if fit.capacity is None]
    held = sum(fit.capacity or 0 for fit in found.fits)
    reach = sum(fit.at_most for fit in found.fits)
    if unread and reach >= len(workshop.attendees):
        return Finding(
            "",
            "split",
            "unknown",
            f"whether these regions hold {people} is not known",
            f"{held} are certain; unknown is {', '.join(unread)}",
            "see what is unknown above, or name more regions: --split --regions a,b,c",
        )
    return Finding(
        "",
        "split",
        "problem",
        f"these regions hold {reach} of {people}",
        "; ".join(f"{fit.region} carries {at_most(fit)}" for fit in found.fits),
        "name more regions: --split --regions a,b,c, or workshop check --request",
    )


def write_split(
    config: Path, workshop: Workshop, counts: dict[str, int], *, yes: bool, dry_run: bool
) -> bool:
    """Write the split into the YAML after showing what changes; whether the file says it now.

    Raises UsageError with the text to paste when the file cannot be edited safely.
    """
    from workshop.config.placing import with_placements, write_text

    placed = assign(workshop.attendees, counts)
    old = config.read_bytes().decode("utf-8")
    new = with_placements(config, placed, list(counts))
    if new == old:
        note(f"{config} says so already")
        return True
    lines = unified_diff(
        old.splitlines(), new.splitlines(), str(config), f"{config} (split)", lineterm=""
    )
    for line in lines:
        click.echo(line, err=True)
    note(
        "who is deployed already and changes region gets a new, empty environment there: "
        "collect their work first (workshop collect)"
    )
    if not decide(yes, dry_run, f"write the split into {config}"):
        return False
    write_text(config, new)
    note(f"{config} is written")
    return True
