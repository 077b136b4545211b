"""Closes a workshop's doors before it is destroyed: attendees can make and start nothing new.

The shared stack's template holds the state of the doors as a value, and the permissions
boundary over all attendees follows it. Any later deployment writes the open state again.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from deploy.plan import read_regions
from deploy.state import STABLE, StackState, failure_reason
from workshop.aws import Clients, error_message
from workshop.names import DOORS, DOORS_CLOSED, DOORS_OF_ATTENDEES, DOORS_STATE, TAG_ATTENDEE

_POLL_SECONDS = 1.0
LIMIT_SECONDS = 300.0

Template = dict[str, Any]


def closed(template: Template) -> Template | None:
    """The template with closed doors; None when they are closed, or it has none."""
    found = template.get("Mappings", {}).get(DOORS, {}).get(DOORS_OF_ATTENDEES, {})
    if found.get(DOORS_STATE) in (None, DOORS_CLOSED):
        return None
    changed: Template = json.loads(json.dumps(template))
    changed["Mappings"][DOORS][DOORS_OF_ATTENDEES][DOORS_STATE] = DOORS_CLOSED
    return changed


def close_doors(
    stacks: Iterable[StackState],
    clients: Clients,
    *,
    now: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> list[str]:
    """Update the shared ones of some stacks and wait. Returns why doors are still open.

    A stack that is not settled is passed over: where it failed, no attendee came in. Doors
    that stay open keep nothing from being destroyed.
    """
    problems: list[str] = []
    waiting: dict[tuple[str, str], float] = {}
    for stack in stacks:
        if TAG_ATTENDEE in stack.tags or stack.status not in STABLE:
            continue
        try:
            if _close(stack, clients):
                waiting[stack.region, stack.name] = now()
        except (ClientError, BotoCoreError) as error:
            problems.append(f"doors in {stack.region}: {error_message(error)}")
    while waiting:
        sleep(_POLL_SECONDS)
        states = read_regions({region for region, _ in waiting}, clients)
        for key in list(waiting):
            region, name = key
            state = states[region].get(name)
            if state is not None and state.moving and now() - waiting[key] < LIMIT_SECONDS:
                continue
            del waiting[key]
            if state is None or state.status != "UPDATE_COMPLETE":
                problems.append(f"doors in {region}: {_why(name, state, clients, region)}")
    return problems


def _close(stack: StackState, clients: Clients) -> bool:
    """Ask for one update; False when there is nothing to close."""
    cloudformation = clients("cloudformation", stack.region)
    body = cloudformation.get_template(StackName=stack.name)["TemplateBody"]
    # botocore answers a JSON template parsed, a YAML one as text; ours are JSON.
    template = closed(body) if isinstance(body, dict) else None
    if template is None:
        return False
    cloudformation.update_stack(
        StackName=stack.name,
        TemplateBody=json.dumps(template, separators=(",", ":")),
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"],
        Tags=[{"Key": key, "Value": value} for key, value in sorted(stack.tags.items())],
        Parameters=[
            {"ParameterKey": key, "UsePreviousValue": True} for key in sorted(stack.parameters)
        ],
    )
    return True


def _why(name: str, state: StackState | None, clients: Clients, region: str) -> str:
    if state is None:
        return "the stack is gone"
    if state.moving:
        return f"the stack is still in {state.status}"
    try:
        return failure_reason(clients("cloudformation", region), name)
    except (ClientError, BotoCoreError) as error:
        return error_message(error)
