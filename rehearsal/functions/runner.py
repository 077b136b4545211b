"""Runs functions in warm processes, for callers that wait."""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime

from rehearsal.errors import ApiError
from rehearsal.functions import logs, records
from rehearsal.functions.package import Packages
from rehearsal.functions.process import FunctionProcess, ProcessEnded, ProcessTimedOut
from rehearsal.functions.records import Function
from rehearsal.machine import Machine

# "Lambda quotas": 6 MB each for the request and the response of a synchronous invocation. The
# response's limit is told with its own number in AWS's error.
_PAYLOAD_BYTES = 6_291_456
_RESPONSE_BYTES = 6_291_556
# An account may run 1,000 at once; this machine cannot. More are refused as AWS refuses more
# than its thousand.
_CONCURRENT = 16
_IDLE_SECONDS = 300.0
_IDLE_PROCESSES = 16


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an invocation ended; `failed` says that the payload is an error."""

    request_id: str
    version: str
    payload: bytes
    failed: bool
    log: str


class Functions:
    """All functions of the account. Safe to use from several threads; never needs the
    world's lock."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._packages = Packages(machine)
        self._lock = threading.Lock()
        self._idle: list[FunctionProcess] = []
        self._running: Counter[str] = Counter()

    def invoke(
        self, region: str, name: str, payload: bytes, qualifier: str | None = None
    ) -> Outcome:
        """Run a function and wait for its end.

        Raises ApiError when it is not there, does not run here, is throttled, or when the
        payload is too large or no JSON. An error of the function itself is an outcome.
        """
        event = check_payload(payload, _PAYLOAD_BYTES)
        function = records.find(region, name, qualifier)
        return self.run(function, event, str(uuid.uuid4()), qualifier)

    def run(
        self, function: Function, event: str, request_id: str, qualifier: str | None
    ) -> Outcome:
        """Run a function that was found, with an event that was checked.

        Raises TooManyRequestsException when it is throttled.
        """
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
        logs.put(
            function.region,
            process.log_group,
            process.log_stream,
            lines,
            # The last words of a function that was deleted meanwhile bring nothing back: with
            # it went its stack's log group, and its role.
            make_group=records.exists(function),
        )
        process.init = None
        if keep:
            self._give_back(process)
        else:
            process.discard()
        if error is None and len(payload.encode()) > _RESPONSE_BYTES:
            error = {
                "errorMessage": "Response payload size exceeded maximum allowed payload size "
                f"({_RESPONSE_BYTES} bytes).",
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

    def _take(self, function: Function) -> FunctionProcess | None:
        """The warm process that was used last; those of older code or configuration end."""
        fingerprint, serves = function.fingerprint, (function.arn, function.version)
        with self._lock:
            own = [process for process in self._idle if process.serves == serves]
            fresh = [process for process in own if process.fingerprint == fingerprint]
            taken = fresh.pop() if fresh else None
            outdated = [process for process in own if process.fingerprint != fingerprint]
            gone = {id(process) for process in (*outdated, taken)}
            self._idle = [process for process in self._idle if id(process) not in gone]
        for process in outdated:
            process.discard()
        return taken

    def _give_back(self, process: FunctionProcess) -> None:
        process.idle_since = time.monotonic()
        with self._lock:
            self._idle.append(process)
            surplus = self._idle[:-_IDLE_PROCESSES]
            self._idle = self._idle[-_IDLE_PROCESSES:]
        for old in surplus:
            old.discard()

    def tick(self) -> None:
        """End what has been idle for five minutes of real time."""
        before = time.monotonic() - _IDLE_SECONDS
        with self._lock:
            old = [p for p in self._idle if p.idle_since < before]
            self._idle = [p for p in self._idle if p.idle_since >= before]
        for process in old:
            process.discard()


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
