"""What a workshop will cost: low, expected and worst, before anything runs. Pure.

Hours come from the configuration and from what the labs declare; ASSUMPTIONS says how, and
belongs to every estimate that is shown. An unknown price makes every sum "at least".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from costs.prices import (
    HOURS_PER_MONTH,
    NOTEBOOK_VOLUME,
    STUDIO_VOLUME,
    VOLUME_TYPES,
    Cell,
    Prices,
)
from workshop.model import JOB_USES, Environment, JobUse, Workshop
from workshop.volumes import NOTEBOOK_GB, SPACE_GB

if TYPE_CHECKING:
    from modules.declarations import Module

HOURS_PER_DAY = 24
# An instance of a lab that is handled with care is there for this part of the lab's minutes.
_LOW_SHARE = 0.5

_USAGES: dict[JobUse, str] = {
    "training": "training",
    "processing": "processing",
    "transform": "transform",
    "endpoint": "hosting",
}
# What the workspace runs on, and its volume: use, and GiB.
_WORKSPACES: dict[Environment, tuple[str, str, int]] = {
    "studio": ("studio-jupyterlab", STUDIO_VOLUME, SPACE_GB),
    "notebook": ("notebook", NOTEBOOK_VOLUME, NOTEBOOK_GB),
}

ASSUMPTIONS = (
    "low: workspaces stop when idle after the labs' minutes; what a lab starts runs for half of "
    "the lab's minutes",
    "expected: workspaces run from start to end, nights included; what a lab starts runs "
    "for all of the lab's minutes, once per attendee",
    "worst: everything, of all labs at once, runs from the start to the deadline (end + grace)",
    f"a home has a volume of {SPACE_GB} GB (notebook instances: {NOTEBOOK_GB} GB), from the start "
    "to the end (worst: to the deadline)",
    "not counted: volumes of jobs and endpoints, objects in S3, logs, data transfer, taxes, free "
    "tiers and discounts",
)


@dataclass(frozen=True, slots=True)
class Span:
    """Low, expected and worst of the same thing: hours, or USD."""

    low: float = 0.0
    expected: float = 0.0
    worst: float = 0.0

    def __add__(self, other: Span) -> Span:
        return Span(self.low + other.low, self.expected + other.expected, self.worst + other.worst)

    def times(self, factor: float) -> Span:
        """The same, so many times."""
        return Span(self.low * factor, self.expected * factor, self.worst * factor)


@dataclass(frozen=True, slots=True)
class Line:
    """What one thing costs that some attendees have: `subject` is "workspace", "home" or a
    module's name, `units` how many (instances, or GB) each of them has, `hours` for how long."""

    subject: str
    cell: Cell
    units: int
    attendees: int
    hours: Span
    usd_per_unit: float | None

    @property
    def usd_each(self) -> Span | None:
        """USD per attendee; None when the price is not known."""
        if self.usd_per_unit is None:
            return None
        per_hour = 1 / HOURS_PER_MONTH if self.cell.unit == "GB-month" else 1.0
        return self.hours.times(self.usd_per_unit * per_hour * self.units)

    @property
    def usd(self) -> Span | None:
        """USD for all of them."""
        each = self.usd_each
        return None if each is None else each.times(self.attendees)


