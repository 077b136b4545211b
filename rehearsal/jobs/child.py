"""Waiting for a child process: its end is an event, not something to look for."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
from collections.abc import Iterator

import psutil

from rehearsal.forks import Process


class Child:
    """A process, and all that it starts.

    `mark` is an environment variable with a value that nothing else has: what detaches itself
    from the process's group is found by it.
    """

    def __init__(self, process: Process, mark: tuple[str, str]) -> None:
        self._process = process
        self._mark = mark
        # Linux 5.3; without it, or after the last descriptor, Popen looks every 50 ms. A fork
        # tells its end itself.
        self._descriptor: int | None = None
        if isinstance(process, subprocess.Popen) and hasattr(os, "pidfd_open"):
            with contextlib.suppress(OSError):
                self._descriptor = os.pidfd_open(process.pid)

    @property
    def exit_code(self) -> int | None:
        """The exit code, or None while it runs."""
        return self._process.poll()

    def wait(self, seconds: float) -> int | None:
        """Wait for the end for at most so long; the exit code, or None."""
        if self._descriptor is not None and self._process.poll() is None:
            select.select([self._descriptor], [], [], max(seconds, 0))
            return self._process.poll()
        try:
            return self._process.wait(max(seconds, 0))
        except subprocess.TimeoutExpired:
            return None

    def listens_on(self, port: int) -> bool:
        """Whether it, or what it has started, listens on a TCP port of this machine."""
        return any(_listens(process, port) for process in self._family())

    def end(self, grace_seconds: float) -> None:
        """Ask the process to end, and kill whatever of it is left after the grace.

        Also after it has ended by itself: its children may go on.
        """
        if self.exit_code is None:
            self._signal_group(signal.SIGTERM)
            self.wait(grace_seconds)
        self._signal_group(signal.SIGKILL)
        self._process.wait()
        for process in self._detached():
            with contextlib.suppress(psutil.Error):
                process.kill()
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _signal_group(self, signum: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signum)

    def _family(self) -> Iterator[psutil.Process]:
        """Itself and its children, and only then those that are looked for everywhere."""
        with contextlib.suppress(psutil.Error):
            own = psutil.Process(self._process.pid)
            yield own
            yield from own.children(recursive=True)
        yield from self._detached()

    def _detached(self) -> list[psutil.Process]:
        name, value = self._mark
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error, OSError):
                if process.environ().get(name) == value:
                    found.append(process)
        return found


def _listens(process: psutil.Process, port: int) -> bool:
    try:
        return any(
            connection.status == psutil.CONN_LISTEN and connection.laddr.port == port
            for connection in process.net_connections(kind="tcp")
        )
    except psutil.AccessDenied:
        # Who may not look must not conclude that it is another's.
        return True
    except psutil.Error:
        return False
