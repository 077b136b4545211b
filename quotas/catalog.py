"""SageMaker's quotas by what they limit, from the table that is shipped in data/.

Codes are the same in every region; values are not. AWS's defaults, which the table knows of
some, are only ever shown beside a value that is unknown, and labelled.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from workshop.model import Environment, JobUse

_TABLE = Path(__file__).resolve().parent / "data" / "sagemaker_quotas.csv"

DOMAINS = "L-B683BCB0"
USER_PROFILES = "L-AC46C40F"
SPACES = "L-8E5333B4"
SPACES_GB = "L-A37B67B0"
RUNNING_APPS = "L-4E39DDC4"
NOTEBOOK_INSTANCES = "L-04CE2E67"
NOTEBOOKS_GB = "L-E4B12EA2"
# The instances of all types together; they bind beside the quota of each type.
TOTALS: dict[JobUse, str] = {
    "training": "L-00C91CB5",
    "processing": "L-F311B08F",
    "transform": "L-60D2A6F0",
    "endpoint": "L-7A3DF611",
}
# The instances of a single job or endpoint. Transform jobs have none.
PER_JOB: dict[JobUse, str] = {
    "training": "L-622CFD70",
    "processing": "L-A5D63399",
    "endpoint": "L-ED8DEE9B",
}
# What the table's column `usage` calls our uses.
_USAGE: dict[JobUse | Environment, str] = {
    "studio": "jupyterlab-app",
    "notebook": "notebook-instance",
    "training": "training-job",
    "processing": "processing-job",
    "transform": "transform-job",
    "endpoint": "endpoint",
}


@dataclass(frozen=True, slots=True)
class Quota:
    """One quota. A code of "" means that the table does not know it.

    `default` is AWS's as of the day `default_as_of`, in us-east-1; None: not known.
    """

    code: str
    name: str
    default: int | None = None
    default_as_of: str = ""


def _quota(row: dict[str, str]) -> Quota:
    default = int(float(row["aws_default"])) if row["aws_default"] else None
    return Quota(row["quota_code"], row["quota_name"], default, row["aws_default_as_of"])


@cache
def _by_code() -> dict[str, Quota]:
    return {row["quota_code"]: _quota(row) for row in _rows()}


@cache
def _by_use() -> dict[tuple[str, str], Quota]:
    return {
        (row["usage"], row["instance_type"]): _quota(row) for row in _rows() if row["instance_type"]
    }


@cache
def _rows() -> tuple[dict[str, str], ...]:
    with _TABLE.open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))


def quota(code: str) -> Quota:
    """Return the quota of a code."""
    return _by_code()[code]


def type_quota(use: JobUse | Environment, instance_type: str) -> Quota:
    """Return the quota of an instance type for a use; its code is "" if none is known.

    "studio" means JupyterLab apps, "notebook" notebook instances.
    """
    found = _by_use().get((_USAGE[use], instance_type))
    return found or Quota("", f"{instance_type} for {_USAGE[use]} usage")
