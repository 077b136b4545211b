"""Fork containers that start warm: `python run.py fork`, its standard input a Unix socket.

Imports what the programs of the registry import, once, and forks for each request. A request is
one message on the socket: JSON with `program` (algorithm and role), `cwd` and `environment`, and
two descriptors beside it, one end of a stream and the log. On the stream go two lines: `pid N`
by the forked process once it is ready to run, and `exit N` by this one when that has ended, as
subprocess has it: negative for a signal. When the socket closes, all that runs is killed.

Each forked process is a fresh copy of this one, which never runs a program itself. It differs
from one that was started in two ways: the seed of hashes is ours, and so is what a library reads
of the environment while it is imported.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from rehearsal.containers.registry import warm_programs

_LARGEST_MESSAGE = 1 << 18


def serve(run: Callable[..., int]) -> None:
    """Serve until standard input closes; a fork calls `run` with its words, and ends.

    Raises OSError where a fork would not be a whole process, or could not be found.
    """
    for algorithm, role in warm_programs():
        importlib.import_module(f"rehearsal.containers.{algorithm}.{role}")
    if len(list(Path("/proc/self/task").iterdir())) != 1:
        raise OSError("an import has started threads, which no fork would have")
    # Both are Linux's own: without them, a fork's end or its environment could not be told.
    os.close(os.pidfd_open(os.getpid()))
    _environment_area()
    # Collecting would write to the pages that are shared.
    gc.collect()
    gc.freeze()
    words = _Server(socket.socket(fileno=os.dup(0))).run()
    if words:
        _end(lambda: run(*words))


class _Server:
    """The process that forks. Its only thread: a fork copies no other."""

    def __init__(self, requests: socket.socket) -> None:
        self._requests = requests
        # By descriptor: the process, and the stream on which its end is told.
        self._running: dict[int, tuple[int, socket.socket]] = {}
        self._poll = select.poll()
        self._poll.register(requests, select.POLLIN)

    def run(self) -> list[str]:
        """Fork for each request; in a forked process, the words of its program."""
        while True:
            for descriptor, _ in self._poll.poll():
                if descriptor in self._running:
                    self._report(descriptor)
                    continue
                message, given, _, _ = socket.recv_fds(self._requests, _LARGEST_MESSAGE, 2)
                if not message:
                    self._kill_all()
                    return []
                stream, log = socket.socket(fileno=given[0]), given[1]
                process = os.fork()
                if process == 0:
                    self._forget()
                    return _become(json.loads(message), stream, log)
                os.close(log)
                self._watch(process, stream)

    def _watch(self, process: int, stream: socket.socket) -> None:
        descriptor = os.pidfd_open(process)
        self._running[descriptor] = process, stream
        self._poll.register(descriptor, select.POLLIN)

    def _report(self, descriptor: int) -> None:
        process, stream = self._running.pop(descriptor)
        self._poll.unregister(descriptor)
        os.close(descriptor)
        _, status = os.waitpid(process, 0)
        # Who asked may have gone.
        with stream, contextlib.suppress(OSError):
            stream.sendall(b"exit %d\n" % os.waitstatus_to_exitcode(status))

    def _kill_all(self) -> None:
        for process, _ in self._running.values():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process, signal.SIGKILL)
        for descriptor in list(self._running):
            self._report(descriptor)

    def _forget(self) -> None:
        """Close in a fork what is the server's."""
        self._requests.close()
        for descriptor, (_, stream) in self._running.items():
            os.close(descriptor)
            stream.close()


def _end(run: Callable[[], int]) -> NoReturn:
    """Run what a fork is for, and end it with the exit code, as multiprocessing ends its own.

    Taking the interpreter apart would copy every page that is shared, for 40 ms.
    """
    code = 1
    try:
        code = run()
    except SystemExit as ending:
        code = ending.code if isinstance(ending.code, int) else 0 if ending.code is None else 1
    except BaseException:  # noqa: BLE001 - a fork must not go on as if it were the server
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _become(request: dict[str, Any], stream: socket.socket, log: int) -> list[str]:
    """Turn a fork into the process that was asked for; the words of its program."""
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, standard in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(source, standard)
    os.close(nothing)
    os.close(log)
    environment: dict[str, str] = request["environment"]
    os.environ.clear()
    _show_environment(environment)
    os.environ.update(environment)
    os.chdir(request["cwd"])
    program: list[str] = request["program"]
    sys.argv[1:] = program
    # Python's own generator seeds itself after a fork; numpy's would be the same in all forks.
    if "numpy.random" in sys.modules:
        sys.modules["numpy.random"].seed()
    with stream:
        stream.sendall(b"pid %d\n" % os.getpid())
    return program


def _show_environment(environment: dict[str, str]) -> None:
    """Put an environment where /proc/PID/environ shows it, by which processes are found.

    A fork shows the environment that the process it comes from was started with. That lies
    where the kernel has put it, and nobody uses it any more once os.environ has been cleared.
    """
    start, size = _environment_area()
    block = b"".join(
        b"%s=%s\0" % (os.fsencode(name), os.fsencode(value)) for name, value in environment.items()
    )
    if len(block) > size:
        raise ValueError(f"an environment of {len(block)} bytes, and room for {size}")
    ctypes.memmove(start, block.ljust(size, b"\0"), size)


def _environment_area() -> tuple[int, int]:
    """Where the environment of this process's start lies, and its size in bytes.

    Source: proc(5), /proc/PID/stat, fields 50 and 51: env_start and env_end.
    """
    # The second field, the name, may hold spaces; what follows it begins with the third.
    fields = Path("/proc/self/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    start, end = int(fields[50 - 3]), int(fields[51 - 3])
    if not 0 < start < end:
        raise OSError("/proc/self/stat does not say where the environment lies")
    return start, end - start
