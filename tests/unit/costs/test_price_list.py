"""What the Price List says of a cell: one clear price, or unknown with the reason."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from costs.price_list import endpoint_region, read_price_list
from costs.prices import VOLUME_TYPES, Cell, Price
from rehearsal.pricing import table
from rehearsal.pricing.service import Pricing
from rehearsal.world import service_model

REGION = "us-east-1"
TODAY = date(2026, 11, 21)
HOSTING = Cell(REGION, "hosting", "ml.m5.large")
AWS = "https://api.pricing.us-east-1.amazonaws.com"


class PriceList:
    """The Price List of the local AWS, and whatever products a test adds or puts in its place."""

    def __init__(self, *products: Mapping[str, Any], alone: bool = False) -> None:
        self.meta = SimpleNamespace(endpoint_url=AWS)
        self.asked: list[Mapping[str, Any]] = []
        self._products = [json.dumps(product) for product in products]
        self._alone = alone

    def __call__(self, service: str, region: str) -> PriceList:
        assert (service, region) == ("pricing", "us-east-1")
        return self

    def get_paginator(self, operation: str) -> PriceList:
        assert operation == "get_products"
        return self

    def paginate(self, **params: Any) -> list[dict[str, Any]]:
        self.asked.append(params)
        own = {"PriceList": self._products}
        if self._alone:
            return [own]
        pricing = Pricing(service_model("pricing"))
        return [pricing.call("GetProducts", {**params, "MaxResults": 100}, "us-east-1"), own]


def product(usage_type: str, *usd: str, region: str = REGION, unit: str = "Hrs") -> dict[str, Any]:
    """A product with an on-demand price for each amount."""
    terms = {
        f"term-{number}": {
            "priceDimensions": {
                "d": {"unit": unit, "pricePerUnit": {"USD": amount}, "description": f"${amount}"}
            }
        }
        for number, amount in enumerate(usd)
    }
    return {
        "product": {"attributes": {"usagetype": usage_type, "regionCode": region}},
        "terms": {"OnDemand": terms},
    }


def read(cell: Cell, *products: Mapping[str, Any]) -> Price:
    """What a Price List of these products says of a cell."""
    found = read_price_list([cell], PriceList(*products, alone=True), "us-east-1", TODAY)
    price = found.find(cell)
    assert price is not None
    assert price.as_of == "2026-11-21"
    return price


@pytest.mark.parametrize("region", ["us-east-1", "eu-west-1", "ca-west-1"])
def test_every_cell_a_workshop_can_need_has_a_price_in_the_local_aws(region: str) -> None:
    uses = {component.known_as: component for component in table.COMPONENTS}
    cells = [
        *(Cell(region, usage, name) for usage, name in VOLUME_TYPES.items()),
        *(
            Cell(region, usage, name)
            for usage in (
                *("hosting", "training", "processing", "transform"),
                *("notebook", "studio-jupyterlab"),
            )
            for name in sorted(service_model("sagemaker").shape_for(uses[usage].enum).enum)[:12]
            if name.startswith("ml.")
        ),
    ]

    found = read_price_list(cells, PriceList(), "us-east-1", TODAY)

    assert len(cells) > 40
    assert [str(cell) for cell in cells if not found.usd(cell)] == []
    assert all("not an AWS price" in price.source for price in found.by_cell.values())


def test_an_instance_is_asked_for_by_region_name_and_component_and_never_by_instance_type() -> None:
    prices = PriceList()

    read_price_list([HOSTING], prices, "us-east-1", TODAY)

    (asked,) = prices.asked
    assert asked["ServiceCode"] == "AmazonSageMaker"
    assert {(f["Type"], f["Field"], f["Value"]) for f in asked["Filters"]} == {
        ("TERM_MATCH", "regionCode", REGION),
        ("TERM_MATCH", "instanceName", "ml.m5.large"),
        ("TERM_MATCH", "component", "Hosting"),
    }


@pytest.mark.parametrize(
    ("usage", "field", "value"),
    [
        ("training", "component", "Training"),
        ("processing", "component", "Processing"),
        ("notebook", "component", "Notebook"),
        ("studio-jupyterlab", "platoinstancetype", "Studio-JupyterLab"),
        ("transform", "usagetype", "Tsform:ml.m5.large"),
    ],
)
def test_each_use_has_a_filter_of_its_own(usage: str, field: str, value: str) -> None:
    prices = PriceList()

    read_price_list([Cell(REGION, usage, "ml.m5.large")], prices, "us-east-1", TODAY)

    (asked,) = prices.asked
    assert value in {f["Value"] for f in asked["Filters"] if f["Field"] == field}


def test_the_price_is_that_of_the_usage_type_and_says_where_it_was_read() -> None:
    found = read(
        HOSTING,
        product("USE1-Host:ml.m5.large", "0.1150000000"),
        product("USE1-HostAsync:ml.m5.large", "0.2"),
        product("USE1-Host:ml.m5.large.foo", "0.3"),
        product("EU-Host:ml.m5.large", "0.4", region="eu-west-1"),
    )

    assert found.usd == 0.115
    assert found.source == f"{AWS}, USE1-Host:ml.m5.large: $0.1150000000"


def test_prices_of_zero_do_not_count_and_the_same_price_twice_is_one() -> None:
    name = "USE1-Host:ml.m5.large"

    assert read(HOSTING, product(name, "0.0", "0.115"), product(name, "0.115")).usd == 0.115
    assert read(HOSTING, product(name, "0.0000000000")).usd is None


@pytest.mark.parametrize(
    ("products", "why"),
    [
        ([], "has no product for it"),
        ([product("USE1-Host:ml.m5.large", "0.1", "0.2")], "has 2 prices for it"),
        ([product("USE1-Train:ml.m5.large", "0.1")], "no price per Hrs for it, of USE1-Train:"),
        ([product("USE1-Host:ml.m5.large", "0.1", unit="Quantity")], "no price per Hrs"),
        ([product("USE1-Host:ml.m5.large")], "no price per Hrs"),
    ],
)
def test_anything_but_one_clear_price_is_unknown_and_says_why(
    products: list[dict[str, Any]], why: str
) -> None:
    found = read(HOSTING, *products)

    assert found.usd is None
    assert why in found.source


def test_the_volumes_of_spaces_are_not_those_of_unified_studio() -> None:
    cell = Cell(REGION, "studio-volume", "gp3")
    found = read(
        cell,
        product("USE1-Studio:VolumeUsage.gp3", "0.112", unit="GB-Mo"),
        product("USE1-UnifiedStudio:VolumeUsage.gp3", "0.2", unit="GB-Mo"),
    )

    assert found.usd == 0.112


def test_a_use_that_the_price_list_is_not_read_for_is_unknown() -> None:
    assert read(Cell(REGION, "cluster", "ml.m5.large")).usd is None


def test_a_refusal_says_nothing_of_any_price_and_is_passed_on() -> None:
    class Refusing(PriceList):
        def paginate(self, **params: Any) -> list[dict[str, Any]]:
            raise ClientError({"Error": {"Code": "AccessDeniedException"}}, "GetProducts")

    with pytest.raises(ClientError):
        read_price_list([HOSTING], Refusing(), "us-east-1", TODAY)


@pytest.mark.parametrize(
    ("region", "endpoint"),
    [
        ("us-west-2", "us-east-1"),
        ("eu-west-3", "eu-central-1"),
        ("ap-northeast-1", "ap-south-1"),
        ("sa-east-1", "us-east-1"),
    ],
)
def test_the_price_list_is_asked_nearby(region: str, endpoint: str) -> None:
    assert endpoint_region(region) == endpoint
