"""Clients through the front door, in this process: every service that a sweep asks answers,
and faults strike as they do over a socket."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.faults.reach import parse
from tests.unit.rehearsal.bench import REGION, Bench
from tests.unit.rehearsal.wire import Wire

QUESTIONS: dict[str, Callable[[Any], Any]] = {
    "application-autoscaling": lambda c: c.describe_scalable_targets(ServiceNamespace="sagemaker"),
    "cloudformation": lambda c: c.describe_stacks(),
    "ec2": lambda c: c.describe_network_interfaces(),
    "ecr": lambda c: c.describe_repositories(),
    "efs": lambda c: c.describe_file_systems(),
    "logs": lambda c: c.describe_log_groups(),
    "resourcegroupstaggingapi": lambda c: c.get_resources(),
    "s3": lambda c: c.list_buckets(),
    "sagemaker": lambda c: c.list_endpoints(),
    "sts": lambda c: c.get_caller_identity(),
}


@pytest.fixture(scope="module")
def one_wire() -> Wire:
    return Wire()


@pytest.fixture
def wire(one_wire: Wire, bench: Bench) -> Wire:
    one_wire.connect(bench.world)
    return one_wire


@pytest.mark.parametrize("service", QUESTIONS)
def test_every_service_that_a_sweep_asks_answers(wire: Wire, service: str) -> None:
    answer = QUESTIONS[service](wire(service, REGION))
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200


@pytest.mark.parametrize("fault", ["throttle", "error500"])
def test_what_fails_at_first_is_tried_again_without_waiting(
    wire: Wire, bench: Bench, fault: str
) -> None:
    bench.world.faults.set(parse([{"fault": fault, "operation": "ListEndpoints", "first": 9}]))
    assert wire("sagemaker", REGION).list_endpoints()["Endpoints"] == []
    assert wire.calls["sagemaker:ListEndpoints"] == 10


def test_what_fails_ten_times_fails(wire: Wire, bench: Bench) -> None:
    bench.world.faults.set(parse([{"fault": "throttle", "operation": "ListEndpoints"}]))
    with pytest.raises(ClientError, match="ThrottlingException"):
        wire("sagemaker", REGION).list_endpoints()
    assert wire.calls["sagemaker:ListEndpoints"] == 10


def test_what_is_refused_is_not_tried_again(wire: Wire, bench: Bench) -> None:
    bench.world.faults.set(parse([{"fault": "refuse", "operation": "DescribeFileSystems"}]))
    with pytest.raises(ClientError, match="AccessDenied"):
        wire("efs", REGION).describe_file_systems()
    wire("sagemaker", REGION).list_endpoints()
    assert sum(wire.calls.values()) == 2


def test_a_world_begins_empty_and_with_all_its_retries(wire: Wire, bench: Bench) -> None:
    wire("ecr", REGION).create_repository(repositoryName="ml101-ann")
    for _ in range(20):
        bench.world.faults.set(parse([{"fault": "error500", "first": 9}]))
        try:
            wire("sagemaker", REGION).list_endpoints()
        except ClientError:
            break
    else:
        pytest.fail("the allowance of retries never ends")
    bench.world.faults.set([])
    wire.connect(bench.world)
    assert wire("ecr", REGION).describe_repositories()["repositories"] == []
    bench.world.faults.set(parse([{"fault": "error500", "first": 9}]))
    assert wire("sagemaker", REGION).list_endpoints()["Endpoints"] == []
