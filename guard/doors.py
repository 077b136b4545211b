"""Who may start nothing more: whoever has spent a budget, and everybody once it is over.

Stopping alone would let a budget be passed a little at every run, for as long as somebody
starts anew what was stopped. The doors are a tag on the attendee's role, which the permissions
boundary heeds (aws:PrincipalTag): attendees cannot tag roles, nothing hangs on the role that
its deletion would stumble over, and taking the tag away opens them again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cleanup.calls import FAILURES, failure
from costs.meter import Bill
from guard.budgets import limits_of
from guard.ledger import Ledger
from guard.policy import GuardPolicy
from guard.rule import CLOCK_TOLERANCE, deadline, shown
from workshop import names
from workshop.aws import error_code

# IAM is one for all regions and accounts its calls sparingly.
_WORKERS = 4


@dataclass(frozen=True, slots=True)
class Doors:
    """Whose doors are to be shut, with the reason, and whose opened again.

    `shut` has everybody whose door is to be shut, also those that are: a role that was made
    anew has lost its tag.
    """

    shut: Mapping[str, str] = field(default_factory=dict)
    opened: tuple[str, ...] = ()


def find_doors(
    now: datetime,
    attendees: Iterable[str],
    policy: GuardPolicy,
    ledger: Ledger,
    bill: Bill,
) -> Doors:
    """Whose doors are to be shut, and which of those that `ledger.shut` knows opened. Pure.

    Where another region's spending could not be read, nobody has less spent than before: no
    door is opened then, but by a hold.
    """
    reasons = {who: _why_shut(now, who, policy, ledger, bill) for who in sorted(attendees)}
    return Doors(
        {who: why for who, why in reasons.items() if why},
        tuple(
            who
            for who, why in reasons.items()
            if not why
            and who in ledger.shut
            and (bill.complete or ledger.hold(who, now) is not None)
        ),
    )


def _why_shut(now: datetime, attendee: str, policy: GuardPolicy, ledger: Ledger, bill: Bill) -> str:
    if ledger.hold(attendee, now) is not None:
        return ""
    until = deadline(policy, ledger)
    if now >= until + CLOCK_TOLERANCE:
        return f"the workshop is over since {shown(until)}"
    return next((str(one) for one in limits_of(attendee, policy, bill) if one.passed), "")


def shut_doors(attendees: Iterable[str], workshop: str, iam: Any) -> list[str]:
    """Tag the roles; returns what failed in words. A role that is not there needs no door."""
    tag = {"Key": names.TAG_STOPPED, "Value": "true"}
    return _each(attendees, workshop, "shut", lambda role: iam.tag_role(RoleName=role, Tags=[tag]))


def open_doors(attendees: Iterable[str], workshop: str, iam: Any) -> list[str]:
    """Untag the roles; returns what failed in words."""
    keys = [names.TAG_STOPPED]
    return _each(
        attendees, workshop, "opened", lambda role: iam.untag_role(RoleName=role, TagKeys=keys)
    )


def _each(
    attendees: Iterable[str], workshop: str, what: str, move: Callable[[str], Any]
) -> list[str]:
    def one(attendee: str) -> str:
        try:
            move(names.environment_name(workshop, attendee))
        except FAILURES as error:
            if error_code(error) != "NoSuchEntity":
                return f"the door of {attendee} was not {what}: {failure(error)}"
        return ""

    with ThreadPoolExecutor(max_workers=_WORKERS) as pool:
        return [problem for problem in pool.map(one, attendees) if problem]
