"""How a headless run talks to its kernel."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

from modules.kernel import connect_privately


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
