"""The Service Quotas API for service `sagemaker`.

Errors are those that botocore's model declares. A quota whose value is not known is not
listed, and asking for it raises NoSuchResourceException: "If the applied quota value is not
available for a quota, the quota is not retrieved" (GetServiceQuota, API reference).
"""

from __future__ import annotations

import base64
import binascii
import json
import math
from collections.abc import Callable, Sequence
from typing import Any

from botocore.model import ServiceModel

from rehearsal.account import ACCOUNT
from rehearsal.clock import Clock
from rehearsal.errors import ApiError
from rehearsal.quotas import catalog
from rehearsal.quotas.catalog import Quota
from rehearsal.quotas.requests import AccountQuotas
from rehearsal.validation import validate

SERVICE = "sagemaker"
_SERVICE_NAME = "Amazon SageMaker"
_PAGE = 100  # MaxResults' maximum, and what a page holds when the request does not say

Params = dict[str, Any]
Answer = dict[str, Any]


class ServiceQuotas:
    """Answers the operations; `call` is told the region of the request."""

    def __init__(
        self,
        model: ServiceModel,
        clock: Clock,
        account: AccountQuotas,
        quotas: Sequence[Quota] = catalog.all_quotas(),
    ) -> None:
        self._quotas = quotas
        self._model = model
        self._clock = clock
        self._account = account
        self._operations: dict[str, Callable[[Params, str], Answer]] = {
            "ListServices": self._list_services,
            "ListServiceQuotas": self._list_quotas,
            "ListAWSDefaultServiceQuotas": self._list_defaults,
            "GetServiceQuota": self._get_quota,
            "GetAWSDefaultServiceQuota": self._get_default,
            "RequestServiceQuotaIncrease": self._request_increase,
            "GetRequestedServiceQuotaChange": self._get_request,
            "ListRequestedServiceQuotaChangeHistory": self._list_requests,
            "ListRequestedServiceQuotaChangeHistoryByQuota": self._list_requests,
        }

    def call(self, operation: str, params: Params, region: str) -> Answer:
        """Answer one operation. Raises ApiError with a code that the operation declares."""
        answer = self._operations.get(operation)
        if answer is None:
            raise ApiError(
                "UnknownOperationException",
                f"The local AWS does not have {operation} of Service Quotas.",
            )
        shape = self._model.operation_model(operation).input_shape
        if shape is not None:
            try:
                validate(shape, params)
            except ApiError as error:
                raise _illegal(error.message) from error
        return answer(params, region)

    def _list_services(self, params: Params, _region: str) -> Answer:
        """Only the one service that has quotas here."""
        services = [{"ServiceCode": SERVICE, "ServiceName": _SERVICE_NAME}]
        return _page("Services", services, params)

    def _list_quotas(self, params: Params, region: str) -> Answer:
        _check_service(params)
        if params.get("QuotaAppliedAtLevel") == "RESOURCE":
            return {"Quotas": []}  # SageMaker's quotas are the account's
        wanted = params.get("QuotaCode")
        shown = [
            _described(quota, value, region, ACCOUNT)
            for quota in self._quotas
            if wanted in (None, quota.code)
            and (value := self._account.value(region, quota.code)) is not None
        ]
        return _page("Quotas", shown, params)

    def _list_defaults(self, params: Params, region: str) -> Answer:
        _check_service(params)
        shown = [
            _described(quota, quota.default, region)
            for quota in catalog.all_quotas()
            if quota.default is not None
        ]
        return _page("Quotas", shown, params)

    def _get_quota(self, params: Params, region: str) -> Answer:
        quota = _quota(params)
        value = self._account.value(region, quota.code)
        if value is None:
            raise _missing()
        return {"Quota": _described(quota, value, region, ACCOUNT)}

    def _get_default(self, params: Params, region: str) -> Answer:
        quota = _quota(params)
        if quota.default is None:
            raise _missing()
        return {"Quota": _described(quota, quota.default, region)}

    def _request_increase(self, params: Params, region: str) -> Answer:
        """Wording of the refusal of a value that is no increase:
        cloud-custodian/cloud-custodian#8939. That of a quota which cannot be adjusted is
        not published."""
        quota = _quota(params)
        if not math.isfinite(params["DesiredValue"]):  # which JSON itself does not know
            raise _illegal("DesiredValue is not a number.")
        current = self._account.value(region, quota.code)
        if params.get("ContextId"):
            raise _illegal("The local AWS has no quotas at the level of a resource.")
        if not quota.adjustable:
            raise _illegal(f"The quota {quota.code} is not adjustable.")
        if current is not None and params["DesiredValue"] <= current:
            raise _illegal("You must provide a quota value greater than the current quota value")
        made = self._account.request(
            region,
            quota,
            float(params["DesiredValue"]),
            support_case=params.get("SupportCaseAllowed", True),
        )
        return {"RequestedQuota": made.described(self._clock.now())}

    def _get_request(self, params: Params, region: str) -> Answer:
        for request in self._account.requests_in(region):
            if request.id == params["RequestId"]:
                return {"RequestedQuota": request.described(self._clock.now())}
        raise _missing()

    def _list_requests(self, params: Params, region: str) -> Answer:
        """The history, also that of one quota; newest first (the order is not documented)."""
        if "ServiceCode" in params:
            _check_service(params)
        if "QuotaCode" in params:
            _quota(params)
        now = self._clock.now()
        shown = [request.described(now) for request in self._account.requests_in(region)]
        wanted = {
            "QuotaCode": params.get("QuotaCode"),
            "Status": params.get("Status"),
        }
        shown = [r for r in shown if all(v in (None, r[k]) for k, v in wanted.items())]
        if params.get("QuotaRequestedAtLevel") == "RESOURCE":
            shown = []
        return _page("RequestedQuotas", shown, params)


