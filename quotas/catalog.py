"""SageMaker's quotas by what they limit, from the table that is shipped in data/.

Codes are the same in every region; values are not, and are never taken from the table.
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
RUNNING_APPS = "L-4E39DDC4"
NOTEBOOK_INSTANCES = "L-04CE2E67"
# The instances of all types together; they bind beside the quota of each type.
TOTALS: dict[JobUse, str] = {
    "training": "L-00C91CB5",
    "processing": "L-F311B08F",
    "transform": "L-60D2A6F0",
    "endpoint": "L-7A3DF611",
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
    """One quota. A code of "" means that the table does not know it."""

    code: str
    name: str


@cache
def _by_code() -> dict[str, Quota]:
    return {row["quota_code"]: Quota(row["quota_code"], row["quota_name"]) for row in _rows()}


@cache
def _by_use() -> dict[tuple[str, str], Quota]:
    return {
        (row["usage"], row["instance_type"]): Quota(row["quota_code"], row["quota_name"])
        for row in _rows()
        if row["instance_type"]
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
