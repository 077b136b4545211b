"""Attendees build container images in projects of their own, and clean up after themselves."""

from __future__ import annotations

import io
import time
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest

from rehearsal.account import ACCOUNT
from tests.integration.cleanup.classroom import REGION, Classroom, open_classroom
from workshop import names

REGISTRY = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
PATIENCE_SECONDS = 120.0
SOURCE = {
    "Dockerfile": "FROM scratch\nCOPY hello.txt /opt/hello.txt\n",
    "hello.txt": "hello\n",
    "buildspec.yml": """\
version: 0.2
phases:
  build:
    commands:
      - docker build --tag "$IMAGE" .
      - docker push "$IMAGE"
""",
}
# One classroom serves all tests of this file.
pytestmark = pytest.mark.xdist_group("attendees-images")


@pytest.fixture(scope="module")
def classroom(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Classroom]:
    with open_classroom(tmp_path_factory.mktemp("classroom"), modules=["iris-byoc"]) as opened:
        yield opened


def build(classroom: Classroom, attendee: str) -> dict[str, Any]:
    """An attendee's build, once it has ended; its repository is `ml101-ATTENDEE-hello`."""
    ecr, codebuild = classroom.client("ecr"), classroom.client("codebuild")
    tags = names.tags("ml101", attendee).items()
    ecr.create_repository(
        repositoryName=f"ml101-{attendee}-hello",
        tags=[{"Key": key, "Value": value} for key, value in tags],
    )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in SOURCE.items():
            archive.writestr(name, text)
    classroom.client("s3").put_object(
        Bucket=f"ml101-{ACCOUNT}-{REGION}",
        Key=names.build_source_key(attendee),
        Body=buffer.getvalue(),
    )
    image = {"name": "IMAGE", "value": f"{REGISTRY}/ml101-{attendee}-hello:1"}
    started = codebuild.start_build(
        projectName=names.build_name("ml101", attendee), environmentVariablesOverride=[image]
    )
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        [found] = codebuild.batch_get_builds(ids=[started["build"]["id"]])["builds"]
        if found["buildComplete"]:
            return dict(found)
        assert time.monotonic() < deadline
        time.sleep(0.1)


def repositories(classroom: Classroom) -> set[str]:
    return {name for kind, name, _ in classroom.left() if kind == "repository"}


def test_an_attendees_cleanup_deletes_the_images_they_built_and_nobody_elses(
    classroom: Classroom,
) -> None:
    for attendee in ("ann", "bob"):
        ended = build(classroom, attendee)
        assert ended["buildStatus"] == "SUCCEEDED", ended["phases"]
    assert repositories(classroom) == {"ml101-ann-hello", "ml101-bob-hello"}

    swept = classroom.workshop("ann", "cleanup", "--yes")

    assert swept.returncode == 0, swept.stderr
    assert repositories(classroom) == {"ml101-bob-hello"}


def test_an_attendee_goes_with_the_images_they_built(classroom: Classroom) -> None:
    if "ml101-bob-hello" not in repositories(classroom):
        build(classroom, "bob")
    cloudformation = classroom.client("cloudformation")

    cloudformation.delete_stack(StackName="ml101-bob")
    cloudformation.get_waiter("stack_delete_complete").wait(
        StackName="ml101-bob", WaiterConfig={"Delay": 1, "MaxAttempts": 120}
    )

    left = {(kind, name) for kind, name, _ in classroom.left() if "ml101-bob" in name}
    assert not {kind for kind, _ in left} & {"repository", "build-project", "role", "policy"}
    assert not {name for _, name in left if "/aws/codebuild/" in name}
