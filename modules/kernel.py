"""A Jupyter kernel of this very interpreter that ends with the command that started it."""

from __future__ import annotations

import asyncio
import os
import re
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from queue import Empty
from typing import Any

from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbclient.util import ensure_async

# sockaddr_un holds 104 bytes on macOS, 108 on Linux; "-5" and a closing zero come after.
_SOCKET_NAME_LIMIT = 100

# How long a kernel may take to give up a cell, and how often it may put off the next one.
_INTERRUPT_SECONDS = 30.0
_ABORTED_AT_MOST = 50

_ANSI = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True, slots=True)
class CleanUp:
    """How the clean-up cell of a run that failed fared.

    `output` is what it printed; `failure` says why it did not get to its end, "" if it did.
    """

    output: str
    failure: str


class CellFailed(Exception):
    """A cell raised. `message` may have several lines; `output` is what the cell printed.

    `clean_up` is None where none was asked for, or no cell had run.
    """

    def __init__(
        self,
        heading: str,
        kind: str,
        message: str,
        output: str = "",
        clean_up: CleanUp | None = None,
    ) -> None:
        super().__init__(message)
        self.heading = heading
        self.kind = kind
        self.message = message
        self.output = output
        self.clean_up = clean_up


class OwnInterpreter(AsyncKernelManager):
    """Starts `sys.executable -m ipykernel_launcher`: no kernelspec need be installed."""

    @property
    def kernel_spec(self) -> KernelSpec:
        """The kernel's command line, whatever name the notebook asks for."""
        command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        # The history is one SQLite file for all kernels of a user; 25 of them would queue.
        return KernelSpec(argv=[*command, "--HistoryManager.enabled=False"], language="python")


class LabClient(NotebookClient):
    """Executes a notebook; when a cell fails, the clean-up cell follows in the same kernel.

    Only that kernel knows what the lab has made. `clean_up_at` is the cell's index, None for
    no clean-up; `at` is the cell that was executed last, apart from it.
    """

    clean_up_at: int | None = None
    clean_up: CleanUp | None = None
    at = 0

    async def async_execute_cell(
        self,
        cell: Any,
        cell_index: int,
        execution_count: int | None = None,
        store_history: bool = True,
    ) -> Any:
        """Execute one cell, and the clean-up cell behind it if it fails. Raises what
        nbclient raises for the one."""
        self.at = cell_index
        try:
            return await super().async_execute_cell(
                cell, cell_index, execution_count, store_history
            )
        except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
            if self.clean_up_at == cell_index or isinstance(error, DeadKernelError):
                self.clean_up = CleanUp(_printed(cell), _said(error))
            elif self.clean_up_at is not None:
                self.clean_up = await self._clean_up(
                    self.clean_up_at, busy=isinstance(error, CellTimeoutError)
                )
            raise

    async def _clean_up(self, index: int, *, busy: bool) -> CleanUp:
        cell = self.nb.cells[index]
        failure = "the kernel did not execute it"
        replies: list[str] = []
        self.on_cell_executed = lambda execute_reply, **_: replies.append(
            execute_reply["content"]["status"]
        )
        try:
            if busy:
                assert self.km is not None
                assert self.kc is not None
                await ensure_async(self.km.interrupt_kernel())
                # The reply to the cell that is given up.
                await ensure_async(self.kc.shell_channel.get_msg(timeout=_INTERRUPT_SECONDS))
            for _ in range(_ABORTED_AT_MOST):
                # Behind a cell that raised, a kernel refuses for a moment what was queued
                # (Jupyter's messaging protocol, "Request-Reply": status 'aborted').
                await super().async_execute_cell(cell, index, self.code_cells_executed + 1)
                if replies[-1] != "aborted":
                    return CleanUp(_printed(cell), "")
                await asyncio.sleep(0.1)
        except Empty:
            failure = "the kernel is still busy"
        except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
            failure = _said(error)
        return CleanUp(_printed(cell), failure)


