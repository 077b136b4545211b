"""EventBridge Scheduler on a stepped clock; what it invokes is written down, not run."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.account import ACCOUNT
from rehearsal.clock import SteppedClock
from rehearsal.errors import ApiError
from rehearsal.inprocess import InProcess
from rehearsal.schedules.expressions import Cron, parse
from rehearsal.schedules.firing import Schedules
from rehearsal.schedules.service import SchedulerService
from rehearsal.world import service_model
from tests.unit.rehearsal.account_of_functions import Notebook, make_role
from tests.unit.rehearsal.bench import REGION

NOON = datetime(2027, 1, 15, 12, 0, tzinfo=UTC).timestamp()  # a Friday
MINUTE, HOUR, DAY = 60, 3600, 86400


class Account:
    """Schedules of one group, so that tests in one process do not fire each other's."""

    def __init__(self) -> None:
        self.clock = SteppedClock(NOON)
        self.notebook = Notebook()
        self.schedules = Schedules(self.clock, self.notebook.enqueue)
        self.clients = InProcess({"scheduler": SchedulerService(service_model("scheduler"))})
        self.client = self.clients("scheduler", REGION)
        self.role = make_role(self.clients, "scheduler.amazonaws.com")
        self.group = f"g-{uuid.uuid4().hex[:12]}"
        self.client.create_schedule_group(Name=self.group)

    def request(self, expression: str, **more: Any) -> dict[str, Any]:
        target = {
            "Arn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{self.group}",
            "RoleArn": self.role,
            "Input": '{"at": "<aws.scheduler.scheduled-time>"}',
        }
        return {
            "Name": "s",
            "GroupName": self.group,
            "ScheduleExpression": expression,
            "FlexibleTimeWindow": {"Mode": "OFF"},
            **more,
            "Target": {**target, **more.get("Target", {})},
        }

    def schedule(self, expression: str, **more: Any) -> None:
        self.client.create_schedule(**self.request(expression, **more))
        self.step(0)

    def step(self, seconds: float) -> None:
        self.clock.step(seconds)
        self.schedules.tick()

    @property
    def fired(self) -> list[Any]:
        """The times that were sent, without their day."""
        return [event["at"][11:16] for event in self.notebook.events]

    def names(self) -> list[str]:
        rows = self.client.list_schedules(GroupName=self.group)["Schedules"]
        return [row["Name"] for row in rows if row["GroupName"] == self.group]


@pytest.fixture
def account() -> Iterator[Account]:
    account = Account()
    yield account
    account.client.delete_schedule_group(Name=account.group)


def test_a_rate_fires_at_once_and_then_at_its_rate(account: Account) -> None:
    account.schedule("rate(10 minutes)")
    assert account.fired == ["12:00"]
    account.step(10 * MINUTE - 1)
    assert len(account.fired) == 1
    account.step(1)
    assert account.fired == ["12:00", "12:10"]


def test_times_that_a_step_jumped_over_fire_once_each_in_order(account: Account) -> None:
    account.schedule("rate(1 hour)")
    account.step(3 * HOUR)
    assert account.fired == ["12:00", "13:00", "14:00", "15:00"]


def test_a_jump_fires_a_day_of_minutes_at_the_most(account: Account) -> None:
    account.schedule("rate(1 minute)")
    account.step(30 * DAY)
    assert len(account.fired) == 1 + 1440
    account.step(MINUTE)
    assert len(account.fired) == 1 + 1440 + 1


def test_a_start_date_is_a_rates_first_time(account: Account) -> None:
    account.schedule("rate(1 hour)", StartDate=NOON + 90 * MINUTE)
    assert account.fired == []
    account.step(3 * HOUR)
    assert account.fired == ["13:30", "14:30"]


def test_nothing_fires_after_the_end_date(account: Account) -> None:
    account.schedule("rate(1 hour)", EndDate=NOON + 2 * HOUR)
    account.step(DAY)
    assert account.fired == ["12:00", "13:00", "14:00"]


def test_a_cron_expression_fires_at_its_times_in_its_time_zone(account: Account) -> None:
    account.schedule("cron(30 14 ? * MON-FRI *)", ScheduleExpressionTimezone="Europe/Berlin")
    account.step(4 * DAY)
    assert [event["at"] for event in account.notebook.events] == [
        "2027-01-15T13:30:00Z",
        "2027-01-18T13:30:00Z",
    ]


