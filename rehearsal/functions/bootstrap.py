"""What runs in a function's process: it loads the handler and answers invocations.

Stands for AWS's Python runtime (awslambdaric). Started as
`python -I -S bootstrap.py PORT TOKEN PATH...`: isolated and without this machine's packages,
so that a handler finds what it would find in Lambda: its own files, its layers, the standard
library, boto3. It imports nothing but the standard library and nothing of ours.

Over a loopback connection to PORT, one JSON object per line: first it says {"token"}, then
it is asked {"id", "arn", "deadline", "event"} and answers {"payload"} or {"error"}; an answer
with "ends" is its last.
"""

from __future__ import annotations

import importlib
import json
import logging
import os
import resource
import socket
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from typing import Any

Json = dict[str, Any]
Handler = Callable[[Any, Any], Any]


class LambdaContext:
    """The context object ("Using the Lambda context object to retrieve Python function
    information", Lambda developer guide)."""

    def __init__(self, request: Json) -> None:
        self.aws_request_id = request["id"]
        self.invoked_function_arn = request["arn"]
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.identity = None
        self.client_context = None
        self._deadline: float = request["deadline"]

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the function's timeout."""
        return max(0, int((self._deadline - time.time()) * 1000))


class Failure(Exception):
    """The handler cannot be loaded; `error` is what every caller is told."""

    def __init__(self, error: Json) -> None:
        super().__init__(error["errorMessage"])
        self.error = error


class Lines(logging.Handler):
    """The root logger's handler in Lambda: level, time, request id and message, by tabs."""

    request_id = ""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record to the log."""
        at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        text = record.getMessage()
        if record.exc_info:
            text += "\n" + "".join(traceback.format_exception(*record.exc_info)).rstrip()
        sys.stdout.write(
            f"[{record.levelname}]\t{at}.{int(record.msecs):03d}Z\t{self.request_id}\t{text}\n"
        )


def load(name: str) -> Handler:
    """The handler named "module.function". Raises Failure with awslambdaric's errors."""
    module_name, dot, function_name = name.rpartition(".")
    if not dot:
        message = f"Bad handler '{name}': not enough values to unpack (expected 2, got 1)"
        raise Failure(described("Runtime.MalformedHandlerName", message))
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as error:
        message = f"Unable to import module '{module_name}': {error}"
        raise Failure(described("Runtime.ImportModuleError", message)) from error
    except SyntaxError as error:
        message = f"Syntax error in module '{module_name}': {error}"
        raise Failure(described("Runtime.UserCodeSyntaxError", message)) from error
    except Exception as error:
        raise Failure(exception(error)) from error
    handler: Handler | None = getattr(module, function_name, None)
    if handler is None:
        message = f"Handler '{function_name}' missing on module '{module_name}'"
        raise Failure(described("Runtime.HandlerNotFound", message))
    return handler


def described(kind: str, message: str, stack: Sequence[str] = ()) -> Json:
    """An error as the caller of a function gets it."""
    return {
        "errorMessage": message,
        "errorType": kind,
        "requestId": "",
        "stackTrace": list(stack),
    }


def exception(error: BaseException) -> Json:
    """What a handler raised, with the frames of its own code."""
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename != __file__ and not frame.filename.startswith("<frozen importlib")
    ]
    return described(type(error).__name__, str(error), traceback.format_list(frames))


def answer(handler: Handler, request: Json) -> Json:
    """Run the handler once."""
    try:
        result = handler(json.loads(request["event"]), LambdaContext(request))
    except Exception as error:  # noqa: BLE001 - whatever it raises is the caller's to know
        return failed(request, exception(error))
    try:
        return {"payload": json.dumps(result, ensure_ascii=False)}
    except (TypeError, ValueError) as error:
        message = f"Unable to marshal response: {error}"
        return failed(request, described("Runtime.MarshalError", message))


def failed(request: Json, error: Json) -> Json:
    """Log an error and answer it."""
    lines = [f"[ERROR] {error['errorType']}: {error['errorMessage']}"]
    if error["stackTrace"]:
        lines.append("Traceback (most recent call last):")
        lines += [line for part in error["stackTrace"] for line in part.splitlines()]
    sys.stdout.write("\n".join(lines) + "\n")
    return {"error": {**error, "requestId": request["id"]}}


def peak_memory() -> int:
    """KiB at the most. Linux counts what the parent had into ru_maxrss, not into VmHWM."""
    try:
        with open("/proc/self/status", encoding="ascii") as status:  # noqa: PTH123
            return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
    except (OSError, StopIteration):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def serve(stream: Any, token: str) -> None:
    """Load the handler, then answer invocations until the connection closes."""
    lines = Lines()
    logging.getLogger().addHandler(lines)

    def say(message: Json) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        stream.write(json.dumps({**message, "peak": peak_memory()}) + "\n")
        stream.flush()

    handler: Handler | None = None
    error: Json = {}
    try:
        handler = load(os.environ["_HANDLER"])
    except Failure as failure:
        error = failure.error
    say({"token": token})
    for line in stream:
        request = json.loads(line)
        lines.request_id = request["id"]
        if handler is None:
            say({**failed(request, error), "ends": True})
            return
        say(answer(handler, request))


def main() -> None:
    """Make the process look like Lambda's, connect, serve."""
    port, token, *paths = sys.argv[1:]
    sys.argv = ["bootstrap.py"]
    for output in (sys.stdout, sys.stderr):
        # By lines: what a killed handler had printed is in the log.
        output.reconfigure(  # type: ignore[union-attr]
            encoding="utf-8", errors="replace", line_buffering=True
        )
    own = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    sys.path[:0] = [os.environ["LAMBDA_TASK_ROOT"], *own, *paths]
    connection = socket.create_connection(("127.0.0.1", int(port)))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    serve(connection.makefile("rw", encoding="utf-8", newline="\n"), token)


if __name__ == "__main__":
    main()
