"""A model's container as a real HTTP server: /ping, /invocations."""

from __future__ import annotations

import contextlib
import shutil
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rehearsal.jobs import launch, storage
from rehearsal.jobs.child import Child
from rehearsal.jobs.connections import Connections, Reply
from rehearsal.jobs.logs import LogStream
from rehearsal.jobs.work import JobFailure, JobStopped
from rehearsal.machine import Machine

__all__ = ["ModelServer", "Reply", "free_port", "start"]

# Between two looks at a container that starts, at first and at most; its end is noticed at once.
_FIRST_LOOK_SECONDS = 0.002
_LOOK_SECONDS = 0.02
# How long a container's output may wait before it is in CloudWatch Logs.
_LOG_SECONDS = 0.1
_GRACE_SECONDS = 2.0
# "Your container must respond to /ping within 2 seconds ... up to 8 minutes after startup"
# (SageMaker developer guide, "Use your own inference code with hosting services").
_START_SECONDS = 480
_PING_SECONDS = 2
_INVOKE_SECONDS = 60
# How often a port that was free may have been taken before the container had it.
_PORTS = 5


def free_port() -> int:
    """A TCP port of this machine that nobody has, as yet."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


class ModelServer:
    """One running container. `stop` ends it; it does not end by itself.

    `run` starts the container on a port, `ports` chooses them.
    """

    def __init__(
        self,
        run: Callable[[int], Child],
        base: Path,
        stream: LogStream,
        *,
        invoke_seconds: float = _INVOKE_SECONDS,
        ports: Callable[[], int] = free_port,
    ) -> None:
        self._run = run
        self._ports = ports
        self._ports_left = _PORTS
        self._start()
        self._base = base
        self._stream = stream
        self._invoke_seconds = invoke_seconds
        self._written = threading.Event()
        self._stopped = threading.Event()
        threading.Thread(target=self._carry_logs, daemon=True).start()

    def invoke(self, body: bytes, headers: dict[str, str]) -> Reply:
        """POST /invocations. Raises OSError when the container does not answer."""
        try:
            return self._connections.request(
                "POST", "/invocations", body, headers, timeout=self._invoke_seconds
            )
        finally:
            self._written.set()

    def wait_until_ready(self, stopping: threading.Event) -> None:
        """Return when /ping answers 200; raise JobFailure or JobStopped otherwise."""
        deadline = time.monotonic() + _START_SECONDS
        pause = _FIRST_LOOK_SECONDS
        while time.monotonic() < deadline:
            if stopping.is_set():
                raise JobStopped
            ended = self._child.exit_code is not None
            status = None if ended else self._ping()
            if (ended or status) and self._port_is_anothers():
                self._start_elsewhere()
                continue
            if ended:
                raise JobFailure(
                    "The primary container for production variant did not pass the ping health "
                    f"check: it exited with {self._child.exit_code}: {self._stream.tail()}"
                )
            if status == 200:
                return
            self._child.wait(pause)
            pause = min(2 * pause, _LOOK_SECONDS)
        raise JobFailure(
            "The primary container for production variant did not pass the ping health check. "
            "Please check CloudWatch logs for this endpoint."
        )

    def execution_parameters(self) -> bytes:
        """What GET /execution-parameters answers, b"" when the container has none."""
        try:
            reply = self._connections.request("GET", "/execution-parameters", timeout=_PING_SECONDS)
        except OSError:
            return b""
        return reply.body if reply.status == 200 else b""

    def stop(self) -> None:
        """End the process and remove its files."""
        self._stopped.set()
        self._written.set()
        self._connections.close()
        self._child.end(_GRACE_SECONDS)
        self._stream.send(everything=True)
        shutil.rmtree(self._base, ignore_errors=True)

    def _start(self) -> None:
        self._port = self._ports()
        self._ports_left -= 1
        self._child = self._run(self._port)
        self._connections = Connections(self._port)

    def _start_elsewhere(self) -> None:
        """Start the container again on another port. Raises JobFailure after too many."""
        if not self._ports_left:
            raise JobFailure(
                "The primary container for production variant did not pass the ping health "
                f"check: other programs took each of its {_PORTS} ports on this machine"
            )
        self._connections.close()
        self._child.end(0.0)
        self._start()

    def _ping(self) -> int | None:
        """The status of /ping, None when nobody answers."""
        try:
            return self._connections.request("GET", "/ping", timeout=_PING_SECONDS).status
        except OSError:
            return None

    def _port_is_anothers(self) -> bool:
        """Whether another program has taken the port since it was chosen, and answers there."""
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self._port)):
            return not self._child.listens_on(self._port)
        return False

    def _carry_logs(self) -> None:
        """Send what an invocation made the container write, not within the invocation."""
        while not self._stopped.is_set():
            self._written.wait()
            self._written.clear()
            self._stopped.wait(_LOG_SECONDS)
            self._stream.send()


@storage.on_a_volume()
def start(
    model: dict[str, Any],
    region: str,
    machine: Machine,
    *,
    base: Path,
    group: str,
    stream: str,
    environment: dict[str, str] | None = None,
    invoke_seconds: float = _INVOKE_SECONDS,
) -> ModelServer:
    """Start the container of what DescribeModel describes as `model`.

    `base` is an empty directory for it. Raises JobFailure when it cannot run here.
    """
    container = _container(model)
    container["Environment"] = {**container.get("Environment", {}), **(environment or {})}
    _fetch_model(container, base, machine.client("s3", region))
    started = launch.serving(container, base, region, machine)
    log = base / "container.log"

    def run(port: int) -> Child:
        variables = {
            "OMP_NUM_THREADS": "1",
            **started.environment,
            "SAGEMAKER_BASE_DIR": str(base),
            "SAGEMAKER_BIND_TO_PORT": str(port),
            # A container listens on all of its own addresses; those here are this machine's.
            "GUNICORN_CMD_ARGS": f"--bind 127.0.0.1:{port}",
        }
        process = started.start(machine.environment(region, variables), log, machine)
        return Child(process, ("SAGEMAKER_BASE_DIR", str(base)))

    logs = LogStream(machine.client("logs", region), group, stream, log)
    return ModelServer(run, base, logs, invoke_seconds=invoke_seconds)


def _fetch_model(container: dict[str, Any], base: Path, s3: Any) -> None:
    """Put the model where the container looks for it, from an archive or as it is."""
    folder = base / "model"
    folder.mkdir(parents=True)
    source = container.get("ModelDataSource", {}).get("S3DataSource")
    uri = container.get("ModelDataUrl") or (source or {}).get("S3Uri")
    if not uri:
        return
    if source and source.get("CompressionType") == "None":
        storage.download(s3, storage.objects_under(s3, uri), folder)
        return
    storage.extract_archive(_read_model(s3, uri), folder, uri)


def _read_model(s3: Any, uri: str) -> bytes:
    try:
        return storage.read(s3, uri)
    except JobFailure as error:
        # In these words since long: aws/sagemaker-python-sdk#912.
        raise JobFailure(
            f"Could not find model data at {uri}. Please ensure that the role can read it and that "
            f"it exists. ({error})"
        ) from error


def _container(model: dict[str, Any]) -> dict[str, Any]:
    containers = [model["PrimaryContainer"]] if model.get("PrimaryContainer") else []
    containers += model.get("Containers", [])
    if len(containers) != 1:
        raise JobFailure("not executed locally: an inference pipeline of several containers")
    return dict(containers[0])
