"""The table of kinds agrees with botocore's model on states; its order and bills make sense."""

from __future__ import annotations

import pytest

from cleanup.kind import GONE, PAID, REST, WAIT, Kind
from cleanup.kinds import BY_NAME, KINDS
from cleanup.kinds.states import states
from tests.unit.cleanup.kinds_model import (
    NAMES,
    every_kind,
    operation,
    statuses_of,
    summary_of,
)

WORDS = {WAIT, GONE, REST, PAID}


@every_kind
def test_every_status_that_the_api_knows_has_an_action_and_no_other(kind: Kind) -> None:
    if kind.always:
        assert not kind.on_status
        assert not kind.status_field
    elif kind.status_of:
        assert not kind.status_field
        assert kind.on_status
    else:
        assert set(kind.on_status) == statuses_of(kind)


@every_kind
def test_what_has_a_status_in_its_list_is_not_deleted_whatever_it_is(kind: Kind) -> None:
    if kind.always:
        own = {"Status", f"{summary_of(kind).name.removesuffix('Summary')}Status"}
        # Draft, Approved and the like; whether a component's job has ended.
        assert not own & set(summary_of(kind).members) or kind.name.startswith(
            ("model-card", "trial-component")
        )


@every_kind
def test_actions_are_client_methods_or_words_of_the_table(kind: Kind) -> None:
    for action in {*kind.on_status.values(), kind.always, kind.forget} - WORDS - {""}:
        operation(kind, action)


@every_kind
def test_only_what_rests_can_be_forgotten(kind: Kind) -> None:
    if kind.forget:
        assert REST in kind.on_status.values()


@every_kind
def test_a_status_that_the_table_does_not_know_waits(kind: Kind) -> None:
    if not kind.always:
        assert kind.action("Levitating") == WAIT


def test_states_group_statuses_by_action() -> None:
    assert states(stop_x="A B", rest="C") == {"A": "stop_x", "B": "stop_x", "C": REST}


def test_a_status_in_two_groups_is_refused() -> None:
    with pytest.raises(ValueError, match="A is in two groups: stop_x and rest"):
        states(stop_x="A", rest="A")


@every_kind
def test_what_must_be_gone_first_stands_earlier_in_the_table(kind: Kind) -> None:
    # Hence the order has no cycle, and the step rule may walk the table once.
    assert set(kind.after) <= set(NAMES[: NAMES.index(kind.name)])


@every_kind
def test_what_lives_in_a_parent_goes_before_it_or_with_it(kind: Kind) -> None:
    if kind.parent:
        assert kind.name in BY_NAME[kind.parent.kind].after


def test_what_bills_by_the_hour_stands_first_with_what_it_waits_for() -> None:
    hourly = {kind.name for kind in KINDS if kind.bills == "hour"}
    before = {name for kind in KINDS if kind.bills == "hour" for name in kind.after}
    last = max(NAMES.index(name) for name in hourly)
    assert set(NAMES[: last + 1]) == hourly | before


def test_a_running_job_does_not_wait_for_its_own_warm_pool() -> None:
    # The pool is InUse, which waits, until the job ends: neither would ever be stopped.
    assert "warm-pool" not in BY_NAME["training-job"].after


def test_what_is_left_elsewhere_waits_for_what_left_it() -> None:
    for kind in KINDS:
        if kind.leftover:
            assert kind.after


@every_kind
def test_a_kind_bills_by_the_hour_by_the_month_or_not_at_all(kind: Kind) -> None:
    assert {kind.bills, *kind.bills_in.values()} <= {"hour", "month", ""}


@every_kind
def test_exceptions_to_the_bill_are_for_statuses_of_the_row_and_do_differ(kind: Kind) -> None:
    for status, bills in kind.bills_in.items():
        assert status in kind.on_status
        assert bills != kind.bills


def test_an_ended_job_bills_nothing_and_a_running_one_by_the_hour() -> None:
    job = BY_NAME["training-job"]
    found = {status: job.bills_at(status) for status in ("InProgress", "Stopping", "Completed")}
    assert found == {"InProgress": "hour", "Stopping": "hour", "Completed": ""}
