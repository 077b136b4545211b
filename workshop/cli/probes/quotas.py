"""What `workshop check` says of quotas, beside everything else it finds."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from costs.prices import Prices
from modules.declarations import Module
from quotas.demand import demand_in
from quotas.fit import Line, binding_line, fit
from quotas.limits import list_limits
from quotas.usage import count_in_use
from workshop.aws import Clients
from workshop.cli.findings import Finding, unknown
from workshop.cli.probes import examine
from workshop.cli.probes.region import Failure, Region
from workshop.model import Workshop


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that was found, sorted by region and subject."""

    findings: tuple[Finding, ...]
    quotas: tuple[Line, ...]


def check_workshop(
    workshop: Workshop,
    regions: Sequence[str],
    modules: Sequence[Module],
    clients: Clients,
    *,
    prices: Prices,
    now: datetime,
) -> Report:
    """Look at everything a deployment depends on, all regions at the same time."""
    examined = examine(workshop, regions, modules, clients, prices=prices, now=now)
    findings, lines = list(examined.findings), []
    asked: list[Region] = []
    for name in examined.regions:
        made: dict[str, Any] = {s: clients(s, name) for s in ("sagemaker", "service-quotas")}
        asked.append(Region(workshop, name, "", modules, made))
    with ThreadPoolExecutor(max_workers=len(regions)) as pool:
        for found, quotas in pool.map(_check_quotas, asked):
            findings += found
            lines += quotas
    return Report(tuple(sorted(findings)), tuple(lines))


def _check_quotas(region: Region) -> tuple[list[Finding], list[Line]]:
    demands = demand_in(region.workshop, region.name, region.modules)
    findings: list[Finding] = []
    limits = None
    try:
        limits = list_limits(region.clients["service-quotas"])
    except Failure as error:
        findings.append(unknown(region.name, "quota limits", error))
    in_use = count_in_use(region.clients["sagemaker"], region.workshop.name, demands)
    findings += [
        unknown(region.name, f"{kind} in use", error) for kind, error in in_use.failures.items()
    ]
    lines = list(fit(region.name, demands, limits, in_use.units))
    return [*findings, _summarise_quotas(region, lines)], lines


def _summarise_quotas(region: Region, lines: Sequence[Line]) -> Finding:
    attendees = len(region.attendees)
    people = f"{attendees} attendee{'s' if attendees != 1 else ''}"
    binding = binding_line(lines)
    if binding is not None:
        in_use = "unknown" if binding.in_use is None else str(binding.in_use)
        capacity = f"; it carries {binding.capacity}" if binding.capacity is not None else ""
        return region.problem(
            "quotas",
            f"{region.name} cannot hold {people}",
            f'"{binding.name}" ({binding.code}) is {binding.applied}, others use {in_use}, '
            f"this workshop needs {binding.need}{capacity}",
            "aws service-quotas request-service-quota-increase --service-code sagemaker "
            f"--quota-code {binding.code} --region {region.name} "
            f"--desired-value {(binding.in_use or 0) + binding.need}",
        )
    missing = [line for line in lines if line.state == "unknown"]
    if missing:
        named = ", ".join(f'"{line.name}"' for line in missing[:3])
        return Finding(
            region.name,
            "quotas",
            "unknown",
            f"{len(missing)} of {len(lines)} quotas are not known",
            f"no applied value or no count in use: {named}",
            "look at them in the Service Quotas console; a missing value is not zero",
        )
    return region.found("quotas", f"all {len(lines)} quotas hold {people}")
