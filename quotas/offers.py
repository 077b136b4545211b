"""Is an instance type sold in a region for a use? Offline, from what cfn-lint packages.

Quotas answer another question: a type that is not sold has one all the same, and a quota
reserves no capacity.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from workshop.model import Environment, JobUse

_TABLE = Path(__file__).resolve().parent / "data" / "instance_offers.json"


@cache
def _offers() -> dict[str, dict[str, Any]]:
    table: dict[str, dict[str, Any]] = json.loads(_TABLE.read_text(encoding="utf-8"))
    return table


def is_sold(use: JobUse | Environment, instance_type: str, region: str) -> bool | None:
    """Whether a type is sold in a region for a use; None when the table does not tell.

    It knows processing, transform and endpoints, not training, notebook instances and Studio;
    nor a region or a type that is nowhere in it, which may be newer than the table.
    """
    known = _offers().get(use)
    if known is None or region not in known["regions"]:
        return None
    missing = known["not_sold_in"].get(instance_type)
    return None if missing is None else region not in missing
