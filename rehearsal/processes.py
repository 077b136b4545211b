"""Child processes of a rehearsal, none of which outlives it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rehearsal.machine import MARK, end_process, end_processes, marked_processes
from workshop.errors import WorkshopError


@dataclass(frozen=True, slots=True)
class Finished:
    """How a command ended."""

    code: int
    stdout: str
    stderr: str

    def json(self) -> Any:
        """What the command printed with --json, or None when it printed nothing readable."""
        try:
            return json.loads(self.stdout)
        except ValueError:
            return None

    @property
    def last_words(self) -> str:
        """The error the command gave, in one line."""
        lines = [line.strip() for line in self.stderr.splitlines() if line.strip()]
        start = next((i for i, line in enumerate(lines) if line.startswith("error:")), None)
        said = lines[start:] if start is not None else lines[-2:]
        return " ".join(said) or f"exit code {self.code}"


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
        process = self._start([sys.executable, "-m", "workshop.cli.main", *arguments])
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
        end_processes(marked_processes(self._mark))


class LocalAws:
    """The local AWS as a child process of its own."""

    def __init__(self, directory: Path, environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "rehearsal.server", "--directory", str(directory)],
            cwd=Path(__file__).parent.parent,
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            code = self._process.wait()
            raise WorkshopError(
                "the local AWS did not start",
                f"it ended with exit code {code}; its message is above",
                "make setup, then try again",
            )
        self.url: str = json.loads(line)["url"]

    def close(self) -> None:
        """Ask it to end by closing its input; it ends what it started."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(15)
        except subprocess.TimeoutExpired:
            end_process(self._process)
