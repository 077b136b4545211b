"""What runs behind what bills by the hour; what cannot be told is unknown, never nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from cleanup.calls import Caller
from cleanup.machines import Machines, find_machines
from cleanup.resources import Resource
from workshop.machine import Machine

REGION = "us-east-1"
SERVERLESS = {"MemorySizeInMB": 2048, "MaxConcurrency": 5}
PROVISIONED = {**SERVERLESS, "ProvisionedConcurrency": 2}
M5 = "ml.m5.xlarge"
P5 = "ml.p5.48xlarge"


class SageMaker:
    """Answers every Describe call with what it was made with, by operation."""

    def __init__(self, answers: Mapping[str, Mapping[str, Any]]) -> None:
        self._answers = answers

    def __getattr__(self, operation: str) -> Any:
        return lambda **_: self._answers[operation]


def machines_of(kind: str, status: str, **answers: Mapping[str, Any]) -> Machines:
    resource = Resource(kind, REGION, "ml101-ann-x", (("Name", "x"),), status, "ann", "name")
    caller = Caller(lambda _service, _region: SageMaker(answers))
    return find_machines([resource], caller)[resource.key]


def endpoint(configured: Mapping[str, Any], now: Mapping[str, Any]) -> Machines:
    """What an endpoint of one variant runs on: as configured, and as it is now."""
    return machines_of(
        "endpoint",
        "InService",
        describe_endpoint={
            "EndpointConfigName": "c",
            "ProductionVariants": [{"VariantName": "a", **now}],
        },
        describe_endpoint_config={"ProductionVariants": [{"VariantName": "a", **configured}]},
    )


def training(resources: Mapping[str, Any], kind: str = "training-job") -> Machines:
    status = "InProgress" if kind == "training-job" else "Available"
    return machines_of(kind, status, describe_training_job={"ResourceConfig": resources})


def cluster(**groups: list[Mapping[str, Any]]) -> Machines:
    return machines_of("cluster", "InService", describe_cluster=groups)


@pytest.mark.parametrize(
    ("now", "count"), [({}, 2), ({"CurrentInstanceCount": 3}, 3), ({"CurrentInstanceCount": 1}, 1)]
)
def test_a_variant_has_as_many_instances_as_it_has_now(now: dict[str, Any], count: int) -> None:
    configured = {"InstanceType": M5, "InitialInstanceCount": 2}

    assert endpoint(configured, now) == (Machine("hosting", M5, count),)


def test_a_variant_that_was_scaled_to_nothing_has_no_instances() -> None:
    configured = {"InstanceType": M5, "InitialInstanceCount": 2}

    assert endpoint(configured, {"CurrentInstanceCount": 0}) == ()


def test_a_variant_whose_instances_sagemaker_chooses_is_unknown() -> None:
    pools = {"InstancePools": [{"InstanceType": M5, "Priority": 1}], "InitialInstanceCount": 1}

    assert endpoint(pools, {"CurrentInstanceCount": 1}) is None


def test_a_serverless_variant_bills_by_the_hour_only_for_provisioned_concurrency() -> None:
    assert endpoint({"ServerlessConfig": SERVERLESS}, {}) == ()
    assert endpoint({"ServerlessConfig": PROVISIONED}, {}) is None
    now = {"CurrentServerlessConfig": PROVISIONED}
    assert endpoint({"ServerlessConfig": SERVERLESS}, now) is None


def test_a_shadow_variant_counts() -> None:
    shadow = {"VariantName": "s", "InstanceType": M5, "InitialInstanceCount": 1}
    found = machines_of(
        "endpoint",
        "InService",
        describe_endpoint={"EndpointConfigName": "c"},
        describe_endpoint_config={"ShadowProductionVariants": [shadow]},
    )

    assert found == (Machine("hosting", M5, 1),)


@pytest.mark.parametrize(
    ("kind", "usage"), [("training-job", "training"), ("warm-pool", "training-warm-pool")]
)
def test_a_training_job_runs_on_what_it_asked_for_or_on_what_was_selected(
    kind: str, usage: str
) -> None:
    asked = {"InstanceType": M5, "InstanceCount": 2}
    preferred = {"InstancePreferences": [{"InstanceType": M5}, {"InstanceType": P5}]}
    selected = {"SelectedInstanceType": P5, "SelectedInstanceCount": 1}

    assert training(asked, kind) == (Machine(usage, M5, 2),)
    assert training({"InstanceGroups": [asked, asked]}, kind) == (Machine(usage, M5, 2),) * 2
    assert training({**preferred, **selected}, kind) == (Machine(usage, P5, 1),)
    assert training(preferred, kind) is None


def test_a_processing_job_runs_on_what_was_selected() -> None:
    selected = {"SelectedInstanceType": M5, "SelectedInstanceCount": 3}
    answer = {"ProcessingResources": {"ClusterConfig": selected}}
    found = machines_of("processing-job", "InProgress", describe_processing_job=answer)

    assert found == (Machine("processing", M5, 3),)


def test_a_job_of_another_shape_is_unknown_and_does_not_end_the_command() -> None:
    answer: dict[str, Any] = {"ProcessingResources": {"NewConfig": {}}}

    found = machines_of("processing-job", "InProgress", describe_processing_job=answer)

    assert found is None
    assert training({"InstanceType": M5}) is None


def test_a_clusters_restricted_groups_count() -> None:
    group = {"InstanceType": P5, "CurrentCount": 2}

    found = cluster(InstanceGroups=[group], RestrictedInstanceGroups=[group])

    assert found == (Machine("cluster", P5, 2),) * 2
    assert cluster(InstanceGroups=[]) == ()


def test_a_cluster_with_a_group_that_names_no_type_is_unknown() -> None:
    flexible = {"InstanceRequirements": {}, "CurrentCount": 2}

    found = cluster(InstanceGroups=[{"InstanceType": P5, "CurrentCount": 2}, flexible])

    assert found is None
