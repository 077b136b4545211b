"""Credentials, enabled regions, and what `cdk bootstrap` must have left."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from botocore.exceptions import ClientError

from workshop import names
from workshop.aws import error_code
from workshop.cli.boundary import ACCESS_DENIED
from workshop.cli.findings import Finding, unknown
from workshop.cli.probes.region import Failure, Region

# The default qualifier, and MIN_BOOTSTRAP_STACK_VERSION of aws-cdk-lib's default
# synthesizer: https://docs.aws.amazon.com/cdk/v2/guide/bootstrapping-env.html
BOOTSTRAP_PARAMETER = "/cdk-bootstrap/hnb659fds/version"
BOOTSTRAP_MINIMUM = 6
_BOOTSTRAP = "CDK bootstrap"
# Codes with which STS answers in a region that the account has not switched on.
_NOT_ENABLED = ("InvalidClientTokenId", "RegionDisabledException", "UnrecognizedClientException")
_HOME = "us-east-1"
_HOMES = {"cn-": "cn-north-1", "us-gov-": "us-gov-west-1"}
_NO_BUCKET = ("404", "NoSuchBucket", "NotFound")


def home_region(region: str) -> str:
    """The region of the same partition that every account has enabled.

    Account guide, "Enable or disable AWS Regions in your account": regions introduced before
    March 20, 2019 cannot be disabled.
    """
    for start, home in _HOMES.items():
        if region.startswith(start):
            return home
    return _HOME


def check_credentials(sts_clients: Sequence[Any], at_home: Any) -> tuple[str, Finding]:
    """The account ("" when unknown), and as whom. Ask one region after the other: one that is
    not enabled refuses good credentials too. When all may be such, `at_home`, the client in a
    region that cannot be switched off, decides."""
    refused: list[Exception] = []
    for sts in sts_clients:
        try:
            return _identity(sts)
        except Failure as error:
            refused.append(error)
    assert refused, "a workshop has at least one region"
    if all(error_code(error) in _NOT_ENABLED for error in refused):
        try:
            return _identity(at_home)
        except Failure as error:
            return "", unknown("", "credentials", error)
    return "", unknown("", "credentials", refused[0])


def _identity(sts: Any) -> tuple[str, Finding]:
    identity = sts.get_caller_identity()
    account, arn = identity["Account"], identity["Arn"]
    return account, Finding("", "credentials", "ok", f"account {account}, as {arn}")


def check_enabled(region: Region) -> list[Finding]:
    """Has the account switched the region on?"""
    try:
        region.clients["sts"].get_caller_identity()
    except ClientError as error:
        if error_code(error) not in _NOT_ENABLED:
            raise
        return [
            region.problem(
                "region",
                f"the account has not enabled {region.name}",
                f"STS there answers {error_code(error)}",
                f"aws account enable-region --region-name {region.name}",
            )
        ]
    return [region.found("region", "enabled")]


def check_bootstrap(region: Region) -> list[Finding]:
    """Is the region bootstrapped, by a version that our templates accept, and still whole?"""
    fix = f'make cdk ARGS="bootstrap aws://{region.account}/{region.name}"'
    try:
        answer = region.clients["ssm"].get_parameter(Name=BOOTSTRAP_PARAMETER)
    except ClientError as error:
        if error_code(error) != "ParameterNotFound":
            raise
        what = f"{region.name} is not bootstrapped for the CDK"
        why = f"there is no SSM parameter {BOOTSTRAP_PARAMETER}"
        return [region.problem(_BOOTSTRAP, what, why, fix)]
    version = answer["Parameter"]["Value"]
    if not version.isdigit() or int(version) < BOOTSTRAP_MINIMUM:
        what = f"the CDK bootstrap stack is version {version}"
        why = f"version {BOOTSTRAP_MINIMUM} or newer is needed"
        return [region.problem(_BOOTSTRAP, what, why, fix)]
    return [_check_bootstrap_bucket(region, version, fix)]


def _check_bootstrap_bucket(region: Region, version: str, fix: str) -> Finding:
    """A bucket that somebody deleted by hand leaves the version behind."""
    bucket = names.bootstrap_bucket(region.account, region.name)
    try:
        region.clients["s3"].head_bucket(Bucket=bucket)
    except ClientError as error:
        code = error_code(error)
        if code in _NO_BUCKET:
            what = f"the CDK's bucket {bucket} is gone"
            why = f"version {version} is bootstrapped, but HeadBucket answers {code}"
            return region.problem(_BOOTSTRAP, what, why, f"delete the stack CDKToolkit, then {fix}")
        if code in ACCESS_DENIED:
            what = f"version {version}, but its bucket {bucket} cannot be used"
            why = "HeadBucket is denied: the right is missing, or another account has the name"
            return region.unclear(_BOOTSTRAP, what, why, f"ask for s3:ListBucket on {bucket}")
        raise
    return region.found(_BOOTSTRAP, f"version {version}")
