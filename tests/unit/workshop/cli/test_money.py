"""What resources cost per hour: what they run on is read, and what cannot be is unknown."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from botocore.exceptions import ClientError

from cleanup.resources import Resource
from costs.meter import Amount, Bill
from costs.prices import Rate, shipped
from workshop.cli.cost_so_far import bill_json, sentence
from workshop.cli.money import cell, find_rates, total

REGION = "us-east-1"


def resource(kind: str, name: str, status: str, **more: Any) -> Resource:
    ids = {"endpoint": "EndpointName", "processing-job": "ProcessingJobName"}
    parameter = ids.get(kind, "NotebookInstanceName")
    return Resource(kind, REGION, name, ((parameter, name),), status, "ann", "name", **more)


RUNNING = resource("notebook-instance", "ml101-ann", "InService", instance_type="ml.t3.medium")
STOPPED = resource("notebook-instance", "ml101-bob", "Stopped", instance_type="ml.t3.medium")
ENDED = resource("processing-job", "ml101-ann-p", "Completed")
HIDDEN = resource("processing-job", "ml101-ann-h", "InProgress")
LIVE = resource("endpoint", "ml101-ann-live", "InService")


class SageMaker:
    """Describes one endpoint, of two ml.m5.xlarge and a serverless variant; no processing job."""

    def describe_endpoint(self, **_: str) -> dict[str, Any]:
        counted = {"VariantName": "a", "CurrentInstanceCount": 2}
        return {"EndpointConfigName": "c", "ProductionVariants": [counted, {"VariantName": "b"}]}

    def describe_endpoint_config(self, **_: str) -> dict[str, Any]:
        machine = {"VariantName": "a", "InstanceType": "ml.m5.xlarge", "InitialInstanceCount": 1}
        return {"ProductionVariants": [machine, {"VariantName": "b", "ServerlessConfig": {}}]}

    def describe_processing_job(self, **_: str) -> dict[str, Any]:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "Describe")


def rates_of(*resources: Resource) -> dict[Any, Rate]:
    return find_rates(resources, lambda _service, _region: SageMaker(), shipped())


def test_only_what_bills_by_the_hour_has_a_rate() -> None:
    rates = rates_of(RUNNING, STOPPED, ENDED)

    assert rates == {RUNNING.key: Rate(0.05)}
    cells = [cell(r, rates) for r in (RUNNING, STOPPED, ENDED)]
    assert cells == ["0.050", "storage", "-"]


def test_what_was_spent_is_at_least_a_sum_or_about_one_where_it_may_be_less() -> None:
    """Of a restarted notebook instance nobody says how long it was stopped."""
    least = Bill({"ann": Amount(4.0)})
    about = replace(least, perhaps_less=True)
    unclear = replace(about, by_attendee={"ann": Amount(4.0, 2)})

    assert sentence(least, 2) == "at least 4.00 USD, 2.00 USD per attendee"
    assert sentence(about, 2) == "about 4.00 USD, 2.00 USD per attendee"
    assert sentence(unclear, 1) == "about 4.00 USD (2 unknown)"
    assert bill_json(about)["perhaps_less"]


def test_what_may_not_be_described_is_unknown() -> None:
    rates = rates_of(HIDDEN)

    assert rates == {HIDDEN.key: Rate(unknown=1)}
    assert cell(HIDDEN, rates) == "unknown"


def test_an_endpoint_costs_what_its_instances_cost_now() -> None:
    (found,) = rates_of(LIVE).values()

    assert found.unknown == 0
    assert round(found.usd_per_hour, 3) == 0.46


def test_what_bills_by_the_hour_and_was_not_priced_is_unknown_and_not_zero() -> None:
    assert total([RUNNING, STOPPED, ENDED], {}) == Rate(unknown=1)
    assert [cell(r, {}) for r in (RUNNING, STOPPED, ENDED)] == ["unknown", "storage", "-"]
    assert total([LIVE], {LIVE.key: Rate()}) == Rate()


def test_a_total_adds_what_has_a_rate() -> None:
    rates = rates_of(RUNNING, HIDDEN, STOPPED)

    assert total([RUNNING, HIDDEN, STOPPED], rates) == Rate(0.05, unknown=1)
    assert total([STOPPED], rates) == Rate()
