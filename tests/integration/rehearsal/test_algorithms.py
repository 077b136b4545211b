"""The built-in algorithms through the API, by the images that the SDK names."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.integration.rehearsal.conftest import REGION, Client
from tests.integration.rehearsal.containers.programs import flowers, to_csv
from tests.integration.rehearsal.test_endpoint import ROLE, wait_for

pytestmark = pytest.mark.xdist_group("local-aws")

BUCKET = "algorithms-eu-west-1"
ACCOUNT = "438346466558"  # of these images in eu-west-1 (sagemaker image_uris)
ROWS = flowers()
FEATURES = [row[1:] for row in ROWS]


def run_job(
    client: Client, repository: str, hyperparameters: dict[str, str], content_type: str
) -> dict[str, Any]:
    """Train on the flowers in the bucket; what DescribeTrainingJob says in the end."""
    s3, sagemaker = client("s3"), client("sagemaker")
    where = {"LocationConstraint": REGION}
    if BUCKET not in [it["Name"] for it in s3.list_buckets()["Buckets"]]:
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration=where)
    s3.put_object(Bucket=BUCKET, Key="flowers/iris.csv", Body=to_csv(ROWS))
    image = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{repository}:1"
    source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/flowers/"}
    channel = {"ContentType": content_type, "DataSource": {"S3DataSource": source}}
    sagemaker.create_training_job(
        TrainingJobName=repository,
        RoleArn=ROLE,
        AlgorithmSpecification={"TrainingImage": image, "TrainingInputMode": "File"},
        HyperParameters=hyperparameters,
        InputDataConfig=[{"ChannelName": name, **channel} for name in ("train", "test")],
        OutputDataConfig={"S3OutputPath": f"s3://{BUCKET}/out/"},
        ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 5},
        StoppingCondition={"MaxRuntimeInSeconds": 600},
    )
    named = {"TrainingJobName": repository}
    wait_for(sagemaker, "describe_training_job", "TrainingJobStatus", "Completed", **named)
    job: dict[str, Any] = sagemaker.describe_training_job(**named)
    return job


def ask(client: Client, job: dict[str, Any]) -> list[dict[str, Any]]:
    """Deploy a job's model and ask it about every flower; the predictions."""
    sagemaker, name = client("sagemaker"), job["TrainingJobName"]
    container = {
        "Image": job["AlgorithmSpecification"]["TrainingImage"],
        "ModelDataUrl": job["ModelArtifacts"]["S3ModelArtifacts"],
    }
    sagemaker.create_model(ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer=container)
    variant = {
        "VariantName": "all",
        "ModelName": name,
        "InstanceType": "ml.m5.large",
        "InitialInstanceCount": 1,
    }
    sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    wait_for(sagemaker, "describe_endpoint", "EndpointStatus", "InService", EndpointName=name)
    reply = client("sagemaker-runtime").invoke_endpoint(
        EndpointName=name, ContentType="text/csv", Body=to_csv(FEATURES)
    )
    sagemaker.delete_endpoint(EndpointName=name)
    predictions: list[dict[str, Any]] = json.loads(reply["Body"].read())["predictions"]
    return predictions


def test_kmeans_is_trained_measured_and_served(client: Client) -> None:
    settings = {"k": "3", "feature_dim": "4"}

    job = run_job(client, "kmeans", settings, "text/csv;label_size=1")
    predictions = ask(client, job)

    values = {it["MetricName"]: it["Value"] for it in job["FinalMetricDataList"]}
    assert values["test:msd"] == pytest.approx(0.53, abs=0.1)
    assert len(predictions) == len(ROWS)
    assert {it["closest_cluster"] for it in predictions} == {0.0, 1.0, 2.0}


def test_linear_learner_is_trained_measured_and_served(client: Client) -> None:
    settings = {"predictor_type": "multiclass_classifier", "num_classes": "3"}

    job = run_job(client, "linear-learner", settings, "text/csv")
    predictions = ask(client, job)

    values = {it["MetricName"]: it["Value"] for it in job["FinalMetricDataList"]}
    hits = sum(it["predicted_label"] == row[0] for it, row in zip(predictions, ROWS, strict=True))
    assert hits / len(ROWS) >= 0.95
    assert values["test:multiclass_accuracy"] == pytest.approx(hits / len(ROWS), abs=1e-4)
