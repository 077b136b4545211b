"""Which actions an IAM policy allows, by its Action patterns alone."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Any


def allows(pattern: str, action: str) -> bool:
    """Whether a pattern takes an action in; the case does not matter."""
    return fnmatchcase(action.lower(), pattern.lower())


def allowed_by(policies: Iterable[dict[str, Any]], action: str) -> bool:
    """Whether any statement of any policy takes an action in."""
    return any(
        allows(pattern, action)
        for policy in policies
        for statement in policy["Statement"]
        for pattern in statement["Action"]
    )
