"""Service Quotas of the local AWS behind AWS's rate, with as many quotas as AWS has:
`python -m benchmarks.throttled_quotas`.

Prints one JSON line, {"url": ...}, once it answers, and ends when its standard input closes.
Each region lets so many calls a second through and throttles the others.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections import defaultdict, deque
from collections.abc import Iterable
from typing import Any

from werkzeug.serving import WSGIRequestHandler, make_server

from quotas.limits import LISTS_PER_SECOND
from rehearsal.clock import SteppedClock
from rehearsal.errors import ApiError
from rehearsal.http import Request, Response, json_error, json_response
from rehearsal.quotas import catalog
from rehearsal.quotas.applied import raised
from rehearsal.quotas.requests import AccountQuotas
from rehearsal.quotas.service import ServiceQuotas
from rehearsal.world import service_model

# What AWS lists; the table that is shipped knows fewer of them.
QUOTAS = 2258
_WINDOW_SECONDS = 1.0


class Throttled:
    """A WSGI application: the local AWS's Service Quotas, throttled per region."""

    def __init__(self) -> None:
        clock = SteppedClock()
        account = AccountQuotas(clock, raised())
        self._service = ServiceQuotas(
            service_model("service-quotas"), clock, account, as_many_as_aws_has()
        )
        self._lock = threading.Lock()
        self._recent: defaultdict[str, deque[float]] = defaultdict(deque)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        request = Request(environ)
        response = self._answer(request)
        headers = [*response.headers, ("Content-Length", str(len(response.body)))]
        start_response(f"{response.status} Status", headers)
        return [response.body]

    def _answer(self, request: Request) -> Response:
        if self._is_too_fast(request.region):
            return json_error(ApiError("TooManyRequestsException", "Rate exceeded", 429))
        try:
            return json_response(
                self._service.call(request.operation, request.json, request.region)
            )
        except ApiError as error:
            return json_error(error)

    def _is_too_fast(self, region: str) -> bool:
        now = time.monotonic()
        with self._lock:
            recent = self._recent[region]
            while recent and recent[0] <= now - _WINDOW_SECONDS:
                recent.popleft()
            if len(recent) >= LISTS_PER_SECOND:
                return True
            recent.append(now)
            return False


def as_many_as_aws_has() -> tuple[catalog.Quota, ...]:
    """The table's quotas, the first of them twice, until there are as many as AWS lists."""
    known = catalog.all_quotas()
    return tuple(known[n % len(known)] for n in range(QUOTAS))


class _Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, *_: Any, **__: Any) -> None: ...


def main() -> None:
    """Serve until standard input closes."""
    server = make_server("127.0.0.1", 0, Throttled(), threaded=True, request_handler=_Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(json.dumps({"url": f"http://127.0.0.1:{server.server_port}"}), flush=True)
    sys.stdin.read()
    server.shutdown()


if __name__ == "__main__":
    main()
