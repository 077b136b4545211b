"""What stacks run before they are deleted: the function behind Custom::WorkshopSweep.

CloudFormation sends a request and waits for an answer at its ResponseURL ("Custom resource
request and response reference", CloudFormation user guide). Creations and updates are answered
at once; a deletion sweeps first (`cleanup.deletion`), in several invocations if need be.
"""

from __future__ import annotations

import json
import logging
import time
import urllib.request
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cleanup.deletion import Context, Tools

# "The response body can be up to 4,096 bytes". The other fields take about 600 of them, and
# JSON may double the rest by escaping it.
_REASON_BYTES = 1700
_TRIES = 5
_ANSWER_SECONDS = 10.0

Request = Mapping[str, Any]

_log = logging.getLogger("cleanup")
# Lambda passes on warnings alone, unless told otherwise.
_log.setLevel(logging.INFO)


def handler(request: Request, context: Context, tools: Tools | None = None) -> None:
    """Lambda's entry point: answer a request, or leave the answer to another invocation.

    Whatever happens inside is answered: without an answer a stack hangs for an hour. `tools`
    are AWS's own by default. Raises OSError when the answer cannot be sent.
    """
    sleep = tools.sleep if tools else time.sleep
    try:
        status, reason = "SUCCESS", ""
        if request["RequestType"] == "Delete":
            # Only a deletion needs boto3, and one attendee's creation waits for each import.
            from cleanup import deletion

            ended = deletion.sweep(request, context, tools or deletion.aws_tools())
            if ended is None:
                return
            status, reason = ("FAILED", ended.reason) if ended.reason else ("SUCCESS", "")
    except Exception as error:  # noqa: BLE001 - see above
        _log.exception("not done")
        status, reason = "FAILED", f"{type(error).__name__}: {error}"
    send_answer(request, status, reason, sleep=sleep)


def send_answer(
    request: Request, status: str, reason: str, *, sleep: Callable[[float], None] = time.sleep
) -> None:
    """Answer a request: `status` is SUCCESS or FAILED, `reason` one line.

    Raises OSError after several tries.
    """
    line = " ".join(reason.split()).encode()[:_REASON_BYTES].decode(errors="ignore")
    _log.info("answer: %s %s", status, line)
    body = {
        "Status": status,
        "Reason": line or "done",
        # The same for ever, so that no update replaces the resource.
        "PhysicalResourceId": request.get("PhysicalResourceId") or f"sweep-{_subject(request)}",
        "StackId": request["StackId"],
        "RequestId": request["RequestId"],
        "LogicalResourceId": request["LogicalResourceId"],
    }
    # The URL is signed without a type of content; urllib would set one by itself.
    message = urllib.request.Request(
        request["ResponseURL"],
        data=json.dumps(body, ensure_ascii=False).encode(),
        headers={"Content-Type": ""},
        method="PUT",
    )
    for attempt in range(1, _TRIES + 1):
        try:
            with urllib.request.urlopen(message, timeout=_ANSWER_SECONDS):
                return
        except OSError as error:  # URLError and HTTPError are
            if attempt == _TRIES:
                raise
            _log.info("the answer was not taken: %s", error)
            sleep(2.0**attempt)


def _subject(request: Request) -> str:
    properties = request.get("ResourceProperties", {})
    return str(properties.get("Attendee") or properties.get("What", ""))
