"""Every branch of the rule: what is stopped, what is left and until when, and what is said."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from guard.ledger import Extension, Ledger
from guard.rule import _JOBS, deadline, end, shown
from tests.unit.guard.rule_rows import (
    BUDGETS,
    DEADLINE,
    ENDS,
    JOB,
    NOTEBOOK,
    POLICY,
    ROWS,
    Row,
    spent,
    unseen,
    used,
)
from tests.unit.guard.samples import at, policy, resource


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name.replace(" ", "-"))
def test_the_rule_says(row: Row) -> None:
    verdict = row.verdict()

    action, rule, *minute = row.said.split()
    assert (verdict.action, verdict.rule) == (action, rule)
    assert verdict.due == (at(float(minute[0])) if minute else None)
    assert row.reason in verdict.reason


def test_no_two_cases_have_one_name() -> None:
    assert len({row.name for row in ROWS}) == len(ROWS)


@pytest.mark.parametrize("kind", sorted(_JOBS))
def test_every_kind_of_job_has_an_age_at_which_it_is_stopped(kind: str) -> None:
    row = Row("", "", "", resource=resource(kind), machines=(), activity=None, now=245)

    assert (row.verdict().action, row.verdict().rule) == ("stop", "job-age")


def test_a_verdict_holds_what_every_part_of_the_rule_said() -> None:
    row = Row("", "", "", policy=BUDGETS, bill=spent(5), resource=NOTEBOOK)

    found = {finding.rule: finding for finding in row.verdict().findings}

    assert list(found) == ["deadline", "budget", "idle-workspace"]
    assert found["budget"].due is None
    assert found["budget"].reason == (
        "the workshop has spent 5.00 USD of 100.00 USD; ann has spent 5.00 USD of 20.00 USD"
    )


def test_a_verdict_says_that_neither_use_nor_age_is_known() -> None:
    row = Row("", "", "", began=None, activity=unseen("refused"))

    assert row.verdict().findings[-1].reason == "neither its use nor its age is known (refused)"


def test_a_verdict_says_why_an_endpoint_without_instances_is_left() -> None:
    found = Row("", "", "", machines=()).verdict().findings[-1]

    assert found.reason == "no instances: it is serverless or scaled to zero"


def test_a_job_whose_age_is_not_known_says_so() -> None:
    found = Row("", "", "", resource=JOB, began=None).verdict().findings[-1]

    assert (found.rule, found.due) == ("job-age", None)
    assert "not known" in found.reason


def test_the_end_and_the_deadline_are_an_hour_of_grace_apart() -> None:
    ledger = Ledger(Extension(at(ENDS), at(ENDS + 30)))

    assert end(POLICY, ledger) == at(ENDS + 30)
    assert deadline(POLICY, ledger) == at(DEADLINE + 30)
    assert deadline(POLICY, Ledger()) == POLICY.deadline == at(DEADLINE)


def test_times_are_shown_in_utc_to_the_minute() -> None:
    assert shown(datetime.fromisoformat("2030-06-03T14:30:59+02:00")) == "2030-06-03 12:30Z"


def test_minutes_are_told_as_hours_from_two_on() -> None:
    for minutes, text in ((119, "119 min"), (120, "2 h"), (150, "2.5 h")):
        idle = policy(endpoint_idle=timedelta(minutes=minutes))
        row = Row("", "", "", policy=idle, activity=used(720))

        assert f", {text} without use at most" in row.verdict().reason
