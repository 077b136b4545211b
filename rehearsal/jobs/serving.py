"""A model's container as a real HTTP server: /ping, /invocations."""

from __future__ import annotations

import http.client
import shutil
import socket
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rehearsal.containers.registry import resolve
from rehearsal.jobs import storage
from rehearsal.jobs.logs import LogStream
from rehearsal.jobs.work import JobFailure, JobStopped
from rehearsal.machine import Machine, end_process

_POLL_SECONDS = 0.05
# "Your container must respond to /ping within 2 seconds ... up to 8 minutes after startup"
# (SageMaker developer guide, "Use your own inference code with hosting services").
_START_SECONDS = 480
_INVOKE_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Reply:
    """What a container answered."""

    status: int
    content_type: str
    body: bytes


class ModelServer:
    """One running container. `stop` ends it; it does not end by itself."""

    def __init__(
        self, process: subprocess.Popen[bytes], port: int, base: Path, stream: LogStream
    ) -> None:
        self._process = process
        self._port = port
        self._base = base
        self._stream = stream

    def invoke(self, body: bytes, headers: dict[str, str]) -> Reply:
        """POST /invocations. Raises OSError when the container does not answer."""
        return self._request("POST", "/invocations", body, headers, _INVOKE_SECONDS)

    def wait_until_ready(self, stopping: threading.Event) -> None:
        """Return when /ping answers 200; raise JobFailure or JobStopped otherwise."""
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            if stopping.is_set():
                raise JobStopped
            if self._process.poll() is not None:
                raise JobFailure(
                    "The primary container for production variant did not pass the ping health "
                    f"check: it exited with {self._process.returncode}: {self._stream.tail()}"
                )
            try:
                if self._request("GET", "/ping", b"", {}, 2).status == 200:
                    return
            except OSError:
                pass
            time.sleep(_POLL_SECONDS)
        raise JobFailure(
            "The primary container for production variant did not pass the ping health check. "
            "Please check CloudWatch logs for this endpoint."
        )

    def send_logs(self) -> None:
        """Send the container's output to CloudWatch Logs."""
        self._stream.send()

    def stop(self) -> None:
        """End the process and remove its files."""
        end_process(self._process)
        self._stream.send()
        shutil.rmtree(self._base, ignore_errors=True)

    def _request(
        self, method: str, path: str, body: bytes, headers: dict[str, str], timeout: float
    ) -> Reply:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=timeout)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            content_type = answer.getheader("Content-Type", "application/octet-stream")
            return Reply(answer.status, content_type, answer.read())
        except http.client.HTTPException as error:
            raise OSError(str(error)) from error
        finally:
            connection.close()


def start(
    model: dict[str, Any],
    region: str,
    machine: Machine,
    *,
    base: Path,
    group: str,
    stream: str,
    environment: dict[str, str] | None = None,
) -> ModelServer:
    """Start the container of what DescribeModel describes as `model`.

    `base` is an empty directory for it. Raises JobFailure when it cannot run here.
    """
    container = _container(model)
    program = resolve(container.get("Image", ""))
    if program is None:
        raise JobFailure(
            "not executed locally: no program stands in for the image "
            f"{container.get('Image', '(none)')}"
        )
    folder = base / "model"
    folder.mkdir(parents=True)
    uri = container.get("ModelDataUrl")
    if uri:
        archive = storage.read(machine.client("s3", region), uri)
        storage.extract_archive(archive, folder, uri)
    port = _free_port()
    log = base / "container.log"
    process = machine.spawn(
        program.serve,
        cwd=base,
        environment=machine.environment(
            region,
            {
                **program.environment,
                **container.get("Environment", {}),
                **(environment or {}),
                "SAGEMAKER_BASE_DIR": str(base),
                "SAGEMAKER_BIND_TO_PORT": str(port),
                "OMP_NUM_THREADS": "1",
            },
        ),
        log=log,
    )
    logs = LogStream(machine.client("logs", region), group, stream, log)
    return ModelServer(process, port, base, logs)


def _container(model: dict[str, Any]) -> dict[str, Any]:
    containers = [model["PrimaryContainer"]] if model.get("PrimaryContainer") else []
    containers += model.get("Containers", [])
    if len(containers) != 1:
        raise JobFailure("not executed locally: an inference pipeline of several containers")
    only: dict[str, Any] = containers[0]
    return only


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
