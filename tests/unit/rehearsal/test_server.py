"""Starting the local AWS."""

from __future__ import annotations

import socket

import pytest

from rehearsal.server import local_aws
from workshop.errors import UsageError


def test_a_port_in_use_is_refused_by_number() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        with pytest.raises(UsageError, match=f"port {port} cannot be used"), local_aws(port):
            pass
