"""What people are told before something is stopped, once each. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from costs.meter import Bill
from guard.budgets import Limit, limit_of_all, own_limit
from guard.ledger import Ledger
from guard.policy import GuardPolicy
from guard.rule import deadline, shown

# Of a budget, in percent; at the last one things are stopped.
_PERCENT = (50, 80, 100)
_BEFORE = (timedelta(hours=1), timedelta(minutes=15))


@dataclass(frozen=True, slots=True)
class Warning:
    """`key` tells it from all others, so that it is sent once."""

    key: str
    text: str


def find_warnings(
    now: datetime, policy: GuardPolicy, ledger: Ledger, bill: Bill, attendees: Iterable[str]
) -> tuple[Warning, ...]:
    """What is to be told now and has not been: of each budget and the deadline, the newest.

    `attendees` are the region's. Of what concerns all the workshop's first region tells.
    """
    limits = [own_limit(attendee, policy, bill) for attendee in sorted(attendees)]
    found = []
    if policy.region == policy.regions[0]:
        limits.insert(0, limit_of_all(policy, bill))
        found += _deadline(now, policy, ledger)
    found = [*(w for limit in limits if limit and (w := _budget(limit))), *found]
    return tuple(warning for warning in found if warning.key not in ledger.warned)


def _budget(limit: Limit) -> Warning | None:
    passed = [percent for percent in _PERCENT if limit.spent.usd >= limit.usd * percent / 100]
    if not passed:
        return None
    most = passed[-1]
    text = f"{limit.who} has spent {limit.spent}, {most} % of {limit.usd:.2f} USD"
    # Another budget is another warning.
    key = f"budget:{limit.key}:{limit.usd:g}:{most}"
    return Warning(key, f"{text}: stopped" if most == _PERCENT[-1] else text)


def _deadline(now: datetime, policy: GuardPolicy, ledger: Ledger) -> Iterator[Warning]:
    until = deadline(policy, ledger)
    near = [span for span in _BEFORE if until - span <= now < until]
    if near:
        minutes = min(near).total_seconds() / 60
        text = f"everything is stopped at {shown(until)} (workshop extend 1h gives more time)"
        yield Warning(f"deadline:{until.isoformat()}:{minutes:g}", text)
