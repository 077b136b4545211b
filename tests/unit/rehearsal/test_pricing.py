"""The Price List: a price for every cell, in AWS's shape, labelled as what it is."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.validate import ParamValidator

from rehearsal.errors import ApiError
from rehearsal.pricing import table
from rehearsal.pricing.service import Pricing
from rehearsal.world import service_model

MODEL = service_model("pricing")


def call(operation: str, region: str = "us-east-1", **params: Any) -> dict[str, Any]:
    """Call an operation; the answer must be of botocore's output shape."""
    answer = Pricing(MODEL).call(operation, params, region)
    shape = MODEL.operation_model(operation).output_shape
    report = ParamValidator().validate(answer, shape)
    assert not report.has_errors(), report.generate_report()
    return answer


def refusal(operation: str, region: str = "us-east-1", **params: Any) -> ApiError:
    """The error of an operation, which must be one that the operation declares."""
    with pytest.raises(ApiError) as caught:
        Pricing(MODEL).call(operation, params, region)
    declared = {error.name for error in MODEL.operation_model(operation).error_shapes}
    assert caught.value.code in declared
    return caught.value


def where(kind: str = "TERM_MATCH", **fields: str) -> list[dict[str, str]]:
    return [{"Type": kind, "Field": name, "Value": value} for name, value in fields.items()]


def found(filters: list[dict[str, str]]) -> list[dict[str, Any]]:
    answer = call("GetProducts", ServiceCode="AmazonSageMaker", Filters=filters)
    return [json.loads(entry) for entry in answer["PriceList"]]


def usd(product: dict[str, Any]) -> float:
    [term] = product["terms"]["OnDemand"].values()
    [dimension] = term["priceDimensions"].values()
    assert dimension["unit"] == "Hrs"
    return float(dimension["pricePerUnit"]["USD"])


@pytest.mark.parametrize("region", ["us-east-1", "eu-west-1", "ca-west-1"])
def test_every_type_has_one_price_above_zero_for_every_component(region: str) -> None:
    model = service_model("sagemaker")
    prices = table.prices(region)
    cells = {(price.component.name, price.instance_type) for price in prices}
    assert len(cells) == len(prices)
    for component in table.COMPONENTS:
        types = {t for t in model.shape_for(component.enum).enum if t.startswith("ml.")}
        assert {t for name, t in cells if name == component.name} == types
    assert all(price.usd > 0 for price in prices)
    assert len({price.usage_type for price in prices}) == len(prices)


@pytest.mark.parametrize(
    ("region", "component", "instance_type", "price", "usage_type"),
    [
        ("us-east-1", "Training", "ml.m5.xlarge", 0.23, "USE1-Train:ml.m5.xlarge"),
        ("us-east-1", "Hosting", "ml.g4dn.xlarge", 0.7364, "USE1-Host:ml.g4dn.xlarge"),
        ("us-east-1", "Notebook", "ml.t3.medium", 0.05, "USE1-Notebk:ml.t3.medium"),
        ("ap-south-1", "Processing", "ml.m5.xlarge", 0.242, "APS3-Processing:ml.m5.xlarge"),
        ("eu-west-1", "Batch Transform", "ml.m5.xlarge", 0.257, "EU-Tsform:ml.m5.xlarge"),
    ],
)
def test_a_known_price_is_used_where_it_is_known(
    region: str, component: str, instance_type: str, price: float, usage_type: str
) -> None:
    [product] = found(where(regionCode=region, component=component, instanceName=instance_type))
    assert usd(product) == price
    assert product["product"]["attributes"]["usagetype"] == usage_type


def test_studio_is_found_by_its_plato_instance_type() -> None:
    [product] = found(
        where(
            regionCode="us-east-1",
            instanceName="ml.t3.medium",
            platoinstancetype="Studio-JupyterLab",
        )
    )
    assert usd(product) == 0.05
    assert product["product"]["attributes"]["usagetype"] == "USE1-Studio:JupyterLab-ml.t3.medium"


def test_a_price_that_is_not_known_follows_the_region_s_factor_or_the_rate() -> None:
    by_cell = {(p.component.name, p.instance_type): p for p in table.prices("eu-central-1")}
    derived = by_cell["Training", "ml.m5.xlarge"]
    assert (derived.usd, derived.origin) == (0.2576, "training in us-east-1 x 1.12")
    made = by_cell["Training", "ml.m5.2xlarge"]
    assert (made.usd, made.origin) == (0.5152, "family's rate x size x 1.12")


def test_every_entry_says_that_it_is_no_price_of_aws() -> None:
    for product in found(where(regionCode="us-east-1", instanceName="ml.m5.xlarge")):
        assert product["product"]["attributes"]["testData"].startswith("not an AWS price: ")
        [term] = product["terms"]["OnDemand"].values()
        [dimension] = term["priceDimensions"].values()
        assert "test data, not an AWS price" in dimension["description"]


