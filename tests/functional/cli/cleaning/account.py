"""What attendees leave in a local AWS, and the commands that look at it."""

from __future__ import annotations

import json
import os
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.functional.cli.clients import client
from workshop.cli.main import run

REGION = "us-east-1"
ACCOUNT = "123456789012"
BUCKET = f"ml101-{ACCOUNT}-{REGION}"
IMAGE = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/nobody:1"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/ml101-ann"


def add_model(name: str, module: str = "") -> None:
    """A model; with a module, tagged as the labs tag what they make."""
    tags = {"workshop:name": "ml101", "workshop:module": module} if module else {}
    client("sagemaker").create_model(
        ModelName=name,
        PrimaryContainer={"Image": IMAGE},
        ExecutionRoleArn=ROLE,
        Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
    )


def add_notebook(name: str, instance_type: str = "ml.t3.medium") -> None:
    """A notebook instance that runs."""
    client("sagemaker").create_notebook_instance(
        NotebookInstanceName=name, InstanceType=instance_type, RoleArn=ROLE
    )
    wait_until(lambda: notebooks().get(name) == "InService")


def add_ended_job(name: str) -> None:
    """A training job that has failed, since its image is nobody's."""
    client("sagemaker").create_training_job(
        TrainingJobName=name,
        RoleArn=ROLE,
        AlgorithmSpecification={"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        OutputDataConfig={"S3OutputPath": "s3://nobody/out"},
        ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 5},
        StoppingCondition={"MaxRuntimeInSeconds": 600},
    )
    wait_until(lambda: jobs().get(name) == "Failed")


def models() -> list[str]:
    pages = client("sagemaker").get_paginator("list_models").paginate()
    return sorted(model["ModelName"] for page in pages for model in page["Models"])


def notebooks() -> dict[str, str]:
    """The notebook instances' statuses by name."""
    found = client("sagemaker").list_notebook_instances()["NotebookInstances"]
    return {n["NotebookInstanceName"]: n["NotebookInstanceStatus"] for n in found}


def jobs() -> dict[str, str]:
    """The training jobs' statuses by name."""
    found = client("sagemaker").list_training_jobs()["TrainingJobSummaries"]
    return {j["TrainingJobName"]: j["TrainingJobStatus"] for j in found}


def break_things(*rules: dict[str, Any]) -> None:
    """Let the local AWS fail by rules; none: let it work."""
    url = f"{os.environ['AWS_ENDPOINT_URL']}/_local/faults"
    with urllib.request.urlopen(url, json.dumps(rules).encode()):
        pass


def remove_everything() -> None:
    break_things()
    sagemaker = client("sagemaker")
    for model in models():
        sagemaker.delete_model(ModelName=model)
    for name in notebooks():
        # One that stuck moves again only when it is told to.
        if notebooks()[name] == "InService":
            sagemaker.stop_notebook_instance(NotebookInstanceName=name)
        wait_until(lambda name=name: notebooks()[name] in ("Stopped", "Failed"))  # type: ignore[misc]
        sagemaker.delete_notebook_instance(NotebookInstanceName=name)
    for name in jobs():
        sagemaker.delete_training_job(TrainingJobName=name)
    wait_until(lambda: not notebooks() and not jobs())
    for bucket in boto3.resource("s3", region_name=REGION).buckets.all():
        bucket.objects.all().delete()
        bucket.delete()


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def call(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, Any, str]:
    """Run a command with --json: its exit code, its data, what it said on stderr."""
    code, out, err = say(capsys, *arguments, "--json")
    return code, json.loads(out), err


def say(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, str, str]:
    """Run a command: its exit code, what it printed, what it said on stderr."""
    capsys.readouterr()
    code = run([*map(str, arguments)])
    printed = capsys.readouterr()
    return code, printed.out, printed.err
