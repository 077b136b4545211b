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


def make_project(
    account: Account, name: str, files: dict[str, str], *, privileged: bool = True, **more: Any
) -> None:
    """A project, its source and a repository, all of one name."""
    account.put(f"source/{name}.zip", zipped(files))
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
        **more,
    )


def ended(account: Account, started: str) -> dict[str, Any]:
    """What a build was in the end."""
    codebuild = account.client("codebuild")
    deadline = time.monotonic() + 60
    while True:
        [found] = codebuild.batch_get_builds(ids=[started])["builds"]
        if found["buildComplete"]:
            shown: dict[str, Any] = found
            return shown
        assert time.monotonic() < deadline
        time.sleep(0.05)


def build(
    account: Account, name: str, *, privileged: bool = True, **changes: str
) -> dict[str, Any]:
    """The build of an image, once it has ended; its repository has the name."""
    make_project(account, name, {**FILES, **changes}, privileged=privileged)
    codebuild = account.client("codebuild")
    return ended(account, codebuild.start_build(projectName=name)["build"]["id"])


def phases(build: dict[str, Any]) -> dict[str, str]:
    """How each phase of a build ended."""
    return {phase["phaseType"]: phase["phaseStatus"] for phase in build["phases"]}


def log_of(account: Account, project: str) -> list[str]:
    """The lines that a project's builds wrote."""
    said = account.client("logs").filter_log_events(logGroupName=f"/aws/codebuild/{project}")
    return [event["message"].strip() for event in said["events"]]


def built_once(account: Account) -> str:
    names = [
        r["repositoryName"] for r in account.client("ecr").describe_repositories()["repositories"]
    ]
    if "brought" not in names:
        made = build(account, "brought")
        assert made["buildStatus"] == "SUCCEEDED", made["phases"]
    return f"{REGISTRY}/brought:1"


def of_image(image: str) -> dict[str, Any]:
    return {"AlgorithmSpecification": {"TrainingImage": image, "TrainingInputMode": "File"}}


def test_a_build_pushes_an_image_that_ecr_shows_with_its_digest(account: Account) -> None:
    built_once(account)

    [image] = account.client("ecr").describe_images(repositoryName="brought")["imageDetails"]
    assert image["imageTags"] == ["1"]
    assert image["imageDigest"].startswith("sha256:")
    lines = log_of(account, "brought")
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
    failed = build(account, name, privileged=privileged, **changes)

    assert failed["buildStatus"] == "FAILED"
    assert reason in json.dumps(failed["phases"], default=str)
    assert account.client("ecr").describe_images(repositoryName=name)["imageDetails"] == []


def test_a_project_that_does_not_exist_cannot_be_built(account: Account) -> None:
    codebuild = account.client("codebuild")
    with pytest.raises(codebuild.exceptions.ResourceNotFoundException):
        codebuild.start_build(projectName="nobody")


def buildspec(**phases: dict[str, list[str]]) -> str:
    return json.dumps({"version": 0.2, "phases": phases})


def run_spec(account: Account, name: str, spec: str) -> dict[str, Any]:
    """A build of nothing but a buildspec, once it has ended."""
    make_project(account, name, {"buildspec.yml": spec})
    codebuild = account.client("codebuild")
    return ended(account, codebuild.start_build(projectName=name)["build"]["id"])


def test_what_a_phase_does_finally_follows_a_command_that_failed(account: Account) -> None:
    spec = buildspec(
        install={"commands": ["WORD=kept"]},
        build={"commands": ["cd /", "false", "echo skipped"], "finally": ["echo $WORD in $PWD"]},
        post_build={"commands": ["echo afterwards"]},
    )

    failed = run_spec(account, "finally", spec)

    assert failed["buildStatus"] == "FAILED"
    assert phases(failed)["BUILD"] == "FAILED"
    assert log_of(account, "finally") == ["kept in /", "afterwards"]


def test_a_phase_fails_of_what_it_does_finally(account: Account) -> None:
    spec = buildspec(install={"commands": ["true"], "finally": ["exit 3"]})

    failed = run_spec(account, "finally-fails", spec)

    assert phases(failed)["INSTALL"] == "FAILED"
    assert failed["buildStatus"] == "FAILED"


def _in_a_second(params: dict[str, Any], **_: Any) -> None:
    asked = {**json.loads(params["body"]), "timeoutInMinutesOverride": 1 / 60}
    params["body"] = json.dumps(asked).encode()


def test_a_build_that_outlives_its_timeout_is_ended(account: Account) -> None:
    spec = buildspec(build={"commands": ["sleep 600"]}, post_build={"commands": ["true"]})
    make_project(account, "too-long", {"buildspec.yml": spec})
    codebuild = account.client("codebuild")
    # botocore sends no less than AWS's five minutes, which nobody waits for here.
    codebuild.meta.events.register("before-call.codebuild.StartBuild", _in_a_second)

    started = codebuild.start_build(projectName="too-long")

    shown = ended(account, started["build"]["id"])
    assert shown["buildStatus"] == "TIMED_OUT"
    assert phases(shown)["BUILD"] == "TIMED_OUT"
    assert "POST_BUILD" not in phases(shown)
    assert "BUILD_TIMED_OUT" in json.dumps(shown["phases"], default=str)


def test_a_project_refuses_more_builds_at_once_than_its_limit(account: Account) -> None:
    spec = buildspec(build={"commands": ["sleep 600"]})
    make_project(account, "one-by-one", {"buildspec.yml": spec}, concurrentBuildLimit=1)
    codebuild = account.client("codebuild")
    first = codebuild.start_build(projectName="one-by-one")["build"]["id"]

    with pytest.raises(codebuild.exceptions.AccountLimitExceededException, match="more than 1"):
        codebuild.start_build(projectName="one-by-one")

    codebuild.stop_build(id=first)
    assert ended(account, first)["buildStatus"] == "STOPPED"
    second = codebuild.start_build(projectName="one-by-one")["build"]["id"]
    codebuild.stop_build(id=second)
    assert ended(account, second)["buildStatus"] == "STOPPED"
    [project] = codebuild.batch_get_projects(names=["one-by-one"])["projects"]
    assert project["concurrentBuildLimit"] == 1
