"""Price list entries in the shape of GetProducts, labelled as test data.

The shape is that of the AmazonSageMaker offer file. Hardware attributes (vCpu, memory, ...)
are left out: what is not known is not made up.
"""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from rehearsal.pricing import table
from rehearsal.pricing.table import Price

SERVICE = "AmazonSageMaker"
TEST_DATA = "not an AWS price"
# The codes of every on-demand term and of its hourly dimension in AWS's offer files.
_OFFER_TERM = "JRTCKXETXF"
_DIMENSION = "6YS6EN2CT7"
_PUBLISHED = "2026-09-24T00:00:00Z"
_VERSION = "20260924000000"


def attributes(price: Price) -> dict[str, str]:
    """The attributes of a product, by which products are filtered."""
    if price.component.volume:
        return {
            **_common(price),
            "operation": "",
            "volumeType": f"General Purpose-{price.instance_type}",
        }
    return {
        **_common(price),
        "component": price.component.name,
        "instanceName": price.instance_type,
        "instanceType": price.instance_type + price.component.suffix,
        "operation": "RunInstance",
        "platoinstancename": price.instance_type,
        "platoinstancetype": price.component.plato,
    }


def _common(price: Price) -> dict[str, str]:
    return {
        "location": table.regions()[price.region],
        "locationType": "AWS Region",
        "regionCode": price.region,
        "servicecode": SERVICE,
        "servicename": "Amazon SageMaker",
        "testData": f"{TEST_DATA}: {price.origin}",
        "usagetype": price.usage_type,
    }


def product(price: Price) -> dict[str, Any]:
    """One entry of PriceList, before it is made a JSON string."""
    sku = _sku(price.usage_type)
    term, rate = f"{sku}.{_OFFER_TERM}", f"{sku}.{_OFFER_TERM}.{_DIMENSION}"
    what = f"{price.component.name} {price.instance_type} hour"
    if price.component.volume:
        what = f"GB-Mo of {price.component.known_as} {price.instance_type}"
    dimension = {
        "unit": price.component.unit,
        "endRange": "Inf",
        "description": f"${price.usd:g} per {what} in "
        f"{table.regions()[price.region]} (test data, {TEST_DATA})",
        "appliesTo": [],
        "rateCode": rate,
        "beginRange": "0",
        "pricePerUnit": {"USD": f"{price.usd:.10f}"},
    }
    return {
        "product": {"productFamily": family(price), "attributes": attributes(price), "sku": sku},
        "serviceCode": SERVICE,
        "terms": {
            "OnDemand": {
                term: {
                    "priceDimensions": {rate: dimension},
                    "sku": sku,
                    "effectiveDate": _PUBLISHED,
                    "offerTermCode": _OFFER_TERM,
                    "termAttributes": {},
                }
            }
        },
        "version": _VERSION,
        "publicationDate": _PUBLISHED,
    }


def family(price: Price) -> str:
    """The productFamily of a product."""
    return "Storage" if price.component.volume else "ML Instance"


def _sku(usage_type: str) -> str:
    """A stock keeping unit of our own: 16 characters that follow from the usage type."""
    digest = hashlib.sha256(usage_type.encode()).digest()
    return base64.b32encode(digest).decode()[:16]
