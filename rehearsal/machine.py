"""What the local AWS's jobs run on: a directory, child processes, and clients of itself."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import boto3
import psutil
from botocore.config import Config

from rehearsal.containers.registry import FORK_SERVER
from rehearsal.forks import ROOM, ROOM_BYTES, Forked, ForkServer

# The mark that every process we start, and whatever it starts in turn, carries in its
# environment, so that none outlives us: lifecycle scripts detach themselves on purpose.
MARK = "LOCAL_AWS_PROCESS"
# The directory that stands for the root of a process's machine, where it has one.
ROOT = "WORKSHOP_ROOT"
# Our own calls say so, and are left out of the counts.
INTERNAL_AGENT = "local-aws-internal"

_GRACE_SECONDS = 2.0
# How often to look again for what a dying process has just started.
_ROUNDS = 5


class Machine:
    """Starts processes, keeps their files under `directory`, and ends them all."""

    def __init__(self, directory: Path, endpoint_url: str) -> None:
        self.directory = directory
        self.endpoint_url = endpoint_url
        self._mark = f"{os.getpid()}-{directory.name}"
        # What lets our own clients do without the wire, if anything does.
        self.connect: Callable[[Any], None] = lambda _: None
        self._clients: dict[tuple[str, str], Any] = {}
        self._lock = threading.Lock()
        self._forks = ForkServer(self._start_fork_server)
        self._fork_server: subprocess.Popen[bytes] | None = None
        self.closing = threading.Event()
        directory.mkdir(parents=True, exist_ok=True)

    def path(self, *parts: str) -> Path:
        """A directory of ours, made if need be."""
        made = self.directory.joinpath(*parts)
        made.mkdir(parents=True, exist_ok=True)
        return made

    def environment(self, region: str, extra: Mapping[str, str]) -> dict[str, str]:
        """The environment of a child process: this AWS, dummy credentials, nothing inherited
        of any AWS configuration."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("AWS_", "VIRTUAL_ENV", "PYTHONPATH"))
        }
        return {
            **kept,
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            **extra,
            MARK: self._mark,
        }

    def spawn(
        self,
        argv: Sequence[str],
        *,
        cwd: Path,
        environment: Mapping[str, str],
        log: Path,
        stdin: int = subprocess.DEVNULL,
    ) -> subprocess.Popen[bytes]:
        """Start a child process whose output goes to `log`."""
        # Under the lock, so that closing either sees the new process or comes before it.
        with self._lock, log.open("ab") as output:
            if self.closing.is_set():
                raise RuntimeError("the local AWS is closing")
            return subprocess.Popen(
                argv,
                cwd=cwd,
                env=dict(environment),
                stdin=stdin,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def fork(
        self, program: Sequence[str], *, cwd: Path, environment: Mapping[str, str], log: Path
    ) -> Forked | None:
        """Start a program of the fork server, as `spawn` would start it but warm.

        None when that is not to be had: spawn it then.
        """
        return self._forks.fork(program, cwd=cwd, environment=environment, log=log)

    def _start_fork_server(self, requests: socket.socket) -> None:
        variables = {"OMP_NUM_THREADS": "1", ROOM: "." * ROOM_BYTES}
        self._fork_server = self.spawn(
            FORK_SERVER,
            cwd=self.directory,
            environment=self.environment("us-east-1", variables),
            log=self.directory / "fork-server.log",
            stdin=requests.fileno(),
        )

    def client(self, service: str, region: str) -> Any:
        """A boto3 client of this local AWS, for our own use."""
        key = (service, region)
        with self._lock:
            if key not in self._clients:
                session = boto3.Session(
                    aws_access_key_id="local", aws_secret_access_key="local", region_name=region
                )
                client = session.client(
                    service,
                    endpoint_url=self.endpoint_url,
                    config=Config(
                        user_agent_extra=INTERNAL_AGENT,
                        retries={"mode": "standard", "total_max_attempts": 3},
                        s3={"addressing_style": "path"},
                        # Nothing gets lost between us and ourselves.
                        request_checksum_calculation="when_required",
                        response_checksum_validation="when_required",
                    ),
                )
                self.connect(client)
                self._clients[key] = client
            return self._clients[key]

    def processes_below(self, root: Path) -> list[psutil.Process]:
        """What runs on the machine that a directory stands for."""
        return _processes_with({MARK: self._mark, ROOT: str(root)})

    def end_below(self, root: Path, grace_seconds: float) -> None:
        """End what runs there, asking first; what is left when the grace is over is killed."""
        found = self.processes_below(root)
        for process in found:
            with contextlib.suppress(psutil.Error):
                process.terminate()
        psutil.wait_procs(found, timeout=grace_seconds)
        # What they have started since is none of those that were asked.
        for process in self.processes_below(root):
            with contextlib.suppress(psutil.Error):
                process.kill()

    def close(self) -> None:
        """End every process that carries our mark, and remove the directory."""
        with self._lock:
            self.closing.set()
        self._forks.close()
        if self._fork_server is not None:
            # It kills its forks, tells how they ended, and ends.
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._fork_server.wait(_GRACE_SECONDS)
        end_marked_processes(self._mark)
        shutil.rmtree(self.directory, ignore_errors=True)


def end_process(process: subprocess.Popen[bytes]) -> None:
    """End a child and what it started in its session, asking first."""
    for signum in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signum)
        try:
            process.wait(_GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            continue
        return


def marked_processes(mark: str) -> list[psutil.Process]:
    """The running processes whose environment carries our mark, detached ones too."""
    return _processes_with({MARK: mark})


def _processes_with(variables: Mapping[str, str]) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if variables.items() <= process.environ().items():
                found.append(process)
    return found


def end_marked_processes(mark: str) -> None:
    """End every process that carries the mark, and what those start while they are ending."""
    for _ in range(_ROUNDS):
        found = marked_processes(mark)
        if not found:
            return
        end_processes(found)


def end_processes(processes: Sequence[psutil.Process]) -> None:
    """Ask processes to end, then insist."""
    for process in processes:
        with contextlib.suppress(psutil.Error):
            process.terminate()
    _, alive = psutil.wait_procs(processes, timeout=_GRACE_SECONDS)
    for process in alive:
        with contextlib.suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(alive, timeout=_GRACE_SECONDS)
