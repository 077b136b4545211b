"""What people are told before something is stopped, once each. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from costs.meter import Amount, Bill
from guard.ledger import Ledger
from guard.policy import GuardPolicy
from guard.rule import deadline, shown
from workshop.names import SHARED

# Of a budget, in percent; at the last one things are stopped.
_PERCENT = (50, 80, 100)
_BEFORE = (timedelta(hours=1), timedelta(minutes=15))


@dataclass(frozen=True, slots=True)
class Warning:
    """`key` tells it from all others, so that it is sent once."""

    key: str
    text: str


def find_warnings(
    now: datetime, policy: GuardPolicy, ledger: Ledger, bill: Bill
) -> tuple[Warning, ...]:
    """What is to be told now and has not been: of each budget and the deadline, the newest."""
    found = [*_budgets(policy, bill), *_deadline(now, policy, ledger)]
    return tuple(warning for warning in found if warning.key not in ledger.warned)


def _budgets(policy: GuardPolicy, bill: Bill) -> Iterator[Warning]:
    yield from _budget("", "the workshop", bill.total, policy.budget_total)
    for attendee, spent in sorted(bill.by_attendee.items()):
        if attendee != SHARED:
            yield from _budget(attendee, attendee, spent, policy.budget_per_attendee)


def _budget(key: str, who: str, spent: Amount, limit: float | None) -> Iterator[Warning]:
    if limit is None:
        return
    passed = [percent for percent in _PERCENT if spent.usd >= limit * percent / 100]
    if not passed:
        return
    most = passed[-1]
    text = f"{who} has spent {spent}, {most} % of {limit:.2f} USD"
    # Another budget is another warning.
    yield Warning(
        f"budget:{key}:{limit:g}:{most}", f"{text}: stopped" if most == _PERCENT[-1] else text
    )


def _deadline(now: datetime, policy: GuardPolicy, ledger: Ledger) -> Iterator[Warning]:
    until = deadline(policy, ledger)
    near = [span for span in _BEFORE if until - span <= now < until]
    if near:
        minutes = min(near).total_seconds() / 60
        text = f"everything is stopped at {shown(until)} (workshop extend 1h gives more time)"
        yield Warning(f"deadline:{until.isoformat()}:{minutes:g}", text)
