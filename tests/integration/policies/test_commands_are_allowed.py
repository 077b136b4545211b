"""Everything that a command calls is allowed by the policy that is printed for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.iam_patterns import allowed_by
from tests.integration.policies.instructor import DAY, Day
from workshop.cli.iam_actions import actions_of
from workshop.cli.iam_policy import policies_of
from workshop.config import load_workshop

# A key, and the name of its policy where that says more.
COMMANDS = {"cost": "cost --refresh"}


@pytest.fixture
def day(tmp_path: Path) -> Iterator[Day]:
    day = Day(tmp_path)
    yield day
    day.close()


def test_every_command_of_a_day_calls_only_what_its_printed_policy_allows(day: Day) -> None:
    for key, arguments in DAY:
        if key == "cleanup":
            day.leave_something()
        finished = day.run(key, *arguments)
        # Nobody has collected any work here, which "collect" says with a 1.
        assert finished.code == (1 if key == "collect" else 0), (arguments, finished.stderr)

    calls = day.calls()
    workshop = load_workshop(day.config)
    refused = {
        key: sorted(
            action
            for call in calls[key]
            for action in actions_of(*call.split(":"))
            if not allowed_by(policies_of(COMMANDS.get(key, key), workshop), action)
        )
        for key in {key for key, _ in DAY}
    }
    assert {key: actions for key, actions in refused.items() if actions} == {}
    # The keys are told apart: what one command calls is not put down to another.
    assert "cloudformation:CreateStack" in calls["deploy"]
    assert "cloudformation:CreateStack" not in calls["check"]
    assert "sagemaker:DeleteEndpoint" in calls["cleanup"]