def _check_service(params: Params) -> None:
    if params["ServiceCode"] != SERVICE:
        raise ApiError(
            "NoSuchResourceException",
            f"The local AWS has quotas of sagemaker only, not of {params['ServiceCode']}.",
        )


def _quota(params: Params) -> Quota:
    _check_service(params)
    quota = catalog.by_code().get(params["QuotaCode"])
    if quota is None:
        raise _missing()
    return quota


def _missing() -> ApiError:
    return ApiError(
        "NoSuchResourceException",
        "The request failed because the specified resource does not exist.",
    )


def _illegal(message: str) -> ApiError:
    return ApiError("IllegalArgumentException", message)


def _described(quota: Quota, value: float | None, region: str, account: str = "") -> Answer:
    """A quota as the API shows it. The ARN of a default names no account."""
    answer: Answer = {
        "ServiceCode": SERVICE,
        "ServiceName": _SERVICE_NAME,
        "QuotaArn": f"arn:aws:servicequotas:{region}:{account}:{SERVICE}/{quota.code}",
        "QuotaCode": quota.code,
        "QuotaName": quota.name,
        "Value": value,
        "Unit": "None",
        "Adjustable": quota.adjustable,
        "GlobalQuota": False,
    }
    if account:
        answer["QuotaAppliedAtLevel"] = "ACCOUNT"
    if quota.metric:
        answer["UsageMetric"] = {
            "MetricNamespace": "AWS/Usage",
            "MetricName": "ResourceCount",
            "MetricDimensions": {
                "Class": "None",
                "Resource": quota.metric,
                "Service": "SageMaker",
                "Type": "Resource",
            },
            "MetricStatisticRecommendation": "Maximum",
        }
    return answer


def _page(member: str, rows: Sequence[Answer], params: Params) -> Answer:
    start = _position(params.get("NextToken"))
    size = int(params.get("MaxResults", _PAGE))
    answer: Answer = {member: list(rows[start : start + size])}
    if start + size < len(rows):
        answer["NextToken"] = base64.b64encode(json.dumps(start + size).encode()).decode()
    return answer


def _position(token: str | None) -> int:
    if not token:
        return 0
    try:
        position = json.loads(base64.b64decode(token.encode(), validate=True))
    except (ValueError, binascii.Error) as error:
        raise _bad_token() from error
    if not isinstance(position, int) or position < 0:
        raise _bad_token()
    return position


def _bad_token() -> ApiError:
    return ApiError("InvalidPaginationTokenException", "The pagination token is invalid.")
