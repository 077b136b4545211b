"""What `workshop check` asks AWS about a workshop. Reads only."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from modules.declarations import Module
from quotas.demand import demand_in
from quotas.fit import Line, binding_line, fit
from quotas.limits import list_limits
from quotas.usage import count_in_use
from workshop import names
from workshop.aws import Clients, error_code
from workshop.cli.findings import Finding, unknown
from workshop.cli.repository import check_repository
from workshop.model import Workshop

# The default qualifier, and MIN_BOOTSTRAP_STACK_VERSION of aws-cdk-lib's default
# synthesizer: https://docs.aws.amazon.com/cdk/v2/guide/bootstrapping-env.html
BOOTSTRAP_PARAMETER = "/cdk-bootstrap/hnb659fds/version"
BOOTSTRAP_MINIMUM = 6
_SERVICES = ("sts", "ssm", "cloudformation", "s3", "sagemaker", "service-quotas")
# Codes with which STS answers in a region that the account has not switched on.
_NOT_ENABLED = ("InvalidClientTokenId", "RegionDisabledException", "UnrecognizedClientException")

Failure = (ClientError, BotoCoreError)


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that was found, sorted by region and subject."""

    findings: tuple[Finding, ...]
    quotas: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class _Region:
    """One region under examination."""

    workshop: Workshop
    region: str
    account: str
    modules: Sequence[Module]
    clients: Mapping[str, Any]

    def found(self, subject: str, what: str) -> Finding:
        return Finding(self.region, subject, "ok", what)

    def problem(self, subject: str, what: str, why: str, fix: str) -> Finding:
        return Finding(self.region, subject, "problem", what, why, fix)


def check_workshop(
    workshop: Workshop, regions: Sequence[str], modules: Sequence[Module], clients: Clients
) -> Report:
    """Look at everything a deployment depends on, all regions at the same time."""
    # Clients are made before the threads start: making one is not thread-safe (boto3 guide).
    made = {region: {name: clients(name, region) for name in _SERVICES} for region in regions}
    with ThreadPoolExecutor(max_workers=len(regions) + 1) as pool:
        repository = pool.submit(check_repository, workshop.repository)
        account, credentials = _check_credentials([made[region]["sts"] for region in regions])
        quotas: list[Line] = []
        findings = [credentials]
        if account:
            jobs = [
                pool.submit(
                    _check_region, _Region(workshop, region, account, modules, made[region])
                )
                for region in regions
            ]
            for job in jobs:
                found, lines = job.result()
                findings += found
                quotas += lines
        findings.append(repository.result())
    return Report(tuple(sorted(findings)), tuple(quotas))


def _check_credentials(sts_clients: Sequence[Any]) -> tuple[str, Finding]:
    """Ask one region after the other: one that is not enabled refuses good credentials too."""
    refused: Exception | None = None
    for sts in sts_clients:
        try:
            identity = sts.get_caller_identity()
        except Failure as error:
            refused = refused or error
            continue
        account, arn = identity["Account"], identity["Arn"]
        return account, Finding("", "credentials", "ok", f"account {account}, as {arn}")
    assert refused is not None, "a workshop has at least one region"
    return "", unknown("", "credentials", refused)


def _check_region(region: _Region) -> tuple[list[Finding], list[Line]]:
    enabled = _guarded(region, "region", _check_enabled)
    if enabled[0].state != "ok":  # every other answer would be the same refusal
        return enabled, []
    findings = [
        *enabled,
        *_guarded(region, "CDK bootstrap", _check_bootstrap),
        *_guarded(region, "stack names", _check_stack_names),
        *_guarded(region, "bucket name", _check_bucket_name),
        *_guarded(region, "existing domain", _check_existing_domain),
    ]
    found, lines = _check_quotas(region)
    return findings + found, lines


def _guarded(
    region: _Region, subject: str, probe: Callable[[_Region], list[Finding]]
) -> list[Finding]:
    try:
        return probe(region)
    except Failure as error:
        return [unknown(region.region, subject, error)]


def _check_enabled(region: _Region) -> list[Finding]:
    try:
        region.clients["sts"].get_caller_identity()
    except ClientError as error:
        if error_code(error) not in _NOT_ENABLED:
            raise
        return [
            region.problem(
                "region",
                f"the account has not enabled {region.region}",
                f"STS there answers {error_code(error)}",
                f"aws account enable-region --region-name {region.region}",
            )
        ]
    return [region.found("region", "enabled")]


def _check_bootstrap(region: _Region) -> list[Finding]:
    fix = f'make cdk ARGS="bootstrap aws://{region.account}/{region.region}"'
    try:
        answer = region.clients["ssm"].get_parameter(Name=BOOTSTRAP_PARAMETER)
    except ClientError as error:
        if error_code(error) != "ParameterNotFound":
            raise
        return [
            region.problem(
                "CDK bootstrap",
                f"{region.region} is not bootstrapped for the CDK",
                f"there is no SSM parameter {BOOTSTRAP_PARAMETER}",
                fix,
            )
        ]
    version = answer["Parameter"]["Value"]
    if not version.isdigit() or int(version) < BOOTSTRAP_MINIMUM:
        return [
            region.problem(
                "CDK bootstrap",
                f"the CDK bootstrap stack is version {version}",
                f"version {BOOTSTRAP_MINIMUM} or newer is needed",
                fix,
            )
        ]
    return [region.found("CDK bootstrap", f"version {version}")]


