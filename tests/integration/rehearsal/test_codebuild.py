"""Images that a workshop builds itself: CodeBuild, ECR, and jobs that run them."""

from __future__ import annotations

import io
import json
import time
import zipfile
from typing import Any

import pytest

from rehearsal.account import ACCOUNT
from tests.integration.rehearsal.conftest import REGION, Client
from tests.integration.rehearsal.scripts import BUCKET, Account

pytestmark = pytest.mark.xdist_group("local-aws")

REGISTRY = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
BUILDSPEC = """
version: 0.2
phases:
  pre_build:
    commands:
      - IMAGE="$REGISTRY/$REPOSITORY:$TAG"
      - echo not-a-password | docker login --username AWS --password-stdin $REGISTRY
  build:
    commands:
      - docker build -t "$IMAGE" .
  post_build:
    commands:
      - docker push "$IMAGE"
"""
DOCKERFILE = """
FROM python:3.11-slim
RUN pip install --no-cache-dir scikit-learn \\
    gunicorn
ENV PATH="/opt/program:${PATH}" GREETING="hello"
COPY program /opt/program
RUN chmod +x /opt/program/train /opt/program/serve
WORKDIR /opt/program
"""
TRAIN = """#!/usr/bin/env python3
import json, os, pathlib
import words
ml = pathlib.Path("/opt/ml")
wanted = json.loads((ml / "input/config/hyperparameters.json").read_text())
if wanted.get("fail"):
    (ml / "output/failure").write_text("told to fail")
    raise SystemExit(7)
rows = (ml / "input/data/train/rows.csv").read_text().splitlines()
(ml / "model/model.txt").write_text(f"{words.WORD} {len(rows)}")
print(os.environ["GREETING"], os.getcwd() == os.path.dirname(os.path.abspath(__file__)))
"""
SERVE = """#!/usr/bin/env python3
import os
from http.server import BaseHTTPRequestHandler, HTTPServer

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.answer(b"")
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(open("/opt/ml/model/model.txt", "rb").read())
    def answer(self, body):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

HTTPServer(("127.0.0.1", int(os.environ["SAGEMAKER_BIND_TO_PORT"])), Handler).serve_forever()
"""
FILES = {
    "buildspec.yml": BUILDSPEC,
    "Dockerfile": DOCKERFILE,
    "program/train": TRAIN,
    "program/serve": SERVE,
    "program/words.py": "WORD = 'rows'",
}


@pytest.fixture
def account(client: Client) -> Account:
    return Account(client)


