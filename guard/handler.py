"""Lambda's entry point: one run of the guard.

The policy comes with the event, as EventBridge Scheduler's input; the function's own ARN and
environment say the rest.
"""

from __future__ import annotations

import gc
import json
import os
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any, Protocol

# Imports make what stays: to look for garbage meanwhile takes a twentieth of a cold start.
gc.disable()

from guard.execute import SWEEP_SECONDS, Means, execute, summary  # noqa: E402
from guard.plan import make_plan  # noqa: E402
from guard.policy import thaw  # noqa: E402
from guard.table import Table  # noqa: E402
from workshop import names  # noqa: E402
from workshop.aws import Clients, make_clients  # noqa: E402

gc.enable()

# Of what Lambda gives, kept for notices and the ledger.
_MARGIN_SECONDS = 60.0


class Context(Protocol):
    """What Lambda says of an invocation."""

    invoked_function_arn: str

    def get_remaining_time_in_millis(self) -> int: ...


def handler(event: Mapping[str, Any], context: Context) -> dict[str, Any]:
    """Run once; returns, and writes to the log, what was done in numbers.

    Raises ValueError for another workshop's or region's policy, since whoever may invoke the
    function could bring any; and what AWS raises when the ledger or the attendees cannot be
    read: then nothing is stopped, and the next run tries again.
    """
    _, partition, _, region, account, *_ = context.invoked_function_arn.split(":")
    policy = thaw(event["policy"])
    if (policy.workshop, policy.region) != (os.environ["WORKSHOP"], region):
        raise ValueError(f"this is the guard of {os.environ['WORKSHOP']} in {region}")
    clients = _clients()
    table = Table(clients, policy)
    plan = make_plan(policy, account, table.read(), clients, datetime.now(UTC))
    topic = f"arn:{partition}:sns:{region}:{account}:{names.notices_name(policy.workshop)}"
    seconds = context.get_remaining_time_in_millis() / 1000 - _MARGIN_SECONDS
    means = Means(clients, table, topic, write, seconds=min(SWEEP_SECONDS, seconds))
    numbers = summary(execute(plan, means))
    write(numbers)
    return numbers


def write(line: Mapping[str, Any]) -> None:
    """Write a line of the log: Lambda carries stdout to CloudWatch Logs."""
    # ASCII: whatever stands in a name or a reason, stdout takes it.
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


@cache
def _clients() -> Clients:
    """Made once per process: making clients takes longer than using them."""
    return make_clients()
