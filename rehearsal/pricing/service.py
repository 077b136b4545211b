"""The Price List API: GetProducts, DescribeServices and GetAttributeValues.

Errors are those that botocore's model declares; their wording is ours.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from botocore.model import ServiceModel

from rehearsal.errors import ApiError
from rehearsal.pricing import products, table
from rehearsal.pricing.table import Price
from rehearsal.validation import validate

# The only regions with an endpoint of the Price List API (its user guide, "Endpoints").
ENDPOINTS = ("us-east-1", "eu-central-1", "ap-south-1")
_FORMAT = "aws_v1"
_PAGE = 100

Params = dict[str, Any]
Answer = dict[str, Any]
Filter = Mapping[str, str]


def _values(wanted: str) -> list[str]:
    return [value.strip() for value in wanted.split(",")]


# Filter types (GetProducts, Filter); ANY_OF and NONE_OF take values separated by commas.
_MATCHES: dict[str, Callable[[str, str], bool]] = {
    "TERM_MATCH": lambda value, wanted: value == wanted,
    "EQUALS": lambda value, wanted: value == wanted,
    "CONTAINS": lambda value, wanted: wanted in value,
    "ANY_OF": lambda value, wanted: value in _values(wanted),
    "NONE_OF": lambda value, wanted: value not in _values(wanted),
}


class Pricing:
    """Answers the operations; `call` is told the region of the request."""

    def __init__(self, model: ServiceModel) -> None:
        self._model = model
        self._operations: dict[str, Callable[[Params], Answer]] = {
            "DescribeServices": _describe_services,
            "GetAttributeValues": _get_attribute_values,
            "GetProducts": _get_products,
        }

    def call(self, operation: str, params: Params, region: str) -> Answer:
        """Answer one operation. Raises ApiError with a code that the operation declares."""
        answer = self._operations.get(operation)
        if answer is None:
            raise ApiError(
                "UnknownOperationException",
                f"The local AWS does not have {operation} of the Price List.",
            )
        if region not in ENDPOINTS:
            raise _invalid(f"The Price List has no endpoint in {region}, only in {ENDPOINTS}.")
        shape = self._model.operation_model(operation).input_shape
        if shape is not None:
            try:
                validate(shape, params)
            except ApiError as error:
                raise _invalid(error.message) from error
        if params.get("FormatVersion", _FORMAT) != _FORMAT:
            raise _invalid(f"FormatVersion must be {_FORMAT}.")
        return answer(params)


def _describe_services(params: Params) -> Answer:
    _check_service(params.get("ServiceCode", products.SERVICE))
    sample = table.prices(table.HOME_REGION)[0]
    names = sorted([*products.attributes(sample), "productFamily", "termType"])
    services = [{"ServiceCode": products.SERVICE, "AttributeNames": names}]
    return {**_page("Services", services, params), "FormatVersion": _FORMAT}


def _get_attribute_values(params: Params) -> Answer:
    _check_service(params["ServiceCode"])
    name = params["AttributeName"]
    found = {f[name] for price in _all(()) if name in (f := _fields(price))}
    if not found:
        raise ApiError("NotFoundException", f"{products.SERVICE} has no attribute {name}.")
    return _page("AttributeValues", [{"Value": value} for value in sorted(found)], params)


def _get_products(params: Params) -> Answer:
    _check_service(params["ServiceCode"])
    filters = params.get("Filters", [])
    found = [price for price in _all(filters) if not filters or _fits(_fields(price), filters)]
    answer = _page("PriceList", found, params)
    answer["PriceList"] = [json.dumps(products.product(price)) for price in answer["PriceList"]]
    return {**answer, "FormatVersion": _FORMAT}


def _fields(price: Price) -> dict[str, str]:
    """What filters can ask for."""
    fields = products.attributes(price)
    return {**fields, "productFamily": products.family(price), "termType": "OnDemand"}


def _all(filters: Sequence[Filter]) -> Iterator[Price]:
    """Every price; only a region's when the filters ask for one."""
    asked = {f["Value"] for f in filters if (f["Field"], f["Type"]) in _ONE_REGION}
    for region in table.regions():
        if asked <= {region}:
            yield from table.prices(region)


_ONE_REGION = {("regionCode", "TERM_MATCH"), ("regionCode", "EQUALS")}


def _fits(fields: Mapping[str, str], filters: Sequence[Filter]) -> bool:
    for wanted in filters:
        name = "servicecode" if wanted["Field"] == "ServiceCode" else wanted["Field"]
        if name not in fields or not _MATCHES[wanted["Type"]](fields[name], wanted["Value"]):
            return False
    return True


def _check_service(code: str) -> None:
    if code != products.SERVICE:
        raise ApiError(
            "NotFoundException",
            f"The local AWS has test prices of {products.SERVICE} only, not of {code}.",
        )


def _page(member: str, rows: Sequence[Any], params: Params) -> Answer:
    # A token belongs to the request it came from.
    asked = {k: v for k, v in sorted(params.items()) if k not in ("NextToken", "MaxResults")}
    mark = hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:8]
    start = _position(params.get("NextToken"), mark)
    size = int(params.get("MaxResults", _PAGE))
    answer: Answer = {member: list(rows[start : start + size])}
    if start + size < len(rows):
        token = json.dumps([mark, start + size])
        answer["NextToken"] = base64.b64encode(token.encode()).decode()
    return answer


def _position(token: str | None, mark: str) -> int:
    if not token:
        return 0
    try:
        found_mark, position = json.loads(base64.b64decode(token.encode(), validate=True))
    except (ValueError, TypeError, binascii.Error) as error:
        raise _bad_token() from error
    if found_mark != mark or not isinstance(position, int) or position < 0:
        raise _bad_token()
    return position


def _bad_token() -> ApiError:
    return ApiError("InvalidNextTokenException", "The pagination token is invalid.")


def _invalid(message: str) -> ApiError:
    return ApiError("InvalidParameterException", message)
