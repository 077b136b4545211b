"""Models and endpoint configurations that nothing could serve are refused."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.rehearsal.bench import IMAGE_NOBODY_HAS, ROLE, Bench

CONTAINER = {"Image": IMAGE_NOBODY_HAS}
VARIANT = {
    "VariantName": "AllTraffic",
    "ModelName": "iris",
    "InstanceType": "ml.m5.large",
    "InitialInstanceCount": 1,
}
SHADOW = {**VARIANT, "VariantName": "shadow"}


def without(variant: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in variant.items() if name not in names}


@pytest.mark.parametrize(
    "containers",
    [{}, {"Containers": []}, {"PrimaryContainer": CONTAINER, "Containers": [CONTAINER]}],
    ids=["neither", "none", "both"],
)
def test_a_model_is_one_container_or_a_pipeline_of_them(
    bench: Bench, containers: dict[str, Any]
) -> None:
    refused = bench.refusal("CreateModel", ModelName="iris", **containers)
    assert refused.message == "Exactly one of PrimaryContainer and Containers must be given."
    bench.call("CreateModel", ModelName="iris", Containers=[CONTAINER, CONTAINER])


@pytest.mark.parametrize(
    ("asked", "wording"),
    [
        (
            {"ProductionVariants": [without(VARIANT, "InstanceType")]},
            "Variant AllTraffic needs an InstanceType or a ServerlessConfig",
        ),
        (
            {"ProductionVariants": [without(VARIANT, "ModelName")]},
            "the endpoint configuration an ExecutionRoleArn",
        ),
        (
            {
                "ProductionVariants": [without(VARIANT, "ModelName", "InstanceType")],
                "ExecutionRoleArn": ROLE,
            },
            "without a ModelName needs an InstanceType",
        ),
        ({"ProductionVariants": [VARIANT, VARIANT]}, "Variant names must be unique: AllTraffic"),
        (
            {
                "ProductionVariants": [VARIANT],
                "ShadowProductionVariants": [{**SHADOW, "ModelName": "nobody"}],
            },
            "Could not find model",
        ),
        (
            {
                "ProductionVariants": [VARIANT, {**VARIANT, "VariantName": "second"}],
                "ShadowProductionVariants": [SHADOW],
            },
            "you can only specify one variant",
        ),
    ],
    ids=["no instance", "no role", "no model", "twice", "shadow's model", "shadow of two"],
)
def test_an_endpoint_configuration_that_nothing_could_serve_is_refused(
    bench: Bench, asked: dict[str, Any], wording: str
) -> None:
    bench.model("iris")
    refused = bench.refusal("CreateEndpointConfig", EndpointConfigName="iris", **asked)
    assert refused.code == "ValidationException"
    assert wording in refused.message


@pytest.mark.parametrize(
    "asked",
    [
        {"ProductionVariants": [without(VARIANT, "ModelName")], "ExecutionRoleArn": ROLE},
        {
            "ProductionVariants": [
                {
                    **without(VARIANT, "InstanceType", "InitialInstanceCount"),
                    "ServerlessConfig": {"MemorySizeInMB": 1024, "MaxConcurrency": 1},
                }
            ]
        },
        {"ProductionVariants": [VARIANT], "ShadowProductionVariants": [SHADOW]},
    ],
    ids=["for components", "serverless", "shadow"],
)
def test_an_endpoint_configuration_may_be_of_any_sort(bench: Bench, asked: dict[str, Any]) -> None:
    bench.model("iris")
    bench.call("CreateEndpointConfig", EndpointConfigName="iris", **asked)
