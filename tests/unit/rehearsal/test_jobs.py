"""Jobs: they run for real or say that they do not; they stop; their record stays."""

from __future__ import annotations

from typing import Any

import pytest

from rehearsal.errors import ApiError
from rehearsal.sagemaker.resource import Outcome
from tests.unit.rehearsal.bench import IMAGE_NOBODY_HAS, Bench, Ended, EndlessActivity


def training(bench: Bench, name: str = "ml101-ann-train") -> dict[str, object]:
    return bench.call("DescribeTrainingJob", TrainingJobName=name)


def test_an_image_that_cannot_run_fails_the_training_job_and_says_so(bench: Bench) -> None:
    bench.training_job()
    bench.step(60)
    bench.settle()
    shown = training(bench)
    assert (shown["TrainingJobStatus"], shown["SecondaryStatus"]) == ("Failed", "Failed")
    reason = f"not executed locally: no program stands in for the image {IMAGE_NOBODY_HAS}"
    assert shown["FailureReason"] == reason


def test_a_processing_job_fails_and_says_that_nothing_was_executed(bench: Bench) -> None:
    bench.processing_job()
    bench.step(60)
    bench.settle()
    shown = bench.call("DescribeProcessingJob", ProcessingJobName="ml101-ann-process")
    assert shown["ProcessingJobStatus"] == "Failed"
    assert shown["FailureReason"].startswith("not executed locally")


def test_a_training_job_that_is_stopped_before_it_starts_ends_stopped(bench: Bench) -> None:
    bench.training_job()
    bench.call("StopTrainingJob", TrainingJobName="ml101-ann-train")
    bench.step()
    shown = training(bench)
    assert (shown["TrainingJobStatus"], shown["SecondaryStatus"]) == ("Stopping", "Stopping")
    bench.step(5)
    shown = training(bench)
    assert (shown["TrainingJobStatus"], shown["SecondaryStatus"]) == ("Stopped", "Stopped")
    assert "BillableTimeInSeconds" not in shown


def test_a_running_training_job_is_stopping_until_its_container_has_ended(bench: Bench) -> None:
    bench.training_job()
    activity = EndlessActivity()
    job = bench.found("training-job", "ml101-ann-train")
    bench.step(60)
    job.activity = activity
    bench.call("StopTrainingJob", TrainingJobName="ml101-ann-train")
    assert activity.stopped
    bench.step(30)
    shown = training(bench)
    assert shown["TrainingJobStatus"] == "Stopped"
    assert shown["TrainingTimeInSeconds"] == shown["BillableTimeInSeconds"] == 30


def test_a_job_that_has_ended_cannot_be_stopped(bench: Bench) -> None:
    bench.training_job()
    bench.step(60)
    bench.settle()
    refused = bench.refusal("StopTrainingJob", TrainingJobName="ml101-ann-train")
    assert refused.code == "ValidationException"
    assert "Failed" in refused.message


def test_a_training_job_is_deleted_only_when_it_has_ended(bench: Bench) -> None:
    name = {"TrainingJobName": bench.training_job()}
    assert "InProgress" in bench.refusal("DeleteTrainingJob", **name).message
    bench.step(60)
    bench.settle()
    bench.call("DeleteTrainingJob", **name)
    assert bench.refusal("DescribeTrainingJob", **name).code == "ResourceNotFound"


def test_a_job_that_ran_out_of_time_is_stopped_and_not_failed(bench: Bench) -> None:
    bench.training_job()
    bench.step(60)
    bench.found("training-job", "ml101-ann-train").activity = Ended(
        Outcome("Stopped", fields={"SecondaryStatus": "MaxRuntimeExceeded"})
    )
    bench.step()
    shown = training(bench)
    assert shown["TrainingJobStatus"] == "Stopped"
    assert shown["SecondaryStatus"] == "MaxRuntimeExceeded"
    transitions = shown["SecondaryStatusTransitions"]
    assert isinstance(transitions, list)
    assert transitions[-1]["Status"] == "MaxRuntimeExceeded"
    assert all("EndTime" in transition for transition in transitions[:-1])


