"""Compare need, limit and use: the lines, and what a region carries. Pure.

What is not known stays unknown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from quotas.demand import Demand
from quotas.history import Increase
from quotas.offers import is_sold

State = Literal["ok", "problem", "unknown"]


@dataclass(frozen=True, slots=True)
class Line:
    """One quota in one region. `applied` and `in_use` are None when not known.

    `in_use` is what others than this workshop use. `capacity` is the number of attendees
    the quota can carry; None when not known or when attendees need nothing of it. `sold` says
    whether the instance type is sold there for this use; None when no table tells.
    `default` is AWS's, known as of a day and not of this account: it decides nothing.
    `requested` is the value that an open increase request asks for, `status` its status.
    """

    region: str
    code: str
    name: str
    need: int
    attendees: int
    applied: int | None
    in_use: int | None
    capacity: int | None
    state: State
    sold: bool | None = None
    adjustable: bool | None = None
    default: int | None = None
    default_as_of: str = ""
    requested: int | None = None
    status: str = ""


@dataclass(frozen=True, slots=True)
class RegionFit:
    """What a region carries.

    `capacity` is the largest number of attendees for whom every quota is enough, None when
    something is unknown; then `at_most` is what the known quotas allow. `binding` are the
    quotas that allow no more than that, sorted by name; `not_sold` the instance types that are
    not sold there for what they are needed for.
    """

    region: str
    attendees: int
    capacity: int | None
    at_most: int
    binding: tuple[Line, ...]
    not_sold: tuple[str, ...]
    lines: tuple[Line, ...]

    @property
    def state(self) -> State:
        """Whether the attendees who are to be there fit."""
        if self.at_most < self.attendees:
            return "problem"
        return "unknown" if self.capacity is None else "ok"


# More than any class; what quotas without a demand per attendee allow.
UNLIMITED = 1_000_000


def fit(
    region: str,
    demands: Sequence[Demand],
    limits: Mapping[str, float] | None,
    in_use: Mapping[str, int],
    *,
    adjustable: Mapping[str, bool] | None = None,
    increases: Sequence[Increase] = (),
) -> tuple[Line, ...]:
    """Return one line per demand, in their order.

    `limits` maps codes to applied values, None when they could not be listed; `in_use` maps
    codes to units in use, without those that could not be counted. `increases` are the open
    requests of the region.
    """
    open_requests = {increase.code: increase for increase in increases if increase.is_open}
    lines = []
    for demand in demands:
        line = _line(region, demand, limits or {}, in_use)
        request = open_requests.get(line.code)
        if request is not None:
            line = replace(line, requested=request.desired, status=request.status)
        lines.append(replace(line, adjustable=(adjustable or {}).get(line.code)))
    return tuple(lines)


def _line(
    region: str, demand: Demand, limits: Mapping[str, float], in_use: Mapping[str, int]
) -> Line:
    code = demand.quota.code
    applied = int(limits[code]) if code in limits else None
    used = in_use.get(code)
    sold = None
    if demand.machine is not None:
        sold = is_sold(demand.machine.use, demand.machine.instance_type, region)
    capacity = None
    if applied is not None and used is not None:
        capacity = demand.capacity(applied - used)
    return Line(
        region=region,
        code=code,
        name=demand.quota.name,
        need=demand.need,
        attendees=demand.attendees,
        applied=applied,
        in_use=used,
        capacity=capacity,
        state=_state(demand.need, applied, used, sold),
        sold=sold,
        default=demand.quota.default,
        default_as_of=demand.quota.default_as_of,
    )


def _state(need: int, applied: int | None, used: int | None, sold: bool | None) -> State:
    if sold is False and need:
        return "problem"
    if applied is None:
        return "unknown"
    if need > applied:  # too much whoever uses it: that much is certain
        return "problem"
    if used is None:
        return "unknown"
    return "ok" if need <= applied - used else "problem"


def judge(
    region: str, attendees: int, demands: Sequence[Demand], lines: Sequence[Line]
) -> RegionFit:
    """Return what a region carries; `lines` are those of `demands`, in the same order."""
    pairs = list(zip(demands, lines, strict=True))
    not_sold = sorted(
        f"{demand.machine.instance_type} for {demand.machine.use}"
        for demand, line in pairs
        if demand.machine is not None and line.sold is False
    )
    allowed = [(_allows(demand, line), line) for demand, line in pairs]
    at_most = 0 if not_sold else min((people for people, _ in allowed), default=UNLIMITED)
    unknown = any(line.applied is None or line.in_use is None for line in lines)
    return RegionFit(
        region=region,
        attendees=attendees,
        # Nothing that is still unknown can make 0 more.
        capacity=None if unknown and at_most else at_most,
        at_most=at_most,
        binding=tuple(
            sorted(
                (line for people, line in allowed if people == at_most < UNLIMITED),
                key=lambda line: (line.name, line.code),
            )
        ),
        not_sold=tuple(not_sold),
        lines=tuple(lines),
    )


def _allows(demand: Demand, line: Line) -> int:
    """The people whom a quota allows at most, as far as is known."""
    if line.applied is None:
        return UNLIMITED
    # What others use is not known: they may use nothing.
    found = demand.capacity(line.applied - (line.in_use or 0))
    return UNLIMITED if found is None else found
