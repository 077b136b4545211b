"""boto3 clients of a local AWS in this process, through its front door: faults strike, calls
are counted, and nothing listens or waits.

botocore's own standard retries decide what is tried again; only their waits are left out, so
that a sweep under throttling takes milliseconds. One wire serves any number of worlds, one
after the other, because making clients takes longer than a small sweep.
"""

from __future__ import annotations

import threading
from collections import Counter
from typing import Any

import boto3
from botocore.config import Config
from botocore.retries import quota, standard
from moto.core.base_backend import BackendDict
from moto.core.model_instances import reset_model_data

from rehearsal.faults import naming
from rehearsal.front import Front
from rehearsal.http import Environ, Request, Response
from rehearsal.inprocess import answer_in_process, run
from rehearsal.world import World
from tests.unit.rehearsal.bench import NOWHERE

# As the toolkit's own clients (workshop.aws).
_ATTEMPTS = 10
_NO_RETRIES_OF_ITS_OWN = Config(
    retries={"mode": "standard", "total_max_attempts": 1}, s3={"addressing_style": "path"}
)


class Wire:
    """Clients of whichever world is connected: `wire(service, region)`."""

    def __init__(self) -> None:
        self._clients: dict[tuple[str, str], Any] = {}
        self._retries: dict[tuple[str, str], _Retries] = {}
        self._front: Front | None = None
        self._lock = threading.Lock()
        self.calls: Counter[str] = Counter()

    def connect(self, world: World) -> None:
        """Let the clients reach this world from now on, with a fresh allowance of retries.

        What moto holds belongs to the process: it is forgotten, so that every world begins
        empty.
        """
        BackendDict.reset()
        reset_model_data()
        self._front = Front(world)
        self.calls.clear()
        for retries in self._retries.values():
            retries.renew()

    def __call__(self, service: str, region: str) -> Any:
        """The client of a service in a region, the same one every time."""
        key = (service, region)
        with self._lock:
            if key not in self._clients:
                session = boto3.Session("local", "local", region_name=region)
                client = session.client(
                    service, endpoint_url=NOWHERE, config=_NO_RETRIES_OF_ITS_OWN
                )
                answer_in_process(client, self._answer)
                self._retries[key] = _Retries(client)
                self._clients[key] = client
            return self._clients[key]

    def _answer(self, environ: Environ) -> Response:
        assert self._front is not None, "no world is connected"
        request = Request(environ)
        with self._lock:
            self.calls[f"{request.service}:{naming.operation(request)}"] += 1
        return run(self._front, environ)


class _Retries:
    """botocore's standard retries of one client, without their waits."""

    def __init__(self, client: Any) -> None:
        self.renew()
        service = client.meta.service_model.service_id.hyphenize()
        client.meta.events.register(f"needs-retry.{service}", self._needs_retry)
        client.meta.events.register(f"after-call.{service}", self._release)

    def renew(self) -> None:
        """Forget what was spent on retries."""
        adapter = standard.RetryEventAdapter()
        detector = standard.ThrottlingErrorDetector(adapter)
        self._quota = standard.RetryQuotaChecker(quota.RetryQuota(), detector)
        self._handler = standard.RetryHandler(
            retry_policy=standard.RetryPolicy(
                retry_checker=standard.StandardRetryConditions(max_attempts=_ATTEMPTS),
                retry_backoff=standard.ExponentialBackoff(random=lambda: 0.0),
            ),
            retry_event_adapter=adapter,
            retry_quota=self._quota,
        )

    def _needs_retry(self, **event: Any) -> float | None:
        delay: float | None = self._handler.needs_retry(**event)
        return delay

    def _release(self, **event: Any) -> None:
        self._quota.release_retry_quota(**event)