def test_a_job_name_is_taken_as_long_as_its_record_stays(bench: Bench) -> None:
    bench.training_job()
    with pytest.raises(ApiError, match="already exists"):
        bench.training_job()


RESOURCES = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 5}
PLAN = "arn:aws:sagemaker:eu-west-1:123456789012:training-plan/nobody"


@pytest.mark.parametrize(
    ("change", "wording"),
    [
        (
            {"AlgorithmSpecification": {"TrainingInputMode": "File"}},
            "either AlgorithmName or TrainingImage",
        ),
        (
            {"AlgorithmSpecification": {"TrainingInputMode": "File", "AlgorithmName": "nobody"}},
            "algorithm/nobody does not exist",
        ),
        ({"ResourceConfig": {"VolumeSizeInGB": 5}}, "InstanceType and InstanceCount"),
        ({"ResourceConfig": {**RESOURCES, "TrainingPlanArn": PLAN}}, "does not exist"),
        ({"EnableManagedSpotTraining": True}, "MaxWaitTimeInSeconds is required"),
        (
            {
                "EnableManagedSpotTraining": True,
                "StoppingCondition": {"MaxRuntimeInSeconds": 600, "MaxWaitTimeInSeconds": 599},
            },
            "equal to or greater than MaxRuntimeInSeconds",
        ),
        (
            {"StoppingCondition": {"MaxRuntimeInSeconds": 600, "MaxWaitTimeInSeconds": 600}},
            "only supported when EnableManagedSpotTraining is set to true",
        ),
    ],
    ids=["no image", "algorithm", "no instances", "plan", "no wait", "short wait", "no spot"],
)
def test_a_training_job_that_could_not_run_is_refused(
    bench: Bench, change: dict[str, Any], wording: str
) -> None:
    with pytest.raises(ApiError, match=wording):
        bench.training_job(**change)
    assert bench.call("ListTrainingJobs")["TrainingJobSummaries"] == []


def test_a_spot_job_may_wait_as_long_as_it_runs(bench: Bench) -> None:
    bench.training_job(
        EnableManagedSpotTraining=True,
        StoppingCondition={"MaxRuntimeInSeconds": 600, "MaxWaitTimeInSeconds": 600},
    )


def test_a_transform_job_needs_its_model(bench: Bench) -> None:
    with pytest.raises(ApiError, match="Could not find model"):
        bench.transform_job("nobody")


def test_a_transform_job_that_would_send_too_much_at_once_is_refused(bench: Bench) -> None:
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://bucket/in"}}
    request: dict[str, Any] = {
        "TransformJobName": "ml101-ann-batch",
        "ModelName": bench.model(),
        "TransformInput": {"DataSource": source},
        "TransformOutput": {"S3OutputPath": "s3://bucket/out"},
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
        "MaxPayloadInMB": 10,
    }
    refused = bench.refusal("CreateTransformJob", **request, MaxConcurrentTransforms=11)
    assert "cannot exceed 100 MB" in refused.message
    bench.call("CreateTransformJob", **request, MaxConcurrentTransforms=10)


def test_a_transform_job_whose_model_went_meanwhile_fails_and_says_so(bench: Bench) -> None:
    model = bench.model()
    bench.transform_job(model)
    bench.call("DeleteModel", ModelName=model)
    bench.step(60)
    bench.settle()
    shown = bench.call("DescribeTransformJob", TransformJobName="ml101-ann-batch")
    assert shown["TransformJobStatus"] == "Failed"
    assert "the model was deleted" in shown["FailureReason"]


def test_a_transform_job_cannot_be_deleted(bench: Bench) -> None:
    refused = bench.refusal("DeleteTransformJob", TransformJobName="x")
    assert refused.code == "UnknownOperationException"
