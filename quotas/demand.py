"""What a workshop needs of each quota in a region. Pure.

Two layers bind at the same time: the quota of an instance type for a use, and the total
over all types of that use. A third one caps the instances of a single job. Modules of a
slot run at the same time, slots one after the other, so the peak over the slots counts, not
their sum; profiles, spaces, workspaces and their volumes are there all the time.
Warm pools have quotas of their own, of which a workshop needs nothing: no lab keeps any.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from modules.declarations import Module
from quotas import catalog
from quotas.catalog import Quota
from workshop import volumes
from workshop.model import JOB_USES, Environment, JobUse, Workshop

Kind = (
    Literal["domains", "user profiles", "spaces", "apps", "notebook instances", "single job"]
    | JobUse
)


@dataclass(frozen=True, slots=True)
class Machine:
    """The instance type that a quota limits, and the use for which it must be sold."""

    use: JobUse | Environment
    instance_type: str


@dataclass(frozen=True, slots=True)
class Demand:
    """What a workshop needs of one quota in a region with `attendees` people.

    `kind` says what must be listed to know how many units are in use. `fixed` units are
    needed once per region. Of the people a `share` needs `per_attendee` units each, and
    `headroom` more of these, as a fraction.
    """

    kind: Kind
    quota: Quota
    per_attendee: int
    attendees: int
    fixed: int = 0
    share: Fraction = Fraction(1)
    headroom: Fraction = Fraction(0)
    machine: Machine | None = None

    @property
    def need(self) -> int:
        """Units in all."""
        return self.need_of(self.attendees)

    def need_of(self, attendees: int) -> int:
        """The units that so many people need; none, when there is nobody."""
        if attendees <= 0:
            return 0
        people = math.ceil(attendees * self.share)
        return self.fixed + math.ceil(self.per_attendee * people * (1 + self.headroom))

    def capacity(self, free: int) -> int | None:
        """The largest number of people who need at most `free` units; None: any number."""
        if free < self.fixed:
            return 0
        if not self.per_attendee:
            return None
        # The inverse of need_of, with its roundings: exact, since these are fractions.
        people = math.floor((free - self.fixed) / (self.per_attendee * (1 + self.headroom)))
        return math.floor(people / self.share)


@dataclass(frozen=True, slots=True)
class Class:
    """How many people work in which environment."""

    studio: int
    notebook: int

    @property
    def people(self) -> int:
        """All of them."""
        return self.studio + self.notebook

    def share(self, environment: Environment) -> Fraction:
        """The part of the class that works in an environment."""
        return Fraction(self.studio if environment == "studio" else self.notebook, self.people)


def class_in(workshop: Workshop, region: str | None = None) -> Class:
    """The workshop's attendees in a region, or all of them."""
    people = workshop.attendees if region is None else workshop.attendees_in(region)
    in_studio = sum(1 for attendee in people if attendee.environment == "studio")
    return Class(in_studio, len(people) - in_studio)


def demand_in(
    workshop: Workshop, region: str, modules: Sequence[Module], mix: Class | None = None
) -> tuple[Demand, ...]:
    """Return what the workshop needs of every quota in a region, sorted by quota name.

    `modules` are the declarations of the workshop's modules. `mix` says how the people's
    environments are mixed: as those are who are in the region now, unless it is given. In a
    region where nobody is, the demand is for 0 people who are mixed as the whole class is.
    """
    here = class_in(workshop, region)
    if mix is None:
        mix = here if here.people else class_in(workshop)
    headroom = Fraction(str(workshop.headroom))
    demands = [
        *_jobs(_slots(workshop, modules), here.people, headroom),
        *_studio(workshop, region, here.people, mix.share("studio"), headroom),
        *_notebooks(workshop, here.people, mix.share("notebook"), headroom),
    ]
    return tuple(sorted(demands, key=lambda demand: (demand.quota.name, demand.quota.code)))


def _studio(
    workshop: Workshop, region: str, people: int, share: Fraction, headroom: Fraction
) -> list[Demand]:
    if not share:
        return []
    type_quota = catalog.type_quota("studio", workshop.instances.workspace)
    machine = Machine("studio", workshop.instances.workspace)
    always: list[tuple[Kind, Quota, int, Machine | None]] = [
        ("user profiles", catalog.quota(catalog.USER_PROFILES), 1, None),
        ("spaces", catalog.quota(catalog.SPACES), 1, None),
        ("spaces", catalog.quota(catalog.SPACES_GB), volumes.SPACE_GB, None),
        ("apps", catalog.quota(catalog.RUNNING_APPS), 1, None),
        ("apps", type_quota, 1, machine),
    ]
    demands = [
        Demand(kind, quota, units, people, share=share, headroom=headroom, machine=machine)
        for kind, quota, units, machine in always
    ]
    if region not in workshop.domains:
        demands.append(Demand("domains", catalog.quota(catalog.DOMAINS), 0, people, fixed=1))
    return demands


def _notebooks(
    workshop: Workshop, people: int, share: Fraction, headroom: Fraction
) -> list[Demand]:
    if not share:
        return []
    type_quota = catalog.type_quota("notebook", workshop.instances.workspace)
    machine = Machine("notebook", workshop.instances.workspace)
    always: list[tuple[Quota, int, Machine | None]] = [
        (catalog.quota(catalog.NOTEBOOK_INSTANCES), 1, None),
        (catalog.quota(catalog.NOTEBOOKS_GB), volumes.NOTEBOOK_GB, None),
        (type_quota, 1, machine),
    ]
    return [
        Demand(
            "notebook instances",
            quota,
            units,
            people,
            share=share,
            headroom=headroom,
            machine=machine,
        )
        for quota, units, machine in always
    ]


def _slots(workshop: Workshop, modules: Sequence[Module]) -> list[list[Module]]:
    """The declarations slot by slot; one after the other where the workshop says nothing."""
    if not workshop.schedule:
        return [[module] for module in modules]
    by_name: Mapping[str, Module] = {module.name: module for module in modules}
    return [[by_name[name] for name in slot] for slot in workshop.schedule]


def _jobs(slots: Sequence[Sequence[Module]], people: int, headroom: Fraction) -> list[Demand]:
    demands = []
    for use in JOB_USES:
        # `|` of counters is the maximum per key: the peak over the slots.
        peak: Counter[str] = Counter()
        total = largest = 0
        for slot in slots:
            needs: Counter[str] = Counter()
            for need in (need for module in slot for need in module.needs if need.use == use):
                needs[need.instance_type] += need.count
                largest = max(largest, need.count)
            peak |= needs
            total = max(total, needs.total())
        demands += [
            Demand(
                use,
                catalog.type_quota(use, name),
                count,
                people,
                headroom=headroom,
                machine=Machine(use, name),
            )
            for name, count in sorted(peak.items())
        ]
        if total:
            quota = catalog.quota(catalog.TOTALS[use])
            demands.append(Demand(use, quota, total, people, headroom=headroom))
        # One instance is within any cap. Whether several are one job's is not declared: they
        # may be.
        if largest > 1 and use in catalog.PER_JOB:
            quota = catalog.quota(catalog.PER_JOB[use])
            demands.append(Demand("single job", quota, 0, people, fixed=largest))
    return demands
