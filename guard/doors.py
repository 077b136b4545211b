"""Who may start nothing more: whoever has spent a budget, and everybody once it is over.

Stopping alone would let a budget be passed a little at every run, for as long as somebody
starts anew what was stopped. The doors are a tag on the attendee's role, which the permissions
boundary heeds (aws:PrincipalTag): attendees cannot tag roles, nothing hangs on the role that
its deletion would stumble over, and taking the tag away opens them again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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
    """Whose doors are to be shut, with the reason, and whose opened again."""

    shut: Mapping[str, str] = field(default_factory=dict)
    opened: tuple[str, ...] = ()


def find_doors(
    now: datetime,
    attendees: Iterable[str],
    policy: GuardPolicy,
    ledger: Ledger,
    bill: Bill,
) -> Doors:
    """What is to change of the doors that `ledger.shut` knows to be shut. Pure."""
    reasons = {who: _why_shut(now, who, policy, ledger, bill) for who in sorted(attendees)}
    return Doors(
        {who: why for who, why in reasons.items() if why and who not in ledger.shut},
        tuple(who for who, why in reasons.items() if not why and who in ledger.shut),
    )


def _why_shut(now: datetime, attendee: str, policy: GuardPolicy, ledger: Ledger, bill: Bill) -> str:
    if ledger.hold(attendee, now) is not None:
        return ""
    until = deadline(policy, ledger)
    if now >= until + CLOCK_TOLERANCE:
        return f"the workshop is over since {shown(until)}"
    return next((str(one) for one in limits_of(attendee, policy, bill) if one.passed), "")


def move_doors(doors: Doors, workshop: str, iam: Any) -> tuple[frozenset[str], list[str]]:
    """Tag and untag the roles; returns whose doors were moved, and what failed in words.

    A role that is gone needs no door.
    """
    moves = [*((who, True) for who in doors.shut), *((who, False) for who in doors.opened)]

    def move(one: tuple[str, bool]) -> str:
        attendee, shut = one
        role = names.environment_name(workshop, attendee)
        try:
            if shut:
                tag = {"Key": names.TAG_STOPPED, "Value": "true"}
                iam.tag_role(RoleName=role, Tags=[tag])
            else:
                iam.untag_role(RoleName=role, TagKeys=[names.TAG_STOPPED])
        except FAILURES as error:
            if error_code(error) != "NoSuchEntity":
                return f"the door of {attendee} was not {'shut' if shut else 'opened'}: " + failure(
                    error
                )
        return ""

    with ThreadPoolExecutor(max_workers=_WORKERS) as pool:
        problems = list(pool.map(move, moves))
    moved = frozenset(who for (who, _), problem in zip(moves, problems, strict=True) if not problem)
    return moved, [problem for problem in problems if problem]
