"""When things were last used: endpoints by CloudWatch's metrics, environments by what the idle
program in each of them writes into the workshop's bucket.

What does not answer, or answers something else than was asked, is unknown: never unused.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from cleanup.calls import FAILURES, Caller, Listing, failure
from cleanup.resources import Key, Resource
from guard.rule import Activity, shown
from workshop import names
from workshop.aws import error_code

# GetMetricData, API reference: what one call takes, and what it gives back.
_QUERIES = 500
_DATA_POINTS = 100_800
# Seconds. The data points of a whole call fit into its answer, which keeps a window below the
# days for which CloudWatch has them by the minute (15) and by five minutes (63).
_PERIODS = (60, 300, 3600)

# The idle program writes every five minutes.
_HEARD_OF = timedelta(minutes=30)
# Attendees may write what they like: so much of it is read, in bytes.
_MOST_READ = 4096
_REASON_CHARACTERS = 200
_ACTIVE, _STOP, _UNKNOWN = "active", "stop", "unknown"


@dataclass(frozen=True, slots=True)
class Described:
    """An endpoint, what DescribeEndpoint says of it (None: it did not answer, `problem` says
    why), and the names of the inference components on it."""

    resource: Resource
    answer: Mapping[str, Any] | None
    components: Sequence[str] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class _Query:
    """A metric of an endpoint that is above zero when the endpoint is in use."""

    key: Key
    metric: str
    statistic: str
    dimensions: tuple[tuple[str, str], ...]


@dataclass(slots=True)
class _Series:
    """The answer to a query: the newest time with a value above zero, and how the answer ended
    ("Complete", or "" without any)."""

    latest: datetime | None = None
    status: str = ""
    messages: list[str] = field(default_factory=list)


def endpoint_activity(
    caller: Caller, region: str, described: Iterable[Described], window: timedelta, now: datetime
) -> dict[Key, Activity]:
    """When each endpoint of a region was last used within a time before `now` (UTC).

    Takes a GetMetricData call for each 500 variants, inference components and queues. What
    cannot be told of some endpoints leaves the others known. A use is dated at the end of the
    period that CloudWatch counted it in.
    """
    found: dict[Key, Activity] = {}
    queries: list[_Query] = []
    for endpoint in described:
        mine = list(_queries(endpoint))
        queries += mine
        if not mine:
            why = endpoint.problem or "it has no variants"
            found[endpoint.resource.key] = Activity(False, None, why)
    groups = [queries[start : start + _QUERIES] for start in range(0, len(queries), _QUERIES)]
    answers = caller.together(lambda group: _ask(caller, region, group, window, now), groups)
    for group, answer in zip(groups, answers, strict=True):
        for query, activity in zip(group, answer, strict=True):
            before = found.get(query.key)
            found[query.key] = activity if before is None else _both(before, activity)
    return found


def _queries(endpoint: Described) -> Iterator[_Query]:
    """What tells whether an endpoint is used.

    Requests are counted by endpoint and variant, those of inference components by component
    alone ("Amazon SageMaker AI metrics in Amazon CloudWatch", developer guide). Asynchronous
    endpoints count no Invocations: they have a queue, with what is being processed in it, and
    count what they have processed, whose time the guide spells beyond doubt
    ("Alarms and logs for tracking metrics from asynchronous endpoints").
    """
    if endpoint.answer is None:
        return
    key, name = endpoint.resource.key, endpoint.answer["EndpointName"]
    queued = endpoint.answer.get("AsyncInferenceConfig") is not None
    of_endpoint = ("EndpointName", name)
    variants = endpoint.answer.get("ProductionVariants", ())
    for variant in variants:
        of_variant = (of_endpoint, ("VariantName", variant["VariantName"]))
        if queued:
            yield _Query(key, "TotalProcessingTime", "SampleCount", of_variant)
        else:
            yield _Query(key, "Invocations", "Sum", of_variant)
    if queued and variants:
        yield _Query(key, "ApproximateBacklogSize", "Maximum", (of_endpoint,))
    for component in endpoint.components:
        yield _Query(key, "Invocations", "Sum", (("InferenceComponentName", component),))


def _ask(
    caller: Caller, region: str, queries: Sequence[_Query], window: timedelta, now: datetime
) -> list[Activity]:
    """What one call says of up to 500 metrics, with all its pages, in the queries' order."""
    period = _period(window)
    end = math.ceil(now.timestamp() / period) * period
    start = math.floor((now - window).timestamp() / period) * period
    parameters = {
        "MetricDataQueries": [_sent(i, query, period) for i, query in enumerate(queries)],
        "StartTime": datetime.fromtimestamp(start, UTC),
        "EndTime": datetime.fromtimestamp(end, UTC),
        "ScanBy": "TimestampDescending",
    }
    listing = caller.read_all(
        "cloudwatch", region, "get_metric_data", "MetricDataResults", parameters
    )
    series = _series(listing)
    source = f"CloudWatch's last {math.ceil(window.total_seconds() / 60)} min"
    return [
        _activity(series.get(f"q{i}", _Series()), listing.problem, period, source, now)
        for i in range(len(queries))
    ]


