"""Faults on demand: which calls meet one, in which shape, and what sticks or lags."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.parsers import create_parser

from rehearsal.faults import naming
from rehearsal.faults.faults import Faults, load
from rehearsal.faults.reach import parse
from rehearsal.faults.rules import BadRule
from rehearsal.http import Request, Response
from rehearsal.machine import INTERNAL_AGENT
from tests.unit.rehearsal.bench import REGION, Bench
from tests.unit.rehearsal.test_clock import local
from workshop.errors import UsageError


def request(
    service: str = "sagemaker",
    operation: str = "",
    body: Any = None,
    *,
    method: str = "POST",
    path: str = "/",
    query: str = "",
    form: str = "",
    user_agent: str = "Boto3",
) -> Request:
    """A request as boto3 sends it: JSON with a target, a form, or REST."""
    raw = form.encode() if form else json.dumps(body or {}).encode()
    environ = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "CONTENT_LENGTH": str(len(raw)),
        "CONTENT_TYPE": "application/x-www-form-urlencoded" if form else "application/json",
        "HTTP_AUTHORIZATION": f"AWS4-HMAC-SHA256 Credential=local/20270101/{REGION}/{service}/"
        "aws4_request, SignedHeaders=host, Signature=0",
        "HTTP_USER_AGENT": user_agent,
        "wsgi.input": BytesIO(raw),
    }
    if operation:
        environ["HTTP_X_AMZ_TARGET"] = f"Service.{operation}"
    return Request(environ)


def faults(*rules: dict[str, Any]) -> Faults:
    return Faults(parse(list(rules)))


def no_sleep(seconds: float) -> None:
    raise AssertionError(f"asked to sleep {seconds} s")


def meet(rules: Faults, asked: Request) -> Response | None:
    return rules.meet(asked, no_sleep)


def understood(service: str, answer: Response) -> tuple[str, int]:
    """The error code and status as botocore reads them."""
    model = botocore.session.get_session().get_service_model(service)
    parsed = create_parser(model.resolved_protocol).parse(
        {"status_code": answer.status, "headers": dict(answer.headers), "body": answer.body},
        None,
    )
    return parsed["Error"]["Code"], parsed["ResponseMetadata"]["HTTPStatusCode"]


def test_without_rules_no_call_fails() -> None:
    assert meet(Faults(), request(operation="ListApps")) is None


def test_only_the_calls_that_a_rule_means_fail() -> None:
    rules = faults({"fault": "throttle", "service": "sagemaker", "operation": "List*"})
    assert meet(rules, request(operation="ListApps")) is not None
    assert meet(rules, request(operation="DescribeApp")) is None
    assert meet(rules, request("logs", "ListTagsForResource")) is None
    [shown] = rules.shown()
    assert (shown["matched"], shown["hits"]) == (1, 1)


def test_a_rule_can_mean_one_region() -> None:
    elsewhere = faults({"fault": "throttle", "region": "us-east-1"})
    here = faults({"fault": "throttle", "region": "eu-*"})
    assert meet(elsewhere, request(operation="ListApps")) is None
    assert meet(here, request(operation="ListApps")) is not None


def test_a_rule_can_mean_the_calls_that_name_a_resource() -> None:
    rules = faults({"fault": "refuse", "resource": "ml101-ann"})
    assert meet(rules, request(operation="DeleteModel", body={"ModelName": "ml101-bob"})) is None
    ann = request(operation="DeleteModel", body={"ModelName": "ml101-ann-iris"})
    assert meet(rules, ann) is not None
    assert ann.json == {"ModelName": "ml101-ann-iris"}, "the body is readable still"
    assert meet(rules, request("s3", method="GET", path="/bucket/ml101-ann/x")) is not None


def test_our_own_calls_meet_no_faults() -> None:
    rules = faults({"fault": "error500"})
    ours = request(operation="ListApps", user_agent=f"Boto3 {INTERNAL_AGENT}")
    assert meet(rules, ours) is None
    assert rules.shown()[0]["matched"] == 0


def test_the_first_calls_fail_and_the_next_succeed() -> None:
    rules = faults({"fault": "error500", "first": 2})
    outcomes = [meet(rules, request(operation="ListApps")) is None for _ in range(4)]
    assert outcomes == [False, False, True, True]


def fates(seed: int) -> list[bool]:
    rules = faults({"fault": "throttle", "rate": 0.3, "seed": seed})
    return [meet(rules, request(operation="ListApps")) is not None for _ in range(200)]


def test_a_seed_decides_which_calls_fail_at_a_rate() -> None:
    assert fates(7) == fates(7)
    assert fates(7) != fates(8)
    assert 30 < sum(fates(7)) < 90


def test_latency_waits_and_lets_the_call_through() -> None:
    slept: list[float] = []
    rules = faults({"fault": "latency", "seconds": 0.5}, {"fault": "latency", "seconds": 0.25})
    assert rules.meet(request(operation="ListApps"), slept.append) is None
    assert slept == [0.75]


def test_a_call_can_wait_and_then_fail() -> None:
    slept: list[float] = []
    rules = faults({"fault": "latency", "seconds": 1}, {"fault": "error500"})
    answer = rules.meet(request(operation="ListApps"), slept.append)
    assert answer is not None
    assert (answer.status, slept) == (500, [1])


@pytest.mark.parametrize(
    ("service", "asked", "codes"),
    [
        (
            "sagemaker",
            request(operation="ListApps"),
            {
                "throttle": ("ThrottlingException", 400),
                "error500": ("InternalFailure", 500),
                "refuse": ("AccessDeniedException", 400),
            },
        ),
        (
            "service-quotas",
            request("servicequotas", "ListServiceQuotas"),
            {"throttle": ("TooManyRequestsException", 400)},
        ),
        (
            "lambda",
            request("lambda", method="GET", path="/2015-03-31/functions/f"),
            {
                "throttle": ("TooManyRequestsException", 429),
                "refuse": ("AccessDeniedException", 403),
            },
        ),
        (
            "iam",
            request("iam", form="Action=GetRole&RoleName=r"),
            {
                "throttle": ("Throttling", 400),
                "error500": ("InternalFailure", 500),
                "refuse": ("AccessDenied", 403),
            },
        ),
        (
            "ec2",
            request("ec2", form="Action=DescribeVpcs"),
            {
                "throttle": ("RequestLimitExceeded", 503),
                "error500": ("InternalError", 500),
                "refuse": ("UnauthorizedOperation", 403),
            },
        ),
        (
            "s3",
            request("s3", method="GET", path="/bucket", query="list-type=2"),
            {
                "throttle": ("SlowDown", 503),
                "error500": ("InternalError", 500),
                "refuse": ("AccessDenied", 403),
            },
        ),
    ],
)
def test_a_refusal_has_the_shape_that_the_service_s_client_reads(
    service: str, asked: Request, codes: dict[str, tuple[str, int]]
) -> None:
    for fault, expected in codes.items():
        answer = meet(faults({"fault": fault}), asked)
        assert answer is not None
        assert understood(service, answer) == expected


def test_a_refusal_names_the_missing_action() -> None:
    answer = meet(faults({"fault": "refuse"}), request(operation="ListApps"))
    assert answer is not None
    assert "is not authorized to perform: sagemaker:ListApps" in json.loads(answer.body)["message"]


@pytest.mark.parametrize(
    ("asked", "operation"),
    [
        (request("s3", method="GET", path="/b", query="list-type=2&prefix=x"), "ListObjectsV2"),
        (request("s3", method="GET", path="/b"), "ListObjects"),
        (request("s3", method="GET", path="/"), "ListBuckets"),
        (request("s3", method="GET", path="/b/a/deep/key"), "GetObject"),
        (request("s3", method="PUT", path="/b/key"), "PutObject"),
        (request("s3", method="PUT", path="/b/key", query="partNumber=1&uploadId=u"), "UploadPart"),
        (request("lambda", path="/2015-03-31/functions/f/invocations"), "Invoke"),
        (request("scheduler", path="/schedules/nightly"), "CreateSchedule"),
        (request("sagemaker", path="/endpoints/live/invocations"), "InvokeEndpoint"),
        (request("nobody", method="GET", path="/x"), "GET /x"),
    ],
)
def test_operations_of_rest_protocols_have_their_names_too(asked: Request, operation: str) -> None:
    assert naming.operation(asked) == operation


def test_a_service_answers_to_the_name_that_boto3_has_for_it() -> None:
    rules = faults({"fault": "throttle", "service": "service-quotas"})
    assert meet(rules, request("servicequotas", "ListServiceQuotas")) is not None


def test_a_resource_sticks_by_kind_and_name() -> None:
    rules = faults({"fault": "stick", "kind": "app", "resource": "ann"})
    assert [rules.sticks("app", "ml101-ann") for _ in range(3)] == [True] * 3
    assert not rules.sticks("app", "ml101-bob")
    assert not rules.sticks("space", "ml101-ann")
    assert rules.shown()[0]["hits"] == 1, "one resource, however often it was asked for"


def test_lists_lag_by_the_longest_rule_that_means_them() -> None:
    rules = faults(
        {"fault": "lag", "operation": "List*", "seconds": 30},
        {"fault": "lag", "operation": "ListApps", "seconds": 60},
    )
    assert rules.lag("ListApps") == 60
    assert rules.lag("ListSpaces") == 30
    assert rules.lag("DescribeApp") == 0


def test_sticking_and_lagging_fail_no_call() -> None:
    rules = faults({"fault": "stick"}, {"fault": "lag", "seconds": 5})
    assert meet(rules, request(operation="ListApps")) is None


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"fault": "throttle"}, "the rules are not a list"),
        (["throttle"], "rule 1 is not an object"),
        ([{"fault": "explode"}], "rule 1: fault 'explode' is none of"),
        ([{"fault": "lag", "seconds": 1}, {"fault": "lag"}], "rule 2: lag needs seconds"),
        ([{"fault": "throttle", "seconds": 1}], "throttle has no seconds"),
        ([{"fault": "throttle", "rate": 2}], "rate is 2, not a number from 0 to 1"),
        ([{"fault": "throttle", "first": -1}], "first is -1"),
        ([{"fault": "throttle", "operation": 1}], "operation is 1, not a string"),
        ([{"fault": "latency", "seconds": "1"}], "seconds is '1'"),
    ],
)
def test_a_bad_rule_is_refused_by_number(given: Any, complaint: str) -> None:
    with pytest.raises(BadRule, match=complaint):
        parse(given)


@pytest.mark.parametrize(
    "rule",
    [
        {"fault": "throttle", "operation": "Lst*"},
        {"fault": "refuse", "service": "sagemaker", "operation": "ListAppz"},
        {"fault": "error500", "service": "s3", "operation": "ListApps"},
        {"fault": "latency", "service": "sagmaker", "seconds": 1},
        {"fault": "throttle", "service": "nobody*"},
        {"fault": "stick", "kind": "nope"},
        {"fault": "stick", "kind": "endpoint-config"},
        {"fault": "return", "kind": "transform-job", "seconds": 5},
        {"fault": "lag", "operation": "DescribeEndpoint", "seconds": 5},
        {"fault": "lag", "operation": "ListObjectsV2", "seconds": 5},
    ],
)
def test_a_rule_that_can_never_strike_is_refused(rule: dict[str, Any]) -> None:
    with pytest.raises(BadRule, match="rule 2 would never strike: "):
        parse([{"fault": "throttle"}, rule])


@pytest.mark.parametrize(
    "rule",
    [
        {"fault": "throttle", "operation": "InvokeEndpoint", "service": "sagemaker"},
        {"fault": "throttle", "operation": "ListObjects*"},
        {"fault": "throttle", "operation": "GET *"},
        {"fault": "refuse", "service": "service-quotas", "operation": "ListServiceQuotas"},
        {"fault": "refuse", "service": "servicequotas", "operation": "ListServiceQuotas"},
        {"fault": "throttle", "service": "email", "operation": "SendEmail"},
        {"fault": "stick", "kind": "end*"},
        {"fault": "lag", "operation": "*", "seconds": 1},
    ],
)
def test_a_rule_that_can_strike_is_taken(rule: dict[str, Any]) -> None:
    assert len(parse([rule])) == 1


def test_rules_are_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "faults.yaml"
    path.write_text("- fault: throttle\n  operation: List*\n  rate: 0.5\n")
    [shown] = load(path).shown()
    assert (shown["fault"], shown["operation"], shown["rate"]) == ("throttle", "List*", 0.5)


@pytest.mark.parametrize("text", ["[{", "- fault: explode\n", "fault: lag\n"])
def test_a_bad_file_is_told_by_its_name(tmp_path: Path, text: str) -> None:
    path = tmp_path / "faults.yaml"
    path.write_text(text)
    with pytest.raises(UsageError, match=r"faults\.yaml"):
        load(path)


def test_rules_are_set_listed_and_cleared_over_http(bench: Bench) -> None:
    given = json.dumps([{"fault": "throttle", "operation": "List*"}]).encode()
    status, answer = local(bench.world, "POST", "faults", given)
    assert (status, [rule["fault"] for rule in answer]) == (200, ["throttle"])
    status, answer = local(bench.world, "GET", "faults")
    assert (status, answer[0]["hits"]) == (200, 0)
    again = [{k: v for k, v in answer[0].items() if k not in ("matched", "hits")}]
    assert parse(again) == parse(json.loads(given))
    assert local(bench.world, "DELETE", "faults") == (200, [])
    assert local(bench.world, "GET", "faults") == (200, [])


@pytest.mark.parametrize("body", [b"[{", b'[{"fault": "explode"}]', b"{}"])
def test_bad_rules_over_http_are_refused_and_change_nothing(bench: Bench, body: bytes) -> None:
    local(bench.world, "POST", "faults", b'[{"fault": "error500"}]')
    status, answer = local(bench.world, "POST", "faults", body)
    assert status == 400
    assert answer["message"]
    assert [rule["fault"] for rule in local(bench.world, "GET", "faults")[1]] == ["error500"]