def run_cells(
    notebook: Any,
    folder: Path,
    headings: Sequence[str],
    progress: Callable[[int, int, str], None],
    environment: Mapping[str, str],
    cell_seconds: float,
    clean_up_at: int | None = None,
) -> None:
    """Execute a notebook's code cells in `folder`; their outputs go into `notebook`.

    No cell may take longer than `cell_seconds`. When one fails, the cell `clean_up_at` is
    executed all the same, where it is given: CellFailed.clean_up says how it fared.

    An interrupt (Ctrl-C) ends the kernel and is raised again. If this process is killed, the
    kernel sees its parent go and ends by itself within a second (ipykernel.parentpoller).

    Raises:
        CellFailed: a cell raised or took too long, or the kernel died.
    """
    code_cells = [i for i, cell in enumerate(notebook.cells) if cell.cell_type == "code"]

    def on_cell(cell: Any, cell_index: int) -> None:  # noqa: ARG001 - nbclient's signature
        if cell_index in code_cells:
            progress(code_cells.index(cell_index) + 1, len(code_cells), headings[cell_index])

    with tempfile.TemporaryDirectory(prefix="workshop-kernel-") as private:
        client = LabClient(
            notebook,
            timeout=cell_seconds,
            kernel_manager_class=OwnInterpreter,
            shutdown_kernel="immediate",
            resources={"metadata": {"path": str(folder)}},
            on_cell_start=on_cell,
        )
        client.clean_up_at = clean_up_at
        client.create_kernel_manager()
        connect_privately(client.km, Path(private))
        variables = {**os.environ, "IPYTHONDIR": private, **environment}
        try:
            _run_interruptibly(client, variables)
        except CellExecutionError as error:
            kind, message = error.ename, _ANSI.sub("", error.evalue)
        except CellTimeoutError:
            kind, message = "TimeoutError", f"the cell took longer than {cell_seconds:g} s"
        except (DeadKernelError, RuntimeError) as error:
            kind, message = "DeadKernelError", str(error)
        else:
            return
    printed = _printed(notebook.cells[client.at])
    raise CellFailed(headings[client.at], kind, message, printed, client.clean_up)


def connect_privately(manager: Any, folder: Path) -> None:
    """Talk over sockets in a private folder: no port to race for, and nobody else can join.

    Where the folder's path is too long for a socket's name, Jupyter's own TCP ports do.
    """
    socket = str(folder / "socket")
    if os.name == "posix" and len(os.fsencode(socket)) <= _SOCKET_NAME_LIMIT:
        manager.transport = "ipc"
        manager.ip = socket
    manager.connection_file = str(folder / "kernel.json")


def _run_interruptibly(client: NotebookClient, variables: Mapping[str, str]) -> None:
    """Run the client's event loop in a thread, and cancel it when this one is interrupted.

    In the main thread nbclient takes over SIGINT and SIGTERM, and an interrupt would look like
    a kernel that died.
    """
    done: Future[None] = Future()
    loop = asyncio.new_event_loop()
    task = loop.create_task(client.async_execute(env=dict(variables)))

    def work() -> None:
        asyncio.set_event_loop(loop)
        looking = loop.create_task(look_again(client))
        try:
            loop.run_until_complete(task)
            done.set_result(None)
        except BaseException as error:  # noqa: BLE001 - carried over to the waiting thread
            done.set_exception(error)
        finally:
            looking.cancel()
            # nbclient leaves the task that watches the kernel behind when it is cancelled.
            left = asyncio.all_tasks(loop)
            for watcher in left:
                watcher.cancel()
            loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
            loop.close()

    thread = threading.Thread(target=work, name="notebook")
    thread.start()
    try:
        done.result()
    except (KeyboardInterrupt, SystemExit):
        if not done.done():
            loop.call_soon_threadsafe(task.cancel)
        raise
    finally:
        thread.join()


async def look_again(client: NotebookClient) -> None:
    """Poll the kernel's channels every second, for as long as the loop runs.

    pyzmq's asyncio sockets learn of a message by an edge on a file descriptor, and a busy
    machine can lose it (seen with pyzmq 27.3: a reply lay in the socket, the reader waited
    for ever). A new poll looks into the socket and wakes whoever waits.
    """
    while True:
        await asyncio.sleep(1)
        if client.kc is not None and client.kc.channels_running:
            for channel in (client.kc.shell_channel, client.kc.iopub_channel):
                await channel.socket.poll(10)


def _printed(cell: Any) -> str:
    """What a cell has written to stdout and stderr."""
    streams = (output for output in cell.get("outputs", ()) if output.output_type == "stream")
    return _ANSI.sub("", "".join(output.text for output in streams))


def _said(error: CellExecutionError | CellTimeoutError | DeadKernelError) -> str:
    """Why a cell did not get to its end, in one line."""
    if isinstance(error, CellExecutionError):
        return " ".join(f"{error.ename}: {_ANSI.sub('', error.evalue)}".split())
    return "it took too long" if isinstance(error, CellTimeoutError) else "the kernel died"
