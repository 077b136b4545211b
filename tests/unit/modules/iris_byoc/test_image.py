"""What the image's Dockerfile keeps to, and how it is packed and built."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest

from modules.declarations import MODULES_FOLDER
from rehearsal.codebuild.buildspec import parse as parse_buildspec
from rehearsal.images.dockerfile import parse
from tests.unit.modules.lab_scripts import load_script, run_script
from workshop.names import build_name, build_source_key

LAB = "iris-byoc"
IMAGE = MODULES_FOLDER / LAB / "image"
ROOT = MODULES_FOLDER.parent
SCRIPT = load_script(LAB, "build_image.py")
TEXT = (IMAGE / "Dockerfile").read_text(encoding="utf-8")


def test_the_programs_are_found_by_the_names_that_sagemaker_starts() -> None:
    found = parse(TEXT, {})

    assert found.workdir == "/opt/program"
    assert found.environment["PATH"].startswith("/opt/program:")
    assert found.entrypoint == ()  # "docker run IMAGE train" would be its argument
    assert set(found.made_executable) == {"/opt/program/train", "/opt/program/serve"}


def test_the_base_image_is_pinned_to_a_full_version() -> None:
    [base] = re.findall(r"^FROM (\S+)$", TEXT, re.MULTILINE)

    assert re.fullmatch(r"\S+:\d+\.\d+\.\d+-[\w-]+", base)


def test_nothing_is_copied_but_what_runs() -> None:
    sources = [source for copy in parse(TEXT, {}).copies for source in copy.sources]

    assert sorted(sources) == ["program", "requirements.txt"]


def test_the_image_has_the_versions_that_are_rehearsed() -> None:
    """The programs are rehearsed with the packages of requirements/containers.lock."""
    lock = (ROOT / "requirements" / "containers.lock").read_text(encoding="utf-8")
    rehearsed = {
        match["name"]: match["version"]
        for match in re.finditer(r"^(?P<name>[\w-]+)==(?P<version>\S+)(?P<when>.*)$", lock, re.M)
        if "python_full_version >= '3.12'" not in match["when"]
    }
    lines = (IMAGE / "requirements.txt").read_text(encoding="utf-8").split()
    pinned = dict(line.split("==") for line in lines)

    assert pinned == {name: rehearsed[name] for name in pinned}
    assert {"flask", "gunicorn", "joblib", "numpy", "scikit-learn"} <= set(pinned)


def test_pip_leaves_no_cache_in_the_image() -> None:
    installs = [command for command in parse(TEXT, {}).not_run if "pip install" in command]

    assert installs
    assert all("--no-cache-dir" in command for command in installs)


def test_the_build_pushes_nothing_that_did_not_build() -> None:
    phases = parse_buildspec((IMAGE / "buildspec.yml").read_text(encoding="utf-8")).phases

    assert [command.split()[:2] for command in phases["build"].commands] == [["docker", "build"]]
    assert phases["post_build"].commands == (
        'test "$CODEBUILD_BUILD_SUCCEEDING" != 0',
        'docker push "$IMAGE"',
    )


def test_the_notebook_builds_where_the_stack_lets_attendees_build() -> None:
    source = (MODULES_FOLDER / LAB / "iris_byoc.py").read_text(encoding="utf-8")
    values = {"prefix": "attendees/ann/", "name_prefix": "ml101-ann-"}
    project, key = (
        re.sub(r"{(\w+)}", lambda match: values[match[1]], text)
        for text in re.findall(r'(?:project|key)=f"([^"]+)"', source)
    )

    assert (project, key) == (build_name("ml101", "ann"), build_source_key("ann"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "program" / "__pycache__").mkdir(parents=True)
    (tmp_path / "program" / "__pycache__" / "x.pyc").write_text("")
    (tmp_path / "Dockerfile").write_text("FROM scratch")
    (tmp_path / "program" / "train").write_text("#!/bin/sh")
    (tmp_path / "program" / "train").chmod(0o755)
    return tmp_path


def test_a_folder_is_packed_with_its_permissions_and_without_caches(folder: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(SCRIPT.pack(folder))) as archive:
        modes = {entry.filename: entry.external_attr >> 16 for entry in archive.infolist()}

    assert sorted(modes) == ["Dockerfile", "program/train"]
    assert modes["program/train"] == 0o755


def test_the_tag_changes_with_the_source_and_with_nothing_else(folder: Path) -> None:
    before = SCRIPT.tag_of(SCRIPT.pack(folder))
    (folder / "Dockerfile").touch()
    same = SCRIPT.tag_of(SCRIPT.pack(folder))
    (folder / "Dockerfile").write_text("FROM other")

    assert before == same
    assert SCRIPT.tag_of(SCRIPT.pack(folder)) != before


class Session:
    """boto3's session, as far as a build needs it; `states` are what BatchGetBuilds answers."""

    def __init__(self, states: list[dict[str, Any]]) -> None:
        self._states = iter(states)
        self.started: dict[str, Any] = {}
        self.put: dict[str, Any] = {}

    def client(self, _service: str) -> Session:
        return self

    def put_object(self, **request: Any) -> None:
        self.put = request

    def start_build(self, **request: Any) -> dict[str, Any]:
        self.started = request
        return {"build": {"id": "p:1"}}

    def batch_get_builds(self, ids: list[str]) -> dict[str, Any]:
        return {"builds": [{"id": ids[0], "phases": [], **next(self._states)}]}

    def get_log_events(self, **request: Any) -> dict[str, Any]:
        return {"events": [{"message": f"{request['logStreamName']}: no space left\n"}]}


