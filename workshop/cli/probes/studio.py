"""Studio domains: a free slot for one of our own, or the existing one that the YAML names."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from workshop import names
from workshop.aws import error_code
from workshop.cli.findings import Finding
from workshop.cli.probes.region import Region

_DOMAINS_QUOTA = "L-B683BCB0"
_SLOTS = "domain slots"
_EXISTING = "existing domain"
_NO_VALUE = "NoSuchResourceException"


def check_domain_slots(region: Region) -> list[Finding]:
    """May the account have one Studio domain more here? Failed ones count too
    (aws/amazon-sagemaker-examples#1564)."""
    if not region.makes_domain:
        return []
    own = names.domain_name(region.workshop.name)
    pages = region.clients["sagemaker"].get_paginator("list_domains").paginate()
    domains = [domain for page in pages for domain in page["Domains"]]
    others = [domain for domain in domains if domain["DomainName"] != own]
    limit = _domain_quota(region)
    if len(others) < len(domains):
        return [region.found(_SLOTS, f"this workshop's domain is one of {len(domains)}")]
    request = (
        "aws service-quotas request-service-quota-increase --service-code sagemaker "
        f"--quota-code {_DOMAINS_QUOTA} --region {region.name} --desired-value {len(others) + 1}"
    )
    if limit is None:
        what = f"{len(others)} domains exist, and how many there may be is not known"
        why = f"no value was ever applied to the quota {_DOMAINS_QUOTA} here"
        return [region.unclear(_SLOTS, what, why, request)]
    if len(others) < limit:
        return [region.found(_SLOTS, f"{len(others)} of {limit} are taken")]
    listed = ", ".join(sorted(domain["DomainId"] for domain in others))
    return [
        region.problem(
            _SLOTS,
            f"{len(others)} of {limit} Studio domains exist, and the workshop makes one more",
            f"they are {listed or 'none'}; failed ones count too",
            f"delete one, or use one: `domain: {{{region.name}: d-...}}` in the YAML, "
            f"or ask for more: {request}",
        )
    ]


def _domain_quota(region: Region) -> int | None:
    """The applied value, or None: "If the applied quota value is not available" there is no
    such resource (GetServiceQuota, API reference), and that is neither zero nor the default."""
    try:
        answer = region.clients["service-quotas"].get_service_quota(
            ServiceCode="sagemaker", QuotaCode=_DOMAINS_QUOTA
        )
    except ClientError as error:
        if error_code(error) == _NO_VALUE:
            return None
        raise
    value = answer["Quota"].get("Value")
    return None if value is None else int(value)


def describe_existing_domain(region: Region) -> dict[str, Any] | None:
    """The domain that the YAML names for this region; None when there is none of that id."""
    domain = region.workshop.domains[region.name]
    try:
        found: dict[str, Any] = region.clients["sagemaker"].describe_domain(DomainId=domain)
    except ClientError as error:
        if error_code(error) not in ("ResourceNotFound", "ValidationException"):
            raise
        return None
    return found


def check_existing_domain(region: Region) -> list[Finding]:
    """Is the domain there, ready, open to sign-in links, and somebody else's to keep?"""
    if region.name not in region.workshop.domains:
        return []
    domain = region.workshop.domains[region.name]
    described = describe_existing_domain(region)
    if described is None:
        return [
            region.problem(
                _EXISTING,
                f"there is no domain {domain}",
                f"DescribeDomain does not find it in {region.name}",
                f"correct `domain`; see: aws sagemaker list-domains --region {region.name}",
            )
        ]
    if described.get("DomainName") == names.domain_name(region.workshop.name):
        return [
            region.problem(
                _EXISTING,
                f"{domain} is the domain that this workshop made for itself",
                "with `domain` in the YAML its stack would no longer have it, and delete it",
                f"take {region.name} out of `domain`",
            )
        ]
    problems = [
        region.problem(_EXISTING, f"{domain}: {key} is {described.get(key)}", why, fix)
        for key, wanted, why, fix in (
            ("Status", "InService", "only InService takes profiles", "wait, or repair the domain"),
            ("AuthMode", "IAM", "sign-in links need IAM mode", "use a domain in IAM mode"),
        )
        if described.get(key) != wanted
    ]
    return problems or [region.found(_EXISTING, f"{domain} is InService, in IAM mode")]
