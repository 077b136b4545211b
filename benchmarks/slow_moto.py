"""moto's own server with a latency in front: `python -m benchmarks.slow_moto`.

Prints one JSON line, {"url": ...}, once it answers, and ends when its standard input closes.
GET /_bench tells how often each operation was called, POST sets how many seconds every later
call waits, and starts the counts anew.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

from rehearsal.errors import ApiError
from rehearsal.faults import naming
from rehearsal.http import Request, json_error

Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


class Slow:
    """A WSGI application behind a latency that can be changed."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self._lock = threading.Lock()
        self._seconds = 0.0
        self._calls: Counter[str] = Counter()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        request = Request(environ)
        if request.path == "/_bench":
            body = self._control(request)
            start_response("200 OK", [("Content-Length", str(len(body)))])
            return [body]
        with self._lock:
            self._calls[naming.operation(request)] += 1
        time.sleep(self._seconds)
        try:
            return self._application(environ, start_response)
        except NotImplementedError:
            return _unknown(start_response)

    def _control(self, request: Request) -> bytes:
        with self._lock:
            if request.method == "POST":
                self._seconds = float(json.loads(request.body)["seconds"])
                self._calls.clear()
            return json.dumps(self._calls).encode()


def _unknown(start_response: Any) -> Iterable[bytes]:
    """What AWS says of an operation that it does not have. moto breaks at one, and the 500 that
    its server makes of that would be tried again ten times."""
    response = json_error(ApiError("UnknownOperationException", "moto does not have it."))
    headers = [*response.headers, ("Content-Length", str(len(response.body)))]
    start_response("400 Bad Request", headers)
    return [response.body]


class _Quiet(WSGIRequestHandler):
    # As moto_server has it: connections are kept.
    protocol_version = "HTTP/1.1"

    def log_request(self, *_: Any) -> None: ...


def main() -> None:
    """Serve until the standard input ends."""
    application = Slow(DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=_Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdout.write(json.dumps({"url": f"http://127.0.0.1:{server.port}"}) + "\n")
    sys.stdout.flush()
    while sys.stdin.buffer.read(65536):
        pass
    server.shutdown()


if __name__ == "__main__":
    main()
