"""The Service Quotas API: what applies, and what becomes of a request for more."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from botocore.validate import ParamValidator

from rehearsal.clock import SteppedClock
from rehearsal.errors import ApiError
from rehearsal.quotas import applied, catalog
from rehearsal.quotas.applied import AppliedQuotas
from rehearsal.quotas.requests import AccountQuotas
from rehearsal.quotas.service import ServiceQuotas
from rehearsal.world import service_model
from workshop.errors import UsageError

REGION = "eu-west-1"
ENDPOINTS = "L-7A3DF611"  # instances across active endpoints; AWS's default is 4
DOMAINS = "L-B683BCB0"  # AWS's default is 2
UNKNOWN = "L-6BC1B1A9"  # MLflow tracking servers: the table knows no default
NOT_ADJUSTABLE = "L-729F2471"
MINUTE = 60.0


class Account:
    """An account's Service Quotas on a clock that the test moves."""

    def __init__(self, quotas: AppliedQuotas) -> None:
        self.clock = SteppedClock()
        self.model = service_model("service-quotas")
        self.quotas = AccountQuotas(self.clock, quotas)
        self.service = ServiceQuotas(self.model, self.clock, self.quotas)

    def call(self, operation: str, region: str = REGION, **params: Any) -> dict[str, Any]:
        """Call an operation; the answer must be of botocore's output shape."""
        answer = self.service.call(operation, params, region)
        shape = self.model.operation_model(operation).output_shape
        report = ParamValidator().validate(answer, shape)
        assert not report.has_errors(), report.generate_report()
        return answer

    def refusal(self, operation: str, region: str = REGION, **params: Any) -> ApiError:
        """The error of an operation, which must be one that the operation declares."""
        with pytest.raises(ApiError) as caught:
            self.service.call(operation, params, region)
        declared = {e.name for e in self.model.operation_model(operation).error_shapes}
        assert caught.value.code in declared
        return caught.value

    def value(self, code: str, region: str = REGION) -> float:
        found = self.call("GetServiceQuota", region, ServiceCode="sagemaker", QuotaCode=code)
        value: float = found["Quota"]["Value"]
        return value

    def ask(self, code: str, value: float, region: str = REGION, **more: Any) -> dict[str, Any]:
        answer = self.call(
            "RequestServiceQuotaIncrease",
            region,
            ServiceCode="sagemaker",
            QuotaCode=code,
            DesiredValue=value,
            **more,
        )
        requested: dict[str, Any] = answer["RequestedQuota"]
        return requested

    def refused(self, code: str, value: float, region: str = REGION) -> ApiError:
        return self.refusal(
            "RequestServiceQuotaIncrease",
            region,
            ServiceCode="sagemaker",
            QuotaCode=code,
            DesiredValue=value,
        )

    def status(self, request: dict[str, Any], region: str = REGION) -> str:
        answer = self.call("GetRequestedServiceQuotaChange", region, RequestId=request["Id"])
        status: str = answer["RequestedQuota"]["Status"]
        return status

    def pages(self, operation: str, member: str, **params: Any) -> list[list[dict[str, Any]]]:
        pages = []
        while True:
            answer = self.call(operation, **params)
            pages.append(answer[member])
            if "NextToken" not in answer:
                return pages
            params["NextToken"] = answer["NextToken"]


@pytest.fixture
def defaults() -> Account:
    return Account(applied.load("aws-defaults"))


# -- what applies ----------------------------------------------------------------------------


def test_an_account_has_its_quotas_raised_unless_told_otherwise() -> None:
    raised = Account(applied.load(None))
    assert raised.value(ENDPOINTS) == 1000
    assert raised.value(UNKNOWN) == 1000
    assert raised.value("L-33A961FD") == 432000, "what is larger already stays"


def test_an_account_can_have_aws_s_defaults(defaults: Account) -> None:
    assert defaults.value(ENDPOINTS) == 4
    assert defaults.value(DOMAINS, "us-east-1") == 2


