"""Which limits hold for somebody, and how much of each is spent. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from costs.meter import Amount, Bill
from guard.policy import GuardPolicy
from workshop.names import SHARED


@dataclass(frozen=True, slots=True)
class Limit:
    """A budget in USD, whose it is, and what of it is spent. `key` tells it from all others."""

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
    return Limit("total", "the workshop", bill.total, policy.budget_total)


def limits_of(owner: str, policy: GuardPolicy, bill: Bill) -> Iterator[Limit]:
    """The limits that stop what somebody has: that of all, and their own. Whatever all share
    is nobody's own."""
    of_all = limit_of_all(policy, bill)
    if of_all is not None:
        yield of_all
    if owner != SHARED and policy.budget_per_attendee is not None:
        spent = bill.by_attendee.get(owner, Amount())
        yield Limit(owner, owner, spent, policy.budget_per_attendee)
