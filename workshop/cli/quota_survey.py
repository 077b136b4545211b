"""What `workshop check` learns of quotas: limits, use and open requests, region by region."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from modules.declarations import Module
from quotas.demand import Class, Demand, demand_in
from quotas.fit import RegionFit, fit, judge
from quotas.history import Increase, list_increases
from quotas.limits import LISTS_PER_SECOND, SERVICE, Limits, Pace, read_limits
from quotas.usage import InUse, count_in_use
from workshop.aws import Clients
from workshop.cli.findings import Finding, unknown
from workshop.model import Workshop

Now = Callable[[], float]
Sleep = Callable[[float], object]

FAILURES = (ClientError, BotoCoreError)


@dataclass(frozen=True, slots=True)
class RegionQuotas:
    """What was read in one region. `limits` is None when they could not be listed whole;
    `unread` says what could not be read, and why. `increases` are those of all services."""

    region: str
    demands: tuple[Demand, ...]
    limits: Limits | None
    in_use: InUse
    increases: tuple[Increase, ...] = ()
    unread: tuple[Finding, ...] = field(default=())

    def judge(self) -> RegionFit:
        """What the region carries, as far as it is known."""
        attendees = max((demand.attendees for demand in self.demands), default=0)
        lines = fit(
            self.region,
            self.demands,
            self.limits.applied if self.limits else None,
            self.in_use.units,
            adjustable=self.limits.adjustable if self.limits else None,
            increases=[one for one in self.increases if one.service == SERVICE],
        )
        return judge(self.region, attendees, self.demands, lines)


def survey(
    workshop: Workshop,
    modules: Sequence[Module],
    regions: Iterable[str],
    clients: Clients,
    now: Now,
    sleep: Sleep,
    mix: Class | None = None,
) -> tuple[RegionQuotas, ...]:
    """Read every region's quotas at the same time, one thread for each; in the order given.

    AWS counts the rates of its APIs per region, so the regions do not slow each other down.
    `now` and `sleep` are seconds of a steady clock, for the pace of the calls; `mix` is that of
    `demand_in`.
    """
    # Clients are made before the threads start: making one is not thread-safe (boto3 guide).
    made = [
        (region, clients("service-quotas", region), clients("sagemaker", region))
        for region in regions
    ]
    if not made:
        return ()
    with ThreadPoolExecutor(max_workers=len(made)) as pool:
        return tuple(
            pool.map(
                lambda place: _read(
                    place[0],
                    demand_in(workshop, place[0], modules, mix),
                    place[1],
                    place[2],
                    workshop,
                    Pace(LISTS_PER_SECOND, now, sleep),
                ),
                made,
            )
        )


def _read(
    region: str,
    demands: tuple[Demand, ...],
    service_quotas: Any,
    sagemaker: Any,
    workshop: Workshop,
    pace: Pace,
) -> RegionQuotas:
    unread: list[Finding] = []
    limits: Limits | None = None
    increases: tuple[Increase, ...] = ()
    try:
        limits = read_limits(service_quotas, pace)
    except FAILURES as error:
        unread.append(unknown(region, "quota limits", error))
    if limits is not None:  # else it would be refused again
        try:
            increases = list_increases(service_quotas, region, pace)
        except FAILURES as error:
            unread.append(unknown(region, "increase requests", error))
    people = [attendee.id for attendee in workshop.attendees_in(region)]
    in_use = count_in_use(sagemaker, workshop.name, people, demands)
    unread += [unknown(region, f"{kind} in use", error) for kind, error in in_use.failures.items()]
    return RegionQuotas(region, demands, limits, in_use, increases, tuple(unread))


def summarise(fit: RegionFit) -> Finding:
    """One finding about a region's quotas: whether its attendees fit, and what binds."""
    people = count_people(fit.attendees)
    if fit.not_sold:
        return Finding(
            fit.region,
            "quotas",
            "problem",
            f"{fit.region} does not sell {', '.join(fit.not_sold)}",
            "it is not in the price list of the region; no quota increase helps",
            "take another instance type, or another region: workshop check --split --regions ...",
        )
    if fit.state == "problem":
        more = len(fit.binding) - 1
        tied = f", and {more} more quota{'s' if more > 1 else ''} as little" if more else ""
        return Finding(
            fit.region,
            "quotas",
            "problem",
            f"{fit.region} carries {at_most(fit)} of {people}",
            f"{_explain(fit)}{tied}",
            "workshop check --request (asks AWS for more), or --split --regions "
            f"{fit.region},... (fewer people here)",
        )
    if fit.state == "unknown":
        missing = [line for line in fit.lines if line.applied is None or line.in_use is None]
        named = ", ".join(f'"{line.name}" ({line.code or "no code known"})' for line in missing[:3])
        return Finding(
            fit.region,
            "quotas",
            "unknown",
            f"{len(missing)} of {len(fit.lines)} quotas are not known",
            f"no applied value, or no count in use: {named}{', ...' if missing[3:] else ''}",
            "look at them in the Service Quotas console; a missing value is neither zero nor "
            "AWS's default",
        )
    return Finding(
        fit.region,
        "quotas",
        "ok",
        f"all {len(fit.lines)} quotas hold {people}; they carry {fit.capacity}",
    )


def at_most(fit: RegionFit) -> str:
    """What a region carries, in words: "at most" where more is unknown."""
    return str(fit.capacity) if fit.capacity is not None else f"at most {fit.at_most}"


def count_people(count: int) -> str:
    """So many attendees."""
    return f"{count} attendee{'s' if count != 1 else ''}"


def _explain(fit: RegionFit) -> str:
    line = fit.binding[0]
    used = "an unknown number" if line.in_use is None else str(line.in_use)
    return (
        f'"{line.name}" ({line.code}) is {line.applied}, others use {used}, '
        f"this workshop needs {line.need}"
    )
