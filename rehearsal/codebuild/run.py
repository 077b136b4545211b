"""One build: the source from S3, the buildspec's commands in a shell, its log."""

from __future__ import annotations

import os
import shutil
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from rehearsal.account import ACCOUNT
from rehearsal.codebuild.buildspec import PHASES, BuildspecError, Phase, parse, script
from rehearsal.containers.registry import __file__ as _registry
from rehearsal.jobs import storage
from rehearsal.jobs.child import Child
from rehearsal.jobs.logs import LogStream
from rehearsal.jobs.work import JobFailure, JobStopped
from rehearsal.machine import Machine

_HERE = Path(__file__).resolve().parent
_PIP = Path(_registry).parent / "script"
_LOOK_SECONDS = 0.05
_GRACE_SECONDS = 2.0

Note = Callable[[str, str], None]


class BuildTimedOut(Exception):
    """The build took longer than its project allows."""


@dataclass(frozen=True, slots=True)
class Order:
    """What a build is asked to do; `source` is `bucket/key` of a .zip.

    `timeout_seconds` are real ones, as a job's longest runtime is.
    """

    id: str
    project: str
    region: str
    source: str
    buildspec: str
    variables: Mapping[str, str]
    privileged: bool
    timeout_seconds: float

    @property
    def stream(self) -> tuple[str, str]:
        """The log group and stream, as CodeBuild names them."""
        return f"/aws/codebuild/{self.project}", self.id.partition(":")[2]


def run(order: Order, machine: Machine, stopping: threading.Event, note: Note) -> None:
    """Do the build; `note` is told each phase's name and how it ended.

    Raises JobFailure when it failed, JobStopped when it was stopped, BuildTimedOut.
    """
    base = machine.path("builds", order.region, order.id.replace(":", "-"))
    try:
        source = _fetch(order, base, machine)
        note("DOWNLOAD_SOURCE", "SUCCEEDED")
        _Build(order, base, source, machine, stopping, note).run()
    except (BuildspecError, JobFailure) as error:
        raise JobFailure(str(error)) from error
    finally:
        shutil.rmtree(base, ignore_errors=True)


def _fetch(order: Order, base: Path, machine: Machine) -> Path:
    folder = base / "src"
    archive = storage.read(machine.client("s3", order.region), f"s3://{order.source}")
    try:
        with zipfile.ZipFile(BytesIO(archive)) as content:
            content.extractall(folder)
            for entry in content.infolist():
                mode = entry.external_attr >> 16 & 0o777
                if mode and not entry.is_dir():
                    (folder / entry.filename).chmod(mode | 0o600)
    except zipfile.BadZipFile as error:
        raise JobFailure(f"CLIENT_ERROR: {order.source} is not a .zip: {error}") from error
    return folder


class _Build:
    def __init__(
        self,
        order: Order,
        base: Path,
        source: Path,
        machine: Machine,
        stopping: threading.Event,
        note: Note,
    ) -> None:
        self._order = order
        self._base = base
        self._source = source
        self._machine = machine
        self._stopping = stopping
        self._note = note
        self._deadline = time.monotonic() + order.timeout_seconds
        self._log = base / "build.log"
        self._stream = LogStream(machine.client("logs", order.region), *order.stream, self._log)

    def run(self) -> None:
        given = self._order.buildspec
        if not given or "\n" not in given:
            path = self._source / (given or "buildspec.yml")
            if not path.is_file():
                raise BuildspecError(
                    f"YAML_FILE_ERROR: stat {path.name}: no such file or directory"
                )
            given = path.read_text(encoding="utf-8")
        wanted = parse(given)
        failed = ""
        for name in PHASES:
            # "post_build ... runs even if the build phase fails"; otherwise the first ends it.
            if failed and (name != "post_build" or failed != "build"):
                continue
            try:
                code = self._run_phase(wanted.phases[name], wanted.variables)
            except BuildTimedOut:
                self._note(name.upper(), "TIMED_OUT")
                raise
            self._note(name.upper(), "FAILED" if code else "SUCCEEDED")
            failed = failed or (name if code else "")
        if failed:
            raise JobFailure(f"COMMAND_EXECUTION_ERROR in {failed.upper()}: {self._stream.tail()}")

    def _run_phase(self, phase: Phase, variables: Mapping[str, str]) -> int:
        """The exit code; "if any command in a phase fails, the phase fails", one of `finally`
        as well as one before it (build-spec-ref)."""
        code = self._run_commands(phase.commands, variables)
        return self._run_commands(phase.always, variables) or code

    def _run_commands(self, commands: tuple[str, ...], variables: Mapping[str, str]) -> int:
        if not commands:
            return 0
        text = script(commands, str(self._base / "state"))
        process = self._machine.spawn(
            ("/bin/sh", "-c", text),
            cwd=self._source,
            environment=self._environment(variables),
            log=self._log,
        )
        child = Child(process, ("CODEBUILD_BUILD_ID", self._order.id))
        try:
            while child.exit_code is None:
                if self._stopping.is_set():
                    raise JobStopped
                if time.monotonic() > self._deadline:
                    raise BuildTimedOut
                self._stream.send()
                child.wait(_LOOK_SECONDS)
        finally:
            child.end(_GRACE_SECONDS)
            self._stream.send(everything=True)
        return child.exit_code or 0

    def _environment(self, variables: Mapping[str, str]) -> dict[str, str]:
        order = self._order
        path = (_HERE / "bin", _PIP / "bin", Path(sys.executable).parent)
        own: dict[str, Any] = {
            **variables,
            **order.variables,
            "CODEBUILD_BUILD_ID": order.id,
            "CODEBUILD_SRC_DIR": self._source,
            "AWS_ACCOUNT_ID": ACCOUNT,
            "PATH": os.pathsep.join([*map(str, path), os.environ.get("PATH", "")]),
            "LOCAL_DOCKER_ROOT": _HERE.parents[1],
            "LOCAL_DOCKER_PYTHON": sys.executable,
            "LOCAL_DOCKER_BUILT": self._base / "built",
            "LOCAL_DOCKER_IMAGES": self._machine.path("images"),
            "LOCAL_DOCKER_PRIVILEGED": str(order.privileged).lower(),
            "PYTHONPATH": _PIP / "shims",
        }
        return self._machine.environment(order.region, {k: str(v) for k, v in own.items()})
