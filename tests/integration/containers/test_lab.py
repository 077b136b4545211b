"""The first lab against the local AWS, by the same command an instructor types."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from modules.declarations import Need, load_module

ROOT = Path(__file__).parents[3]
REGION = "eu-central-1"
BUCKET = f"ml101-123456789012-{REGION}"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "sagemaker.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}


class LocalAws:
    """A local AWS with ann's bucket and role."""

    def __init__(self, url: str) -> None:
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
            "AWS_ENDPOINT_URL": url,
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_CONFIG_FILE": os.devnull,
        }
        self._session = boto3.Session("local", "local", region_name=REGION)
        self._url = url
        location = {"LocationConstraint": REGION}
        self.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration=location)
        iam = self.client("iam")
        role = iam.create_role(RoleName="ml101-ann", AssumeRolePolicyDocument=json.dumps(TRUST))
        self.role: str = role["Role"]["Arn"]

    def client(self, service: str) -> Any:
        return self._session.client(service, endpoint_url=self._url)

    def run(self, output: Path, *extra: str) -> subprocess.CompletedProcess[str]:
        who = ["--workshop", "ml101", "--attendee", "ann", "--region", REGION]
        where = ["--bucket", BUCKET, "--prefix", "attendees/ann/", "--role", self.role]
        command = ["-m", "workshop.cli.main", "run", "iris-xgboost", *who, *where]
        how = ["--output", str(output), "--poll-seconds", "1", "--json"]
        return subprocess.run(
            [sys.executable, *command, *how, *extra],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    folder = tmp_path_factory.mktemp("local-aws")
    with subprocess.Popen(
        [sys.executable, "-m", "rehearsal.server", "--directory", str(folder)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdout is not None
        yield LocalAws(json.loads(server.stdout.readline())["url"])
        server.terminate()


def needs_asked_for(sagemaker: Any) -> set[Need]:
    """The instances of all jobs and endpoints there are, as needs."""
    found = set()
    for row in sagemaker.list_training_jobs()["TrainingJobSummaries"]:
        job = sagemaker.describe_training_job(TrainingJobName=row["TrainingJobName"])
        asked = job["ResourceConfig"]
        found.add(Need("training", asked["InstanceType"], asked["InstanceCount"]))
    for row in sagemaker.list_transform_jobs()["TransformJobSummaries"]:
        job = sagemaker.describe_transform_job(TransformJobName=row["TransformJobName"])
        asked = job["TransformResources"]
        found.add(Need("transform", asked["InstanceType"], asked["InstanceCount"]))
    for row in sagemaker.list_endpoint_configs()["EndpointConfigs"]:
        config = sagemaker.describe_endpoint_config(EndpointConfigName=row["EndpointConfigName"])
        for asked in config["ProductionVariants"]:
            found.add(Need("endpoint", asked["InstanceType"], asked["InitialInstanceCount"]))
    return found


@pytest.mark.xdist_group("lab")
def test_the_lab_trains_deploys_and_transforms_with_what_it_declares(
    aws: LocalAws, tmp_path: Path
) -> None:
    sagemaker = aws.client("sagemaker")

    ended = aws.run(tmp_path, "--parameter", "clean_up=false")

    report = json.loads(ended.stdout)
    assert (ended.returncode, report["ok"]) == (0, True), ended.stderr
    assert report["result"]["value"] >= 0.9
    assert needs_asked_for(sagemaker) == set(load_module("iris-xgboost").needs)
    [endpoint] = sagemaker.list_endpoints()["Endpoints"]
    assert endpoint["EndpointName"].startswith("ml101-ann-")
    tags = sagemaker.list_tags(ResourceArn=endpoint["EndpointArn"])["Tags"]
    assert {tag["Key"]: tag["Value"] for tag in tags} == {
        "workshop:name": "ml101",
        "workshop:attendee": "ann",
        "workshop:module": "iris-xgboost",
    }
    # The container's log, streamed into the cell that waited for it.
    assert "train-mlogloss" in Path(report["notebook"]).read_text(encoding="utf-8")


@pytest.mark.xdist_group("lab")
def test_a_failed_job_is_reported_by_name_and_reason(aws: LocalAws, tmp_path: Path) -> None:
    before = len(aws.client("sagemaker").list_endpoints()["Endpoints"])
    ended = aws.run(tmp_path, "--bucket", f"{BUCKET}-that-is-not-there")

    report = json.loads(ended.stdout)
    assert (ended.returncode, report["ok"], report["result"]) == (1, False, None)
    assert report["reason"].startswith("Prepare the data: ")
    assert "NoSuchBucket" in report["reason"]
    assert "error: iris-xgboost failed for ann" in ended.stderr
    assert Path(report["notebook"]).exists()
    assert len(aws.client("sagemaker").list_endpoints()["Endpoints"]) == before
