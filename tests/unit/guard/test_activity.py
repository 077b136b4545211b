"""When endpoints and environments were last used, as CloudWatch and they themselves say."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from cleanup.calls import Caller
from guard.activity import Described, endpoint_activity, workspace_activity
from guard.rule import Activity
from tests.unit.guard.aws import Clients
from tests.unit.guard.samples import REGION, at, resource
from workshop.names import activity_key

NOW = at(600)
WINDOW = timedelta(minutes=90)
BUCKET = "ml101-123456789012-us-east-1"
COUNTED = "CloudWatch's last 90 min"


@pytest.fixture
def clients() -> Iterator[Clients]:
    with mock_aws():
        yield Clients()


def publish(
    clients: Clients, metric: str, when: datetime, value: float = 1.0, **dimensions: str
) -> None:
    clients("cloudwatch", REGION).put_metric_data(
        Namespace="AWS/SageMaker",
        MetricData=[
            {
                "MetricName": metric,
                "Dimensions": [{"Name": k, "Value": v} for k, v in dimensions.items()],
                "Timestamp": when,
                "Value": value,
            }
        ],
    )


def endpoint(
    name: str = "ml101-ann-x",
    variants: Sequence[str] = ("AllTraffic",),
    components: Sequence[str] = (),
    **more: Any,
) -> Described:
    answer = {
        "EndpointName": name,
        "ProductionVariants": [{"VariantName": variant} for variant in variants],
        **more,
    }
    return Described(resource("endpoint", name), answer, tuple(components))


def ask(clients: Any, *described: Described, window: timedelta = WINDOW) -> list[Activity]:
    """What is known of each, in order."""
    found = endpoint_activity(Caller(clients), REGION, described, window, NOW)
    return [found[one.resource.key] for one in described]


def test_an_endpoint_was_last_used_when_a_variant_was_last_invoked(clients: Clients) -> None:
    for minutes, value in ((530, 3), (561, 1), (580, 0)):
        publish(
            clients,
            "Invocations",
            at(minutes),
            value,
            EndpointName="ml101-ann-x",
            VariantName="AllTraffic",
        )

    assert ask(clients, endpoint()) == [Activity(True, at(562), COUNTED)]


def test_every_variant_counts(clients: Clients) -> None:
    for variant, minutes in (("a", 540), ("b", 560), ("c", 550)):
        publish(
            clients, "Invocations", at(minutes), EndpointName="ml101-ann-x", VariantName=variant
        )

    assert ask(clients, endpoint(variants="abc"))[0].latest == at(561)


def test_what_was_published_for_the_endpoint_alone_is_not_a_variants(clients: Clients) -> None:
    publish(clients, "Invocations", at(560), EndpointName="ml101-ann-x")

    assert ask(clients, endpoint()) == [Activity(True, None, COUNTED)]


def test_an_endpoint_whose_models_are_inference_components_is_used_when_one_of_them_is(
    clients: Clients,
) -> None:
    publish(clients, "Invocations", at(570), InferenceComponentName="ml101-ann-model")
    asked = endpoint(components=["ml101-ann-idle", "ml101-ann-model"])

    assert ask(clients, asked) == [Activity(True, at(571), COUNTED)]


def test_an_asynchronous_endpoint_is_used_when_it_has_processed_something(
    clients: Clients,
) -> None:
    for metric in ("TotalProcessingTime", "Invocations"):
        minutes = 565 if metric == "TotalProcessingTime" else 580
        publish(
            clients,
            metric,
            at(minutes),
            40.0,
            EndpointName="ml101-ann-x",
            VariantName="AllTraffic",
        )

    found = ask(clients, endpoint(AsyncInferenceConfig={"OutputConfig": {}}))

    assert found == [Activity(True, at(566), COUNTED)]


def test_an_asynchronous_endpoint_with_something_in_its_queue_is_in_use_now(
    clients: Clients,
) -> None:
    publish(clients, "ApproximateBacklogSize", at(599), 2.0, EndpointName="ml101-ann-x")

    found = ask(clients, endpoint(AsyncInferenceConfig={"OutputConfig": {}}))

    assert found == [Activity(True, NOW, COUNTED)]


def test_without_any_data_it_is_known_that_nobody_has_invoked_it(clients: Clients) -> None:
    assert ask(clients, endpoint()) == [Activity(True, None, COUNTED)]


def test_what_was_invoked_before_the_window_is_not_told(clients: Clients) -> None:
    publish(
        clients,
        "Invocations",
        NOW - WINDOW - timedelta(minutes=2),
        EndpointName="ml101-ann-x",
        VariantName="AllTraffic",
    )

    assert ask(clients, endpoint())[0].latest is None


@pytest.mark.parametrize(
    ("window", "minutes"),
    [(timedelta(hours=2), 1), (timedelta(hours=12), 5), (timedelta(days=5), 60)],
)
def test_a_use_is_dated_at_the_end_of_the_period_it_was_counted_in(
    clients: Clients, window: timedelta, minutes: int
) -> None:
    publish(clients, "Invocations", at(540), EndpointName="ml101-ann-x", VariantName="AllTraffic")

    assert ask(clients, endpoint(), window=window)[0].latest == at(540 + minutes)


def test_an_endpoint_that_did_not_answer_or_has_no_variants_is_unknown() -> None:
    mute = Described(resource("endpoint", "ml101-ann-y"), None, (), "ThrottlingException: slow")

    found = ask(Answers([]), mute, endpoint(variants=()))

    assert found == [
        Activity(False, None, "ThrottlingException: slow"),
        Activity(False, None, "it has no variants"),
    ]


def test_five_hundred_endpoints_take_one_call_and_no_call_more_than_its_metrics(
    clients: Clients,
) -> None:
    one, two = ([endpoint(f"ml101-ann-{i}", ["a"] * n) for i in range(500)] for n in (1, 2))

    ask(clients, *one)
    assert clients.calls == {"GetMetricData": 1}
    ask(clients, *two)
    assert clients.calls == {"GetMetricData": 3}


def row(number: int, minutes: Sequence[float] = (), status: str = "Complete") -> dict[str, Any]:
    return {
        "Id": f"q{number}",
        "Timestamps": [at(m) for m in minutes],
        "Values": [1.0 for _ in minutes],
        "StatusCode": status,
    }


class Answers:
    """A CloudWatch that answers with these pages, or fails instead of one of them."""

    def __init__(self, pages: Sequence[list[dict[str, Any]] | Exception]) -> None:
        self._pages = pages

    def __call__(self, service: str, region: str) -> Answers:
        assert (service, region) == ("cloudwatch", REGION)
        return self

    def can_paginate(self, _operation: str) -> bool:
        return False

    def get_metric_data(self, **parameters: Any) -> dict[str, Any]:
        number = int(parameters.get("NextToken", "0"))
        page = self._pages[number]
        if isinstance(page, Exception):
            raise page
        more = number + 1
        token = {"NextToken": str(more)} if more < len(self._pages) else {}
        return {"MetricDataResults": page, **token}


def error(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "GetMetricData")


def test_all_pages_of_an_answer_count() -> None:
    pages = [[row(0, [590], "PartialData")], [row(0, [580]), row(1, [570])]]

    found = ask(Answers(pages), endpoint("ml101-ann-a"), endpoint("ml101-ann-b"))

    assert found == [Activity(True, at(591), COUNTED), Activity(True, at(571), COUNTED)]


@pytest.mark.parametrize("status", ["PartialData", "InternalError", "Forbidden"])
def test_an_answer_that_is_not_complete_leaves_its_endpoint_unknown_and_no_other(
    status: str,
) -> None:
    pages = [[row(0, [560], status), row(1, [570])]]

    found = ask(Answers(pages), endpoint("ml101-ann-a"), endpoint("ml101-ann-b"))

    assert found == [
        Activity(False, at(561), f"CloudWatch: {status}"),
        Activity(True, at(571), COUNTED),
    ]


def test_the_message_of_a_metric_is_the_reason() -> None:
    refused = {**row(0, status="Forbidden"), "Messages": [{"Code": "x", "Value": "not yours"}]}

    assert ask(Answers([[refused]]), endpoint())[0].source == "CloudWatch: Forbidden, not yours"


def test_a_metric_without_an_answer_is_unknown() -> None:
    assert ask(Answers([[]]), endpoint()) == [Activity(False, None, "CloudWatch: no answer")]


def test_one_variant_that_is_unknown_makes_the_endpoint_unknown() -> None:
    pages = [[row(0, [590]), row(1, status="InternalError")]]

    [found] = ask(Answers(pages), endpoint(variants="ab"))

    assert found == Activity(False, at(591), "CloudWatch: InternalError")


@pytest.mark.parametrize("code", ["Throttling", "AccessDenied"])
def test_a_call_that_fails_leaves_its_endpoints_unknown(code: str) -> None:
    found = ask(Answers([error(code)]), endpoint())

    assert found == [Activity(False, None, f"CloudWatch: {code}: no")]


def test_a_later_page_that_fails_leaves_those_known_that_were_complete() -> None:
    found = ask(
        Answers([[row(0, [590])], error("Throttling")]),
        endpoint("ml101-ann-a"),
        endpoint("ml101-ann-b"),
    )

    assert [activity.known for activity in found] == [True, False]


def test_a_boto3_that_does_not_know_the_operation_leaves_it_unknown() -> None:
    class Old:
        def can_paginate(self, _operation: str) -> bool:
            return False

    [found] = ask(lambda _service, _region: Old(), endpoint())

    assert found == Activity(False, None, "CloudWatch: this boto3 has no get_metric_data")


# What environments say of themselves.


def say(clients: Clients, attendee: str, text: str) -> None:
    s3 = clients("s3", REGION)
    s3.create_bucket(Bucket=BUCKET)
    s3.put_object(Bucket=BUCKET, Key=activity_key(attendee), Body=text.encode())


def told(verdict: Any = "active", **more: Any) -> str:
    found = {"at": at(595).isoformat(), "latest": at(570).isoformat(), "reason": "a kernel"}
    return json.dumps({**found, "verdict": verdict, **more})


def hear(clients: Any, attendee: str = "ann") -> Activity:
    found = workspace_activity(Caller(clients), BUCKET, [attendee], REGION, NOW)
    assert list(found) == [attendee]
    return found[attendee]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (told(), Activity(True, at(570), "a kernel")),
        (told(latest=None), Activity(True, at(595), "a kernel")),
        (told("stop"), Activity(True, at(570), "a kernel")),
        (told("stop", latest=None), Activity(True, None, "a kernel")),
        (told("unknown", reason="no server"), Activity(False, at(570), "no server")),
        (told("unknown", reason=""), Activity(False, at(570), "it cannot tell")),
        (
            told(at=at(569).isoformat()),
            Activity(False, at(570), "last heard of at 2030-06-03 09:29Z"),
        ),
        (told(at=at(700).isoformat(), latest=at(690).isoformat()), Activity(True, NOW, "a kernel")),
        (told(at="2030-06-03T09:55:00Z"), Activity(True, at(570), "a kernel")),
        (told(reason="a\n\nlong " + "x" * 999), Activity(True, at(570), "a long " + "x" * 193)),
    ],
    ids=[
        "in use",
        "in use, since when is not said",
        "unused since",
        "never used",
        "cannot tell",
        "cannot tell why not",
        "not heard of for 31 minutes",
        "a clock that is ahead",
        "another spelling of UTC",
        "a reason of many lines",
    ],
)
def test_an_environment_says_when_it_was_last_used(
    clients: Clients, text: str, found: Activity
) -> None:
    say(clients, "ann", text)

    assert hear(clients) == found


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "7",
        "{}",
        "[" * 4000,
        "x" * 100_000,
        told("busy"),
        told(verdict=[]),
        told(at=None),
        told(at="soon"),
        told(at="2030-06-03T09:55:00"),
        told(latest=7),
        told(at="0001-01-01T00:00:00+14:00"),
        told(pad="x" * 5000),
    ],
)
def test_what_an_attendee_may_have_written_there_is_unknown_and_harms_nothing(
    clients: Clients, text: str
) -> None:
    say(clients, "ann", text)

    assert hear(clients) == Activity(False, None, "what it wrote of itself cannot be read")


def test_an_environment_that_has_not_spoken_yet_is_unknown(clients: Clients) -> None:
    say(clients, "bob", told())

    assert hear(clients) == Activity(False, None, "it has not said yet")


def test_a_bucket_that_is_not_there_says_so(clients: Clients) -> None:
    found = hear(clients)

    assert not found.known
    assert found.source.startswith("NoSuchBucket: ")


def test_each_attendee_takes_one_call(clients: Clients) -> None:
    people = [f"a{i}" for i in range(50)]
    for person in people:
        say(clients, person, told())
    clients.calls.clear()

    found = workspace_activity(Caller(clients), BUCKET, people, REGION, NOW)

    assert clients.calls == {"GetObject": 50}
    assert set(found.values()) == {Activity(True, at(570), "a kernel")}
