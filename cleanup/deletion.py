"""The sweep before a stack is deleted: of one attendee, of what is left of a region, or of
what a deleted domain leaves behind. Bounded by Lambda's time, and taken up again by itself."""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

from cleanup import regions
from cleanup.calls import FAILURES, failure
from cleanup.refusals import meaning
from cleanup.regions import Job, Left
from workshop.aws import Clients, make_clients
from workshop.errors import WorkshopError

# CloudFormation waits an hour at most (ServiceTimeout, AWS::CloudFormation::CustomResource);
# what is not done by then is told while it still listens.
SERVICE_SECONDS = 3600
_LAST_WORD_SECONDS = 240.0
# Of each invocation, kept for the last look, for calling the next one and for the answer.
_MARGIN_SECONDS = 60.0
# Lambda ends a chain of about 16 invocations in which a function calls itself, asynchronous
# ones too ("Use Lambda recursive loop detection to prevent infinite loops", Lambda developer
# guide; zappa/Zappa#1329). An hour takes five of fifteen minutes.
MOST_INVOCATIONS = 8
_PAUSE_FIRST, _PAUSE_MOST = 5.0, 60.0
# The statuses of a stack in which what it holds goes. In all others the resource was merely
# taken out of the stack, or an update that added it is rolled back: attendees go on working.
_GOING = ("DELETE_IN_PROGRESS", "ROLLBACK_IN_PROGRESS")
# What an invocation tells the next one.
_MEMORY = "Sweep"

Request = Mapping[str, Any]

_log = logging.getLogger(__name__)


class Context(Protocol):
    """What Lambda says of an invocation."""

    invoked_function_arn: str

    def get_remaining_time_in_millis(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Tools:
    """The world of an invocation; `now` in seconds since 1970, the same for all invocations.

    The function's configuration: `workshop`, `protected` (names that are never touched), and
    `assets`, the bootstrap bucket.
    """

    clients: Clients
    workshop: str
    protected: frozenset[str] = frozenset()
    assets: str = ""
    now: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep


@dataclass(frozen=True, slots=True)
class Ended:
    """How it ended: `reason` says what remains and why, "" when nothing does."""

    reason: str = ""


@cache
def aws_tools() -> Tools:
    """AWS's own, made once per process: making clients takes longer than using them."""
    protected = frozenset(json.loads(os.environ["PROTECTED"]))
    return Tools(make_clients(), os.environ["WORKSHOP"], protected, os.environ["ASSETS"])


def sweep(request: Request, context: Context, tools: Tools) -> Ended | None:
    """Do what a Delete request asks for; None when another invocation goes on with it.

    Kept and protected resources stay, and are no failure. What could not be listed is not
    clean: it is looked at again while there is time.
    """
    arn = context.invoked_function_arn.split(":")
    region, account = arn[3], arn[4]
    memory = request.get(_MEMORY, {})
    started = float(memory.get("started", tools.now()))
    invocation = int(memory.get("invocation", 1))
    last_word = started + SERVICE_SECONDS - _LAST_WORD_SECONDS
    end = tools.now() + context.get_remaining_time_in_millis() / 1000 - _MARGIN_SECONDS
    status = _stack_status(str(request["StackId"]), tools.clients("cloudformation", region))
    if status not in _GOING:
        _log.info("nothing is touched: the stack is in %s", status)
        return Ended()
    properties = request["ResourceProperties"]
    job = Job(
        what=properties["What"],
        workshop=tools.workshop,
        attendee=properties.get("Attendee", ""),
        region=region,
        account=account,
        protected=tools.protected,
        assets=tools.assets,
        clients=tools.clients,
        until=min(end, last_word),
        now=tools.now,
        sleep=tools.sleep,
    )
    left = _until_nothing_is_left(job)
    if not left:
        return Ended()
    if not any(one.again for one in left):
        return Ended(_in_words(left))
    if tools.now() >= last_word or end >= last_word:
        return Ended(f"{_in_words(left)} (given up after {tools.now() - started:.0f} s)")
    if invocation >= MOST_INVOCATIONS:
        return Ended(f"{_in_words(left)} (given up after {invocation} invocations)")
    following = {"started": started, "invocation": invocation + 1}
    _log.info("goes on in invocation %d: %s", invocation + 1, _in_words(left))
    tools.clients("lambda", region).invoke(
        FunctionName=context.invoked_function_arn,
        InvocationType="Event",
        Payload=json.dumps({**request, _MEMORY: following}).encode(),
    )
    return None


def _until_nothing_is_left(job: Job) -> tuple[Left, ...]:
    """Try until it is done, or nothing can be gained by another try, or the time is up."""
    pause = _PAUSE_FIRST
    while True:
        try:
            left = regions.sweep(job)
        except FAILURES as error:
            left = (Left(failure(error), again=meaning(error) != "refused"),)
        except WorkshopError as error:
            left = (Left(str(error)),)
        if not any(one.again for one in left) or job.seconds_left <= pause:
            return left
        job.sleep(pause)
        pause = min(pause * 2, _PAUSE_MOST)


def _stack_status(stack_id: str, cloudformation: Any) -> str:
    """A stack's status. Found by its id, since a name may be another stack's by now."""
    (stack,) = cloudformation.describe_stacks(StackName=stack_id)["Stacks"]
    return str(stack["StackStatus"])


def _in_words(left: tuple[Left, ...]) -> str:
    most = 10
    more = f"; and {len(left) - most} more" if len(left) > most else ""
    return "; ".join(one.text for one in left[:most]) + more
