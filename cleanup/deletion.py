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
from cleanup.listing import plain_tags
from cleanup.refusals import meaning
from cleanup.regions import Job, Left, What
from workshop import names
from workshop.aws import Clients, make_clients
from workshop.errors import WorkshopError
from workshop.names import TAG_ATTENDEE, TAG_WORKSHOP

# What is not done by the time that CloudFormation stops waiting is told while it still listens.
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

    The function's configuration: `workshop`, `service_seconds` (how long CloudFormation waits
    for an answer), `protected` (names that are never touched), and `assets`, the bootstrap
    bucket.
    """

    clients: Clients
    workshop: str
    service_seconds: float
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
    return Tools(
        make_clients(),
        os.environ["WORKSHOP"],
        float(os.environ["SERVICE_SECONDS"]),
        protected,
        os.environ["ASSETS"],
    )


def sweep(request: Request, context: Context, tools: Tools) -> Ended | None:
    """Do what a Delete request asks for; None when another invocation goes on with it.

    Whose things go is said by the stack's own name and tags, never by the request. Kept and
    protected resources stay, and are no failure. What could not be listed is not clean: it is
    looked at again while there is time; for what this boto3 cannot list at all, see
    `needed.needed_kinds`.
    """
    arn = context.invoked_function_arn.split(":")
    region, account = arn[3], arn[4]
    end = tools.now() + context.get_remaining_time_in_millis() / 1000 - _MARGIN_SECONDS
    cloudformation = tools.clients("cloudformation", region)
    stack = _stack(request, cloudformation)
    status = str(stack["StackStatus"])
    if status not in _GOING:
        _log.info("nothing is touched: the stack is in %s", status)
        return Ended()
    asked = _whose(stack, request, tools.workshop)
    if asked is None:
        return Ended(f"nothing is touched: {stack['StackName']} is no stack of {tools.workshop}")
    what, attendee = asked
    invocation = int(request.get(_MEMORY, {}).get("invocation", 1))
    started = _asked_at(request, cloudformation, tools.now())
    last_word = started + tools.service_seconds - _LAST_WORD_SECONDS
    job = Job(
        what=what,
        workshop=tools.workshop,
        attendee=attendee,
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
    following = {"invocation": invocation + 1}
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


def _stack(request: Request, cloudformation: Any) -> Mapping[str, Any]:
    """The stack that asks. Found by its id, since a name may be another stack's by now."""
    (stack,) = cloudformation.describe_stacks(StackName=request["StackId"])["Stacks"]
    found: Mapping[str, Any] = stack
    return found


def _whose(stack: Mapping[str, Any], request: Request, workshop: str) -> tuple[What, str] | None:
    """What a stack may have swept, and for which attendee; None when it is not the workshop's.

    Whoever may invoke the function or name it in a template could ask for anybody. The shared
    stack asks twice, and only its requests say for which part.
    """
    tags, name = plain_tags(stack.get("Tags")), stack["StackName"]
    if tags.get(TAG_WORKSHOP) != workshop:
        return None
    attendee = tags.get(TAG_ATTENDEE, "")
    if attendee:
        own = names.attendee_stack_name(workshop, attendee)
        return ("attendee", attendee) if name == own else None
    what = request["ResourceProperties"]["What"]
    if name != names.shared_stack_name(workshop) or what not in ("region", "leftovers"):
        return None
    return what, ""


def _asked_at(request: Request, cloudformation: Any, now: float) -> float:
    """When CloudFormation began to wait for this answer, in seconds since 1970.

    Of the resource, not of the stack: what else it deletes first takes its time as well. And
    asked, not remembered in the event: Lambda repeats an asynchronous invocation that failed
    with the event it had.
    """
    detail = cloudformation.describe_stack_resource(
        StackName=request["StackId"], LogicalResourceId=request["LogicalResourceId"]
    )["StackResourceDetail"]
    if detail["ResourceStatus"] != "DELETE_IN_PROGRESS":
        return now
    return min(now, float(detail["LastUpdatedTimestamp"].timestamp()))


def _in_words(left: tuple[Left, ...]) -> str:
    most = 10
    more = f"; and {len(left) - most} more" if len(left) > most else ""
    return "; ".join(one.text for one in left[:most]) + more
