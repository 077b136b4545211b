"""The serving half of the contract: GET /ping, GET /execution-parameters, POST /invocations.

Source: "Use Your Own Inference Code with Hosting Services" and "... with Batch Transform"
(https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html).
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from email.message import Message
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from rehearsal.containers.contract.files import base_folder, log

TEXT = "text/plain"
JSON = "application/json"


class RequestError(Exception):
    """A request that is answered with a status other than 200."""

    def __init__(self, status: HTTPStatus, reason: str) -> None:
        super().__init__(reason)
        self.status = status


@dataclass(frozen=True, slots=True)
class Request:
    """What one invocation brings; a header that is absent is ''."""

    body: bytes
    content_type: str
    accept: str


@dataclass(frozen=True, slots=True)
class Reply:
    """What one invocation is answered with."""

    body: bytes
    content_type: str


Invoke = Callable[[Request], Reply]


class Handler(BaseHTTPRequestHandler):
    """The three routes of a container."""

    server: Server
    protocol_version = "HTTP/1.1"  # keep-alive
    # One segment for headers and body: else Nagle and a delayed ACK cost 40 ms a reply.
    wbufsize = -1
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        """Answer /ping and /execution-parameters."""
        if self.path == "/ping":
            self._reply(HTTPStatus.OK, b"", TEXT)
        elif self.path == "/execution-parameters":
            parameters = {
                "MaxConcurrentTransforms": os.cpu_count() or 1,
                "BatchStrategy": self.server.batch_strategy,
                "MaxPayloadInMB": self.server.max_bytes // 1024**2,
            }
            self._reply(HTTPStatus.OK, json.dumps(parameters).encode(), JSON)
        else:
            self._refuse(HTTPStatus.NOT_FOUND, f"no route {self.path}")

    def do_POST(self) -> None:
        """Answer /invocations."""
        try:
            payload = self._read_body()
            if self.path != "/invocations":
                self._refuse(HTTPStatus.NOT_FOUND, f"no route {self.path}")
            elif payload:
                headers = self.headers
                request = Request(payload, headers.get("Content-Type", ""), _accept(headers))
                reply = self.server.invoke(request)
                self._reply(HTTPStatus.OK, reply.body, reply.content_type)
            else:
                self._reply(HTTPStatus.NO_CONTENT, b"", TEXT)
        except RequestError as error:
            log("ERROR", f"{error.status.value} {error}")
            self._refuse(error.status, str(error))
        except ConnectionError:
            raise  # nobody is there to be told
        except Exception as error:  # noqa: BLE001 - the client must hear of it, and the log
            log("ERROR", traceback.format_exc().rstrip())
            self._refuse(HTTPStatus.INTERNAL_SERVER_ERROR, f"{type(error).__name__}: {error}")

    def _read_body(self) -> bytes:
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            body = self._read_chunks()
        else:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if len(body) > self.server.max_bytes:
            reason = f"more than {self.server.max_bytes} bytes in one request"
            raise RequestError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, reason)
        return body

    def _read_chunks(self) -> bytes:
        """The chunks of RFC 9112, 7.1, without their trailers."""
        body = bytearray()
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return bytes(body)

    def _refuse(self, status: HTTPStatus, reason: str) -> None:
        self._reply(status, reason.encode(), TEXT)

    def _reply(self, status: HTTPStatus, body: bytes, content_type: str) -> None:
        self.send_response(status)
        if status != HTTPStatus.NO_CONTENT:  # which has neither (RFC 9110, 8.6)
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

    def __init__(self, port: int, invoke: Invoke, batch_strategy: str) -> None:
        self.invoke = invoke
        self.batch_strategy = batch_strategy
        # The XGBoost container's own variable: 6 MB unless set, at most 20 MB.
        asked = int(os.environ.get("MAX_CONTENT_LENGTH", "6291456"))
        self.max_bytes = min(asked, 20 * 1024**2)
        super().__init__(("127.0.0.1", port), Handler)

    def handle_error(
        self, request: socket.socket | tuple[bytes, socket.socket], client_address: object
    ) -> None:
        """Log what broke; a client that has gone broke nothing."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def serve(load: Callable[[Path], Invoke], *, batch_strategy: str = "MULTI_RECORD") -> int:
    """Load what /opt/ml/model holds, then serve until SIGTERM; the exit code.

    `batch_strategy` is how a batch transform should send records, one or many at a time.

    A model that cannot be loaded is said in the log, and ends the process: /ping never answers,
    and the endpoint fails.
    """
    try:
        invoke = load(base_folder() / "model")
    except Exception as error:  # noqa: BLE001 - libraries raise what they like on a wrong file
        log("ERROR", f"Unable to load model: {error}")
        return 1
    port = int(os.environ.get("SAGEMAKER_BIND_TO_PORT", "8080"))
    with Server(port, invoke, batch_strategy) as server:
        # Not shutdown(): the loop would look for it only when it has waited long enough.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        # Port 0 lets the system choose; this line is how a caller learns which.
        log("INFO", f"listening on http://127.0.0.1:{server.server_address[1]}")
        server.serve_forever()
    return 0


def one_model_file(folder: Path) -> Path:
    """The model's only file, whatever its name: who brings a model may call it otherwise.

    Raises:
        FileNotFoundError: there is none, or more than one.
    """
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    if len(files) != 1:
        raise FileNotFoundError(f"expected one model file in {folder}, found {len(files)}")
    return files[0]


def _accept(headers: Message) -> str:
    """The first media type of Accept, in lower case; '' when anything will do."""
    name = headers.get("Accept", "").split(",")[0].split(";")[0].strip().lower()
    return "" if name == "*/*" else name
