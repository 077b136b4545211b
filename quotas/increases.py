"""Which increases to ask for, and in which order. Pure.

A region's quotas unlock attendees in steps: those that carry the fewest must be raised first,
and those that carry equally few together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Literal

from quotas.fit import Line, RegionFit

# "At most 20 open requests per account, 2 per region in the worst case, 1 per quota": AWS's
# own quotas of Service Quotas (General Reference, "Service Quotas endpoints and quotas").
OPEN_PER_ACCOUNT = 20
OPEN_PER_REGION_AT_WORST = 2

Verdict = Literal[
    "ask", "pending", "pending too low", "not adjustable", "in vain", "unknown", "later"
]


@dataclass(frozen=True, slots=True)
class Ask:
    """One increase that a class needs.

    `desired` is the value to ask for, `unlocks` the attendees the region carries when this
    and all before it are granted. Only the verdict "ask" is to be filed: "pending" has been
    asked for already, "pending too low" for less, and a quota has one open request at a time;
    "in vain" would be one beyond a quota that cannot be raised;
    "later" is beyond what one account may have open; of "unknown" it is not known by how much.
    """

    region: str
    code: str
    name: str
    applied: int | None
    in_use: int | None
    desired: int
    unlocks: int
    verdict: Verdict


def plan_increases(
    fits: Sequence[RegionFit], *, open_requests: int = 0, at_once: int = OPEN_PER_ACCOUNT
) -> tuple[Ask, ...]:
    """Return the increases the attendees of all regions need, the most useful first.

    `open_requests` are those that the account has open already, in these regions. Instance
    types that are not sold are left out: no increase helps.
    """
    steps = [_steps(fit) for fit in fits if not fit.not_sold]
    asks: list[Ask] = []
    left = at_once - open_requests
    while any(steps):
        best = max((s for s in steps if s), key=_gain_per_request)
        for ask in best.pop(0).asks:
            verdict = ask.verdict
            if verdict == "ask":
                verdict = "ask" if left > 0 else "later"
                left -= 1
            asks.append(replace(ask, verdict=verdict))
    return tuple(asks)


@dataclass(frozen=True, slots=True)
class _Step:
    """Requests that only together unlock attendees: from `carries` to `unlocks`."""

    carries: int
    unlocks: int
    asks: tuple[Ask, ...]


def _steps(fit: RegionFit) -> list[_Step]:
    short = sorted(
        (line for line in fit.lines if line.code and _is_short(line)),
        key=lambda line: (_carries(line), line.name, line.code),
    )
    groups = [(carries, list(lines)) for carries, lines in groupby(short, key=_carries)]
    steps = []
    ceiling = min(
        (_carries(line) for line in short if line.adjustable is False), default=fit.attendees
    )
    for place, (carries, lines) in enumerate(groups):
        unlocks = groups[place + 1][0] if place + 1 < len(groups) else fit.attendees
        unlocks = min(unlocks, ceiling)
        asks = tuple(_ask(line, unlocks, in_vain=carries >= ceiling) for line in lines)
        steps.append(_Step(carries, unlocks, asks))
    return steps


def _gain_per_request(steps: Sequence[_Step]) -> float:
    """The most attendees that one request of the next steps unlocks, taken as far as it pays."""
    best, requests = 0.0, 0
    for step in steps:
        # What is asked for already costs no request.
        requests += sum(1 for ask in step.asks if ask.verdict == "ask")
        best = max(best, (step.unlocks - steps[0].carries) / max(requests, 0.5))
    return best


def _is_short(line: Line) -> bool:
    return line.applied is not None and line.need > line.applied - (line.in_use or 0)


def _carries(line: Line) -> int:
    """What carries nobody carries 0, and so does a fixed part that does not fit."""
    if line.capacity is not None:
        return line.capacity
    return 0


def _ask(line: Line, unlocks: int, *, in_vain: bool) -> Ask:
    desired = (line.in_use or 0) + line.need
    verdict: Verdict = "ask"
    if line.requested is not None:
        verdict = "pending" if line.requested >= desired else "pending too low"
    elif line.adjustable is False:
        verdict = "not adjustable"
    elif in_vain:
        verdict = "in vain"
    elif line.in_use is None:
        verdict = "unknown"
    return Ask(
        region=line.region,
        code=line.code,
        name=line.name,
        applied=line.applied,
        in_use=line.in_use,
        desired=desired,
        unlocks=unlocks,
        verdict=verdict,
    )