def test_a_one_time_schedule_fires_once(account: Account) -> None:
    account.schedule("at(2027-01-15T12:05:00)")
    account.step(4 * MINUTE)
    assert account.fired == []
    account.step(HOUR)
    account.step(HOUR)
    assert account.fired == ["12:05"]
    assert account.names() == ["s"]


def test_a_schedule_may_delete_itself_after_its_last_time(account: Account) -> None:
    account.schedule("at(2027-01-15T12:05:00)", ActionAfterCompletion="DELETE")
    account.step(4 * MINUTE)
    assert account.names() == ["s"]
    account.step(MINUTE)
    assert account.fired == ["12:05"]
    assert account.names() == []


def test_a_disabled_schedule_does_not_fire_until_it_is_enabled(account: Account) -> None:
    account.schedule("cron(0 * * * ? *)", State="DISABLED")
    account.step(2 * HOUR)
    assert account.fired == []
    account.client.update_schedule(**account.request("cron(0 * * * ? *)"))
    account.step(0)
    account.step(HOUR)
    assert account.fired == ["15:00"], "what it missed is not made up for"


def test_an_update_of_the_expression_counts_from_then(account: Account) -> None:
    account.schedule("cron(0 * * * ? *)")
    account.client.update_schedule(**account.request("cron(15 * * * ? *)"))
    account.step(0)
    account.step(HOUR)
    assert account.fired == ["12:15"]


def test_an_update_of_the_target_alone_does_not_change_the_times(account: Account) -> None:
    account.schedule("rate(1 hour)")
    account.step(30 * MINUTE)
    changed = account.request("rate(1 hour)", Target={"Input": '{"at": "0000-00-00Tother"}'})
    account.client.update_schedule(**changed)
    account.step(0)
    assert account.fired == ["12:00"]
    account.step(30 * MINUTE)
    assert account.fired == ["12:00", "other"]


def test_a_deleted_schedule_does_not_fire(account: Account) -> None:
    account.schedule("rate(1 hour)")
    account.client.delete_schedule(Name="s", GroupName=account.group)
    account.step(DAY)
    assert account.fired == ["12:00"]


def test_the_input_learns_about_the_schedule(account: Account) -> None:
    keys = ("schedule-arn", "scheduled-time", "execution-id", "attempt-number")
    text = json.dumps({key: f"<aws.scheduler.{key}>" for key in keys})
    account.schedule("rate(1 hour)", Target={"Input": text})
    [event] = account.notebook.events
    assert event["schedule-arn"].endswith(f":schedule/{account.group}/s")
    assert event["scheduled-time"] == "2027-01-15T12:00:00Z"
    assert event["attempt-number"] == "1"
    assert event["execution-id"]


def test_a_refused_delivery_is_tried_again_as_often_as_the_policy_says(account: Account) -> None:
    account.notebook.refusal = ApiError("ResourceNotFoundException", "no such function", 404)
    text = '{"at": "0000-00-00Ttry <aws.scheduler.attempt-number>"}'
    policy = {"MaximumRetryAttempts": 1, "MaximumEventAgeInSeconds": 3600}
    account.schedule("at(2027-01-15T12:00:00)", Target={"Input": text, "RetryPolicy": policy})
    account.notebook.refusal = None
    account.step(MINUTE)
    assert account.fired == ["try 2"]
    account.step(DAY)
    assert account.fired == ["try 2"]


def test_a_delivery_that_is_refused_for_too_long_is_given_up(account: Account) -> None:
    account.notebook.refusal = ApiError("ResourceNotFoundException", "no such function", 404)
    policy = {"MaximumRetryAttempts": 1, "MaximumEventAgeInSeconds": 3600}
    account.schedule("at(2027-01-15T12:00:00)", Target={"RetryPolicy": policy})
    account.step(MINUTE)
    account.notebook.refusal = None
    account.step(DAY)
    assert account.fired == []


