"""What the figures of jobs and endpoints run on: a local AWS with data and a trained model."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import boto3
from botocore.config import Config

from rehearsal.isolation import without_aws
from rehearsal.processes import LocalAws
from workshop.errors import WorkshopError

REGION = "eu-west-1"
BUCKET = "bench-jobs"
PATIENCE_SECONDS = 60.0
_IMAGE = f"141502667606.dkr.ecr.{REGION}.amazonaws.com/sagemaker-xgboost:1.7-1"
_ROLE = "arn:aws:iam::123456789012:role/bench"
TRAINING_ROWS = 2_000
_LOOK_SECONDS = 0.005


class Bench:
    """A local AWS with a bucket of data, and a trained model."""

    def __init__(self, url: str, directory: Path) -> None:
        self.url = url
        self.directory = directory
        self._session = boto3.Session("bench", "bench", region_name=REGION)
        self.s3, self.sagemaker = self.client("s3"), self.client("sagemaker")
        where = {"LocationConstraint": REGION}
        self.s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration=where)
        draw = random.Random(7)
        rows = [[draw.gauss(kind, 1) for _ in range(4)] for kind in (0, 1, 2) for _ in range(700)]
        text = [",".join(f"{value:.2f}" for value in row) for row in rows]
        labelled = [f"{number // 700},{line}" for number, line in enumerate(text)]
        self.put("train/rows.csv", "\n".join(labelled[:TRAINING_ROWS]).encode())
        self._rows = text

    def rows(self, count: int) -> bytes:
        """So many rows without their class, as CSV."""
        text = self._rows
        return "".join(f"{text[number % len(text)]}\n" for number in range(count)).encode()

    def client(self, service: str) -> Any:
        """A boto3 client that asks once."""
        once = Config(retries={"total_max_attempts": 1})
        return self._session.client(service, endpoint_url=self.url, config=once)

    def put(self, key: str, body: bytes) -> str:
        """Put an object; its URI."""
        self.s3.put_object(Bucket=BUCKET, Key=key, Body=body)
        return f"s3://{BUCKET}/{key}"

    def train(self, name: str, hyperparameters: dict[str, str], **algorithm: Any) -> dict[str, Any]:
        """A training job that has completed, as DescribeTrainingJob shows it."""
        source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/train/"}
        channel = {"ChannelName": "train", "ContentType": "text/csv"}
        self.sagemaker.create_training_job(
            TrainingJobName=name,
            RoleArn=_ROLE,
            AlgorithmSpecification={
                "TrainingImage": _IMAGE,
                "TrainingInputMode": "File",
                **algorithm,
            },
            HyperParameters=hyperparameters,
            InputDataConfig=[{**channel, "DataSource": {"S3DataSource": source}}],
            OutputDataConfig={"S3OutputPath": f"s3://{BUCKET}/out"},
            ResourceConfig={
                "InstanceType": "ml.m5.large",
                "InstanceCount": 1,
                "VolumeSizeInGB": 5,
            },
            StoppingCondition={"MaxRuntimeInSeconds": 600},
        )
        return self.wait(
            lambda: self.sagemaker.describe_training_job(TrainingJobName=name),
            "TrainingJobStatus",
            "Completed",
        )

    def model(self) -> str:
        """A model of three classes by the built-in algorithm; its archive's URI."""
        settings = {"objective": "multi:softprob", "num_class": "3", "num_round": "10"}
        job = self.train("bench", settings)
        uri: str = job["ModelArtifacts"]["S3ModelArtifacts"]
        self.sagemaker.create_model(
            ModelName="bench",
            ExecutionRoleArn=_ROLE,
            PrimaryContainer={"Image": _IMAGE, "ModelDataUrl": uri},
        )
        return uri

    def endpoint(self, name: str) -> None:
        """An endpoint of the model, in service."""
        variant = {
            "VariantName": "AllTraffic",
            "ModelName": "bench",
            "InstanceType": "ml.m5.large",
            "InitialInstanceCount": 1,
        }
        self.sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
        self.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
        self.wait(
            lambda: self.sagemaker.describe_endpoint(EndpointName=name),
            "EndpointStatus",
            "InService",
        )

    def wait(
        self,
        ask: Callable[[], dict[str, Any]],
        field: str,
        wanted: str,
        look_seconds: float = _LOOK_SECONDS,
    ) -> dict[str, Any]:
        """Ask until a status is there. Raises WorkshopError for a failure."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (shown := ask())[field] != wanted:
            if shown[field] in ("Failed", "Stopped") or time.monotonic() > deadline:
                raise WorkshopError(f"still {shown[field]}", shown.get("FailureReason", ""))
            time.sleep(look_seconds)
        return shown


@contextmanager
def open_bench() -> Iterator[Bench]:
    with TemporaryDirectory() as directory:
        aws = LocalAws(Path(directory) / "aws", without_aws(os.environ))
        try:
            yield Bench(aws.url, Path(directory))
        finally:
            aws.close()
