"""What every part of the rule has said, whoever decided, and in which words."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from guard.rule import Finding, shown
from tests.unit.guard.rule_rows import (
    APP,
    BUDGETS,
    DEADLINE,
    ENDPOINT,
    JOB,
    NOTEBOOK,
    TRAINING,
    Row,
    held,
    spent,
    unseen,
    used,
)
from tests.unit.guard.samples import at, policy, resource
from workshop.machine import Machine


@pytest.fixture
def far_from_utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine whose own time is another one."""
    monkeypatch.setenv("TZ", "Asia/Kathmandu")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def last(row: Row) -> Finding:
    return row.verdict().findings[-1]


@pytest.mark.parametrize(
    "row",
    [
        Row("", "leave protected", "", kept="is kept"),
        Row("", "leave going", "", resource=resource("endpoint", status="Deleting")),
        Row("", "leave hold", "", ledger=held(900), activity=used(None)),
        Row("", "stop idle-endpoint", "", activity=used(None)),
        Row("", "leave idle-endpoint", ""),
    ],
    ids=lambda row: row.said.replace(" ", "-"),
)
def test_whoever_decides_all_parts_are_told(row: Row) -> None:
    verdict = row.verdict()

    assert (verdict.action, verdict.rule) == tuple(row.said.split())
    assert [finding.rule for finding in verdict.findings] == ["deadline", "idle-endpoint"]


def test_without_budgets_there_is_nothing_to_tell_of_them() -> None:
    found = Row("", "", "", resource=JOB, machines=TRAINING).verdict().findings

    assert [finding.rule for finding in found] == ["deadline", "job-age"]


def test_of_two_parts_with_one_time_the_first_is_told() -> None:
    verdict = Row("", "", "", now=1030, activity=used(DEADLINE - 60)).verdict()

    assert (verdict.action, verdict.rule, verdict.due) == ("leave", "deadline", at(DEADLINE + 5))


def test_machines_that_nothing_binds_hide_none_that_is_bound() -> None:
    machines = (Machine("studio-volume", "gp3", 500), Machine("hosting", "ml.g5.xlarge", 1))

    assert Row("", "", "", machines=machines).verdict().rule == "ceiling"


def test_the_types_that_are_allowed_are_told() -> None:
    allowed = {"endpoint": ("ml.m5.large", "ml.t2.medium")}
    machines = (Machine("hosting", "ml.g5.xlarge", 1),)

    assert Row("", "", "", policy=policy(allowed=allowed), machines=machines).verdict().reason == (
        "ml.g5.xlarge is not allowed for endpoint: ml.m5.large, ml.t2.medium"
    )


def test_a_job_of_no_known_age_is_told_in_these_words() -> None:
    assert last(Row("", "", "", resource=JOB, began=None)).reason == (
        "since when it runs is not known"
    )


def test_an_endpoint_without_instances_is_never_due_for_idleness() -> None:
    found = last(Row("", "", "", machines=()))

    assert (found.rule, found.due) == ("idle-endpoint", None)


@pytest.mark.parametrize("workspace", [APP, NOTEBOOK], ids=lambda one: one.kind)
def test_nobody_is_blamed_for_a_workspace_before_it_is_due(workspace: object) -> None:
    row = Row("", "", "", resource=workspace, activity=used(700))  # type: ignore[arg-type]

    assert (row.verdict().action, row.verdict().rule) == ("leave", "idle-workspace")
    assert "should have acted" not in last(row).reason


@pytest.mark.parametrize(
    ("thing", "rule"), [(ENDPOINT, "idle-endpoint"), (APP, "idle-workspace")], ids=["e", "app"]
)
def test_what_was_not_used_since_a_time_that_nobody_knows_is_not_due(
    thing: object, rule: str
) -> None:
    found = last(Row("", "", "", resource=thing, began=None, activity=used(None)))  # type: ignore[arg-type]

    assert (found.rule, found.due) == (rule, None)
    assert found.reason.endswith("and since when it runs is not known")


def test_what_nobody_knows_anything_of_is_told_as_unseen() -> None:
    found = last(Row("", "", "", began=None, activity=unseen("refused")))

    assert (found.rule, found.due) == ("unseen", None)


@pytest.mark.usefixtures("far_from_utc")
def test_times_are_told_in_utc_wherever_the_machine_is() -> None:
    assert shown(at(14 * 60 + 30)) == "2030-06-03 14:30Z"


def test_a_budget_that_is_not_spent_is_told_with_what_is() -> None:
    found = Row("", "", "", policy=BUDGETS, bill=spent(5), resource=JOB).verdict().findings

    assert [finding.rule for finding in found] == ["deadline", "budget", "job-age"]
