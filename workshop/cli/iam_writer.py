"""Writes IAM statements about one workshop's resources."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from workshop import names

Statement = dict[str, Any]

ALL = "*"


class Writer:
    """Writes statements about one workshop's resources, in all regions of its partition."""

    def __init__(self, workshop: str, region: str) -> None:
        self.workshop = workshop
        # The partition is in every ARN; names.sagemaker_arn knows it by the region.
        self._partition = names.sagemaker_arn(region, "account", "").split(":")[1]

    def arn(self, service: str, rest: str, *, everywhere: bool = False) -> str:
        """An ARN in any region, or of a service without regions."""
        place = ":" if everywhere else "*:*"
        return f"arn:{self._partition}:{service}:{place}:{rest}"

    def iam(self, kind: str) -> str:
        """Roles or policies of the workshop. IAM's ARNs have no region."""
        return f"arn:{self._partition}:iam::*:{kind}/{self.workshop}-*"

    def bucket(self, name: str, keys: str = "") -> str:
        """A bucket, or its objects. S3's ARNs have neither region nor account."""
        return f"arn:{self._partition}:s3:::{name}{f'/{keys}' if keys else ''}"

    def own(self) -> list[str]:
        """Whatever of SageMaker bears the workshop's prefix; a star spans slashes."""
        return [self.arn("sagemaker", f"*/{self.workshop}-*")]

    def tagged(self, word: str = "aws:ResourceTag") -> dict[str, Any]:
        """The condition that a resource, or a request, carries the workshop's tag."""
        return {"StringEquals": {f"{word}/{names.TAG_WORKSHOP}": self.workshop}}


def allow(
    sid: str,
    actions: Iterable[str],
    resources: str | list[str],
    condition: Mapping[str, Any] | None = None,
) -> Statement:
    """A statement that allows actions on resources, perhaps under a condition."""
    statement: Statement = {
        "Sid": sid,
        "Effect": "Allow",
        "Action": sorted(set(actions)),
        "Resource": resources,
    }
    return {**statement, "Condition": dict(condition)} if condition else statement


def both(*conditions: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The condition that all of these hold."""
    merged: dict[str, Any] = {}
    for condition in conditions:
        for operator, keys in condition.items():
            merged[operator] = {**merged.get(operator, {}), **keys}
    return merged


def account_reads() -> Statement:
    """Whose something is turns out only after it was listed."""
    return allow("QuotasAndBillsAreTheAccounts", ["sagemaker:Describe*", "sagemaker:List*"], ALL)