def zipped(files: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return buffer.getvalue()


def build(
    account: Account, name: str, *, privileged: bool = True, **changes: str
) -> dict[str, Any]:
    """The build of an image, once it has ended; its repository has the name."""
    account.put(f"source/{name}.zip", zipped({**FILES, **changes}))
    account.client("ecr").create_repository(repositoryName=name)
    codebuild = account.client("codebuild")
    variables = {"REGISTRY": REGISTRY, "REPOSITORY": name, "TAG": "1"}
    codebuild.create_project(
        name=name,
        source={"type": "S3", "location": f"{BUCKET}/source/{name}.zip"},
        artifacts={"type": "NO_ARTIFACTS"},
        environment={
            "type": "LINUX_CONTAINER",
            "image": "aws/codebuild/amazonlinux2-x86_64-standard:5.0",
            "computeType": "BUILD_GENERAL1_SMALL",
            "privilegedMode": privileged,
            "environmentVariables": [{"name": k, "value": v} for k, v in variables.items()],
        },
        serviceRole=f"arn:aws:iam::{ACCOUNT}:role/build",
    )
    started = codebuild.start_build(projectName=name)["build"]["id"]
    deadline = time.monotonic() + 60
    while True:
        [found] = codebuild.batch_get_builds(ids=[started])["builds"]
        if found["buildComplete"]:
            shown: dict[str, Any] = found
            return shown
        assert time.monotonic() < deadline
        time.sleep(0.05)


def built_once(account: Account) -> str:
    names = [
        r["repositoryName"] for r in account.client("ecr").describe_repositories()["repositories"]
    ]
    if "brought" not in names:
        ended = build(account, "brought")
        assert ended["buildStatus"] == "SUCCEEDED", ended["phases"]
    return f"{REGISTRY}/brought:1"


def of_image(image: str) -> dict[str, Any]:
    return {"AlgorithmSpecification": {"TrainingImage": image, "TrainingInputMode": "File"}}


def test_a_build_pushes_an_image_that_ecr_shows_with_its_digest(account: Account) -> None:
    built_once(account)

    [image] = account.client("ecr").describe_images(repositoryName="brought")["imageDetails"]
    assert image["imageTags"] == ["1"]
    assert image["imageDigest"].startswith("sha256:")
    said = account.client("logs").filter_log_events(logGroupName="/aws/codebuild/brought")
    lines = [event["message"] for event in said["events"]]
    assert any("RUN pip install" in line and "not executed" in line for line in lines)
    assert any(image["imageDigest"] in line for line in lines)


def test_a_brought_container_trains_and_serves(account: Account) -> None:
    image = built_once(account)

    account.train("brought-trains", "", HyperParameters={}, **of_image(image))

    job = account.ended("brought-trains", "Completed")
    assert "hello True" in account.log("TrainingJobs", "brought-trains/")
    account.serve(
        "brought-serves", Image=image, ModelDataUrl=job["ModelArtifacts"]["S3ModelArtifacts"]
    )
    assert account.ask("brought-serves", b"1", "text/csv") == b"rows 4"


def test_what_a_brought_container_says_of_its_failure_is_the_reason(account: Account) -> None:
    account.train(
        "brought-fails", "", HyperParameters={"fail": "1"}, **of_image(built_once(account))
    )

    reason = account.ended("brought-fails", "Failed")["FailureReason"]

    assert reason == "AlgorithmError: told to fail, exit code: 7"


def test_an_image_that_nobody_pushed_is_not_run(account: Account) -> None:
    account.train("brought-nobody", "", **of_image(f"{REGISTRY}/brought:2"))

    assert "brought:2" in account.ended("brought-nobody", "Failed")["FailureReason"]


def test_an_image_that_was_swept_from_the_registry_is_not_run(account: Account) -> None:
    assert build(account, "swept")["buildStatus"] == "SUCCEEDED"
    account.client("ecr").delete_repository(repositoryName="swept", force=True)

    account.train("brought-swept", "", **of_image(f"{REGISTRY}/swept:1"))

    assert "swept:1" in account.ended("brought-swept", "Failed")["FailureReason"]


def test_a_program_without_permission_to_execute_is_refused_as_docker_does(
    account: Account,
) -> None:
    plain = DOCKERFILE.replace("RUN chmod +x /opt/program/train /opt/program/serve\n", "")
    assert build(account, "plain", Dockerfile=plain)["buildStatus"] == "SUCCEEDED"
    account.train("brought-plain", "", **of_image(f"{REGISTRY}/plain:1"))

    reason = account.ended("brought-plain", "Failed")["FailureReason"]

    assert 'exec: "train": permission denied' in reason


@pytest.mark.parametrize(
    ("name", "privileged", "changes", "reason"),
    [
        ("unprivileged", False, {}, "privilegedMode"),
        ("copies-nothing", True, {"Dockerfile": "FROM a\nCOPY nothing /x\n"}, "not found"),
        ("stages", True, {"Dockerfile": "FROM a AS b\nFROM c\n"}, "several stages"),
        ("no-dockerfile", True, {"Dockerfile": ""}, "no FROM"),
        ("no-buildspec", True, {"buildspec.yml": "version: 0.2"}, "at least one phase"),
    ],
)
def test_a_build_that_fails_says_why(
    account: Account, name: str, privileged: bool, changes: dict[str, str], reason: str
) -> None:
    ended = build(account, name, privileged=privileged, **changes)

    assert ended["buildStatus"] == "FAILED"
    assert reason in json.dumps(ended["phases"], default=str)
    assert account.client("ecr").describe_images(repositoryName=name)["imageDetails"] == []


def test_a_project_that_does_not_exist_cannot_be_built(account: Account) -> None:
    codebuild = account.client("codebuild")
    with pytest.raises(codebuild.exceptions.ResourceNotFoundException):
        codebuild.start_build(projectName="nobody")