def _check_stack_names(region: _Region) -> list[Finding]:
    """A stack of one of our names must be ours, by its tag."""
    workshop = region.workshop
    wanted = {
        names.shared_stack_name(workshop.name),
        *(names.attendee_stack_name(workshop.name, a.id) for a in workshop.attendees),
    }
    taken, ours = [], 0
    paginator = region.clients["cloudformation"].get_paginator("describe_stacks")
    for page in paginator.paginate():
        for stack in page["Stacks"]:
            if stack["StackName"] not in wanted:
                continue
            tags = {tag["Key"]: tag["Value"] for tag in stack.get("Tags", [])}
            if tags.get(names.TAG_WORKSHOP) == workshop.name:
                ours += 1
            else:
                taken.append(stack["StackName"])
    if taken:
        return [
            region.problem(
                "stack names",
                f"{len(taken)} of the stack names are taken: {', '.join(sorted(taken)[:5])}",
                f"these stacks do not carry the tag {names.TAG_WORKSHOP}={workshop.name}",
                "choose another `name` in the YAML",
            )
        ]
    return [region.found("stack names", f"free, or this workshop's ({ours} exist)")]


def _check_bucket_name(region: _Region) -> list[Finding]:
    s3 = region.clients["s3"]
    bucket = names.bucket_name(region.workshop.name, region.account, region.region)
    try:
        s3.head_bucket(Bucket=bucket)
    except ClientError as error:
        if error_code(error) in ("404", "NoSuchBucket", "NotFound"):
            return [region.found("bucket name", f"{bucket} is free")]
        if error_code(error) not in ("403", "301"):
            raise
        return [
            region.problem(
                "bucket name",
                f"the bucket {bucket} belongs to another account",
                "bucket names are global, and HeadBucket is refused there",
                "choose another `name` in the YAML",
            )
        ]
    try:
        found = s3.get_bucket_tagging(Bucket=bucket)["TagSet"]
    except ClientError as error:
        if error_code(error) != "NoSuchTagSet":
            raise
        found = []
    if {tag["Key"]: tag["Value"] for tag in found}.get(names.TAG_WORKSHOP) == region.workshop.name:
        return [region.found("bucket name", f"{bucket} is this workshop's")]
    return [
        region.problem(
            "bucket name",
            f"the bucket {bucket} exists and is not this workshop's",
            f"it does not carry the tag {names.TAG_WORKSHOP}={region.workshop.name}",
            "choose another `name` in the YAML, or delete the bucket",
        )
    ]


def _check_existing_domain(region: _Region) -> list[Finding]:
    domain = region.workshop.domains.get(region.region)
    if domain is None:
        return []
    try:
        described = region.clients["sagemaker"].describe_domain(DomainId=domain)
    except ClientError as error:
        if error_code(error) not in ("ResourceNotFound", "ValidationException"):
            raise
        return [
            region.problem(
                "existing domain",
                f"there is no domain {domain}",
                str(error),
                f"aws sagemaker list-domains --region {region.region}",
            )
        ]
    problems = [
        region.problem("existing domain", f"{domain}: {key} is {described.get(key)}", why, fix)
        for key, wanted, why, fix in (
            ("Status", "InService", "only InService takes profiles", "wait, or repair the domain"),
            ("AuthMode", "IAM", "sign-in links need IAM mode", "use a domain in IAM mode"),
        )
        if described.get(key) != wanted
    ]
    return problems or [region.found("existing domain", f"{domain} is InService")]


def _check_quotas(region: _Region) -> tuple[list[Finding], list[Line]]:
    demands = demand_in(region.workshop, region.region, region.modules)
    findings: list[Finding] = []
    limits = None
    try:
        limits = list_limits(region.clients["service-quotas"])
    except Failure as error:
        findings.append(unknown(region.region, "quota limits", error))
    in_use = count_in_use(region.clients["sagemaker"], region.workshop.name, demands)
    findings += [
        unknown(region.region, f"{kind} in use", error) for kind, error in in_use.failures.items()
    ]
    lines = list(fit(region.region, demands, limits, in_use.units))
    return [*findings, _summarise_quotas(region, lines)], lines


def _summarise_quotas(region: _Region, lines: Sequence[Line]) -> Finding:
    attendees = len(region.workshop.attendees_in(region.region))
    people = f"{attendees} attendee{'s' if attendees != 1 else ''}"
    binding = binding_line(lines)
    if binding is not None:
        in_use = "unknown" if binding.in_use is None else str(binding.in_use)
        capacity = f"; it carries {binding.capacity}" if binding.capacity is not None else ""
        return region.problem(
            "quotas",
            f"{region.region} cannot hold {people}",
            f'"{binding.name}" ({binding.code}) is {binding.applied}, others use {in_use}, '
            f"this workshop needs {binding.need}{capacity}",
            "aws service-quotas request-service-quota-increase --service-code sagemaker "
            f"--quota-code {binding.code} --region {region.region} "
            f"--desired-value {(binding.in_use or 0) + binding.need}",
        )
    missing = [line for line in lines if line.state == "unknown"]
    if missing:
        named = ", ".join(f'"{line.name}"' for line in missing[:3])
        return Finding(
            region.region,
            "quotas",
            "unknown",
            f"{len(missing)} of {len(lines)} quotas are not known",
            f"no applied value or no count in use: {named}",
            "look at them in the Service Quotas console; a missing value is not zero",
        )
    return region.found("quotas", f"all {len(lines)} quotas hold {people}")
