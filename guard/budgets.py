"""Which limits hold for somebody, and how much of each is spent. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from costs.meter import Amount, Bill
from guard.policy import GuardPolicy
from workshop.names import SHARED


@dataclass(frozen=True, slots=True)
class Limit:
    """A budget in USD, whose it is, and what of it is spent. `key` is the
    attendee, or "" of the limit of all."""

    key: str
    who: str
    spent: Amount
    usd: float

    @property
    def passed(self) -> bool:
        """Whether what is known to be spent has reached it."""
        return self.spent.usd >= self.usd

    def __str__(self) -> str:
        """ "ann has spent 4.20 USD of 25.00 USD"."""
        return f"{self.who} has spent {self.spent} of {self.usd:.2f} USD"


def limit_of_all(policy: GuardPolicy, bill: Bill) -> Limit | None:
    """The workshop's budget, if it has one."""
    if policy.budget_total is None:
        return None
    return Limit("", "the workshop", bill.total, policy.budget_total)


def own_limit(owner: str, policy: GuardPolicy, bill: Bill) -> Limit | None:
    """An attendee's own budget; whatever all share has none."""
    if owner == SHARED or policy.budget_per_attendee is None:
        return None
    spent = bill.by_attendee.get(owner, Amount())
    return Limit(owner, owner, spent, policy.budget_per_attendee)


def limits_of(owner: str, policy: GuardPolicy, bill: Bill) -> tuple[Limit, ...]:
    """The limits that stop what somebody has: that of all, and their own."""
    found = (limit_of_all(policy, bill), own_limit(owner, policy, bill))
    return tuple(limit for limit in found if limit is not None)