@dataclass(frozen=True, slots=True)
class Sum:
    """Several lines together: USD of what is known, and the cells that are not."""

    usd: Span = Span()
    unknown: frozenset[Cell] = frozenset()

    @property
    def least(self) -> str:
        """ "at least ", where something is unknown."""
        return "at least " if self.unknown else ""


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a workshop will cost. USD unless a name says otherwise."""

    lines: tuple[Line, ...]
    # (region, environment) -> how many attendees have it.
    attendees: dict[tuple[str, Environment], int]
    idle_saves: Sum
    forgotten: tuple[tuple[Cell, float | None], ...]

    @property
    def total(self) -> Sum:
        """Everything, for everybody."""
        return add_up(self.lines)

    @property
    def dearest_attendee(self) -> Sum:
        """One attendee, where attendees cost most; all of the unknown cells count."""
        sums = [self._attendee(*place) for place in sorted(self.attendees)]
        dearest = max((found.usd for found in sums), key=lambda usd: usd.expected, default=Span())
        return Sum(dearest, self.total.unknown)

    def _attendee(self, region: str, environment: Environment) -> Sum:
        """What one attendee of a region costs: the labs, and no other environment than theirs."""
        others = {
            usage for kind, uses in _WORKSPACES.items() if kind != environment for usage in uses[:2]
        }
        lines = [n for n in self.lines if n.cell.region == region and n.cell.usage not in others]
        return add_up(lines, each=True)


def add_up(lines: Iterable[Line], *, each: bool = False) -> Sum:
    """The sum of lines, for all attendees or for each of them."""
    usd, unknown = Span(), set()
    for line in lines:
        found = line.usd_each if each else line.usd
        if found is None:
            unknown.add(line.cell)
        else:
            usd += found
    return Sum(usd, frozenset(unknown))


def estimate(workshop: Workshop, modules: Sequence[Module], prices: Prices) -> Estimate:
    """What a workshop will cost; `modules` are the declarations of its modules."""
    attendees: dict[tuple[str, Environment], int] = {}
    for person in workshop.attendees:
        place = (person.region, person.environment)
        attendees[place] = attendees.get(place, 0) + 1
    lines: list[Line] = []
    for (region, environment), count in sorted(attendees.items()):
        lines += _workspace(workshop, modules, prices, region, environment, count)
    for region in dict.fromkeys(region for region, _ in sorted(attendees)):
        count = len(workshop.attendees_in(region))
        lines += _labs(workshop, modules, prices, region, count)
    return Estimate(
        tuple(lines),
        attendees,
        _idle_saves(lines),
        tuple(_forgotten(lines)),
    )


def needed_cells(workshop: Workshop, modules: Sequence[Module]) -> tuple[Cell, ...]:
    """The cells whose price an estimate needs, sorted."""
    return tuple(sorted({line.cell for line in estimate(workshop, modules, Prices()).lines}))


def usable_cells(workshop: Workshop, modules: Sequence[Module]) -> tuple[Cell, ...]:
    """The cells whose price is needed while it runs, sorted: also of the instance types that no
    lab declares but attendees may use."""
    allowed = {
        Cell(region, _USAGES[use], name)
        for region in workshop.regions
        for use in JOB_USES
        for name in workshop.instances.allowed(use)
    }
    return tuple(sorted(allowed | set(needed_cells(workshop, modules))))


def minutes_in_slots(workshop: Workshop, modules: Sequence[Module]) -> int:
    """The minutes that the modules take: slots are one after the other, and what is in a slot
    runs at the same time. A module that no slot names is taught by itself."""
    minutes = {module.name: module.minutes for module in modules}
    named = {name for slot in workshop.slots for name in slot}
    slots = [*workshop.slots, *((name,) for name in minutes if name not in named)]
    return sum(max((minutes.get(name, 0) for name in slot), default=0) for slot in slots)


def _workspace(
    workshop: Workshop,
    modules: Sequence[Module],
    prices: Prices,
    region: str,
    environment: Environment,
    count: int,
) -> Iterator[Line]:
    usage, volume, size = _WORKSPACES[environment]
    whole, deadline = _event_hours(workshop)
    in_use = (minutes_in_slots(workshop, modules) + workshop.idle.workspace_minutes) / 60
    hours = Span(min(in_use, whole), whole, deadline)
    machine = Cell(region, usage, workshop.instances.workspace)
    yield Line("workspace", machine, 1, count, hours, prices.usd(machine))
    home = Cell(region, volume, VOLUME_TYPES[volume])
    yield Line("home", home, size, count, Span(whole, whole, deadline), prices.usd(home))


def _labs(
    workshop: Workshop, modules: Sequence[Module], prices: Prices, region: str, count: int
) -> Iterator[Line]:
    _, deadline = _event_hours(workshop)
    for module in modules:
        yield from lab_lines(module, prices, region, count, deadline)


def lab_lines(
    module: Module, prices: Prices, region: str, attendees: int, deadline: float
) -> Iterator[Line]:
    """What a lab costs: a line for each instance type it needs. In the worst case what it
    starts runs until the `deadline`, in hours from the start."""
    lab = min(module.minutes / 60, deadline)
    hours = Span(lab * _LOW_SHARE, lab, deadline)
    for need in module.needs:
        cell = Cell(region, _USAGES[need.use], need.instance_type)
        yield Line(module.name, cell, need.count, attendees, hours, prices.usd(cell))


def _event_hours(workshop: Workshop) -> tuple[float, float]:
    """Hours from the start to the end, and to the deadline."""
    whole = (workshop.ends - workshop.starts).total_seconds() / 3600
    return whole, whole + workshop.cleanup.grace_minutes / 60


def _idle_saves(lines: Iterable[Line]) -> Sum:
    """What idle shutdown saves where everybody leaves after the labs: workspaces that would
    otherwise run to the deadline."""
    usd, unknown = 0.0, set()
    for line in lines:
        if line.subject != "workspace":
            continue
        if line.usd is None:
            unknown.add(line.cell)
        else:
            usd += line.usd.worst - line.usd.low
    return Sum(Span(usd, usd, usd), frozenset(unknown))


def _forgotten(lines: Iterable[Line]) -> Iterator[tuple[Cell, float | None]]:
    """(what, USD a day) of one instance of every endpoint and workspace that may be forgotten."""
    seen = {line.cell for line in lines if line.cell.usage == "hosting"}
    seen |= {line.cell for line in lines if line.subject == "workspace"}
    by_cell = {line.cell: line.usd_per_unit for line in lines}
    for cell in sorted(seen):
        usd = by_cell[cell]
        yield cell, None if usd is None else usd * HOURS_PER_DAY
