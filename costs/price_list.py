"""Prices from the Price List API, a cell at a time, and nothing guessed.

The rules are the offer AmazonSageMaker's: products are filtered by `regionCode`, `instanceName`
(not `instanceType`, which is often empty or has a suffix) and `component`, Studio's by
`platoinstancetype`; batch transform and volumes by their usage type alone. What a product is
for is then held against its usage type, such as USE1-Host:ml.m5.large, since a component has
products of several uses (managed spot, warm pools). A cell has a price when exactly one price
above zero is left.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from typing import Any

from costs.prices import NOTEBOOK_VOLUME, STUDIO_VOLUME, Cell, Price, Prices
from workshop.aws import Clients

_SERVICE = "AmazonSageMaker"
_TOGETHER = 4  # GetProducts throttles early


@dataclass(frozen=True, slots=True)
class _Use:
    """How the Price List tells one use: an attribute, and the usage type before the type."""

    usage_type: str
    field: str = ""
    value: str = ""


_USES = {
    "hosting": _Use("Host:", "component", "Hosting"),
    "training": _Use("Train:", "component", "Training"),
    "processing": _Use("Processing:", "component", "Processing"),
    "transform": _Use("Tsform:"),
    "notebook": _Use("Notebk:", "component", "Notebook"),
    "studio-jupyterlab": _Use("Studio:JupyterLab-", "platoinstancetype", "Studio-JupyterLab"),
    STUDIO_VOLUME: _Use("Studio:VolumeUsage."),
    NOTEBOOK_VOLUME: _Use("Notebk:VolumeUsage."),
}


def endpoint_region(region: str) -> str:
    """The endpoint of the Price List API to ask for a workshop that starts in a region.

    There are three (its user guide, "Endpoints"); one nearby, since organizations often deny
    regions that are far away.
    """
    area, _, _ = region.partition("-")
    return {"eu": "eu-central-1", "ap": "ap-south-1"}.get(area, "us-east-1")


def read_price_list(cells: Iterable[Cell], clients: Clients, region: str, today: date) -> Prices:
    """Read the prices of cells; `region` is an endpoint of the Price List API.

    A cell without one clear price is unknown, with the reason as its source. Raises botocore's
    ClientError when AWS refuses to answer: that says nothing of any price.
    """
    client = clients("pricing", region)
    host = str(client.meta.endpoint_url)

    def read(cell: Cell) -> Price:
        use = _USES.get(cell.usage)
        if use is None:
            return Price(None, today.isoformat(), f"the Price List is not read for {cell.usage}")
        return choose_price(cell, list(_products(cell, use, client)), host, today)

    wanted = sorted(set(cells))
    with ThreadPoolExecutor(_TOGETHER) as pool:
        return Prices(dict(zip(wanted, pool.map(read, wanted), strict=True)))


def choose_price(
    cell: Cell, products: Iterable[Mapping[str, Any]], host: str, today: date
) -> Price:
    """The price of a cell among products of the Price List; unknown unless there is just one."""
    use = _USES[cell.usage]
    pattern = re.compile(rf"([A-Z0-9]+-)?{re.escape(use.usage_type + cell.instance_type)}")
    unit = {"hour": "Hrs", "GB-month": "GB-Mo"}[cell.unit]
    found: dict[tuple[float, str], None] = {}
    seen: set[str] = set()
    for product in products:
        attributes = product["product"]["attributes"]
        usage_type = str(attributes.get("usagetype", ""))
        seen.add(usage_type)
        if attributes.get("regionCode") != cell.region or not pattern.fullmatch(usage_type):
            continue
        for usd, described in _amounts(product, unit):
            if usd > 0:
                found[usd, f"{usage_type}: {described}"] = None
    day = today.isoformat()
    if not seen:
        return Price(None, day, f"{host} has no product for it: perhaps not sold there")
    amounts = {usd for usd, _ in found}
    if len(amounts) != 1:
        why = f"{len(amounts)} prices" if amounts else f"no price per {unit}"
        return Price(None, day, f"{host} has {why} for it, of {', '.join(sorted(seen))}")
    (usd, described), *_ = found
    return Price(usd, day, f"{host}, {described}")


def _products(cell: Cell, use: _Use, client: Any) -> Iterator[Mapping[str, Any]]:
    filters = [_filter("regionCode", cell.region)]
    if use.field:
        filters += [_filter("instanceName", cell.instance_type), _filter(use.field, use.value)]
    else:
        usage_type = use.usage_type + cell.instance_type
        filters.append({"Type": "CONTAINS", "Field": "usagetype", "Value": usage_type})
    pages = client.get_paginator("get_products").paginate(ServiceCode=_SERVICE, Filters=filters)
    for page in pages:
        for entry in page["PriceList"]:
            yield json.loads(entry)


def _filter(name: str, value: str) -> dict[str, str]:
    return {"Type": "TERM_MATCH", "Field": name, "Value": value}


def _amounts(product: Mapping[str, Any], unit: str) -> Iterator[tuple[float, str]]:
    """(USD, what AWS says of it) of every on-demand price for a unit.

    Only a first tier's: no use of a workshop reaches a second one.
    """
    for term in product.get("terms", {}).get("OnDemand", {}).values():
        for dimension in term["priceDimensions"].values():
            usd = dimension["pricePerUnit"].get("USD")
            if dimension["unit"] == unit and usd and dimension.get("beginRange", "0") == "0":
                yield float(usd), str(dimension.get("description", ""))
