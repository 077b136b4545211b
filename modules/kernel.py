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
from pathlib import Path
from typing import Any

from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

# sockaddr_un holds 104 bytes on macOS, 108 on Linux; "-5" and a closing zero come after.
_SOCKET_NAME_LIMIT = 100

_ANSI = re.compile(r"\x1b\[[0-9;]*m")


class CellFailed(Exception):
    """A cell raised. `message` may have several lines; `output` is what the cell printed."""

    def __init__(self, heading: str, kind: str, message: str, output: str = "") -> None:
        super().__init__(message)
        self.heading = heading
        self.kind = kind
        self.message = message
        self.output = output


class OwnInterpreter(AsyncKernelManager):
    """Starts `sys.executable -m ipykernel_launcher`: no kernelspec need be installed."""

    @property
    def kernel_spec(self) -> KernelSpec:
        """The kernel's command line, whatever name the notebook asks for."""
        command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        # The history is one SQLite file for all kernels of a user; 25 of them would queue.
        return KernelSpec(argv=[*command, "--HistoryManager.enabled=False"], language="python")


def run_cells(
    notebook: Any,
    folder: Path,
    headings: Sequence[str],
    progress: Callable[[int, int, str], None],
    environment: Mapping[str, str],
    cell_seconds: float,
) -> None:
    """Execute a notebook's code cells in `folder`; their outputs go into `notebook`.

    No cell may take longer than `cell_seconds`.

    An interrupt (Ctrl-C) ends the kernel and is raised again. If this process is killed, the
    kernel sees its parent go and ends by itself within a second (ipykernel.parentpoller).

    Raises:
        CellFailed: a cell raised or took too long, or the kernel died.
    """
    code_cells = [i for i, cell in enumerate(notebook.cells) if cell.cell_type == "code"]
    current = 0

    def on_cell(cell: Any, cell_index: int) -> None:  # noqa: ARG001 - nbclient's signature
        nonlocal current
        current = cell_index
        if cell_index in code_cells:
            progress(code_cells.index(cell_index) + 1, len(code_cells), headings[cell_index])

    with tempfile.TemporaryDirectory(prefix="workshop-kernel-") as private:
        client = NotebookClient(
            notebook,
            timeout=cell_seconds,
            kernel_manager_class=OwnInterpreter,
            shutdown_kernel="immediate",
            resources={"metadata": {"path": str(folder)}},
            on_cell_start=on_cell,
        )
        client.create_kernel_manager()
        connect_privately(client.km, Path(private))
        variables = {**os.environ, "IPYTHONDIR": private, **environment}
        try:
            _run_interruptibly(client, variables)
        except CellExecutionError as error:
            raise CellFailed(
                headings[current],
                error.ename,
                _ANSI.sub("", error.evalue),
                _printed(notebook.cells[current]),
            ) from None
        except CellTimeoutError:
            raise CellFailed(
                headings[current], "TimeoutError", f"the cell took longer than {cell_seconds:g} s"
            ) from None
        except (DeadKernelError, RuntimeError) as error:
            raise CellFailed(headings[current], "DeadKernelError", str(error)) from None


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
    streams = (output for output in cell.outputs if output.output_type == "stream")
    return _ANSI.sub("", "".join(output.text for output in streams))
