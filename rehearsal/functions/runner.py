"""Runs functions: in warm processes, at once for a caller or in the background for an event."""

from __future__ import annotations

import json
import logging
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from rehearsal.clock import Clock
from rehearsal.errors import ApiError
from rehearsal.functions import logs, records
from rehearsal.functions.package import Packages
from rehearsal.functions.process import FunctionProcess, ProcessEnded, ProcessTimedOut
from rehearsal.functions.records import Function
from rehearsal.machine import Machine

_log = logging.getLogger(__name__)

# Invocation payload, request and response: 6 MB synchronous, 1 MB asynchronous ("Lambda
# quotas"). The response's limit is told with its own number in AWS's error.
SYNCHRONOUS_BYTES = 6_291_456
ASYNCHRONOUS_BYTES = 1_048_576
RESPONSE_BYTES = 6_291_556
# An account may run 1,000 at once; this machine cannot. More are refused as AWS refuses more
# than its thousand.
_CONCURRENT = 16
_WORKERS = 8
_IDLE_SECONDS = 300.0
_IDLE_PROCESSES = 16
# "A one-minute wait between the first two attempts, and two minutes between the second and
# third" after a function's error; after throttling "for up to 6 hours. The retry interval
# increases exponentially from 1 second ... to a maximum of 5 minutes" (Lambda developer guide,
# "Asynchronous invocation").
_RETRY_SECONDS = (60.0, 120.0)
_THROTTLED_SECONDS = 300.0
_GIVE_UP_SECONDS = 6 * 3600.0

