"""What `workshop check` asks AWS and the configuration about a workshop. Reads only.

Quotas are a matter of their own: `workshop.cli.quota_survey`.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from costs.prices import Prices
from modules.declarations import Module
from workshop.aws import Clients
from workshop.cli.findings import Finding, unknown
from workshop.cli.probes.account import (
    check_bootstrap,
    check_credentials,
    check_enabled,
    home_region,
)
from workshop.cli.probes.network import check_network
from workshop.cli.probes.plan import check_plan
from workshop.cli.probes.prices import check_prices
from workshop.cli.probes.region import Failure, Probe, Region, guarded
from workshop.cli.probes.studio import check_domain_slots, check_existing_domain
from workshop.cli.probes.taken import SEARCHES, check_bucket_name, check_names, own_stacks
from workshop.cli.repository import check_repository
from workshop.model import Workshop

SERVICES = (
    *("sts", "ssm", "cloudformation", "s3", "iam", "lambda", "logs", "ec2"),
    *("sagemaker", "service-quotas"),
)
# What stands in the way of each other is not looked at by too many threads: one account's
# lists are throttled together.
_AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class Examination:
    """What was found, sorted by region and subject; the regions where AWS can be asked more."""

    findings: tuple[Finding, ...]
    regions: tuple[str, ...]


def examine(
    workshop: Workshop,
    regions: Sequence[str],
    modules: Sequence[Module],
    clients: Clients,
    *,
    prices: Prices,
    now: datetime,
) -> Examination:
    """Look at everything but quotas that a deployment depends on, all regions at once.

    `modules` are the declarations of the workshop's modules; `now` has a time zone. What one
    service refuses is unknown, and the others are asked all the same.
    """
    # Clients are made before the threads start: making one is not thread-safe (boto3 guide).
    made = {region: {name: clients(name, region) for name in SERVICES} for region in regions}
    at_home = clients("sts", home_region(regions[0]))
    findings = [
        *check_plan(workshop, modules, now),
        check_prices(workshop, modules, prices, now),
    ]
    usable: list[str] = []
    with ThreadPoolExecutor(max_workers=len(regions) + 1) as pool:
        repository = pool.submit(check_repository, workshop.repository)
        account, credentials = check_credentials(
            [made[region]["sts"] for region in regions], at_home
        )
        findings.append(credentials)
        looks: dict[str, Future[tuple[bool, list[Finding]]]] = {}
        for name in regions if account else ():
            region = Region(workshop, name, account, modules, made[name])
            looks[name] = pool.submit(_examine_region, region)
        for name, look in looks.items():
            enabled, found = look.result()
            findings += found
            usable += [name] if enabled else []
        findings.append(repository.result())
    return Examination(tuple(sorted(findings)), tuple(usable))


def _examine_region(region: Region) -> tuple[bool, list[Finding]]:
    """Whether the region can be asked, and what was found there."""
    enabled = guarded(region, "region", check_enabled)
    if enabled[0].state != "ok":  # every other answer would be the same refusal
        return False, enabled
    region, stacks = _with_stacks(region)
    probes: list[tuple[str, Probe]] = [
        ("CDK bootstrap", check_bootstrap),
        ("bucket name", check_bucket_name),
        ("domain slots", check_domain_slots),
        ("existing domain", check_existing_domain),
        ("VPC", check_network),
    ]
    if region.stacks is not None:
        probes += [
            (f"{search.kind} names", partial(check_names, search=search)) for search in SEARCHES
        ]
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        found = pool.map(lambda probe: guarded(region, *probe), probes)
        return True, [*enabled, *stacks, *(finding for probe in found for finding in probe)]


def _with_stacks(region: Region) -> tuple[Region, list[Finding]]:
    """The region with the workshop's own stacks there, or with None when nobody can say."""
    try:
        ours, findings = own_stacks(region)
    except Failure as error:
        return region, [unknown(region.name, "stack names", error)]
    return replace(region, stacks=ours), findings
