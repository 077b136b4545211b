"""Containers that start warm: forks of one process that has imported their libraries.

The other side of rehearsal/containers/fork_server.py, which has the protocol.
"""

from __future__ import annotations

import json
import logging
import os
import select
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol

_log = logging.getLogger(__name__)

# The server's own environment is this much longer than needed: its forks put theirs there.
ROOM = "FORK_SERVER_ROOM"
ROOM_BYTES = 65536
# An import of the libraries takes a second on an idle machine.
_PATIENCE_SECONDS = 60.0
_LINE = 64


class Process(Protocol):
    """What callers use of a child process: of subprocess.Popen's, and of a fork's."""

    @property
    def pid(self) -> int:
        """The id of the process, which is its session's and its group's, too."""

    def poll(self) -> int | None:
        """The exit code, negative for a signal, or None while it runs."""

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end for at most `timeout` seconds; the exit code.

        Raises subprocess.TimeoutExpired.
        """


class Forked:
    """A running fork. Safe to use from several threads."""

    def __init__(self, pid: int, reports: socket.socket) -> None:
        self.pid = pid
        self._reports = reports
        self._code: int | None = None
        self._lock = threading.Lock()

    def poll(self) -> int | None:
        """The exit code, negative for a signal, or None while it runs."""
        with self._lock:
            if self._code is None and _readable(self._reports, 0):
                self._code = self._read()
                self._reports.close()
            return self._code

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end for at most `timeout` seconds; the exit code.

        Raises subprocess.TimeoutExpired.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        while (code := self.poll()) is None:
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0.0)
            # Another thread may have seen the end, and closed it.
            with suppress(OSError, ValueError):
                _readable(self._reports, left)
        return code

    def _read(self) -> int:
        line = _line(self._reports)
        if line.startswith("exit "):
            return int(line.removeprefix("exit "))
        # Nobody can say any more how it ends, so it must not go on.
        _log.warning("the fork server ended before process %d, which is killed", self.pid)
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        return -signal.SIGKILL


class ForkServer:
    """Starts the server with the first fork. Safe to use from several threads.

    `start` starts its process with a socket as standard input. Once the server has failed, all
    are refused.
    """

    def __init__(self, start: Callable[[socket.socket], object]) -> None:
        self._start = start
        self._connection: socket.socket | None = None
        self._failed = False
        self._lock = threading.Lock()

    def fork(
        self, program: Sequence[str], *, cwd: Path, environment: Mapping[str, str], log: Path
    ) -> Forked | None:
        """A fork that runs `program`, its output going to `log`; None when there can be none.

        It runs in a session of its own, with nothing of ours but the environment given.
        """
        if sum(len(os.fsencode(f"{k}={v}")) + 1 for k, v in environment.items()) > ROOM_BYTES:
            return None
        request = {"program": list(program), "cwd": str(cwd), "environment": dict(environment)}
        ours, theirs = socket.socketpair()
        try:
            with theirs, log.open("ab") as output:
                self._ask(json.dumps(request).encode(), [theirs.fileno(), output.fileno()])
            ready = _readable(ours, _PATIENCE_SECONDS)
            line = _line(ours) if ready else "it did not answer"
            if not line.startswith("pid "):
                raise OSError(line or "it ended")
        except OSError as error:
            ours.close()
            self._give_up(error)
            return None
        except BaseException:
            ours.close()
            raise
        return Forked(int(line.removeprefix("pid ")), ours)

    def close(self) -> None:
        """Let the server end, and refuse from now on."""
        with self._lock:
            self._failed = True
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _ask(self, request: bytes, descriptors: list[int]) -> None:
        with self._lock:
            if self._failed:
                raise OSError("it has ended")
            if self._connection is None:
                # A message a packet: requests have no other end.
                ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
                with theirs:
                    self._start(theirs)
                self._connection = ours
            socket.send_fds(self._connection, [request], descriptors)

    def _give_up(self, error: OSError) -> None:
        with self._lock:
            told, self._failed = self._failed, True
        if not told:
            _log.warning("containers start cold from now on: the fork server failed: %s", error)


def _readable(connection: socket.socket, seconds: float | None) -> bool:
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    return bool(poll.poll(None if seconds is None else max(seconds, 0) * 1000))


def _line(connection: socket.socket) -> str:
    """The line that has arrived, without its end; "" when nobody is there any more.

    Read by the byte: a second line may follow.
    """
    line = bytearray()
    with suppress(ConnectionError):
        while len(line) < _LINE and (byte := connection.recv(1)) not in (b"", b"\n"):
            line += byte
    return line.decode()