# (region, function name or ARN, payload) -> request id; raises ApiError
Enqueue = Callable[[str, str, bytes], str]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an invocation ended; `failed` says that the payload is an error."""

    request_id: str
    version: str
    payload: bytes
    failed: bool
    log: str


@dataclass(frozen=True, slots=True)
class _Event:
    """An asynchronous invocation; `since` and `due` on the clock."""

    region: str
    name: str
    qualifier: str | None
    payload: bytes
    request_id: str
    since: float
    due: float
    failures: int = 0
    throttles: int = 0


class Functions:
    """All functions of the account. Safe to use from several threads; never needs the
    world's lock."""

    def __init__(self, machine: Machine, clock: Clock) -> None:
        self._machine = machine
        self._clock = clock
        self._packages = Packages(machine)
        self._lock = threading.Lock()
        self._idle: list[FunctionProcess] = []
        self._running: Counter[str] = Counter()
        self._waiting: list[_Event] = []
        self._working = 0
        self._workers = ThreadPoolExecutor(_WORKERS, thread_name_prefix="function")

    # -- at once ---------------------------------------------------------------------

    def invoke(
        self, region: str, name: str, payload: bytes, qualifier: str | None = None
    ) -> Outcome:
        """Run a function and wait for its end.

        Raises ApiError when it is not there, does not run here, is throttled, or when the
        payload is too large or no JSON. An error of the function itself is an outcome.
        """
        event = check_payload(payload, SYNCHRONOUS_BYTES)
        function = records.find(region, name, qualifier)
        return self._run(function, event, str(uuid.uuid4()), qualifier)

    def _run(
        self, function: Function, event: str, request_id: str, qualifier: str | None
    ) -> Outcome:
        self._enter(function)
        try:
            package = self._packages.unpack(function)
            process = self._take(function) or FunctionProcess(self._machine, function, package)
            return self._invoke(function, process, event, request_id, qualifier)
        finally:
            with self._lock:
                self._running[function.arn] -= 1

    def _enter(self, function: Function) -> None:
        with self._lock:
            reason = ""
            if function.concurrency is not None:
                if self._running[function.arn] >= function.concurrency:
                    reason = "ReservedFunctionConcurrentInvocationLimitExceeded"
            elif self._running.total() >= _CONCURRENT:
                reason = "ConcurrentInvocationLimitExceeded"
            if reason:
                raise ApiError(
                    "TooManyRequestsException", "Rate Exceeded.", 429, {"Reason": reason}
                )
            self._running[function.arn] += 1

    def _invoke(
        self,
        function: Function,
        process: FunctionProcess,
        event: str,
        request_id: str,
        qualifier: str | None,
    ) -> Outcome:
        arn = f"{function.arn}:{qualifier}" if qualifier else function.arn
        status, peak, payload, keep = "", 0, "", False
        try:
            answer = process.invoke(request_id, arn, event, float(function.timeout))
            peak, output, error = answer.peak, answer.output, answer.error
            payload, keep = answer.payload, not answer.ends
        except ProcessTimedOut:
            status = "timeout"
            text = f"Task timed out after {function.timeout}.00 seconds"
            now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
            output = [*process.output(), f"{now} {request_id} {text}"]
            error = _sandbox_error("Sandbox.Timedout", request_id, text)
        except ProcessEnded as ended:
            status = "error\tError Type: Runtime.ExitError"
            output = [*process.output(), f"RequestId: {request_id} Error: {ended}"]
            output.append("Runtime.ExitError")
            error = _sandbox_error("Runtime.ExitError", request_id, str(ended))
        run = logs.Run(
            request_id=request_id,
            version=function.version,
            seconds=time.perf_counter() - process.asked,
            memory=function.memory,
            peak=peak,
            init=process.init,
            status=status,
        )
        lines = [logs.start_line(request_id, function.version), *output, *logs.end_lines(run)]
        logs.put(function.region, process.log_group, process.log_stream, lines)
        process.init = None
        if keep:
            self._give_back(process)
        else:
            process.kill()
        if error is None and len(payload.encode()) > RESPONSE_BYTES:
            error = {
                "errorMessage": "Response payload size exceeded maximum allowed payload size "
                f"({RESPONSE_BYTES} bytes).",
                "errorType": "Function.ResponseSizeTooLarge",
            }
        body = payload if error is None else json.dumps(error)
        return Outcome(
            request_id=request_id,
            version=function.version,
            payload=body.encode(),
            failed=error is not None,
            log=logs.tail(lines),
        )

    # -- warm processes ----------------------------------------------------------------

    def _take(self, function: Function) -> FunctionProcess | None:
        """The warm process that was used last."""
        fingerprint = function.fingerprint
        with self._lock:
            for process in reversed(self._idle):
                if process.fingerprint == fingerprint:
                    self._idle.remove(process)
                    return process
        return None

    def _give_back(self, process: FunctionProcess) -> None:
        process.idle_since = time.monotonic()
        with self._lock:
            self._idle.append(process)
            surplus = self._idle[:-_IDLE_PROCESSES]
            self._idle = self._idle[-_IDLE_PROCESSES:]
        for old in surplus:
            old.kill()

    def _end_idle(self) -> None:
        before = time.monotonic() - _IDLE_SECONDS
        with self._lock:
            old = [p for p in self._idle if p.idle_since < before]
            self._idle = [p for p in self._idle if p.idle_since >= before]
        for process in old:
            process.kill()

    # -- in the background ---------------------------------------------------------------

    def enqueue(self, region: str, name: str, payload: bytes, qualifier: str | None = None) -> str:
        """Run a function in the background, with Lambda's retries; answers the request id.

        Raises ApiError when it is not there, does not run here, or when the payload is too
        large or no JSON.
        """
        check_payload(payload, ASYNCHRONOUS_BYTES)
        records.find(region, name, qualifier)
        now = self._clock.now()
        event = _Event(region, name, qualifier, payload, str(uuid.uuid4()), since=now, due=now)
        self._submit(event)
        return event.request_id

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
        text = check_payload(event.payload, ASYNCHRONOUS_BYTES)
        try:
            outcome = self._run(function, text, event.request_id, event.qualifier)
        except ApiError as error:
            if error.code != "TooManyRequestsException":
                raise
            wait = min(2.0**event.throttles, _THROTTLED_SECONDS)
            if self._clock.now() > event.since + _GIVE_UP_SECONDS:
                raise
            due = self._clock.after(wait)
            return replace(event, due=due, throttles=event.throttles + 1)
        if not outcome.failed or event.failures >= function.retries:
            return None
        due = self._clock.after(_RETRY_SECONDS[event.failures])
        return replace(event, due=due, failures=event.failures + 1)

    @property
    def busy(self) -> bool:
        """Whether a background invocation runs or is about to (retries to come do not count)."""
        with self._lock:
            return self._working > 0

    @property
    def waiting(self) -> int:
        """How many background invocations wait for their retry."""
        with self._lock:
            return len(self._waiting)

    def tick(self) -> None:
        """Retry what is due, and end what has been idle for five minutes of real time."""
        now = self._clock.now()
        with self._lock:
            due = [event for event in self._waiting if event.due <= now]
            self._waiting = [event for event in self._waiting if event.due > now]
        for event in due:
            self._submit(event)
        self._end_idle()

    def close(self) -> None:
        """Take no more work. The processes end with the machine."""
        self._workers.shutdown(wait=False, cancel_futures=True)


def check_payload(payload: bytes, limit: int) -> str:
    """The payload as text, {} for none. Raises RequestTooLargeException or
    InvalidRequestContentException (the wording beyond their first words is not confirmed)."""
    if len(payload) > limit:
        raise ApiError(
            "RequestTooLargeException",
            f"Request must be smaller than {limit} bytes for the InvokeFunction operation",
            413,
            {"Type": "User"},
        )
    try:
        text = payload.decode() or "{}"
        json.loads(text)
    except ValueError as error:
        raise ApiError(
            "InvalidRequestContentException",
            f"Could not parse request body into json: {error}",
            400,
            {"Type": "User"},
        ) from error
    return text


def _sandbox_error(kind: str, request_id: str, text: str) -> dict[str, str]:
    """What Lambda itself answers for a process that timed out or ended (seen as
    {"errorType": "Sandbox.Timedout", "errorMessage": "RequestId: ... Error: Task timed out
    after 1.00 seconds"} since 2025; before, a time and no type)."""
    return {"errorType": kind, "errorMessage": f"RequestId: {request_id} Error: {text}"}