def _period(window: timedelta) -> int:
    """Seconds to each data point: as few as one answer has room for, of all queries."""
    fitting = (p for p in _PERIODS if (window.total_seconds() / p + 2) * _QUERIES <= _DATA_POINTS)
    return next(fitting, _PERIODS[-1])


def _sent(number: int, query: _Query, period: int) -> dict[str, Any]:
    return {
        "Id": f"q{number}",
        "MetricStat": {
            "Metric": {
                "Namespace": "AWS/SageMaker",
                "MetricName": query.metric,
                "Dimensions": [{"Name": name, "Value": value} for name, value in query.dimensions],
            },
            "Period": period,
            "Stat": query.statistic,
        },
    }


def _series(listing: Listing) -> dict[str, _Series]:
    """The answers by query. A metric that one page has in part may go on in the next one, whose
    status is the one that counts."""
    found: dict[str, _Series] = {}
    for row in listing.rows:
        series = found.setdefault(row["Id"], _Series())
        times = [
            moment
            for moment, count in zip(row["Timestamps"], row["Values"], strict=True)
            if count > 0
        ]
        series.latest = max([*times, *([series.latest] if series.latest else [])], default=None)
        series.status = row.get("StatusCode", "")
        series.messages += [message.get("Value", "") for message in row.get("Messages", ())]
    return found


def _activity(series: _Series, problem: str, period: int, source: str, now: datetime) -> Activity:
    latest = None
    if series.latest is not None:
        latest = min(series.latest + timedelta(seconds=period), now)
    if series.status == "Complete":
        return Activity(True, latest, source)
    said = ", ".join([series.status or "no answer", *series.messages])
    return Activity(False, latest, f"CloudWatch: {problem or said}")


def _both(one: Activity, other: Activity) -> Activity:
    """What two metrics say of one endpoint; unknown when either is."""
    latest = max((t for t in (one.latest, other.latest) if t is not None), default=None)
    unknown = next((activity for activity in (one, other) if not activity.known), None)
    return Activity(unknown is None, latest, (unknown or one).source)


def workspace_activity(
    caller: Caller, bucket: str, attendees: Iterable[str], region: str, now: datetime
) -> dict[str, Activity]:
    """When each attendee's environment was last used (UTC), as it says itself.

    Takes a GetObject for each. Of one that was not heard of for half an hour, or whose program
    cannot tell, the use since then is not known.
    """

    def read(attendee: str) -> Activity:
        parameters = {"Bucket": bucket, "Key": names.activity_key(attendee)}
        try:
            answer = caller.read("s3", region, "get_object", parameters)
            text = answer["Body"].read(_MOST_READ)
            answer["Body"].close()
        except FAILURES as error:
            if error_code(error) == "NoSuchKey":
                return Activity(False, None, "it has not said yet")
            return Activity(False, None, failure(error))
        return _told(text, now)

    wanted = list(attendees)
    return dict(zip(wanted, caller.together(read, wanted), strict=True))


def _told(text: bytes, now: datetime) -> Activity:
    """What an environment wrote. A clock that is ahead is set back to now."""
    try:
        found = json.loads(text)
        written = _time(found["at"], now)
        latest = None if found["latest"] is None else _time(found["latest"], now)
        verdict = found["verdict"]
        reason = _printable(str(found.get("reason", "")))
        if verdict not in (_ACTIVE, _STOP, _UNKNOWN):
            raise ValueError(verdict)
    # Whatever an attendee may have put there: nested without end, or of the year one.
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError):
        return Activity(False, None, "what it wrote of itself cannot be read")
    if verdict == _ACTIVE and latest is None:
        latest = written
    if now - written > _HEARD_OF:
        return Activity(False, latest, f"last heard of at {shown(written)}")
    if verdict == _UNKNOWN:
        return Activity(False, latest, reason or "it cannot tell")
    return Activity(True, latest, reason)


def _printable(text: str) -> str:
    """A line of text that every log and notice takes: without halves of characters."""
    whole = text.encode("utf-8", "replace").decode()
    return " ".join(whole.split())[:_REASON_CHARACTERS]


def _time(text: str, now: datetime) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a time without its zone")
    return min(moment.astimezone(UTC), now)
