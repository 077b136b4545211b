"""The limits AWS applies to the account in a region."""

from __future__ import annotations

from typing import Any


def list_limits(service_quotas: Any) -> dict[str, float]:
    """Map the code of every SageMaker quota to its applied value in the client's region.

    Service Quotas, ListServiceQuotas: about 23 pages. A quota that comes with an
    ErrorReason or without a value is left out: what is missing here is unknown, never 0
    and never AWS's default.

    Raises:
        botocore.exceptions.ClientError: a page was refused; a partial listing would read as
            if quotas did not exist, so nothing is returned.
    """
    limits: dict[str, float] = {}
    paginator = service_quotas.get_paginator("list_service_quotas")
    for page in paginator.paginate(ServiceCode="sagemaker"):
        for quota in page["Quotas"]:
            if "Value" in quota and not quota.get("ErrorReason"):
                limits[quota["QuotaCode"]] = quota["Value"]
    return limits