def test_a_default_that_is_not_known_is_not_made_up(defaults: Account) -> None:
    for operation in ("GetServiceQuota", "GetAWSDefaultServiceQuota"):
        error = defaults.refusal(operation, ServiceCode="sagemaker", QuotaCode=UNKNOWN)
        assert error.code == "NoSuchResourceException"


def test_a_quota_that_does_not_exist_is_no_such_resource(defaults: Account) -> None:
    error = defaults.refusal("GetServiceQuota", ServiceCode="sagemaker", QuotaCode="L-00000000")
    assert error.code == "NoSuchResourceException"


def test_a_list_leaves_out_what_has_no_value(defaults: Account) -> None:
    pages = defaults.pages("ListServiceQuotas", "Quotas", ServiceCode="sagemaker")
    codes = [quota["QuotaCode"] for page in pages for quota in page]
    assert UNKNOWN not in codes
    assert codes == [q.code for q in catalog.all_quotas() if q.default is not None]


def test_lists_have_a_hundred_quotas_on_a_page_unless_asked_for_less() -> None:
    raised = Account(applied.raised())
    pages = raised.pages("ListServiceQuotas", "Quotas", ServiceCode="sagemaker")
    assert [len(page) for page in pages] == [100] * 17 + [15]
    answer = raised.call("ListServiceQuotas", ServiceCode="sagemaker", MaxResults=7)
    assert answer["Quotas"] == pages[0][:7]


def test_a_list_can_be_of_one_quota(defaults: Account) -> None:
    answer = defaults.call("ListServiceQuotas", ServiceCode="sagemaker", QuotaCode=DOMAINS)
    assert [quota["QuotaName"] for quota in answer["Quotas"]] == ["Total domains"]


def test_no_quota_applies_at_the_level_of_a_resource(defaults: Account) -> None:
    answer = defaults.call(
        "ListServiceQuotas", ServiceCode="sagemaker", QuotaAppliedAtLevel="RESOURCE"
    )
    assert answer == {"Quotas": []}


def test_defaults_stay_aws_s_when_others_apply() -> None:
    raised = Account(applied.raised())
    answer = raised.call("GetAWSDefaultServiceQuota", ServiceCode="sagemaker", QuotaCode=ENDPOINTS)
    assert answer["Quota"]["Value"] == 4
    listed = raised.pages("ListAWSDefaultServiceQuotas", "Quotas", ServiceCode="sagemaker")
    found = {quota["QuotaCode"]: quota["Value"] for page in listed for quota in page}
    assert found[ENDPOINTS] == 4
    assert UNKNOWN not in found


def test_a_quota_names_its_usage_metric(defaults: Account) -> None:
    answer = defaults.call("GetServiceQuota", ServiceCode="sagemaker", QuotaCode=ENDPOINTS)
    dimensions = answer["Quota"]["UsageMetric"]["MetricDimensions"]
    assert dimensions["Resource"] == "endpoint/total_instance_count"


def test_the_services_are_listed(defaults: Account) -> None:
    [page] = defaults.pages("ListServices", "Services")
    assert [service["ServiceCode"] for service in page] == ["sagemaker"]


@pytest.mark.parametrize("token", ["!", "bm90IGpzb24=", "LTE=", "InRleHQi"])
def test_a_token_that_we_did_not_make_is_refused(defaults: Account, token: str) -> None:
    error = defaults.refusal("ListServiceQuotas", ServiceCode="sagemaker", NextToken=token)
    assert error.code in ("InvalidPaginationTokenException", "IllegalArgumentException")


def test_what_does_not_fit_the_model_is_an_illegal_argument(defaults: Account) -> None:
    error = defaults.refusal("ListServiceQuotas", ServiceCode="sagemaker", MaxResults=101)
    assert error.code == "IllegalArgumentException"


