"""Models, endpoint configurations and endpoints: states, refusals, three shapes of gone."""

from __future__ import annotations

from typing import Any

import pytest

from rehearsal.sagemaker.resource import Outcome
from tests.unit.rehearsal.bench import ENDPOINT_SECONDS, Bench, Ended, EndlessActivity


def endpoint_status(bench: Bench, name: str) -> str:
    answer: str = bench.call("DescribeEndpoint", EndpointName=name)["EndpointStatus"]
    return answer


def busy_endpoint(bench: Bench) -> tuple[str, EndlessActivity]:
    """An endpoint that is being created for as long as the test wants."""
    name = bench.endpoint_config("ml101-ann-live", bench.model())
    bench.call("CreateEndpoint", EndpointName=name, EndpointConfigName=name)
    activity = EndlessActivity()
    bench.found("endpoint", name).activity = activity
    return name, activity


def test_an_endpoint_cannot_be_deleted_while_it_is_created(bench: Bench) -> None:
    name, _ = busy_endpoint(bench)
    refused = bench.refusal("DeleteEndpoint", EndpointName=name)
    assert refused.code == "ValidationException"
    assert "Cannot delete in-progress endpoint" in refused.message


def test_an_endpoint_cannot_be_deleted_or_updated_while_it_is_updated(bench: Bench) -> None:
    name, _ = bench.endpoint()
    other = bench.endpoint_config("ml101-ann-other", name)
    bench.call("UpdateEndpoint", EndpointName=name, EndpointConfigName=other)
    bench.found("endpoint", name).activity = EndlessActivity()
    assert endpoint_status(bench, name) == "Updating"
    assert "in-progress" in bench.refusal("DeleteEndpoint", EndpointName=name).message
    update = {"EndpointName": name, "EndpointConfigName": other}
    assert "in-progress" in bench.refusal("UpdateEndpoint", **update).message


def test_an_image_that_cannot_run_fails_the_endpoint_and_is_never_a_pretended_success(
    bench: Bench,
) -> None:
    name = bench.endpoint_config("ml101-ann-live", bench.model())
    bench.call("CreateEndpoint", EndpointName=name, EndpointConfigName=name)
    bench.settle()
    in_progress = bench.call("DescribeEndpoint", EndpointName=name)["EndpointStatus"]
    bench.step(ENDPOINT_SECONDS)
    shown = bench.call("DescribeEndpoint", EndpointName=name)
    # As on AWS, a failure takes its time too.
    assert (in_progress, shown["EndpointStatus"]) == ("Creating", "Failed")
    assert shown["FailureReason"].startswith("not executed locally")
    bench.call("DeleteEndpoint", EndpointName=name)


def test_an_endpoint_whose_model_is_gone_is_refused_and_leaves_nothing(bench: Bench) -> None:
    model = bench.model()
    name = bench.endpoint_config("ml101-ann-live", model)
    bench.call("DeleteModel", ModelName=model)
    refused = bench.refusal("CreateEndpoint", EndpointName=name, EndpointConfigName=name)
    assert "Could not find model" in refused.message
    assert bench.call("ListEndpoints")["Endpoints"] == []


def test_a_configuration_in_use_stays_until_its_endpoint_is_on_its_way_out(bench: Bench) -> None:
    name, _ = bench.endpoint()
    config = {"EndpointConfigName": name}
    assert "uses it" in bench.refusal("DeleteEndpointConfig", **config).message
    bench.call("DeleteEndpoint", EndpointName=name)
    bench.call("DeleteEndpointConfig", **config)


def test_both_configurations_are_in_use_while_an_update_goes_on(bench: Bench) -> None:
    name, _ = bench.endpoint()
    other = bench.endpoint_config("ml101-ann-other", name)
    bench.call("UpdateEndpoint", EndpointName=name, EndpointConfigName=other)
    bench.found("endpoint", name).activity = EndlessActivity()
    for config in (name, other):
        refused = bench.refusal("DeleteEndpointConfig", EndpointConfigName=config)
        assert "uses it" in refused.message


