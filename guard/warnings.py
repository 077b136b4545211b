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
    found: list[Warning] = []
    if policy.region == policy.regions[0]:
        limits.insert(0, limit_of_all(policy, bill))
        found += _deadline(now, policy, ledger)
    budgets = (_budget(limit, ledger, now) for limit in limits if limit is not None)
    found = [*(warning for warning in budgets if warning is not None), *found]
    return tuple(warning for warning in found if warning.key not in ledger.warned)


def _budget(limit: Limit, ledger: Ledger, now: datetime) -> Warning | None:
    passed = [percent for percent in _PERCENT if limit.spent.usd >= limit.usd * percent / 100]
    if not passed:
        return None
    most = passed[-1]
    text = f"{limit.who} has spent {limit.spent}, {most} % of {limit.usd:.2f} USD"
    # Another budget is another warning.
    key = f"budget:{limit.key}:{limit.usd:g}:{most}"
    if most == _PERCENT[-1]:
        text += f": {_unless_held('stopped', limit.key, ledger, now)}"
    return Warning(key, text)


def _unless_held(what: str, attendee: str, ledger: Ledger, now: datetime) -> str:
    hold = ledger.hold(attendee, now)
    return what if hold is None else f"held until {shown(hold.until)}, then {what}"


def _deadline(now: datetime, policy: GuardPolicy, ledger: Ledger) -> Iterator[Warning]:
    until = deadline(policy, ledger)
    near = [span for span in _BEFORE if until - span <= now < until]
    if near:
        minutes = min(near).total_seconds() / 60
        text = f"everything is stopped at {shown(until)} (workshop extend 1h gives more time)"
        hold = ledger.hold("", now)
        if hold is not None and hold.until > until:
            text = f"the workshop is over at {shown(until)}; held until {shown(hold.until)}"
        yield Warning(f"deadline:{until.isoformat()}:{minutes:g}", text)
