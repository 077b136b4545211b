"""The first lab against the local AWS, by the same command an instructor types."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest

from modules.declarations import load_module
from modules.execute import execute_module
from modules.handover import is_handed_over
from rehearsal import needs
from rehearsal.view import View
from workshop.cli.place import Place
from workshop.cli.run import labs_to_run

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

    def __init__(self, url: str, folder: Path) -> None:
        self._folder = folder
        self._done: dict[str, subprocess.CompletedProcess[str]] = {}
        self.view = View(url)
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

    def run_once(self, module: str) -> subprocess.CompletedProcess[str]:
        """A lab that is done from start to end, and leaves everything as it is."""
        if module not in self._done:
            keep = ("--parameter", "clean_up=false")
            self._done[module] = self.run(self._folder, *keep, module=module)
        return self._done[module]

    def run(
        self, output: Path, *extra: str, module: str = "iris-xgboost"
    ) -> subprocess.CompletedProcess[str]:
        who = ["--workshop", "ml101", "--attendee", "ann", "--region", REGION]
        where = ["--bucket", BUCKET, "--prefix", "attendees/ann/", "--role", self.role]
        command = ["-m", "workshop.cli.main", "run", module, *who, *where]
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
        yield LocalAws(json.loads(server.stdout.readline())["url"], tmp_path_factory.mktemp("runs"))
        server.terminate()


@pytest.mark.xdist_group("lab")
def test_the_lab_trains_deploys_and_transforms(aws: LocalAws) -> None:
    sagemaker = aws.client("sagemaker")

    ended = aws.run_once("iris-xgboost")

    report = json.loads(ended.stdout)
    assert (ended.returncode, report["ok"]) == (0, True), ended.stderr
    assert report["result"]["value"] >= 0.9
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
def test_the_lab_asks_for_exactly_what_it_declares(aws: LocalAws) -> None:
    ended = aws.run_once("iris-xgboost")

    assert ended.returncode == 0, ended.stderr
    seen = [peak for peak in aws.view.peaks() if peak.module in ("", "iris-xgboost")]
    assert needs.differences(seen, [load_module("iris-xgboost")], ["ml101-ann"]) == []
    assert seen


@pytest.mark.xdist_group("lab")
def test_the_lab_hands_over_what_later_labs_find(aws: LocalAws) -> None:
    aws.run_once("iris-xgboost")
    s3, prefix = aws.client("s3"), "attendees/ann/"

    assert is_handed_over(s3, BUCKET, prefix, "iris-xgboost")
    assert not is_handed_over(s3, BUCKET, "attendees/bob/", "iris-xgboost")
    assert not is_handed_over(s3, f"{BUCKET}-that-is-not-there", prefix, "iris-xgboost")


@pytest.mark.xdist_group("lab")
def test_a_lab_runs_what_it_builds_on_first(aws: LocalAws, tmp_path: Path) -> None:
    ended = aws.run(tmp_path, "--prefix", "attendees/new/", module="iris-batch")

    report = json.loads(ended.stdout)
    assert (ended.returncode, report["ok"]) == (0, True), ended.stderr
    assert [(p["name"], p["ok"]) for p in report["prerequisites"]] == [("iris-xgboost", True)]
    assert len(list(tmp_path.glob("*.html"))) == 2


@pytest.mark.xdist_group("lab")
def test_what_a_lab_builds_on_is_run_again_only_when_asked_for(
    aws: LocalAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws.run_once("iris-xgboost")
    for name, value in aws.environment.items():
        monkeypatch.setenv(name, value)
    place = Place("ml101", "ann", REGION, BUCKET, "attendees/ann/", aws.role)
    batch = load_module("iris-batch")

    assert [lab.name for lab in labs_to_run(batch, place, fresh=False)] == ["iris-batch"]
    assert [lab.name for lab in labs_to_run(batch, place, fresh=True)] == [
        "iris-xgboost",
        "iris-batch",
    ]


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


@pytest.mark.xdist_group("lab")
def test_a_lab_that_misses_its_result_leaves_no_endpoint(aws: LocalAws, tmp_path: Path) -> None:
    lab = load_module("iris-xgboost")
    text = lab.notebook.read_text(encoding="utf-8")
    out_of_reach = text.replace("at_least=0.9", "at_least=1.1")
    assert out_of_reach != text
    notebook = tmp_path / lab.notebook.name
    notebook.write_text(out_of_reach, encoding="utf-8")
    where = {"region": REGION, "bucket": BUCKET, "prefix": "attendees/ann/", "role": aws.role}
    before = existing(aws)

    run = execute_module(
        replace(lab, notebook=notebook),
        {"workshop": "ml101", "attendee": "ann", **where, "poll_seconds": 1, "clean_up": True},
        output=tmp_path,
        environment=aws.environment,
    )

    assert not run.ok
    assert "is below 1.1" in run.reason
    assert run.removal is not None
    assert run.removal.failure == ""
    assert any(name.startswith("ml101-ann-iris-xgboost-") for name in run.removal.deleted)
    assert existing(aws) == before


def existing(aws: LocalAws) -> set[str]:
    """What bills, and what goes with it."""
    sagemaker = aws.client("sagemaker")
    return {
        item[f"{kind}Arn"]
        for kind, operation in (
            ("Endpoint", sagemaker.list_endpoints),
            ("EndpointConfig", sagemaker.list_endpoint_configs),
            ("Model", sagemaker.list_models),
        )
        for item in operation()[f"{kind}s"]
    }
