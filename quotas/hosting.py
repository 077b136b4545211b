"""What endpoints of others hold: the instances of their variants."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from quotas import catalog
from quotas.tally import Ours, Tally, is_gone, passing_over_gone

# They serve nothing, and what they had is released (inferred from their not being billed).
_HOLD_NOTHING = ("Failed", "OutOfService", "Deleting")


def count_endpoints(sagemaker: Any, ours: Ours, tally: Tally) -> None:
    """Count the instances of all endpoints that are not `ours`, as the tally's."""
    for page in sagemaker.get_paginator("list_endpoints").paginate():
        for endpoint in page["Endpoints"]:
            name = endpoint["EndpointName"]
            if ours.has(name) or endpoint.get("EndpointStatus") in _HOLD_NOTHING:
                continue
            # Only the endpoint may be gone: it lives on without its configuration.
            with passing_over_gone():
                live = sagemaker.describe_endpoint(EndpointName=name)
                if live.get("EndpointStatus") not in _HOLD_NOTHING:
                    _count(sagemaker, live, tally)


def _count(sagemaker: Any, live: Mapping[str, Any], tally: Tally) -> None:
    name = live["EndpointConfigName"]
    try:
        config = sagemaker.describe_endpoint_config(EndpointConfigName=name)
    except ClientError as error:
        if not is_gone(error):
            raise
        _count_without_config(live, tally, error)
        return
    _count_variants(live, config, tally)


def _shown(live: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [*live.get("ProductionVariants", []), *live.get("ShadowProductionVariants", [])]


def _count_without_config(live: Mapping[str, Any], tally: Tally, error: Exception) -> None:
    """DescribeEndpoint tells how many instances there are, and not of which types."""
    total = catalog.TOTALS["endpoint"]
    variants = [one for one in _shown(live) if "CurrentServerlessConfig" not in one]
    if not _shown(live):  # it is being made
        tally.blur(tally.codes, error)
    for variant in variants:
        counts = (variant.get("CurrentInstanceCount"), variant.get("DesiredInstanceCount"))
        known = [count for count in counts if count is not None]
        if not known:
            tally.blur([total], error)
        tally.add(total, max(known, default=0))
        tally.blur_all_but({total}, error)


def _count_variants(live: Mapping[str, Any], config: Mapping[str, Any], tally: Tally) -> None:
    """A variant with a list of types takes its instances of each type's quota: which one AWS
    chose is not told, and the others must be free for it to grow."""
    counts = {variant["VariantName"]: variant for variant in _shown(live)}
    for variant in (
        *config["ProductionVariants"],
        *config.get("ShadowProductionVariants", []),
    ):
        types = [pool["InstanceType"] for pool in variant.get("InstancePools", [])]
        types = types or [variant["InstanceType"]] if "InstanceType" in variant else types
        if not types:  # serverless has quotas of its own
            continue
        now = counts.get(variant["VariantName"], {})
        held = max(
            now.get("CurrentInstanceCount", 0),
            now.get("DesiredInstanceCount", 0),
            0 if "CurrentInstanceCount" in now else variant.get("InitialInstanceCount", 1),
        )
        tally.add(catalog.TOTALS["endpoint"], held)
        for instance_type in types:
            tally.add(catalog.type_quota("endpoint", instance_type).code, held)
