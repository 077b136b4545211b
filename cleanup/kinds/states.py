"""How a row writes down what to do in each status: statuses grouped by action."""

from __future__ import annotations


def states(**by_action: str) -> dict[str, str]:
    """Map each status to its action, from groups of statuses that are parted by spaces.

    A group is named by a client method or by what WAIT, GONE, REST and PAID stand for, as in
    `states(stop_training_job="InProgress", wait="Stopping")`. Raises ValueError for a status
    in two groups.
    """
    found: dict[str, str] = {}
    for action, statuses in by_action.items():
        for status in statuses.split():
            if status in found:
                raise ValueError(f"{status} is in two groups: {found[status]} and {action}")
            found[status] = action
    return found
