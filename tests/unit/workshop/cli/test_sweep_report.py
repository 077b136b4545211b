"""The report of a sweep, as whoever pays reads it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from cleanup.audit import Actor
from cleanup.resources import TAGS, Blind, Resource, Scan, Scope, Unattributed
from cleanup.steps import Call, Decision
from cleanup.sweep import Plan, Remaining, SweepResult
from costs.meter import Amount, Bill
from costs.prices import Rate
from workshop.cli.sweep_report import Report

REGION = "eu-west-1"
LIVE = Resource(
    kind="endpoint",
    region=REGION,
    name="ml101-ann-live",
    ids=(("EndpointName", "ml101-ann-live"),),
    status="InService",
    owner="ann",
    why="name prefix",
)
INSTANCE = Resource(
    kind="notebook-instance",
    region=REGION,
    name="ml101-bob",
    ids=(("NotebookInstanceName", "ml101-bob"),),
    status="InService",
    owner="bob",
    why="name prefix",
    managed=True,
)
RATES = {LIVE.key: Rate(0.5), INSTANCE.key: Rate(unknown=1)}
REFUSED = Blind(REGION, "app", "AccessDenied: no | not\nyou")


def report(result: SweepResult, **scope: object) -> Report:
    calls = (Call(LIVE, "delete_endpoint"), Call(INSTANCE, "stop_notebook_instance"))
    return Report(
        actor=Actor("arn:aws:iam::111122223333:user/ina", "111122223333", "ml101"),
        scope=replace(Scope("ml101", frozenset({"ann", "bob"}), (REGION,)), **scope),  # type: ignore[arg-type]
        started=datetime(2030, 3, 4, 17, 0, tzinfo=UTC),
        ended=datetime(2030, 3, 4, 17, 5, tzinfo=UTC),
        plan=Plan(Scan((LIVE, INSTANCE)), Decision(calls, (), (), ()), 0.0),
        result=result,
        rates=RATES,
    )


def clean() -> SweepResult:
    calls = [Call(LIVE, "delete_endpoint"), Call(INSTANCE, "stop_notebook_instance")]
    stopped = replace(INSTANCE, status="Stopped")
    return SweepResult(done=calls, kept=[(stopped, "its stack deletes it")], looks=2)


def test_the_first_sentence_says_that_nothing_bills_any_more() -> None:
    lines = report(clean()).markdown().splitlines()

    assert lines[0] == "# Cleanup of workshop ml101"
    assert lines[2] == "**Clean: nothing of the attendees is left that bills by the hour.**"


@pytest.mark.parametrize(
    ("scope", "whose"),
    [
        ({"only": frozenset({"bob", "ann"})}, "of ann, bob"),
        ({"module": "iris"}, "from the lab iris of the attendees"),
        ({"everything": True}, "of SageMaker"),
    ],
)
def test_no_more_is_called_clean_than_was_looked_at(scope: dict[str, object], whose: str) -> None:
    assert (
        report(clean(), **scope).verdict == f"clean: nothing {whose} is left that bills by the hour"
    )


def test_an_attendees_verdict_is_about_what_attendees_can_make() -> None:
    ann = frozenset({"ann"})
    running = replace(clean(), kept=[(LIVE, "tag workshop:keep")])

    told = replace(report(clean(), only=ann), own_kinds=True)
    assert told.verdict == "clean: nothing that ann can make is left that bills by the hour"
    told = replace(report(running, only=ann), own_kinds=True)
    assert told.verdict.startswith("clean: nothing that ann can make bills by the hour but 1 thing")


def test_what_ended_without_the_sweep_is_not_what_it_saved() -> None:
    told = report(replace(clean(), done=[Call(LIVE, "delete_endpoint")]))

    assert told.saved == Rate(0.5)
    assert report(replace(clean(), done=[])).saved == Rate()


def test_what_was_on_its_way_already_is_saved_once_it_is_gone() -> None:
    told = report(SweepResult(looks=2))

    assert told.saved == Rate()
    on_its_way = replace(told.plan, decision=Decision((), (LIVE,), (), ()))
    assert replace(told, plan=on_its_way).saved == Rate(0.5)


def test_what_is_saved_by_the_hour_is_unknown_without_prices() -> None:
    told = replace(report(clean()), rates={})

    assert told.saved == Rate(unknown=2)
    assert "| ann | 1 | unknown |" in told.markdown()


def test_what_is_saved_is_told_by_day_month_and_attendee() -> None:
    text = report(clean()).markdown()

    assert "## What no longer runs: at least 0.50 USD/h (1 unknown)" in text
    assert "at least 12.00 USD a day, 365.00 USD a month" in text
    assert "| ann | 1 | 0.50 USD/h |" in text
    assert "| bob | 1 | unknown |" in text
    assert "| endpoint | deleted | 1 |" in text
    assert "Storage bills by the month" in text


def test_what_remains_is_named_with_its_cost_and_not_among_what_is_saved() -> None:
    result = replace(clean(), remaining=[Remaining(LIVE, "still Deleting after 1800 s")])
    told = report(result)

    assert told.verdict == "not clean: 1 resource could not go, which costs 0.50 USD/h"
    assert told.saved == Rate(unknown=1)
    assert "| ann | InService | 0.500 | still Deleting after 1800 s |" in told.markdown()


def test_what_could_not_be_seen_is_neither_clean_nor_saved() -> None:
    unseen = Blind(REGION, "endpoint", "AccessDenied")
    told = report(replace(clean(), blind=(unseen,)))

    assert told.verdict == "not verified: 1 listing failed or was refused"
    assert told.saved == Rate(unknown=1)
    assert "complete look" not in told.markdown()
    assert report(replace(clean(), blind=(Blind(REGION, TAGS, "x"),))).saved == Rate()


def test_a_failed_listing_is_told_even_where_something_remains() -> None:
    result = replace(clean(), remaining=[Remaining(LIVE, "refused")], blind=(REFUSED,))

    assert report(result).verdict.endswith("; there may be more: 1 listing failed or was refused")


def test_what_runs_on_purpose_is_told_with_its_cost_and_is_not_saved() -> None:
    told = report(replace(clean(), kept=[(LIVE, "tag workshop:keep")]))

    assert told.verdict == (
        "clean: nothing of the attendees bills by the hour but 1 thing kept on purpose, "
        "which costs 0.50 USD/h"
    )
    assert told.saved == Rate(unknown=1)


def test_a_message_of_aws_stays_in_its_cell() -> None:
    text = report(replace(clean(), blind=(REFUSED,))).markdown()

    assert "| app | eu-west-1 | AccessDenied: no \\| not you |" in text


def test_what_only_looks_like_ours_and_what_came_back_are_told() -> None:
    other = Unattributed("model", REGION, "ml101-zoe-m", "zoe is not an attendee")
    text = report(replace(clean(), unattributed=(other,), returned=[(LIVE, 3)])).markdown()

    assert "| model | ml101-zoe-m | eu-west-1 | zoe is not an attendee |" in text
    assert "| endpoint | ml101-ann-live | eu-west-1 | 3 |" in text


def test_the_report_says_what_the_workshop_has_cost_and_what_the_sweep_saves_a_day() -> None:
    bill = Bill(
        {"ann": Amount(40.0), "bob": Amount(1.2)}, {"endpoint": Amount(41.2)}, complete=True
    )
    told = replace(report(clean()), bill=bill, oldest="2030-01")

    assert told.costs == (
        "the workshop has cost 41.20 USD, 20.60 USD per attendee; "
        "cleanup saves at least 12.00 USD a day"
    )
    text = told.markdown()
    assert "## What the workshop has cost: 41.20 USD, 20.60 USD per attendee" in text
    assert "| ann | 40.00 USD |" in text
    assert "| endpoint | 41.20 USD |" in text
    assert "On-demand prices, the oldest of 2030-01; storage not included." in text


def test_what_no_ledger_has_kept_makes_the_cost_a_least_one() -> None:
    told = replace(report(clean()), bill=Bill({"ann": Amount(40.0)}))

    assert told.costs.startswith("the workshop has cost at least 40.00 USD, 20.00 USD per")
    assert "what was deleted before is not in it" in told.markdown()


def test_a_sweep_of_a_part_says_nothing_of_what_the_workshop_has_cost() -> None:
    told = report(clean())

    assert told.costs == ""
    assert "has cost" not in told.markdown()
