"""Increase requests as Service Quotas tells them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from quotas.limits import SERVICE, Pace

# RequestStatus of the API's model: these two are still being decided.
OPEN = ("PENDING", "CASE_OPENED")


@dataclass(frozen=True, slots=True)
class Increase:
    """One request for an increase, open or settled."""

    id: str
    region: str
    code: str
    name: str
    desired: int
    status: str
    service: str = SERVICE

    @property
    def is_open(self) -> bool:
        """Whether AWS has not decided yet."""
        return self.status in OPEN


def make_increase(region: str, row: Mapping[str, Any]) -> Increase:
    """The request that a RequestedServiceQuotaChange of the API describes."""
    return Increase(
        id=row["Id"],
        region=region,
        code=row["QuotaCode"],
        name=row.get("QuotaName", ""),
        desired=int(row["DesiredValue"]),
        status=row["Status"],
        service=row["ServiceCode"],
    )


def list_increases(service_quotas: Any, region: str, pace: Pace) -> tuple[Increase, ...]:
    """List the requests for all services' quotas in the client's region, the newest first.

    All, because the number of requests that may be open is the account's. Service Quotas,
    ListRequestedServiceQuotaChangeHistory; the order of its answer is not documented. Raises
    ClientError when a page is refused.
    """
    rows: list[Mapping[str, Any]] = []
    paginator = service_quotas.get_paginator("list_requested_service_quota_change_history")
    for page in pace.each(paginator.paginate()):
        rows += page["RequestedQuotas"]
    rows.sort(key=lambda row: row["Created"], reverse=True)
    return tuple(make_increase(region, row) for row in rows)
