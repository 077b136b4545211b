"""SageMaker's quotas as the shipped table has them: codes, names, AWS's defaults.

A default of None is unknown: AWS has one, the table does not know it. It is never taken
for 0 and never invented.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import quotas

_TABLE = Path(str(quotas.__file__)).parent / "data" / "sagemaker_quotas.csv"


@dataclass(frozen=True, slots=True)
class Quota:
    """One quota. `usage` and `instance_type` say what it limits ("" for totals).

    `metric` is the Resource dimension of the CloudWatch metric AWS/Usage ResourceCount.
    """

    code: str
    name: str
    usage: str
    instance_type: str
    default: float | None
    adjustable: bool
    metric: str


@cache
def all_quotas() -> tuple[Quota, ...]:
    """Every quota of the table, by code."""
    with _TABLE.open(encoding="utf-8", newline="") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: row["quota_code"])
    return tuple(
        Quota(
            code=row["quota_code"],
            name=row["quota_name"],
            usage=row["usage"],
            instance_type=row["instance_type"],
            default=float(row["aws_default"]) if row["aws_default"] else None,
            adjustable=row["adjustable"] == "true",
            metric=row["usage_metric_resource"],
        )
        for row in rows
    )


@cache
def by_code() -> dict[str, Quota]:
    """The quotas by their codes."""
    return {quota.code: quota for quota in all_quotas()}


@cache
def _by_type() -> dict[tuple[str, str], str]:
    return {(q.usage, q.instance_type): q.code for q in all_quotas() if q.instance_type}


def type_code(usage: str, instance_type: str) -> str | None:
    """The code of an instance type's quota for a usage ("training-job", ...), if known."""
    return _by_type().get((usage, instance_type))
