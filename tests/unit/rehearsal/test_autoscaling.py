"""Scalable targets of SageMaker: registered, listed in pages, deregistered with their policies."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.unit.rehearsal.bench import REGION, Bench
from tests.unit.rehearsal.wire import Wire

VARIANTS = "sagemaker:variant:DesiredInstanceCount"
COPIES = "sagemaker:inference-component:DesiredCopyCount"
VARIANT = {"ResourceId": "endpoint/ml101-ann/variant/a", "ScalableDimension": VARIANTS}
COMPONENT = {"ResourceId": "inference-component/ml101-ann", "ScalableDimension": COPIES}


@pytest.fixture(scope="module")
def one_wire() -> Wire:
    return Wire()


@pytest.fixture
def scaling(one_wire: Wire, bench: Bench) -> Any:
    one_wire.connect(bench.world)
    return one_wire("application-autoscaling", REGION)


def register(scaling: Any, what: dict[str, str], **more: int) -> str:
    sizes = more or {"MinCapacity": 1, "MaxCapacity": 2}
    answer = scaling.register_scalable_target(ServiceNamespace="sagemaker", **what, **sizes)
    return str(answer["ScalableTargetARN"])


def targets(scaling: Any, **more: Any) -> list[str]:
    pages = scaling.get_paginator("describe_scalable_targets").paginate(
        ServiceNamespace="sagemaker", **more
    )
    return [row["ResourceId"] for page in pages for row in page["ScalableTargets"]]


@pytest.mark.parametrize("what", [VARIANT, COMPONENT], ids=["variant", "inference component"])
def test_a_target_is_there_until_it_is_deregistered(scaling: Any, what: dict[str, str]) -> None:
    register(scaling, what)
    assert targets(scaling) == [what["ResourceId"]]
    scaling.deregister_scalable_target(ServiceNamespace="sagemaker", **what)
    assert targets(scaling) == []


def test_registering_again_changes_the_same_target(scaling: Any) -> None:
    first = register(scaling, VARIANT)
    assert register(scaling, VARIANT, MaxCapacity=9) == first
    (row,) = scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
    assert (row["MinCapacity"], row["MaxCapacity"]) == (1, 9)


def test_a_new_target_needs_both_capacities(scaling: Any) -> None:
    with pytest.raises(ClientError, match="MinCapacity and MaxCapacity are required"):
        register(scaling, VARIANT, MinCapacity=1)


def test_what_is_not_registered_cannot_be_deregistered(scaling: Any) -> None:
    with pytest.raises(ClientError, match="ObjectNotFoundException"):
        scaling.deregister_scalable_target(ServiceNamespace="sagemaker", **VARIANT)


def test_targets_are_found_by_resource_and_by_dimension(scaling: Any) -> None:
    register(scaling, VARIANT)
    register(scaling, COMPONENT)
    assert targets(scaling, ResourceIds=[VARIANT["ResourceId"]]) == [VARIANT["ResourceId"]]
    assert targets(scaling, ScalableDimension=COPIES) == [COMPONENT["ResourceId"]]


def test_targets_are_listed_in_pages_of_fifty(scaling: Any) -> None:
    names = [f"endpoint/ml101-{number:03}/variant/a" for number in range(120)]
    for name in names:
        register(scaling, {"ResourceId": name, "ScalableDimension": VARIANTS})
    first = scaling.describe_scalable_targets(ServiceNamespace="sagemaker")
    assert len(first["ScalableTargets"]) == 50
    assert targets(scaling) == names
    with pytest.raises(ClientError, match="InvalidNextTokenException"):
        scaling.describe_scalable_targets(ServiceNamespace="sagemaker", NextToken="nonsense")


def test_a_target_takes_its_policies_and_actions_with_it(scaling: Any) -> None:
    for what in (VARIANT, COMPONENT):
        register(scaling, what)
        scaling.put_scaling_policy(
            PolicyName="calls",
            ServiceNamespace="sagemaker",
            PolicyType="TargetTrackingScaling",
            TargetTrackingScalingPolicyConfiguration={"TargetValue": 70.0},
            **what,
        )
        scaling.put_scheduled_action(
            ServiceNamespace="sagemaker",
            ScheduledActionName="night",
            Schedule="rate(1 day)",
            ScalableTargetAction={"MinCapacity": 0},
            **what,
        )
    scaling.deregister_scalable_target(ServiceNamespace="sagemaker", **VARIANT)
    policies = scaling.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"]
    actions = scaling.describe_scheduled_actions(ServiceNamespace="sagemaker")["ScheduledActions"]
    assert [row["ResourceId"] for row in (*policies, *actions)] == [COMPONENT["ResourceId"]] * 2


def test_targets_of_other_services_are_motos(scaling: Any) -> None:
    scaling.register_scalable_target(
        ServiceNamespace="dynamodb",
        ResourceId="table/ml101",
        ScalableDimension="dynamodb:table:ReadCapacityUnits",
        MinCapacity=1,
        MaxCapacity=2,
    )
    answer = scaling.describe_scalable_targets(ServiceNamespace="dynamodb")
    assert [row["ResourceId"] for row in answer["ScalableTargets"]] == ["table/ml101"]
    assert targets(scaling) == []
