"""HTTP connections to a model's container that stay open between requests."""

from __future__ import annotations

import http.client
import queue
import socket
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reply:
    """What a container answered."""

    status: int
    content_type: str
    body: bytes


class Connections:
    """Connections to one port of this machine. Safe to use from several threads."""

    def __init__(self, port: int) -> None:
        self._port = port
        # The one that was used last first: few stay open under little load.
        self._idle: queue.LifoQueue[http.client.HTTPConnection] = queue.LifoQueue()

    def request(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        headers: dict[str, str] | None = None,
        *,
        timeout: float,
    ) -> Reply:
        """Make a request; raises OSError when nobody answers within `timeout` seconds."""
        try:
            connection = self._idle.get_nowait()
        except queue.Empty:
            return self._ask(self._open(timeout), method, path, body, headers or {})
        assert connection.sock is not None
        connection.sock.settimeout(timeout)
        try:
            return self._ask(connection, method, path, body, headers or {})
        except TimeoutError:
            raise
        except OSError:
            # A server may close an idle connection at any time (RFC 9112, 9.5): once more.
            return self._ask(self._open(timeout), method, path, body, headers or {})

    def close(self) -> None:
        """Close the idle ones."""
        while not self._idle.empty():
            self._idle.get_nowait().close()

    def _open(self, timeout: float) -> http.client.HTTPConnection:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=timeout)
        connection.connect()
        # Headers and body are two segments; with Nagle's algorithm the second waits 40 ms.
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def _ask(
        self,
        connection: http.client.HTTPConnection,
        method: str,
        path: str,
        body: bytes,
        headers: dict[str, str],
    ) -> Reply:
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            reply = Reply(
                answer.status,
                answer.getheader("Content-Type", "application/octet-stream"),
                answer.read(),
            )
        except http.client.HTTPException as error:
            connection.close()
            raise OSError(str(error) or type(error).__name__) from error
        except OSError:
            connection.close()
            raise
        if answer.will_close:
            connection.close()
        else:
            self._idle.put(connection)
        return reply
