"""The IAM actions that an attendee's own `workshop cleanup` needs, read off the table of kinds."""

from __future__ import annotations

from collections.abc import Iterable

from cleanup.kinds import BY_NAME
from cleanup.kinds.attendees import ATTENDEE_KINDS

# The Studio domains are listed by every scan, whatever it looks for.
_LISTED_ALWAYS = "domain"
# What attendees make, by its name's prefix; what they work in has an ARN of its own.
MADE_KINDS = frozenset(name for name in ATTENDEE_KINDS if not BY_NAME[name].workplace)
WARM_POOL = "warm-pool"


def lists() -> set[str]:
    """The lists of a scan, as SageMaker actions without their prefix."""
    return {_action(BY_NAME[name].list_op) for name in (*ATTENDEE_KINDS, _LISTED_ALWAYS)}


def changes(kinds: Iterable[str]) -> set[str]:
    """What stops or deletes resources of some kinds, as SageMaker actions without their prefix.

    Deleting the record of a job that has ended frees nothing, so it is left out.
    """
    rows = [BY_NAME[name] for name in kinds]
    return {_action(call) for row in rows for call in row.calls if call != row.forget}


def _action(operation: str) -> str:
    """`stop_training_job` as IAM has it: actions of SageMaker are named like its operations,
    and their case does not matter (IAM user guide, "IAM JSON policy elements: Action")."""
    return "".join(word.capitalize() for word in operation.split("_"))
