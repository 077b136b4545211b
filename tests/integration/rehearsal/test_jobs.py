"""Jobs and endpoints through the API, with the real programs behind them."""

from __future__ import annotations

import io
import tarfile
from typing import Any

import pytest

from tests.integration.rehearsal.conftest import REGION, Client
from tests.integration.rehearsal.containers.programs import SOFTPROB, flowers, to_csv
from tests.integration.rehearsal.test_endpoint import ROLE, wait_for

pytestmark = pytest.mark.xdist_group("local-aws")

IMAGE = f"141502667606.dkr.ecr.{REGION}.amazonaws.com/sagemaker-xgboost:1.7-1"
BUCKET = "jobs-eu-west-1"


@pytest.fixture(scope="module")
def _shared() -> dict[str, str]:
    return {}


@pytest.fixture
def bucket(client: Client, _shared: dict[str, str]) -> str:
    if "bucket" not in _shared:
        s3 = client("s3")
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        s3.put_object(Bucket=BUCKET, Key="train/iris.csv", Body=to_csv(flowers()))
        features = [row[1:] for row in flowers()]
        s3.put_object(Bucket=BUCKET, Key="batch/a.csv", Body=to_csv(features[:20]))
        s3.put_object(Bucket=BUCKET, Key="batch/more/b.csv", Body=to_csv(features[20:30]))
        _shared["bucket"] = BUCKET
    return BUCKET


@pytest.fixture
def model(client: Client, bucket: str, _shared: dict[str, str]) -> str:
    """A model that was trained on iris, once for all tests here."""
    if "model" not in _shared:
        train(client, "iris", OutputDataConfig={"S3OutputPath": f"s3://{bucket}/out/"})
        sagemaker = client("sagemaker")
        wait_for_job(sagemaker, "iris", "Completed")
        artifacts = sagemaker.describe_training_job(TrainingJobName="iris")["ModelArtifacts"]
        sagemaker.create_model(
            ModelName="iris",
            ExecutionRoleArn=ROLE,
            PrimaryContainer={"Image": IMAGE, "ModelDataUrl": artifacts["S3ModelArtifacts"]},
        )
        _shared["model"] = "iris"
    return _shared["model"]


def train(client: Client, name: str, **changes: Any) -> None:
    request: dict[str, Any] = {
        "TrainingJobName": name,
        "RoleArn": ROLE,
        "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        "HyperParameters": SOFTPROB,
        "InputDataConfig": [
            {
                "ChannelName": "train",
                "ContentType": "text/csv",
                "DataSource": {
                    "S3DataSource": {
                        "S3DataType": "S3Prefix",
                        "S3Uri": f"s3://{BUCKET}/train/",
                    }
                },
            }
        ],
        "OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/out/"},
        "ResourceConfig": {
            "InstanceType": "ml.m5.large",
            "InstanceCount": 1,
            "VolumeSizeInGB": 5,
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": 600},
    }
    client("sagemaker").create_training_job(**{**request, **changes})


def wait_for_job(sagemaker: Any, name: str, status: str) -> dict[str, Any]:
    wait_for(sagemaker, "describe_training_job", "TrainingJobStatus", status, TrainingJobName=name)
    job: dict[str, Any] = sagemaker.describe_training_job(TrainingJobName=name)
    return job


@pytest.mark.usefixtures("model")
def test_training_on_iris_makes_a_model_archive_and_logs(client: Client) -> None:
    job = client("sagemaker").describe_training_job(TrainingJobName="iris")
    passed = [row["Status"] for row in job["SecondaryStatusTransitions"]]
    assert passed == ["Starting", "Downloading", "Training", "Uploading", "Completed"]
    uri = job["ModelArtifacts"]["S3ModelArtifacts"]
    assert uri == f"s3://{BUCKET}/out/iris/output/model.tar.gz"
    archive = client("s3").get_object(Bucket=BUCKET, Key="out/iris/output/model.tar.gz")
    with tarfile.open(fileobj=io.BytesIO(archive["Body"].read())) as tar:
        assert tar.getnames() == ["xgboost-model"]
    logs = client("logs")
    group = "/aws/sagemaker/TrainingJobs"
    [stream] = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix="iris/")[
        "logStreams"
    ]
    events = logs.get_log_events(logGroupName=group, logStreamName=stream["logStreamName"])
    assert any("train-mlogloss" in event["message"] for event in events["events"])


