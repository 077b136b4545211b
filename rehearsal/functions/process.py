"""One process of a function: started once, asked for one invocation at a time."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from moto.sts.models import sts_backends
from moto.utilities.utils import get_partition

from rehearsal.account import ACCOUNT
from rehearsal.functions import bootstrap
from rehearsal.functions.package import Package
from rehearsal.functions.records import Function
from rehearsal.machine import Machine

# "Standard functions: ... limited to 10 seconds" is the time a handler has to load before its
# first invocation, which then loads it again under its own timeout (Lambda developer guide,
# "Understanding the Lambda execution environment lifecycle"). Here loading may take this long.
_INIT_SECONDS = 60.0
_CREDENTIALS_SECONDS = 12 * 3600


class ProcessEnded(Exception):
    """The process ended instead of answering; the text is how, in Lambda's words."""


class ProcessTimedOut(Exception):
    """The process did not answer in time, and was ended."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a process answered: a payload or an error; KiB of memory at its peak; whether it
    has ended with that."""

    payload: str
    error: dict[str, Any] | None
    peak: int
    ends: bool
    output: list[str]


class FunctionProcess:
    """A running process of a function."""

    def __init__(self, machine: Machine, function: Function, package: Package) -> None:
        self.fingerprint = function.fingerprint
        self.serves = (function.arn, function.version)
        self.log_group = function.log_group
        day = time.strftime("%Y/%m/%d", time.gmtime())
        self.log_stream = f"{day}/[{function.version}]{uuid.uuid4().hex}"
        self.idle_since = time.monotonic()
        # Seconds from the start to the loaded handler; told with the first invocation only.
        self.init: float | None = None
        self.asked = self._started = time.perf_counter()
        self._read_to = 0
        self._directory = machine.path("functions", "processes", uuid.uuid4().hex)
        self._log = self._directory / "output.log"
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._token = secrets.token_hex(16)
        self._stream: Any = None
        self._socket: socket.socket | None = None
        port = self._listener.getsockname()[1]
        self._process = machine.spawn(
            [sys.executable, "-I", "-S", bootstrap.__file__, str(port), self._token]
            + [str(path) for path in package.paths],
            cwd=package.root,
            environment=self._environment(machine, function, package.root),
            log=self._log,
        )

    def _environment(self, machine: Machine, function: Function, root: Path) -> dict[str, str]:
        """The function's variables, and those that Lambda defines ("Defined runtime
        environment variables", Lambda developer guide)."""
        temporary = self._directory / "tmp"
        temporary.mkdir()
        return machine.environment(
            function.region,
            {
                **function.environment,
                **_credentials(function),
                "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.runtime}",
                "AWS_LAMBDA_FUNCTION_NAME": function.name,
                "AWS_LAMBDA_FUNCTION_VERSION": function.version,
                "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory),
                "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
                "AWS_LAMBDA_LOG_GROUP_NAME": self.log_group,
                "AWS_LAMBDA_LOG_STREAM_NAME": self.log_stream,
                "LAMBDA_TASK_ROOT": str(root),
                "TMPDIR": str(temporary),
                "TZ": ":UTC",
                "_HANDLER": function.handler,
            },
        )

    def invoke(self, request_id: str, arn: str, event: str, timeout: float) -> Answer:
        """One invocation, `timeout` in seconds of real time.

        Raises ProcessTimedOut or ProcessEnded; the process is gone then.
        """
        try:
            if self._stream is None:
                self._connect()
            assert self._socket is not None
            self._socket.settimeout(timeout)
            self.asked = time.perf_counter()
            request = {
                "id": request_id,
                "arn": arn,
                "deadline": time.time() + timeout,
                "event": event,
            }
            self._stream.write(json.dumps(request) + "\n")
            self._stream.flush()
            line = self._stream.readline()
        except TimeoutError as error:
            self.kill()
            raise ProcessTimedOut from error
        except OSError as error:
            raise ProcessEnded(self._end()) from error
        if not line:
            raise ProcessEnded(self._end())
        said = json.loads(line)
        return Answer(
            payload=said.get("payload", ""),
            error=said.get("error"),
            peak=said["peak"],
            ends=said.get("ends", False),
            output=self.output(),
        )

    def _connect(self) -> None:
        """Wait until the process has loaded its handler."""
        deadline = time.monotonic() + _INIT_SECONDS
        self._listener.settimeout(0.05)
        while self._socket is None:
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise OSError("the process did not connect")
            with contextlib.suppress(TimeoutError):
                self._socket, _ = self._listener.accept()
        self._socket.settimeout(_INIT_SECONDS)
        self._stream = self._socket.makefile("rw", encoding="utf-8", newline="\n")
        line = self._stream.readline()
        hello = json.loads(line) if line else {}
        if hello.get("token") != self._token:
            raise OSError("the process ended while it loaded")
        self.init = time.perf_counter() - self._started

    def output(self) -> list[str]:
        """The lines that the process has written since they were last asked for."""
        with self._log.open("rb") as file:
            file.seek(self._read_to)
            new = file.read()
        self._read_to += len(new)
        return new.decode("utf-8", "replace").splitlines()

    def _end(self) -> str:
        """How the process ended ("Runtime exited ...", as Lambda's logs say it)."""
        try:
            code = self._process.wait(1)
        except subprocess.TimeoutExpired:
            code = None
        self.kill()
        if not code:
            return "Runtime exited without providing a reason"
        if code < 0:
            name = signal.Signals(-code).name.removeprefix("SIG").lower()
            return f"Runtime exited with error: signal: {'killed' if name == 'kill' else name}"
        return f"Runtime exited with error: exit status {code}"

    def discard(self) -> None:
        """End the process and remove its files."""
        self.kill()
        shutil.rmtree(self._directory, ignore_errors=True)

    def kill(self) -> None:
        """End the process, and what it started in its session, at once, as Lambda does."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        for opened in (self._stream, self._socket, self._listener):
            if opened is not None:
                with contextlib.suppress(OSError):
                    opened.close()


def _credentials(function: Function) -> dict[str, str]:
    """Temporary credentials of the function's role, as moto's STS gives them: GetCallerIdentity
    then answers assumed-role/ROLE/FUNCTION, as on AWS."""
    session = sts_backends[ACCOUNT][get_partition(function.region)].assume_role(
        region_name=function.region,
        role_session_name=function.name,
        role_arn=function.role,
        policy="",
        duration=_CREDENTIALS_SECONDS,
        external_id="",
    )
    return {
        "AWS_ACCESS_KEY_ID": session.access_key_id,
        "AWS_SECRET_ACCESS_KEY": session.secret_access_key,
        "AWS_SESSION_TOKEN": session.session_token,
    }