def test_other_services_have_no_quotas_here(defaults: Account) -> None:
    error = defaults.refusal("ListServiceQuotas", ServiceCode="ec2")
    assert error.code == "NoSuchResourceException"
    assert "ec2" in error.message


def test_an_operation_that_is_not_there_says_so(defaults: Account) -> None:
    with pytest.raises(ApiError, match="does not have StartAutoManagement"):
        defaults.service.call("StartAutoManagement", {}, REGION)


# -- files -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("quotas.yaml", f'"*": {{{ENDPOINTS}: 7}}\neu-west-1:\n  {DOMAINS}: 1\n  L-8E5333B4:\n'),
        (
            "quotas.json",
            f'{{"*": {{"{ENDPOINTS}": 7}}, "eu-west-1": {{"{DOMAINS}": 1, "L-8E5333B4": null}}}}',
        ),
        (
            "quotas.csv",
            f"region,code,value\n*,{ENDPOINTS},7\neu-west-1,{DOMAINS},1\neu-west-1,L-8E5333B4,\n",
        ),
    ],
)
def test_a_file_says_what_applies_region_by_region(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / name
    path.write_text(text)
    account = Account(applied.load(str(path)))
    assert (account.value(ENDPOINTS), account.value(ENDPOINTS, "us-east-1")) == (7, 7)
    assert (account.value(DOMAINS), account.value(DOMAINS, "us-east-1")) == (1, 2)
    assert account.value("L-8E5333B4", "us-east-1") == 6, "what is not named is AWS's default"
    error = account.refusal("GetServiceQuota", ServiceCode="sagemaker", QuotaCode="L-8E5333B4")
    assert error.code == "NoSuchResourceException", "null: it does not exist in the region"


@pytest.mark.parametrize(
    ("name", "text", "line", "complaint"),
    [
        ("q.yaml", '"*":\n  L-00000000: 1\n', 2, "the quota table has no L-00000000"),
        ("q.yaml", f'"*":\n  {DOMAINS}: 1\n  {ENDPOINTS}: many\n', 3, "'many' is not a number"),
        ("q.yaml", f'"*":\n  {DOMAINS}: -1\n', 2, "-1 is not between"),
        ("q.yaml", f'"*":\n  {DOMAINS}: true\n', 2, "True is not a number"),
        ("q.yaml", "- 1\n", 1, "not a mapping of regions"),
        ("q.yaml", "\neu-west-1: 5\n", 2, "eu-west-1 is not a mapping of quota codes"),
        ("q.yaml", '"*":\n  {\n', 3, "it is not YAML"),
        ("q.csv", "region,value\n", 1, "its columns are not region, code and value"),
        ("q.csv", f"region,code,value\n*,{DOMAINS},x\n", 2, "'x' is not a number"),
    ],
)
def test_a_bad_file_is_told_by_line(
    tmp_path: Path, name: str, text: str, line: int, complaint: str
) -> None:
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(UsageError) as caught:
        applied.load(str(path))
    assert name in caught.value.what
    assert caught.value.why.startswith(f"line {line}: ")
    assert complaint in caught.value.why
    assert caught.value.fix


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        applied.load(str(tmp_path / "none.yaml"))


# -- increase requests -----------------------------------------------------------------------


def test_a_modest_request_is_approved_after_half_an_hour_and_then_applies(
    defaults: Account,
) -> None:
    request = defaults.ask(ENDPOINTS, 40)
    assert (request["Status"], request["DesiredValue"]) == ("PENDING", 40)
    assert "CaseId" not in request
    defaults.clock.step(MINUTE)
    assert defaults.status(request) == "CASE_OPENED"
    assert defaults.value(ENDPOINTS) == 4
    defaults.clock.step(29 * MINUTE)
    assert defaults.status(request) == "APPROVED"
    assert defaults.value(ENDPOINTS) == 40
    assert defaults.value(ENDPOINTS, "us-east-1") == 4, "in its region only"


def test_a_large_request_stays_with_the_support_case(defaults: Account) -> None:
    request = defaults.ask(ENDPOINTS, 51)
    defaults.clock.step(7 * 24 * 60 * MINUTE)
    assert defaults.status(request) == "CASE_OPENED"
    assert defaults.value(ENDPOINTS) == 4


def test_a_large_request_without_a_support_case_is_not_approved(defaults: Account) -> None:
    request = defaults.ask(ENDPOINTS, 51, SupportCaseAllowed=False)
    defaults.clock.step(MINUTE)
    assert defaults.status(request) == "PENDING"
    defaults.clock.step(30 * MINUTE)
    assert defaults.status(request) == "NOT_APPROVED"
    assert defaults.ask(ENDPOINTS, 40)["Status"] == "PENDING", "it is no longer open"


def test_a_quota_whose_value_is_not_known_can_be_asked_for(defaults: Account) -> None:
    defaults.ask(UNKNOWN, 5)
    defaults.clock.step(30 * MINUTE)
    assert defaults.value(UNKNOWN) == 5


@pytest.mark.parametrize("value", [4, 3, 0])
def test_a_request_must_be_for_more(defaults: Account, value: float) -> None:
    error = defaults.refused(ENDPOINTS, value)
    assert error.code == "IllegalArgumentException"
    assert error.message == ("You must provide a quota value greater than the current quota value")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf"), 1e300])
def test_a_request_must_be_for_a_number_that_can_be_granted(
    defaults: Account, value: float
) -> None:
    assert defaults.refused(ENDPOINTS, value).code == "IllegalArgumentException"
    assert defaults.value(ENDPOINTS) == 4


def test_what_is_not_adjustable_cannot_be_raised(defaults: Account) -> None:
    error = defaults.refused(NOT_ADJUSTABLE, 5)
    assert error.code == "IllegalArgumentException"


def test_a_quota_has_one_open_request_in_a_region(defaults: Account) -> None:
    defaults.ask(ENDPOINTS, 40)
    error = defaults.refused(ENDPOINTS, 41)
    assert error.code == "ResourceAlreadyExistsException"
    defaults.ask(ENDPOINTS, 41, "us-east-1")
    defaults.clock.step(30 * MINUTE)
    assert defaults.ask(ENDPOINTS, 41)["Status"] == "PENDING"


def test_an_account_has_twenty_open_requests(defaults: Account) -> None:
    codes = [quota.code for quota in catalog.all_quotas() if quota.adjustable][:21]
    for code in codes[:20]:
        defaults.ask(code, 1e9, "us-east-1")
    assert defaults.refused(codes[20], 1e9).code == "QuotaExceededException"


def test_the_history_is_listed_by_region_quota_and_status(defaults: Account) -> None:
    first = defaults.ask(ENDPOINTS, 40)
    defaults.clock.step(30 * MINUTE)
    second = defaults.ask(DOMAINS, 5)
    defaults.ask(DOMAINS, 5, "us-east-1")

    def listed(operation: str = "ListRequestedServiceQuotaChangeHistory", **more: Any) -> list[str]:
        pages = defaults.pages(operation, "RequestedQuotas", **more)
        return [request["Id"] for page in pages for request in page]

    assert listed() == listed(MaxResults=1) == [second["Id"], first["Id"]]
    assert listed(ServiceCode="sagemaker", Status="APPROVED") == [first["Id"]]
    by_quota = "ListRequestedServiceQuotaChangeHistoryByQuota"
    assert listed(by_quota, ServiceCode="sagemaker", QuotaCode=DOMAINS) == [second["Id"]]


def test_a_request_that_is_not_there_is_no_such_resource(defaults: Account) -> None:
    error = defaults.refusal("GetRequestedServiceQuotaChange", RequestId="0" * 40)
    assert error.code == "NoSuchResourceException"
