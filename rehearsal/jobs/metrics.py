"""Metrics that a training job's log tells: MetricDefinitions, and what built-in algorithms say."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

_log = logging.getLogger(__name__)

NAMESPACE = "/aws/sagemaker/TrainingJobs"
# "A maximum of 1000 different metrics" in one PutMetricData (API reference).
_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Metric:
    """One value that the log tells."""

    name: str
    value: float


def definitions(job: dict[str, Any]) -> dict[str, str]:
    """Name -> regular expression of a job's MetricDefinitions."""
    given = job.get("AlgorithmSpecification", {}).get("MetricDefinitions", [])
    return {definition["Name"]: definition["Regex"] for definition in given}


def find(log: str, wanted: Mapping[str, str], built_in: str = "") -> list[Metric]:
    """All values in a log, in its order, by each definition's first group.

    `built_in` is an expression with the groups data, metric and value: "train:rmse". What
    is no number, or no regular expression, tells nothing.
    """
    patterns = {name: pattern for name, text in wanted.items() if (pattern := _compiled(text))}
    own = re.compile(built_in) if built_in else None
    found: list[Metric] = []
    for line in log.splitlines():
        for name, pattern in patterns.items():
            match = pattern.search(line)
            if match and pattern.groups:
                found += _metric(name, match[1])
        for match in own.finditer(line) if own else ():
            found += _metric(f"{match['data'].lower()}:{match['metric']}", match["value"])
    return found


def _compiled(text: str) -> re.Pattern[str] | None:
    try:
        return re.compile(text)
    except re.error:
        return None


def _metric(name: str, text: str | None) -> list[Metric]:
    try:
        return [Metric(name, float(text or ""))]
    except ValueError:
        return []


def final(found: Sequence[Metric], now: float) -> list[dict[str, Any]]:
    """FinalMetricDataList: the last value of each (DescribeTrainingJob)."""
    last = {metric.name: metric.value for metric in found}
    return [
        {"MetricName": name, "Value": value, "Timestamp": now}
        for name, value in sorted(last.items())
    ]


def publish(cloudwatch: Any, job: str, found: Sequence[Metric]) -> None:
    """Put the values into CloudWatch, by the job's name. Never fails the job."""
    now = time.time()
    data = [
        {
            "MetricName": metric.name,
            "Dimensions": [{"Name": "TrainingJobName", "Value": job}],
            # In the order of the log, a second apart, since the log's lines bear no time.
            "Timestamp": now - (len(found) - place),
            "Value": metric.value,
        }
        for place, metric in enumerate(found)
    ]
    try:
        for start in range(0, len(data), _AT_ONCE):
            cloudwatch.put_metric_data(
                Namespace=NAMESPACE, MetricData=data[start : start + _AT_ONCE]
            )
    except (BotoCoreError, ClientError) as error:
        _log.warning("metrics of %s: %s", job, error)
