"""Runs functions in the background, for events: Lambda's asynchronous invocation."""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from rehearsal.clock import Clock
from rehearsal.errors import ApiError
from rehearsal.functions import records
from rehearsal.functions.runner import Functions, check_payload
from rehearsal.machine import Machine

_log = logging.getLogger(__name__)

# (region, function name or ARN, payload) -> request id; raises ApiError
Enqueue = Callable[[str, str, bytes], str]

# "Lambda quotas": 1 MB for an asynchronous invocation.
_PAYLOAD_BYTES = 1_048_576
_WORKERS = 8
# "A one-minute wait between the first two attempts, and two minutes between the second and
# third" after a function's error; after throttling "for up to 6 hours. The retry interval
# increases exponentially from 1 second ... to a maximum of 5 minutes" (Lambda developer guide,
# "Asynchronous invocation").
_RETRY_SECONDS = (60.0, 120.0)
_THROTTLED_SECONDS = 300.0
_GIVE_UP_SECONDS = 6 * 3600.0


@dataclass(frozen=True, slots=True)
class _Event:
    """An invocation to be made; `since` and `due` on the clock."""

    region: str
    name: str
    qualifier: str | None
    payload: bytes
    request_id: str
    since: float
    due: float
    failures: int = 0
    throttles: int = 0


class Background:
    """The events of all functions. Safe to use from several threads."""

    def __init__(self, functions: Functions, machine: Machine, clock: Clock) -> None:
        self._functions = functions
        self._machine = machine
        self._clock = clock
        self._lock = threading.Lock()
        self._waiting: list[_Event] = []
        self._working = 0
        self._workers = ThreadPoolExecutor(_WORKERS, thread_name_prefix="function")

    def enqueue(self, region: str, name: str, payload: bytes, qualifier: str | None = None) -> str:
        """Run a function in the background, with Lambda's retries; answers the request id.

        Raises ApiError when it is not there, does not run here, or when the payload is too
        large or no JSON.
        """
        check_payload(payload, _PAYLOAD_BYTES)
        records.find(region, name, qualifier)
        now = self._clock.now()
        event = _Event(region, name, qualifier, payload, str(uuid.uuid4()), since=now, due=now)
        self._submit(event)
        return event.request_id

    def tick(self) -> None:
        """Retry what is due."""
        now = self._clock.now()
        with self._lock:
            due = [event for event in self._waiting if event.due <= now]
            self._waiting = [event for event in self._waiting if event.due > now]
        for event in due:
            self._submit(event)

    @property
    def busy(self) -> bool:
        """Whether an invocation runs or is about to (retries to come do not count)."""
        with self._lock:
            return self._working > 0

    @property
    def waiting(self) -> int:
        """How many events wait for their retry."""
        with self._lock:
            return len(self._waiting)

    def close(self) -> None:
        """Take no more events. What runs ends with the machine's processes."""
        self._workers.shutdown(wait=False, cancel_futures=True)

    def _submit(self, event: _Event) -> None:
        with self._lock:
            self._working += 1
        self._workers.submit(self._work, event)

    def _work(self, event: _Event) -> None:
        again: _Event | None = None
        try:
            again = self._attempt(event)
        except ApiError as error:
            _log.warning("event for %s dropped: %s", event.name, error)
        except Exception:  # noqa: BLE001 - one event must not stop the others
            if not self._machine.closing.is_set():
                _log.exception("event for %s", event.name)
        finally:
            with self._lock:
                self._working -= 1
                if again is not None:
                    self._waiting.append(again)

    def _attempt(self, event: _Event) -> _Event | None:
        """One attempt; answers the event again when it is to be retried."""
        if self._machine.closing.is_set():
            return None
        function = records.find(event.region, event.name, event.qualifier)
        text = check_payload(event.payload, _PAYLOAD_BYTES)
        try:
            outcome = self._functions.run(function, text, event.request_id, event.qualifier)
        except ApiError as error:
            given_up = self._clock.now() > event.since + _GIVE_UP_SECONDS
            if error.code != "TooManyRequestsException" or given_up:
                raise
            wait = min(2.0**event.throttles, _THROTTLED_SECONDS)
            return replace(event, due=self._clock.after(wait), throttles=event.throttles + 1)
        if not outcome.failed or event.failures >= function.retries:
            return None
        due = self._clock.after(_RETRY_SECONDS[event.failures])
        return replace(event, due=due, failures=event.failures + 1)