def test_a_failed_update_leaves_in_service_what_was_there_and_says_why(bench: Bench) -> None:
    name, server = bench.endpoint()
    other = bench.endpoint_config("ml101-ann-other", name)
    bench.call("UpdateEndpoint", EndpointName=name, EndpointConfigName=other)
    bench.found("endpoint", name).activity = Ended(Outcome("Failed", "no ping"))
    bench.step()
    bench.step(ENDPOINT_SECONDS)
    shown = bench.call("DescribeEndpoint", EndpointName=name)
    assert (shown["EndpointStatus"], shown["EndpointConfigName"]) == ("InService", name)
    assert shown["FailureReason"] == "no ping"
    assert not server.stopped


def test_a_deleted_endpoints_container_has_stopped_when_the_endpoint_is_gone(
    bench: Bench,
) -> None:
    name, server = bench.endpoint()
    bench.call("DeleteEndpoint", EndpointName=name)
    assert endpoint_status(bench, name) == "Deleting"
    bench.settle()
    assert server.stopped
    bench.step(20)
    assert "Could not find" in bench.refusal("DescribeEndpoint", EndpointName=name).message


@pytest.mark.parametrize(
    ("operation", "ids", "code", "words"),
    [
        ("DeleteEndpoint", {"EndpointName": "x"}, "ValidationException", "Could not find"),
        ("DeleteEndpointConfig", {"EndpointConfigName": "x"}, "ValidationException", "Could not"),
        ("DeleteModel", {"ModelName": "x"}, "ValidationException", "Could not find"),
        (
            "DeleteNotebookInstance",
            {"NotebookInstanceName": "x"},
            "ValidationException",
            "RecordNotFound",
        ),
        (
            "DeleteNotebookInstanceLifecycleConfig",
            {"NotebookInstanceLifecycleConfigName": "x"},
            "ValidationException",
            "does not exist",
        ),
        ("DeleteDomain", {"DomainId": "d-x"}, "ResourceNotFound", "does not exist"),
        (
            "DeleteSpace",
            {"DomainId": "d-x", "SpaceName": "x"},
            "ResourceNotFound",
            "does not exist",
        ),
        ("DeleteTrainingJob", {"TrainingJobName": "x"}, "ResourceNotFound", "not found"),
        ("StopTransformJob", {"TransformJobName": "x"}, "ResourceNotFound", "not found"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_gone_says_so_in_its_own_words(
    bench: Bench, operation: str, ids: dict[str, Any], code: str, words: str
) -> None:
    refused = bench.refusal(operation, **ids)
    assert refused.code == code
    assert words in refused.message


@pytest.mark.parametrize("kind", ["model", "endpoint_config", "endpoint"])
def test_a_name_is_taken_only_once(bench: Bench, kind: str) -> None:
    name, _ = bench.endpoint()
    requests: dict[str, tuple[str, dict[str, Any]]] = {
        "model": ("CreateModel", {"ModelName": name, "PrimaryContainer": {"Image": "x"}}),
        "endpoint_config": (
            "CreateEndpointConfig",
            {
                "EndpointConfigName": name,
                "ProductionVariants": [
                    {"VariantName": "v", "ModelName": name, "InstanceType": "ml.m5.large"}
                ],
            },
        ),
        "endpoint": ("CreateEndpoint", {"EndpointName": name, "EndpointConfigName": name}),
    }
    operation, request = requests[kind]
    refused = bench.refusal(operation, **request)
    assert refused.code == "ValidationException"
    assert "already existing" in refused.message


def test_an_endpoint_says_that_it_is_asynchronous_as_its_configuration_does(bench: Bench) -> None:
    queue = {"OutputConfig": {"S3OutputPath": "s3://ml101/out"}}
    variant = {
        "VariantName": "AllTraffic",
        "ModelName": bench.model(),
        "InstanceType": "ml.m5.large",
        "InitialInstanceCount": 1,
    }
    bench.call(
        "CreateEndpointConfig",
        EndpointConfigName="queued",
        ProductionVariants=[variant],
        AsyncInferenceConfig=queue,
    )
    bench.call("CreateEndpoint", EndpointName="live", EndpointConfigName="queued")

    assert bench.call("DescribeEndpoint", EndpointName="live")["AsyncInferenceConfig"] == queue
