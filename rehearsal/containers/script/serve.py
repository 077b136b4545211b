"""Serve a model by the functions of a script, as AWS's framework images do.

GET /ping, GET /execution-parameters, POST /invocations. Which status answers what follows
aws/sagemaker-inference-toolkit and aws/sagemaker-scikit-learn-container.
"""

from __future__ import annotations

import json
import os
import signal
import threading
import traceback
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from rehearsal.containers.contract.files import base_folder, log
from rehearsal.containers.script import packages
from rehearsal.containers.script.handlers import Handlers, Unsupported, load

JSON = "application/json"


class Handler(BaseHTTPRequestHandler):
    """The three routes."""

    server: Server
    protocol_version = "HTTP/1.1"  # keep-alive
    # One segment for headers and body: else Nagle and a delayed ACK cost 40 ms a reply.
    wbufsize = -1
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        """Answer /ping and /execution-parameters."""
        if self.path == "/ping":
            self._reply(HTTPStatus.OK, b"", JSON)
        elif self.path == "/execution-parameters":
            parameters = {
                "MaxConcurrentTransforms": 1,
                "BatchStrategy": "MULTI_RECORD",
                "MaxPayloadInMB": 6,
            }
            self._reply(HTTPStatus.OK, json.dumps(parameters).encode(), JSON)
        else:
            self._reply(HTTPStatus.NOT_FOUND, b"", JSON)

    def do_POST(self) -> None:
        """Answer /invocations."""
        payload = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path != "/invocations":
            self._reply(HTTPStatus.NOT_FOUND, b"", JSON)
            return
        try:
            body, content_type = self.server.handlers.answer(
                payload, self.headers.get("Content-Type"), self.headers.get("Accept")
            )
        except Unsupported as error:
            self._refuse(error.status, str(error))
        except Exception:  # noqa: BLE001 - the script's; the framework images answer 500 too
            self._refuse(HTTPStatus.INTERNAL_SERVER_ERROR, traceback.format_exc())
        else:
            self._reply(HTTPStatus.OK, body, content_type)

    def _refuse(self, status: HTTPStatus, reason: str) -> None:
        log("ERROR", f"{status.value} {reason}")
        self._reply(status, reason.encode(), "text/plain")

    def _reply(self, status: HTTPStatus, body: bytes, content_type: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Log what is asked; health checks would drown the rest."""
        if self.path != "/ping":
            log("INFO", f'"{self.command} {self.path}" {int(code)}')


class Server(ThreadingHTTPServer):
    """Listens once the model is loaded, so that /ping means ready."""

    daemon_threads = True
    # A batch transform opens many connections at once; the default backlog is 5.
    request_queue_size = 128

    def __init__(self, port: int, handlers: Handlers) -> None:
        self.handlers = handlers
        super().__init__(("127.0.0.1", port), Handler)


def main() -> int:
    """Load the script and the model, then serve until SIGTERM."""
    base = base_folder()
    packages.tell()
    packages.warn_of_other_versions(base / "model")
    handlers = load(base, os.environ.get("SAGEMAKER_PROGRAM", ""))
    port = int(os.environ.get("SAGEMAKER_BIND_TO_PORT", "8080"))
    with Server(port, handlers) as server:
        # shutdown() waits for the loop that this very thread runs: ask from another one.
        signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
        log("INFO", f"listening on http://127.0.0.1:{server.server_address[1]}")
        server.serve_forever(poll_interval=0.05)
    return 0