def test_an_entry_has_the_shape_of_aws_s_offer_file() -> None:
    [product] = found(
        where(regionCode="us-east-1", component="Hosting", instanceName="ml.m5.xlarge")
    )
    assert set(product) == {"product", "serviceCode", "terms", "version", "publicationDate"}
    assert product["product"]["productFamily"] == "ML Instance"
    sku = product["product"]["sku"]
    assert list(product["terms"]["OnDemand"]) == [f"{sku}.JRTCKXETXF"]
    attributes = product["product"]["attributes"]
    assert attributes["location"] == "US East (N. Virginia)"
    assert attributes["instanceType"] == "ml.m5.xlarge-Hosting"


def test_filters_must_all_fit() -> None:
    assert found(where(regionCode="us-east-1", instanceName="ml.nothing.large")) == []
    assert found(where(regionCode="mars-1")) == []
    assert found(where(noSuchField="x")) == []
    assert found(where(regionCode="us-east-1") + where(regionCode="us-west-2")) == []


@pytest.mark.parametrize(
    ("kind", "value", "components"),
    [
        ("EQUALS", "Hosting", {"Hosting"}),
        ("CONTAINS", "ing", {"Hosting", "Training", "Processing"}),
        ("ANY_OF", "Hosting, Training", {"Hosting", "Training"}),
    ],
)
def test_the_other_filter_types_work_as_declared(
    kind: str, value: str, components: set[str]
) -> None:
    cell = where(regionCode="us-east-1", instanceName="ml.m5.xlarge")
    seen = found(cell + where(kind, component=value))
    assert {p["product"]["attributes"]["component"] for p in seen} == components
    others = found(cell + where("NONE_OF", component=value))
    if kind == "ANY_OF":
        assert not {p["product"]["attributes"]["component"] for p in others} & components


def test_products_come_in_pages_with_tokens_of_their_own_request() -> None:
    params: dict[str, Any] = {
        "ServiceCode": "AmazonSageMaker",
        "Filters": where(regionCode="us-east-1", component="Hosting"),
    }
    pages = []
    token: dict[str, str] = {}
    while True:
        answer = call("GetProducts", **params, **token)
        pages.append(answer["PriceList"])
        if "NextToken" not in answer:
            break
        token = {"NextToken": answer["NextToken"]}
    assert [len(page) for page in pages] == [100, 100, len(pages[2])]
    assert len({entry for page in pages for entry in page}) == sum(len(page) for page in pages)
    other = {**params, "Filters": where(regionCode="us-west-2")}
    for bad in (token["NextToken"], "!", "e30="):
        assert refusal("GetProducts", **other, NextToken=bad).code == "InvalidNextTokenException"


def test_the_service_and_its_attributes_are_described() -> None:
    [service] = call("DescribeServices")["Services"]
    assert service["ServiceCode"] == "AmazonSageMaker"
    assert {"regionCode", "instanceName", "component"} <= set(service["AttributeNames"])
    answer = call("GetAttributeValues", ServiceCode="AmazonSageMaker", AttributeName="component")
    values = {value["Value"] for value in answer["AttributeValues"]}
    assert values == {component.name for component in table.COMPONENTS}


@pytest.mark.parametrize(
    ("operation", "params", "code"),
    [
        ("GetProducts", {"ServiceCode": "AmazonEC2"}, "NotFoundException"),
        ("DescribeServices", {"ServiceCode": "AmazonEC2"}, "NotFoundException"),
        (
            "GetProducts",
            {"ServiceCode": "AmazonSageMaker", "FormatVersion": "aws_v2"},
            "InvalidParameterException",
        ),
        (
            "GetProducts",
            {"ServiceCode": "AmazonSageMaker", "MaxResults": 101},
            "InvalidParameterException",
        ),
        (
            "GetAttributeValues",
            {"ServiceCode": "AmazonSageMaker", "AttributeName": "colour"},
            "NotFoundException",
        ),
    ],
)
def test_what_is_not_there_is_refused(operation: str, params: dict[str, Any], code: str) -> None:
    assert refusal(operation, **params).code == code


def test_the_price_list_has_three_endpoints() -> None:
    assert refusal("DescribeServices", "eu-west-1").code == "InvalidParameterException"
    for region in ("eu-central-1", "ap-south-1"):
        assert call("DescribeServices", region)["Services"]


def test_an_operation_that_is_not_there_says_so() -> None:
    with pytest.raises(ApiError, match="does not have ListPriceLists"):
        Pricing(MODEL).call("ListPriceLists", {}, "us-east-1")
