"""Serve an XGBoost model over HTTP, as the algorithm's image does.

GET /ping, GET /execution-parameters, POST /invocations (text/csv or text/libsvm in,
text/csv or application/json out). Status codes and bodies follow
aws/sagemaker-xgboost-container, algorithm_mode/serve.py.
"""

from __future__ import annotations

import json
import os
import signal
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from rehearsal.containers.contract.files import CustomerError, base_folder, log
from rehearsal.containers.xgboost.data import content_format, read_rows
from rehearsal.containers.xgboost.lean import xgboost

CSV = "text/csv"
JSON = "application/json"
# "MAX_CONTENT_LENGTH" is the container's own variable: 6 MB unless set, at most 20 MB.
MAX_BYTES = min(int(os.environ.get("MAX_CONTENT_LENGTH", "6291456")), 20 * 1024**2)


class RequestError(Exception):
    """A request that is answered with a status other than 200."""

    def __init__(self, status: HTTPStatus, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class Scorer:
    """A loaded model."""

    def __init__(self, folder: Path) -> None:
        # The container loads any name: "bring your own model" may call its file otherwise.
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        if len(files) != 1:
            raise FileNotFoundError(f"expected one model file in {folder}, found {len(files)}")
        # From a buffer: load_model() warns about a name without an extension.
        self.booster = xgboost.Booster(model_file=bytearray(files[0].read_bytes()))
        self.booster.set_param("nthread", 1)
        self.features = self.booster.num_features()
        best = self.booster.attr("best_iteration")
        # With early stopping the best round answers, not the last one.
        self.rounds = (0, int(best) + 1) if best else (0, 0)
        self._one_at_a_time = threading.Lock()

    def predict(self, payload: bytes, content_type: str | None) -> list[float | list[float]]:
        """A number per row, or a list of them for multi:softprob."""
        try:
            data_format = content_format(content_type, default=CSV)
            rows = read_rows(payload.decode("utf-8"), data_format, self.features)
        except (CustomerError, ValueError) as error:
            # Unreadable rows are 415 in the real container, too.
            raise RequestError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, str(error)) from None
        if rows.num_col() != self.features:
            raise RequestError(
                HTTPStatus.BAD_REQUEST,
                "Unable to evaluate payload provided: Feature size of "
                f"{data_format} inference data {rows.num_col()} is not consistent with "
                f"feature size of trained model {self.features}.",
            )
        with self._one_at_a_time:
            scores = self.booster.predict(rows, iteration_range=self.rounds)
        predictions: list[float | list[float]] = scores.tolist()
        return predictions


def accepted(header: str | None) -> str:
    """The content type of the reply: what Accept names, else the container's default."""
    name = (header or "").split(";")[0].strip().lower()
    if name in ("", "*/*"):
        return os.environ.get("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT", CSV)
    if name not in (CSV, JSON):
        raise RequestError(
            HTTPStatus.NOT_ACCEPTABLE,
            f"Accept type {name} is not supported. Please use supported accept types: {CSV}, "
            f"{JSON}.",
        )
    return name


def encode(predictions: list[float | list[float]], reply_type: str, *, batch: bool) -> str:
    """The reply's text. A batch transform gets a line per row, whatever it accepts.

    A row of multi:softprob is "[0.1, 0.2, 0.7]": the container writes Python's own text.
    """
    if batch:
        return "\n".join(map(str, predictions)) + "\n"
    if reply_type == JSON:
        return json.dumps({"predictions": [{"score": score} for score in predictions]})
    return "\n".join(map(str, predictions))


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
            self._reply(HTTPStatus.OK, "", CSV)
        elif self.path == "/execution-parameters":
            parameters = {
                "MaxConcurrentTransforms": os.cpu_count() or 1,
                "BatchStrategy": "MULTI_RECORD",
                "MaxPayloadInMB": MAX_BYTES // 1024**2,
            }
            self._reply(HTTPStatus.OK, json.dumps(parameters), JSON)
        else:
            self._reply(HTTPStatus.NOT_FOUND, f"no route {self.path}", CSV)

    def do_POST(self) -> None:
        """Answer /invocations."""
        length = int(self.headers.get("Content-Length", 0))
        payload = self.rfile.read(length)
        if self.path != "/invocations":
            self._reply(HTTPStatus.NOT_FOUND, f"no route {self.path}", CSV)
            return
        try:
            self._invoke(payload)
        except RequestError as error:
            log("ERROR", f"{error.status.value} {error}")
            self._reply(error.status, str(error), CSV)

    def _invoke(self, payload: bytes) -> None:
        if not payload:
            self._reply(HTTPStatus.NO_CONTENT, "", CSV)
            return
        if len(payload) > MAX_BYTES:
            raise RequestError(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"more than {MAX_BYTES} bytes in one request"
            )
        predictions = self.server.scorer.predict(payload, self.headers.get("Content-Type"))
        reply_type = accepted(self.headers.get("Accept"))
        batch = bool(os.environ.get("SAGEMAKER_BATCH"))
        self._reply(HTTPStatus.OK, encode(predictions, reply_type, batch=batch), reply_type)

    def _reply(self, status: HTTPStatus, text: str, content_type: str) -> None:
        body = text.encode("utf-8")
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

    def __init__(self, port: int, scorer: Scorer) -> None:
        self.scorer = scorer
        super().__init__(("127.0.0.1", port), Handler)


def main() -> int:
    """Load the model, then serve until SIGTERM."""
    scorer = Scorer(base_folder() / "model")
    port = int(os.environ.get("SAGEMAKER_BIND_TO_PORT", "8080"))
    with Server(port, scorer) as server:
        # shutdown() waits for the loop that this very thread runs: ask from another one.
        signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
        # Port 0 lets the system choose; this line is how a caller learns which.
        log("INFO", f"listening on http://127.0.0.1:{server.server_address[1]}")
        server.serve_forever(poll_interval=0.05)
    return 0
