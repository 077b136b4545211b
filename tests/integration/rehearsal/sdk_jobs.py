"""The first part of what sdk_client.py does with the SageMaker Python SDK v3: ModelTrainer,
ModelBuilder, Transformer; and what its other part needs as well."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable
from typing import Any

import boto3
from botocore.exceptions import ClientError
from sagemaker.core import image_uris, resources
from sagemaker.core.helper import RoleValidationError
from sagemaker.core.helper.session_helper import Session
from sagemaker.core.resources import Endpoint, EndpointConfig, TrainingJob
from sagemaker.core.shapes import OutputDataConfig, StoppingCondition, Tag
from sagemaker.core.training.configs import Compute, InputData
from sagemaker.core.transformer import Transformer
from sagemaker.serve import ModelBuilder
from sagemaker.train import ModelTrainer

Facts = dict[str, Any]

GIVEN: Facts = json.loads(sys.argv[1])
BUCKET, ROLE, REGION = GIVEN["bucket"], GIVEN["role"], GIVEN["region"]
SESSION = Session(boto_session=boto3.Session(region_name=REGION), default_bucket=BUCKET)
IMAGE = image_uris.retrieve("xgboost", REGION, version="1.7-1")
# What one section leaves to the next.
MADE: Facts = {}


class Lines(logging.Handler):
    """Keeps what is logged."""

    def __init__(self) -> None:
        super().__init__()
        self.text = ""

    def emit(self, record: logging.LogRecord) -> None:
        self.text += record.getMessage() + "\n"


def code_of(call: Callable[[], Any]) -> str:
    """The code with which AWS refuses a call, "" when it does not."""
    try:
        call()
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return ""


def make_trainer(role: str) -> Any:
    return ModelTrainer(
        sagemaker_session=SESSION,
        role=role,
        training_image=IMAGE,
        base_job_name="sdk-train",
        compute=Compute(instance_type="ml.m5.large", instance_count=1),
        hyperparameters={"objective": "multi:softprob", "num_class": 3, "num_round": 10},
        output_data_config=OutputDataConfig(s3_output_path=f"s3://{BUCKET}/out"),
        stopping_condition=StoppingCondition(max_runtime_in_seconds=600),
        tags=[Tag(key="workshop:attendee", value="ann")],
    )


def role() -> Facts:
    """The SDK asks IAM whether the role may do what training needs, and refuses itself."""
    try:
        make_trainer(GIVEN["powerless"])
    except RoleValidationError as error:
        return {"refused": str(error)}
    return {"refused": ""}


def train() -> Facts:
    lines = Lines()
    logging.getLogger("sagemaker").addHandler(lines)
    trainer = MADE["trainer"] = make_trainer(ROLE)
    source = f"s3://{BUCKET}/train/"
    channel = InputData(channel_name="train", data_source=source, content_type="text/csv")
    trainer.train(input_data_config=[channel], wait=False, logs=False)
    trainer._latest_training_job.wait(poll=1, logs=True)
    job = TrainingJob.get(training_job_name=trainer._latest_training_job.training_job_name)
    tags = resources.Tag.get_all(resource_arn=job.training_job_arn)
    return {
        "status": job.training_job_status,
        "model": job.model_artifacts.s3_model_artifacts,
        "states": [state.status for state in job.secondary_status_transitions],
        "logs": lines.text,
        "tags": {tag.key: tag.value for tag in tags},
    }


def deploy() -> Facts:
    builder = ModelBuilder(
        model=MADE["trainer"],
        image_uri=IMAGE,
        role_arn=ROLE,
        sagemaker_session=SESSION,
        instance_type="ml.m5.large",
    )
    model = MADE["model"] = builder.build(model_name="sdk-built")
    # It would look every 30 seconds.
    endpoint = builder.deploy(endpoint_name="sdk-live", initial_instance_count=1, wait=False)
    endpoint.wait_for_status("InService", poll=1)
    config = EndpointConfig.get(endpoint_config_name=endpoint.endpoint_config_name)
    answer = endpoint.invoke(
        body=GIVEN["measurements"], content_type="text/csv", accept="application/json"
    )
    predictions = json.loads(answer.body.read())["predictions"]
    held = code_of(config.delete)
    endpoint.delete()
    endpoint.wait_for_delete(poll=1)
    config.delete()
    return {
        "model": model.model_name,
        "scores": [row["score"] for row in predictions],
        "config while it is used": held,
        "endpoint afterwards": code_of(lambda: Endpoint.get(endpoint_name="sdk-live")),
        "config afterwards": code_of(config.refresh),
    }


def transform() -> Facts:
    transformer = Transformer(
        model_name=MADE["model"].model_name,
        instance_type="ml.m5.large",
        instance_count=1,
        strategy="MultiRecord",
        assemble_with="Line",
        accept="text/csv",
        output_path=f"s3://{BUCKET}/predictions",
        sagemaker_session=SESSION,
    )
    source = f"s3://{BUCKET}/test/"
    transformer.transform(
        source, content_type="text/csv", split_type="Line", wait=False, logs=False
    )
    transformer.latest_transform_job.wait(poll=1, logs=True)
    stored = SESSION.read_s3_file(BUCKET, "predictions/iris.csv.out")
    MADE["model"].delete()
    return {
        "scores": [json.loads(line) for line in stored.splitlines() if line.strip()],
        "status": transformer.latest_transform_job.transform_job_status,
        "model afterwards": code_of(MADE["model"].refresh),
    }
