"""Cloud Custodian, unmodified and in an environment of its own, on a local AWS: policies find
resources by their tags, and stop and delete what is in the right state."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from rehearsal import isolation
from rehearsal.processes import LocalAws
from tests.integration.rehearsal.commands import ROOT, Commands

pytestmark = pytest.mark.xdist_group("clients")

CUSTODIAN = ROOT / ".venv-custodian" / "bin" / "custodian"
REGION = "eu-west-1"
ROLE = "arn:aws:iam::123456789012:role/ml301"
TAGS = [{"Key": "workshop:name", "Value": "ml301"}]
KEPT = [{"Key": "workshop:name", "Value": "ml302"}]
OURS = {"tag:workshop:name": "ml301"}
POLICIES = [
    {"name": "endpoints", "resource": "aws.sagemaker-endpoint", "filters": [OURS],
     "actions": ["delete"]},
    {"name": "models", "resource": "aws.sagemaker-model", "filters": [OURS],
     "actions": ["delete"]},
    {"name": "jobs", "resource": "aws.sagemaker-job", "filters": [OURS], "actions": ["stop"]},
    {"name": "stop-notebooks", "resource": "aws.sagemaker-notebook", "filters": [OURS],
     "actions": ["stop"]},
    {"name": "delete-notebooks", "resource": "aws.sagemaker-notebook",
     "filters": [OURS, {"NotebookInstanceStatus": "Stopped"}], "actions": ["delete"]},
]  # fmt: skip


class Custodian:
    """Runs one policy at a time."""

    def __init__(self, commands: Commands, directory: Path) -> None:
        self._commands = commands
        self._directory = directory
        self._file = directory / "policies.json"
        self._file.write_text(json.dumps({"policies": POLICIES}))

    def run(self, policy: str) -> list[dict[str, Any]]:
        """Run a policy; answers the resources that it found."""
        assert CUSTODIAN.exists(), "Cloud Custodian is not installed: make setup"
        done = self._commands.run(
            *(CUSTODIAN, "run", "--policies", policy, "--output-dir", self._directory),
            *("--region", REGION, "--cache-period", "0", self._file),
        )
        assert done.returncode == 0, done.stderr
        assert "ERROR" not in done.stderr, done.stderr
        found = json.loads((self._directory / policy / "resources.json").read_text())
        return list(found)


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a local AWS whose clock the tests move."""
    directory = tmp_path_factory.mktemp("aws")
    options = ("--clock", "stepped")
    local = LocalAws(directory, isolation.without_aws(os.environ), options=options)
    yield local.url
    local.close()


@pytest.fixture
def commands(aws: str, tmp_path: Path) -> Commands:
    return Commands(aws, tmp_path, REGION)


@pytest.fixture
def custodian(commands: Commands, tmp_path: Path) -> Custodian:
    return Custodian(commands, tmp_path)


@pytest.fixture
def sagemaker(aws: str) -> Any:
    session = boto3.Session("local", "local", region_name=REGION)
    return session.client("sagemaker", endpoint_url=aws)


def test_models_are_deleted_by_tag(custodian: Custodian, sagemaker: Any) -> None:
    model(sagemaker, "ml301-ann", TAGS)
    model(sagemaker, "ml302-ann", KEPT)
    assert [row["ModelName"] for row in custodian.run("models")] == ["ml301-ann"]
    assert [row["ModelName"] for row in sagemaker.list_models()["Models"]] == ["ml302-ann"]


def test_notebook_instances_are_stopped_and_only_then_deleted(
    custodian: Custodian, commands: Commands, sagemaker: Any
) -> None:
    for name, tags in (("ml301-ann", TAGS), ("ml302-ann", KEPT)):
        sagemaker.create_notebook_instance(
            NotebookInstanceName=name, InstanceType="ml.t3.medium", RoleArn=ROLE, Tags=tags
        )
    commands.step()
    assert notebooks(sagemaker) == {"ml301-ann": "InService", "ml302-ann": "InService"}
    # A running instance cannot be deleted, and the policy does not try.
    assert custodian.run("delete-notebooks") == []
    assert len(custodian.run("stop-notebooks")) == 1
    assert notebooks(sagemaker) == {"ml301-ann": "Stopping", "ml302-ann": "InService"}
    assert custodian.run("delete-notebooks") == []
    commands.step()
    assert len(custodian.run("delete-notebooks")) == 1
    assert notebooks(sagemaker) == {"ml301-ann": "Deleting", "ml302-ann": "InService"}
    commands.step()
    assert notebooks(sagemaker) == {"ml302-ann": "InService"}


def notebooks(sagemaker: Any) -> dict[str, str]:
    rows = sagemaker.list_notebook_instances()["NotebookInstances"]
    return {row["NotebookInstanceName"]: row["NotebookInstanceStatus"] for row in rows}


def test_endpoints_are_deleted_by_tag(
    custodian: Custodian, commands: Commands, sagemaker: Any
) -> None:
    for name, tags in (("ml301-live", TAGS), ("ml302-live", KEPT)):
        model(sagemaker, name, KEPT)
        variant = {"VariantName": "AllTraffic", "ModelName": name, "InitialInstanceCount": 1}
        variants = [{**variant, "InstanceType": "ml.m5.large"}]
        sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=variants)
        sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name, Tags=tags)
        settle(commands, sagemaker.describe_endpoint, "EndpointStatus", EndpointName=name)
    assert [row["EndpointName"] for row in custodian.run("endpoints")] == ["ml301-live"]
    commands.step()
    left = sagemaker.list_endpoints()["Endpoints"]
    assert [row["EndpointName"] for row in left] == ["ml302-live"]


def test_jobs_in_progress_are_stopped_by_tag(custodian: Custodian, sagemaker: Any) -> None:
    training_job(sagemaker, "ml301-train", TAGS)
    training_job(sagemaker, "ml302-train", KEPT)
    assert [row["TrainingJobName"] for row in custodian.run("jobs")] == ["ml301-train"]
    status = {
        name: sagemaker.describe_training_job(TrainingJobName=name)["TrainingJobStatus"]
        for name in ("ml301-train", "ml302-train")
    }
    assert status["ml301-train"] in ("Stopping", "Stopped")
    assert status["ml302-train"] not in ("Stopping", "Stopped")


def settle(commands: Commands, describe: Callable[..., Any], field: str, **names: str) -> None:
    """Let time pass until a resource is in none of the states that end by themselves (here:
    Failed, as no container serves its image)."""
    deadline = time.monotonic() + 60
    while describe(**names)[field] in ("Creating", "Updating"):
        assert time.monotonic() < deadline
        commands.step(60)


def model(sagemaker: Any, name: str, tags: list[dict[str, str]]) -> None:
    image = f"123456789012.dkr.ecr.{REGION}.amazonaws.com/nobody:1"
    sagemaker.create_model(
        ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer={"Image": image}, Tags=tags
    )


def training_job(sagemaker: Any, name: str, tags: list[dict[str, str]]) -> None:
    image = f"123456789012.dkr.ecr.{REGION}.amazonaws.com/nobody:1"
    sagemaker.create_training_job(
        TrainingJobName=name,
        RoleArn=ROLE,
        AlgorithmSpecification={"TrainingImage": image, "TrainingInputMode": "File"},
        OutputDataConfig={"S3OutputPath": "s3://ml301/out"},
        ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 5},
        StoppingCondition={"MaxRuntimeInSeconds": 600},
        Tags=tags,
    )
