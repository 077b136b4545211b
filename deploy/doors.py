"""Closes a workshop's doors before it is destroyed: attendees can make and start nothing new.

The shared stack's template holds the state of the doors as a value, and the permissions
boundary over all attendees follows it. Any later deployment writes the open state again.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterable
from typing import Any

from deploy.assembly import INLINE_LIMIT
from deploy.look import Looker, Refusal, raise_if_stale
from deploy.state import NEVER_CREATED, UPDATABLE, StackState, failure_reason
from workshop.aws import Clients, error_message
from workshop.names import (
    DOORS,
    DOORS_CLOSED,
    DOORS_OF_ATTENDEES,
    DOORS_STATE,
    TAG_ATTENDEE,
    assets_prefix,
)

_POLL_SECONDS = 1.0
_ASKED = "asked for"
LIMIT_SECONDS = 300.0

Template = dict[str, Any]


def closed(template: Template) -> Template | None:
    """The template with closed doors; None when they are closed already.

    Raises KeyError for a template without doors.
    """
    if template["Mappings"][DOORS][DOORS_OF_ATTENDEES][DOORS_STATE] == DOORS_CLOSED:
        return None
    changed: Template = json.loads(json.dumps(template))
    changed["Mappings"][DOORS][DOORS_OF_ATTENDEES][DOORS_STATE] = DOORS_CLOSED
    return changed


class Doors:
    """Closes the doors of the shared ones among some stacks, and waits.

    `bucket_of` says where a region's templates may lie that are too large to be sent; `now` and
    `sleep` are passed in.
    """

    def __init__(
        self,
        workshop: str,
        clients: Clients,
        bucket_of: Callable[[str], str],
        *,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._workshop = workshop
        self._clients = clients
        self._bucket_of = bucket_of
        self._now = now
        self._sleep = sleep
        self._looker = Looker(clients, now)

    def close(self, stacks: Iterable[StackState]) -> list[str]:
        """Returns why doors are still open, which keeps nothing from being destroyed.

        Raises ClientError when the credentials have expired.
        """
        shared = [s for s in stacks if TAG_ATTENDEE not in s.tags and _has_doors(s)]
        # All are asked before any is waited for: regions update side by side.
        found = {stack.region: self._settle(stack) or self._ask(stack) for stack in shared}
        for stack in shared:
            if found[stack.region] == _ASKED:
                found[stack.region] = self._end(stack)
        return [f"doors in {region} stay open: {why}" for region, why in found.items() if why]

    def _end(self, stack: StackState) -> str:
        """Wait for an update that was asked for; returns why it failed, or ""."""
        try:
            state = self._wait(stack)
            if state is None:
                return "the stack is gone"
            if state.status == "UPDATE_COMPLETE":
                return ""
            if state.moving:
                return f"the stack is still in {state.status}"
            return failure_reason(self._clients("cloudformation", stack.region), stack.name)
        except Refusal as error:
            raise_if_stale(error)
            return error_message(error)

    def _settle(self, stack: StackState) -> str:
        """Wait for what goes on; returns why the stack cannot be updated then, or ""."""
        try:
            state = self._wait(stack) if stack.moving else stack
        except Refusal as error:
            raise_if_stale(error)
            return error_message(error)
        if state is None or state.status in UPDATABLE:
            return ""
        return f"the stack is in {state.status}"

    def _wait(self, stack: StackState) -> StackState | None:
        """The stack once nothing goes on any more, or as it is after LIMIT_SECONDS."""
        began = self._now()
        while True:
            self._sleep(_POLL_SECONDS)
            states = self._looker.stacks(stack.region)
            late = self._now() - began >= LIMIT_SECONDS
            if states is None:
                continue
            state = states.get(stack.name)
            if state is None or not state.moving or late:
                return state

    def _ask(self, stack: StackState) -> str:
        """Ask for one update; returns _ASKED, why that failed, or "" when they are closed."""
        cloudformation = self._clients("cloudformation", stack.region)
        try:
            body = cloudformation.get_template(StackName=stack.name)["TemplateBody"]
            # botocore answers a JSON template parsed, a YAML one as text; ours are JSON.
            template = closed(body if isinstance(body, dict) else {})
            if template is None:
                return ""
            cloudformation.update_stack(
                StackName=stack.name,
                **self._template(stack.region, json.dumps(template, separators=(",", ":"))),
                Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"],
                Tags=[{"Key": key, "Value": value} for key, value in sorted(stack.tags.items())],
                Parameters=[
                    {"ParameterKey": key, "UsePreviousValue": True}
                    for key in sorted(stack.parameters)
                ],
            )
        except KeyError:
            return "its template has none that could be closed"
        except Refusal as error:
            raise_if_stale(error)
            return error_message(error)
        return _ASKED

    def _template(self, region: str, text: str) -> dict[str, str]:
        """The template in the request; one that is too large for that, in the bucket."""
        if len(text.encode()) <= INLINE_LIMIT:
            return {"TemplateBody": text}
        bucket = self._bucket_of(region)
        digest = hashlib.sha256(text.encode()).hexdigest()
        key = f"{assets_prefix(self._workshop)}{digest}.json"
        self._clients("s3", region).put_object(Bucket=bucket, Key=key, Body=text.encode())
        return {"TemplateURL": f"https://{bucket}.s3.{region}.amazonaws.com/{key}"}


def _has_doors(stack: StackState) -> bool:
    """Whether somebody may come in: not where a creation failed, nor where the stack goes."""
    return stack.status not in NEVER_CREATED and not stack.status.startswith("DELETE_")
