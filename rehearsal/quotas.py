"""Service Quotas of the local AWS: an account whose quotas have been raised.

Codes and names are those of the shipped quota table. Applied values are the table's
default or RAISED_TO, whichever is larger; nothing enforces them yet.
"""

from __future__ import annotations

import base64
import csv
import json
from functools import cache
from pathlib import Path
from typing import Any

import quotas
from rehearsal.errors import ApiError

RAISED_TO = 1000.0
_PAGE = 100  # ListServiceQuotas, MaxResults


def list_service_quotas(params: dict[str, Any], region: str) -> dict[str, Any]:
    """ListServiceQuotas for service `sagemaker`, in pages of 100."""
    if params.get("ServiceCode") != "sagemaker":
        raise ApiError(
            "NoSuchResourceException",
            f"The local AWS has quotas of sagemaker only, not of {params.get('ServiceCode')}.",
        )
    rows = [_row(quota, region) for quota in _catalog()]
    start = _position(params.get("NextToken"))
    size = int(params.get("MaxResults", _PAGE))
    answer: dict[str, Any] = {"Quotas": rows[start : start + size]}
    if start + size < len(rows):
        token = base64.urlsafe_b64encode(json.dumps(start + size).encode()).decode()
        answer["NextToken"] = token
    return answer


@cache
def _catalog() -> tuple[dict[str, str], ...]:
    path = Path(str(quotas.__file__)).parent / "data" / "sagemaker_quotas.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return tuple(sorted(csv.DictReader(file), key=lambda row: row["quota_code"]))


def _row(quota: dict[str, str], region: str) -> dict[str, Any]:
    return {
        "ServiceCode": "sagemaker",
        "ServiceName": "Amazon SageMaker",
        "QuotaCode": quota["quota_code"],
        "QuotaName": quota["quota_name"],
        "QuotaArn": f"arn:aws:servicequotas:{region}:123456789012:sagemaker/{quota['quota_code']}",
        "Value": max(float(quota["aws_default"] or 0), RAISED_TO),
        "Unit": "None",
        "Adjustable": True,
        "GlobalQuota": False,
    }


def _position(token: str | None) -> int:
    if not token:
        return 0
    try:
        return int(json.loads(base64.urlsafe_b64decode(token.encode())))
    except ValueError as error:
        raise ApiError("InvalidPaginationTokenException", "Invalid NextToken") from error
