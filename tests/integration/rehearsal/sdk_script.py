"""A training script through the SDK's ModelTrainer, as a program: sys.argv[1] is JSON."""

from __future__ import annotations

import json
import sys

import boto3
from sagemaker.core import image_uris
from sagemaker.core.helper.session_helper import Session
from sagemaker.core.shapes import OutputDataConfig, StoppingCondition
from sagemaker.core.training.configs import Compute, InputData, SourceCode
from sagemaker.train import ModelTrainer

GIVEN = json.loads(sys.argv[1])
session = Session(
    boto_session=boto3.Session(region_name=GIVEN["region"]), default_bucket=GIVEN["bucket"]
)
trainer = ModelTrainer(
    sagemaker_session=session,
    role=GIVEN["role"],
    training_image=image_uris.retrieve("sklearn", GIVEN["region"], version="1.2-1"),
    base_job_name="sdk-script",
    source_code=SourceCode(
        source_dir=GIVEN["source"], entry_script="train.py", requirements="requirements.txt"
    ),
    compute=Compute(instance_type="ml.m5.large", instance_count=1),
    hyperparameters={"max-depth": 3},
    output_data_config=OutputDataConfig(s3_output_path=f"s3://{GIVEN['bucket']}/out"),
    stopping_condition=StoppingCondition(max_runtime_in_seconds=600),
)
channel = InputData(channel_name="train", data_source=f"s3://{GIVEN['bucket']}/data/")
trainer.train(input_data_config=[channel], wait=False, logs=False)
sys.stdout.write(json.dumps(trainer._latest_training_job.training_job_name))
