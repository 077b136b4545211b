"""Compare need, limit and use. Pure. What is not known stays unknown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from quotas.demand import Demand

State = Literal["ok", "problem", "unknown"]


@dataclass(frozen=True, slots=True)
class Line:
    """One quota in one region. `applied` and `in_use` are None when not known.

    `in_use` is what others than this workshop use. `capacity` is the number of attendees
    the quota can carry; None when not known or when attendees need nothing of it.
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


def fit(
    region: str,
    demands: Sequence[Demand],
    limits: Mapping[str, float] | None,
    in_use: Mapping[str, int],
) -> tuple[Line, ...]:
    """Return one line per demand, in their order.

    `limits` maps codes to applied values, None when they could not be listed; `in_use` maps
    codes to units in use, without those that could not be counted.
    """
    return tuple(_line(region, demand, limits or {}, in_use) for demand in demands)


def _line(
    region: str, demand: Demand, limits: Mapping[str, float], in_use: Mapping[str, int]
) -> Line:
    code = demand.quota.code
    applied = int(limits[code]) if code in limits else None
    used = in_use.get(code)
    capacity = None
    if applied is not None and used is not None and demand.per_attendee:
        capacity = max(0, (applied - used - demand.fixed) // demand.per_attendee)
    return Line(
        region=region,
        code=code,
        name=demand.quota.name,
        need=demand.need,
        attendees=demand.attendees,
        applied=applied,
        in_use=used,
        capacity=capacity,
        state=_state(demand.need, applied, used),
    )


def _state(need: int, applied: int | None, used: int | None) -> State:
    if applied is None:
        return "unknown"
    if need > applied:  # too much whoever uses it: that much is certain
        return "problem"
    if used is None:
        return "unknown"
    return "ok" if need <= applied - used else "problem"


def binding_line(lines: Sequence[Line]) -> Line | None:
    """The quota that is short and carries the fewest attendees, or None when all fits."""
    short = [line for line in lines if line.state == "problem"]
    # A quota that is short and independent of the attendees (domains) carries nobody.
    return min(short, key=lambda line: (line.capacity or 0, line.name), default=None)
