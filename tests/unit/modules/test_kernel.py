"""How a headless run talks to its kernel."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import zmq
import zmq.asyncio

from modules.kernel import connect_privately, look_again


def test_the_kernel_is_reached_by_sockets_in_the_private_folder() -> None:
    manager = SimpleNamespace(transport="tcp", ip="127.0.0.1")
    folder = Path("/tmp/k")
    connect_privately(manager, folder)
    assert (manager.transport, manager.ip) == ("ipc", "/tmp/k/socket")
    assert manager.connection_file == "/tmp/k/kernel.json"


def test_a_folder_too_deep_for_a_socket_leaves_the_kernel_on_tcp(tmp_path: Path) -> None:
    manager = SimpleNamespace(transport="tcp", ip="127.0.0.1")
    connect_privately(manager, tmp_path / ("deep" * 30))
    assert (manager.transport, manager.ip) == ("tcp", "127.0.0.1")


def test_a_reply_whose_announcement_was_lost_is_found_by_looking_again() -> None:
    async def scenario() -> bytes:
        context = zmq.asyncio.Context()
        reader, writer, other = (context.socket(zmq.PAIR) for _ in range(3))
        reader.bind("inproc://lost")
        writer.connect("inproc://lost")
        channels: dict[str, Any] = {
            "shell_channel": SimpleNamespace(socket=reader),
            "iopub_channel": SimpleNamespace(socket=other),
        }
        client: Any = SimpleNamespace(kc=SimpleNamespace(channels_running=True, **channels))
        waiting = asyncio.ensure_future(reader.recv())
        await asyncio.sleep(0)
        # The edge is lost: the event loop no longer hears of the socket.
        asyncio.get_running_loop().remove_reader(reader.FD)
        await writer.send(b"reply")
        assert not (await asyncio.wait({waiting}, timeout=0.2))[0]
        looking = asyncio.ensure_future(look_again(client))
        try:
            return bytes(await asyncio.wait_for(waiting, timeout=10))
        finally:
            looking.cancel()
            context.destroy(linger=0)

    assert asyncio.run(scenario()) == b"reply"
