"""Child processes of a rehearsal, none of which outlives it."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from rehearsal.machine import MARK, end_marked_processes, end_process
from workshop.cli.children import Finished, workshop_argv
from workshop.errors import WorkshopError


class Processes:
    """Starts commands in an environment, and ends whatever still runs when closed."""

    def __init__(self, environment: Mapping[str, str], directory: Path) -> None:
        # A mark of our own beside the local AWS's: what our children start carries it too.
        self._mark = f"rehearsal-{os.getpid()}"
        self.environment = {**environment, MARK: self._mark}
        self._directory = directory
        self._running: set[subprocess.Popen[str]] = set()
        self._lock = threading.Lock()
        self._closed = False

    def workshop(self, *arguments: str) -> Finished:
        """Run a `workshop` command to its end."""
        process = self._start(workshop_argv(*arguments))
        stdout, stderr = process.communicate()
        with self._lock:
            self._running.discard(process)
        return Finished(process.returncode, stdout, stderr)

    def _start(self, argv: Sequence[str]) -> subprocess.Popen[str]:
        with self._lock:
            if self._closed:
                raise WorkshopError("the rehearsal is ending")
            # A session of its own: Ctrl-C reaches us alone, and we end the children in order.
            process = subprocess.Popen(
                argv,
                cwd=self._directory,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                start_new_session=True,
            )
            self._running.add(process)
            return process

    def close(self) -> None:
        """End every child, and whatever they started."""
        with self._lock:
            self._closed = True
            running = list(self._running)
        for process in running:
            if process.poll() is None:
                end_process(process)  # type: ignore[arg-type]
        end_marked_processes(self._mark)


class LocalAws:
    """The local AWS as a child process of its own, started with `options`.

    Raises WorkshopError when it ends, or says nothing for `patience` seconds, instead of
    starting. Whatever interrupts the start leaves no process.
    """

    def __init__(
        self,
        directory: Path,
        environment: Mapping[str, str],
        patience: float = 120.0,
        options: Sequence[str] = (),
    ) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "rehearsal.server", "--directory", str(directory), *options],
            cwd=Path(__file__).parent.parent,
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        try:
            self.url = self._wait_for_url(patience)
        except BaseException:
            end_process(self._process)
            raise

    def _wait_for_url(self, patience: float) -> str:
        assert self._process.stdout is not None
        # A pipe that can be waited for: a child that hangs must not hang us.
        ready, _, _ = select.select([self._process.stdout], [], [], patience)
        line = self._process.stdout.readline() if ready else b""
        if line:
            url: str = json.loads(line)["url"]
            return url
        if not ready:
            why = f"it said nothing for {patience:g} seconds"
        else:
            why = f"it ended with exit code {self._process.wait()}; its message is above"
        raise WorkshopError("the local AWS did not start", why, "make setup, then try again")

    def close(self) -> None:
        """Ask it to end by closing its input; it ends what it started."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(15)
        except subprocess.TimeoutExpired:
            end_process(self._process)
