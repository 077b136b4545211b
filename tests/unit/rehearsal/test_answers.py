"""Every operation that is answered, answered as botocore's output shapes say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from rehearsal.sagemaker import catalog
from rehearsal.sagemaker.kind import Kind
from rehearsal.sagemaker.kinds import BY_NAME, KINDS
from tests.unit.rehearsal.bench import LONG_ENOUGH, ROLE, Bench
from tests.unit.rehearsal.samples import MODEL, NAME, REQUESTS, Samples, filling, request

every_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)


@pytest.fixture
def samples(bench: Bench) -> Samples:
    return Samples(bench)


def has(operation: str) -> bool:
    return operation in MODEL.operation_names


def input_of(operation: str, ids: dict[str, Any]) -> dict[str, Any]:
    """The least an operation asks for, about the resource with these ids."""
    shape = MODEL.operation_model(operation).input_shape
    filled = {name: filling(shape.members[name], name) for name in shape.required_members}
    return {**filled, **{k: v for k, v in ids.items() if k in shape.members}}


@every_kind
def test_a_kind_is_made_described_listed_changed_and_deleted(samples: Samples, kind: Kind) -> None:
    bench, ids = samples.bench, samples.make(kind.name)
    described = bench.call(f"Describe{kind.noun}", **input_of(f"Describe{kind.noun}", ids))
    assert described
    operation = f"List{kind.list_noun}"
    wanted = {"ModelPackageType": "Both"} if kind.name == "model-package" else {}
    listed = bench.call(operation, **input_of(operation, ids), **wanted)
    assert [rows for rows in listed.values() if isinstance(rows, list)] != [[]]
    if has(f"Update{kind.noun}"):
        ready(bench, kind)
        params = input_of(f"Update{kind.noun}", {**_changes(bench, kind), **ids})
        bench.call(f"Update{kind.noun}", **params)
        settle(bench, kind)
    if has(f"Stop{kind.noun}"):
        stop_and_start(bench, kind, ids)
    if has(f"Delete{kind.noun}"):
        settle(bench, kind)
        bench.call(f"Delete{kind.noun}", **input_of(f"Delete{kind.noun}", ids))
        bench.settle()
        bench.step(LONG_ENOUGH)
        bench.step(LONG_ENOUGH)
        left = [r for r in bench.plane.every() if r.kind is kind and r.status != kind.deleted]
        assert left == []


def _changes(bench: Bench, kind: Kind) -> dict[str, Any]:
    if kind.name == "training-job":
        return {}
    if kind.name == "model-package":
        return {"ModelPackageArn": arn(bench, "model-package")}
    return REQUESTS.get(kind.name, {})


def ready(bench: Bench, kind: Kind) -> None:
    """Let it be in a state from which it can be changed."""
    bench.step(4000)
    if kind.name == "notebook-instance":
        bench.call("StopNotebookInstance", NotebookInstanceName=NAME)
        bench.step(60)


def settle(bench: Bench, kind: Kind) -> None:
    if kind.name in ("endpoint", "inference-component"):
        bench.put_in_service(NAME, kind.name)
    bench.step(4000)


def stop_and_start(bench: Bench, kind: Kind, ids: dict[str, Any]) -> None:
    if kind.name == "notebook-instance":
        bench.call("StartNotebookInstance", **ids)
        bench.step(120)
    bench.settle()
    bench.step(4000)
    if any(
        r.status in kind.ended_in and not kind.startable_from
        for r in bench.plane.every()
        if r.kind is kind
    ):
        refused = bench.refusal(f"Stop{kind.noun}", **input_of(f"Stop{kind.noun}", ids))
        assert "in status" in refused.message
        return
    bench.call(f"Stop{kind.noun}", **input_of(f"Stop{kind.noun}", ids))
    settle(bench, kind)
    if kind.startable_from & {kind.stopped}:
        bench.call(f"Start{kind.noun}", **input_of(f"Start{kind.noun}", ids))
        settle(bench, kind)


@pytest.mark.parametrize(
    "kind", [k for k in KINDS if k.fails and k.stopping], ids=lambda kind: kind.name
)
def test_what_runs_here_only_by_its_states_can_be_stopped_before_it_ends(
    samples: Samples, kind: Kind
) -> None:
    bench, ids = samples.bench, samples.make(kind.name)
    bench.call(f"Stop{kind.noun}", **input_of(f"Stop{kind.noun}", ids))
    resource = next(r for r in bench.plane.every() if r.kind is kind)
    assert resource.status == kind.stopping
    bench.step(60)
    assert resource.status == kind.stopped


@pytest.mark.parametrize("kind", [k for k in KINDS if k.fails], ids=lambda kind: kind.name)
def test_what_is_not_executed_fails_and_says_so(samples: Samples, kind: Kind) -> None:
    bench, ids = samples.bench, samples.make(kind.name)
    bench.step(100)
    described = bench.call(f"Describe{kind.noun}", **input_of(f"Describe{kind.noun}", ids))
    resource = next(r for r in bench.plane.every() if r.kind is kind)
    assert resource.status == kind.fails
    assert "not executed locally" in str(described)


def test_every_special_operation_answers_in_the_shape_that_botocore_declares(
    samples: Samples,
) -> None:
    bench = samples.bench
    samples.make_all()
    calls: dict[str, Callable[[], dict[str, Any]]] = {
        "AddTags": lambda: {
            "ResourceArn": arn(bench, "model"),
            "Tags": [{"Key": "a", "Value": "b"}],
        },
        "ListTags": lambda: {"ResourceArn": arn(bench, "model")},
        "DeleteTags": lambda: {"ResourceArn": arn(bench, "model"), "TagKeys": ["a"]},
        "CreatePresignedDomainUrl": lambda: samples.made["user-profile"],
        "CreatePresignedNotebookInstanceUrl": lambda: {"NotebookInstanceName": NAME},
        "CreatePresignedMlflowTrackingServerUrl": lambda: {"TrackingServerName": NAME},
        "CreatePresignedMlflowAppUrl": lambda: samples.made["mlflow-app"],
        "CreatePartnerAppPresignedUrl": lambda: samples.made["partner-app"],
        "UpdateEndpointWeightsAndCapacities": lambda: {
            "EndpointName": NAME,
            "DesiredWeightsAndCapacities": [
                {"VariantName": "AllTraffic", "DesiredWeight": 0.5, "DesiredInstanceCount": 2}
            ],
        },
        "UpdateInferenceComponentRuntimeConfig": lambda: {
            "InferenceComponentName": NAME,
            "DesiredRuntimeConfig": {"CopyCount": 2},
        },
        "DescribeAutoMLJob": lambda: {"AutoMLJobName": NAME},
        "BatchDescribeModelPackage": lambda: {
            "ModelPackageArnList": [arn(bench, "model-package"), arn(bench, "model-package") + "9"]
        },
        "PutModelPackageGroupPolicy": lambda: {
            "ModelPackageGroupName": NAME,
            "ResourcePolicy": "{}",
        },
        "GetModelPackageGroupPolicy": lambda: {"ModelPackageGroupName": NAME},
        "DeleteModelPackageGroupPolicy": lambda: {"ModelPackageGroupName": NAME},
        "AssociateTrialComponent": lambda: {"TrialComponentName": NAME, "TrialName": NAME},
        "DisassociateTrialComponent": lambda: {"TrialComponentName": NAME, "TrialName": NAME},
        "DescribeClusterNode": lambda: {
            "ClusterName": NAME,
            "NodeId": bench.call("ListClusterNodes", ClusterName=NAME)["ClusterNodeSummaries"][0][
                "InstanceId"
            ],
        },
        "DeleteWorkteam": lambda: {"WorkteamName": NAME},
    }
    ids = {
        "AutoMLJobName": NAME,
        "ClusterName": NAME,
        "HyperParameterTuningJobName": NAME,
        "ImageName": NAME,
        "JobName": NAME,
        "MonitoringScheduleName": NAME,
        "PipelineExecutionArn": arn(bench, "pipeline-execution"),
        "WorkteamArn": arn(bench, "workteam"),
    }
    order = [*calls, *sorted(catalog.OPERATIONS.keys() - calls.keys())]
    order.remove("DeleteWorkteam")
    for operation in [*order, "DeleteWorkteam"]:
        params = calls[operation]() if operation in calls else input_of(operation, ids)
        bench.call(operation, **params)
    assert set(catalog.OPERATIONS) <= bench.called


def arn(bench: Bench, kind: str) -> str:
    return next(r.arn for r in bench.plane.every() if r.kind is BY_NAME[kind])


def test_the_second_version_of_the_automl_api_describes_jobs_of_both(bench: Bench) -> None:
    bench.call("CreateAutoMLJob", **request(BY_NAME["automl-job"], AutoMLJobName="old"))
    v2 = MODEL.operation_model("CreateAutoMLJobV2").input_shape
    filled = {n: filling(v2.members[n], n) for n in v2.required_members}
    problem = {"TextClassificationJobConfig": {"ContentColumn": "a", "TargetLabelColumn": "b"}}
    bench.call(
        "CreateAutoMLJobV2",
        **{**filled, "AutoMLJobName": "new", "AutoMLProblemTypeConfig": problem},
    )
    for name in ("old", "new"):
        assert bench.call("DescribeAutoMLJobV2", AutoMLJobName=name)["AutoMLJobName"] == name
    assert bench.refusal("DescribeAutoMLJob", AutoMLJobName="new").code == "ResourceNotFound"


_ARN = "arn:aws:sagemaker:eu-west-1:123456789012"
# Identifiers as the model wants them, of nothing that is there.
NOWHERE = {
    "cluster-scheduler-config": {"ClusterSchedulerConfigId": "0" * 12},
    "compute-quota": {"ComputeQuotaId": "0" * 12},
    "domain": {"DomainId": "d-nowhere"},
    "mlflow-app": {"Arn": f"{_ARN}:mlflow-app/app-{'0' * 12}"},
    "model-card-export-job": {
        "ModelCardExportJobArn": f"{_ARN}:model-card/{NAME}/export-job/{'0' * 12}"
    },
    "partner-app": {"Arn": f"{_ARN}:partner-app/app-{'0' * 12}"},
    "pipeline-execution": {"PipelineExecutionArn": f"{_ARN}:pipeline/{NAME}/execution/{'0' * 12}"},
}


@every_kind
def test_what_does_not_exist_is_refused_with_a_code_the_operation_declares(
    samples: Samples, kind: Kind
) -> None:
    bench = samples.bench
    for need in ("domain", "image", "hub"):
        if need in {n.kind for n in kind.needs} or "DomainId" in kind.id_fields:
            samples.make(need)
    operation = f"Describe{kind.noun}"
    params = input_of(operation, samples.made.get("domain", {}) if kind.name != "domain" else {})
    params |= NOWHERE.get(kind.name, {})
    refused = bench.refusal(operation, **params)
    declared = {shape.name for shape in MODEL.operation_model(operation).error_shapes}
    wanted = "ResourceNotFound" if "ResourceNotFound" in declared else "ValidationException"
    assert refused.code == wanted


def test_a_studio_without_anything_left_can_go(bench: Bench) -> None:
    domain = bench.studio()
    app = bench.app(domain)
    bench.call("UpdateDomain", DomainId=domain, DefaultUserSettings={"ExecutionRole": ROLE})
    bench.call("DeleteApp", **app)
    bench.step(60)
    bench.call("DeleteSpace", DomainId=domain, SpaceName="ml101-ann")
    bench.step(60)
    bench.call("DeleteUserProfile", DomainId=domain, UserProfileName="ml101-ann")
    bench.step(60)
    bench.call("DeleteDomain", DomainId=domain)
    bench.step(LONG_ENOUGH)
    assert bench.call("ListDomains")["Domains"] == []