def build(session: Session) -> tuple[dict[str, Any], list[str], list[float]]:
    said: list[str] = []
    slept: list[float] = []
    found = SCRIPT.build(
        session,
        source=b"zip",
        project="ml101-ann-build",
        bucket="b",
        key="k.zip",
        image="registry/name:tag",
        poll_seconds=3,
        say=said.append,
        sleep=slept.append,
    )
    return found, said, slept


def test_a_build_is_waited_for_and_told_phase_by_phase() -> None:
    running = {"buildComplete": False, "currentPhase": "BUILD"}
    done = {"buildComplete": True, "currentPhase": "COMPLETED", "buildStatus": "SUCCEEDED"}
    session = Session([running, running, done])

    found, said, slept = build(session)

    assert found["buildStatus"] == "SUCCEEDED"
    assert said == ["p:1: BUILD", "p:1: COMPLETED"]
    assert slept == [3, 3]
    assert session.put == {"Bucket": "b", "Key": "k.zip", "Body": b"zip"}
    assert session.started == {
        "projectName": "ml101-ann-build",
        "environmentVariablesOverride": [
            {"name": "IMAGE", "value": "registry/name:tag", "type": "PLAINTEXT"}
        ],
    }


def test_a_build_that_fails_tells_its_phase_and_the_end_of_its_log() -> None:
    failed = {
        "buildComplete": True,
        "currentPhase": "COMPLETED",
        "buildStatus": "FAILED",
        "phases": [
            {"phaseType": "BUILD", "phaseStatus": "FAILED"},
            {"phaseType": "COMPLETED"},
        ],
        "logs": {"groupName": "g", "streamName": "s"},
    }

    with pytest.raises(SCRIPT.BuildFailed, match=r"FAILED in BUILD\ns: no space left"):
        build(Session([failed]))


def test_a_build_that_never_logged_still_says_how_it_ended() -> None:
    ended = {"buildComplete": True, "currentPhase": "COMPLETED", "buildStatus": "TIMED_OUT"}

    with pytest.raises(SCRIPT.BuildFailed, match="TIMED_OUT in no phase"):
        build(Session([ended]))


def test_the_script_says_how_it_is_called(tmp_path: Path) -> None:
    assert "--repository" in run_script(LAB, "build_image.py", "--help", folder=tmp_path)