@pytest.mark.usefixtures("bucket")
def test_a_container_that_fails_says_why_in_the_jobs_failure_reason(client: Client) -> None:
    train(client, "broken", HyperParameters={**SOFTPROB, "num_round": "many"})
    job = wait_for_job(client("sagemaker"), "broken", "Failed")
    assert job["FailureReason"].startswith("AlgorithmError: ")
    assert "num_round" in job["FailureReason"]
    assert job["FailureReason"].endswith("exit code: 1")


@pytest.mark.usefixtures("bucket")
def test_a_job_without_data_says_which_prefix_is_empty(client: Client) -> None:
    source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/nothing/"}
    channel = {"ChannelName": "train", "DataSource": {"S3DataSource": source}}
    train(client, "no-data", InputDataConfig=[channel])
    job = wait_for_job(client("sagemaker"), "no-data", "Failed")
    assert f's3://{BUCKET}/nothing/"' in job["FailureReason"]


@pytest.mark.usefixtures("bucket")
def test_a_job_stops_on_request(client: Client) -> None:
    train(client, "long", HyperParameters={**SOFTPROB, "num_round": "1000000"})
    sagemaker = client("sagemaker")
    wait_for(
        sagemaker, "describe_training_job", "SecondaryStatus", "Training", TrainingJobName="long"
    )
    sagemaker.stop_training_job(TrainingJobName="long")
    job = wait_for_job(sagemaker, "long", "Stopped")
    assert job["SecondaryStatus"] == "Stopped"


@pytest.mark.usefixtures("bucket")
def test_a_job_that_takes_too_long_is_stopped_and_keeps_what_it_saved(client: Client) -> None:
    train(
        client,
        "too-long",
        HyperParameters={**SOFTPROB, "num_round": "1000000"},
        StoppingCondition={"MaxRuntimeInSeconds": 1},
    )
    job = wait_for_job(client("sagemaker"), "too-long", "Stopped")
    assert job["SecondaryStatus"] == "MaxRuntimeExceeded"
    client("s3").head_object(Bucket=BUCKET, Key="out/too-long/output/model.tar.gz")


def test_an_endpoint_answers_and_its_errors_are_model_errors(client: Client, model: str) -> None:
    sagemaker, runtime = client("sagemaker"), client("sagemaker-runtime")
    variant = {
        "VariantName": "AllTraffic",
        "ModelName": model,
        "InstanceType": "ml.m5.large",
        "InitialInstanceCount": 1,
    }
    sagemaker.create_endpoint_config(EndpointConfigName="iris", ProductionVariants=[variant])
    name = {"EndpointName": "iris"}
    sagemaker.create_endpoint(**name, EndpointConfigName="iris")
    wait_for(sagemaker, "describe_endpoint", "EndpointStatus", "InService", **name)
    request = {**name, "ContentType": "text/csv"}
    answer = runtime.invoke_endpoint(**request, Body=b"5.1,3.5,1.4,0.2\n")
    scores = [float(score) for score in answer["Body"].read().decode().strip("[]\n ").split(",")]
    assert scores.index(max(scores)) == 0
    assert answer["InvokedProductionVariant"] == "AllTraffic"
    with pytest.raises(runtime.exceptions.ModelError) as caught:
        runtime.invoke_endpoint(**request, Body=b"not,a,number,here\n")
    assert 400 <= caught.value.response["OriginalStatusCode"] < 600
    with pytest.raises(runtime.exceptions.ValidationError, match="Variant Other"):
        runtime.invoke_endpoint(**request, Body=b"1", TargetVariant="Other")
    sagemaker.delete_endpoint(**name)
    with pytest.raises(runtime.exceptions.ValidationError):
        runtime.invoke_endpoint(**request, Body=b"5.1,3.5,1.4,0.2\n")


def test_a_batch_transform_answers_every_record_of_every_object(client: Client, model: str) -> None:
    source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/batch/"}
    name = {"TransformJobName": "iris"}
    sagemaker = client("sagemaker")
    sagemaker.create_transform_job(
        **name,
        ModelName=model,
        TransformInput={
            "DataSource": {"S3DataSource": source},
            "ContentType": "text/csv",
            "SplitType": "Line",
        },
        TransformOutput={"S3OutputPath": f"s3://{BUCKET}/answers", "AssembleWith": "Line"},
        TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 1},
    )
    wait_for(sagemaker, "describe_transform_job", "TransformJobStatus", "Completed", **name)
    s3 = client("s3")
    counts = {
        row["Key"]: len(s3.get_object(Bucket=BUCKET, Key=row["Key"])["Body"].read().splitlines())
        for row in s3.list_objects_v2(Bucket=BUCKET, Prefix="answers/")["Contents"]
    }
    assert counts == {"answers/a.csv.out": 20, "answers/more/b.csv.out": 10}