@pytest.mark.parametrize(
    ("more", "code", "said"),
    [
        ({"ScheduleExpression": "rate(5)"}, "ValidationException", "Invalid Schedule Expression"),
        ({"ScheduleExpression": "cron(* * * * * *)"}, "ValidationException", "Invalid Schedule"),
        ({"ScheduleExpression": "cron(61 * * * ? *)"}, "ValidationException", "Invalid Schedule"),
        ({"ScheduleExpression": "at(2027-02-30T00:00:00)"}, "ValidationException", "Invalid"),
        ({"ScheduleExpressionTimezone": "Europe/Nowhere"}, "ValidationException", "Timezone"),
        ({"GroupName": "nobody"}, "ResourceNotFoundException", "group nobody does not exist"),
        (
            {"Target": {"Arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:queue"}},
            "ValidationException",
            "local AWS does not have schedule targets other than Lambda functions",
        ),
        (
            {"Target": {"RoleArn": f"arn:aws:iam::{ACCOUNT}:role/nobody"}},
            "ValidationException",
            "must allow AWS EventBridge Scheduler to assume the role",
        ),
    ],
)
def test_what_aws_refuses_is_refused(
    account: Account, more: dict[str, Any], code: str, said: str
) -> None:
    request = {**account.request("rate(1 hour)", **more)}
    with pytest.raises(ClientError, match=said) as caught:
        account.client.create_schedule(**request)
    assert caught.value.response["Error"]["Code"] == code


def test_names_are_taken_once(account: Account) -> None:
    account.schedule("rate(1 hour)")
    with pytest.raises(account.client.exceptions.ConflictException):
        account.client.create_schedule(**account.request("rate(1 hour)"))
    with pytest.raises(account.client.exceptions.ConflictException):
        account.client.create_schedule_group(Name=account.group)


def moments(expression: str, start: str, count: int, zone: str = "UTC") -> list[str]:
    """The first times of a cron expression after a local time, as local times."""
    cron = parse(f"cron({expression})", zone)
    assert isinstance(cron, Cron)
    moment = datetime.fromisoformat(start).replace(tzinfo=cron.zone).timestamp()
    found: list[str] = []
    while len(found) < count:
        following = cron.after(moment)
        assert following is not None
        moment = following
        found.append(datetime.fromtimestamp(moment, cron.zone).isoformat()[:16])
    return found


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("0/20 9 * * ? *", ["2027-01-01T09:00", "2027-01-01T09:20", "2027-01-01T09:40"]),
        ("0 8,20 1 * ? *", ["2027-01-01T08:00", "2027-01-01T20:00", "2027-02-01T08:00"]),
        ("0 0 L * ? *", ["2027-01-31T00:00", "2027-02-28T00:00", "2027-03-31T00:00"]),
        ("0 0 16W * ? *", ["2027-01-15T00:00", "2027-02-16T00:00", "2027-03-16T00:00"]),
        ("0 0 1W MAY ? *", ["2027-05-03T00:00", "2028-05-01T00:00", "2029-05-01T00:00"]),
        ("0 0 ? * 6#3 *", ["2027-01-15T00:00", "2027-02-19T00:00", "2027-03-19T00:00"]),
        ("0 0 ? * 5L *", ["2027-01-28T00:00", "2027-02-25T00:00", "2027-03-25T00:00"]),
        ("0 0 ? * SUN *", ["2027-01-03T00:00", "2027-01-10T00:00", "2027-01-17T00:00"]),
        ("0 0 29 2 ? *", ["2028-02-29T00:00", "2032-02-29T00:00", "2036-02-29T00:00"]),
    ],
)
def test_cron_expressions_mean_what_the_user_guide_says(expression: str, found: list[str]) -> None:
    assert moments(expression, "2026-12-31T23:59", 3) == found


def test_a_cron_expression_whose_years_are_over_has_no_more_times() -> None:
    cron = parse("cron(0 0 1 1 ? 2026)")
    assert isinstance(cron, Cron)
    assert cron.after(NOON) is None


def test_a_time_that_clocks_skip_is_skipped_and_one_they_repeat_is_taken_once() -> None:
    berlin = "Europe/Berlin"
    assert moments("30 2 * * ? *", "2027-03-27T12:00", 2, berlin) == [
        "2027-03-29T02:30",
        "2027-03-30T02:30",
    ]
    assert moments("30 2 * * ? *", "2027-10-30T12:00", 2, berlin) == [
        "2027-10-31T02:30",
        "2027-11-01T02:30",
    ]
