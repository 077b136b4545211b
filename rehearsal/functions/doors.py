"""Real loopback listeners: one for every function URL and every HTTP API."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from rehearsal.functions.messages import HttpAnswer, HttpRequest

_log = logging.getLogger(__name__)

_POLL_SECONDS = 0.1

Serve = Callable[[HttpRequest], HttpAnswer]


class Doors:
    """Opens listeners by a key and closes them. Safe to use from several threads."""

    def __init__(self) -> None:
        self._servers: dict[str, ThreadingHTTPServer] = {}
        self._lock = threading.Lock()
        self._closed = False

    def open(self, key: str, serve: Serve) -> str:
        """The URL, without a trailing slash, of the key's listener, which is opened if need be."""
        with self._lock:
            if self._closed:
                raise RuntimeError("the local AWS is closing")
            server = self._servers.get(key)
            if server is None:
                server = _server(serve)
                self._servers[key] = server
                threading.Thread(
                    target=server.serve_forever, args=(_POLL_SECONDS,), name="door", daemon=True
                ).start()
            return f"http://127.0.0.1:{server.server_address[1]}"

    def keep(self, keys: Iterable[str]) -> None:
        """Close the listeners of all other keys."""
        kept = set(keys)
        with self._lock:
            gone = [self._servers.pop(key) for key in list(self._servers) if key not in kept]
        for server in gone:  # not here: it waits for the listener's loop
            threading.Thread(target=_close, args=(server,), daemon=True).start()

    def close(self) -> None:
        """Close all listeners, and open no more."""
        with self._lock:
            self._closed = True
            servers, self._servers = list(self._servers.values()), {}
        for server in servers:
            _close(server)


def _close(server: ThreadingHTTPServer) -> None:
    server.shutdown()
    server.server_close()


def _server(serve: Serve) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 60  # seconds that a kept connection may be idle

        def _answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            path, _, query = self.path.partition("?")
            request = HttpRequest(
                method=self.command,
                path=path,
                query=query,
                headers=tuple((name.lower(), value) for name, value in self.headers.items()),
                body=self.rfile.read(length),
                source=self.client_address[0],
            )
            try:
                answer = serve(request)
            except Exception:  # noqa: BLE001 - a defect of ours is AWS's 500, and is logged
                _log.exception("%s %s", self.command, self.path)
                answer = HttpAnswer.json(500, {"message": "Internal Server Error"})
            self.send_response(answer.status)
            for name, value in answer.headers:
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(answer.body)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing: requests are the function's to log."""

    for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
        setattr(Handler, f"do_{method}", Handler._answer)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.block_on_close = False
    return server
