"""The guard in a region's stack: what it is told, when it is invoked, what goes with it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from costs.prices import Cell, Price, Prices, shipped
from guard.policy import PERIOD, freeze, thaw
from stacks.lambda_code import build_code
from tests.factories import make_attendee, make_workshop
from tests.synth.conftest import Assembly, Synthesise
from workshop import names
from workshop.model import Cleanup, Guard

SHARED = "ml101-shared-us-east-1"


@pytest.fixture
def assembly(synthesise: Synthesise) -> Assembly:
    guard = Guard(job_minutes=60, instances=1, unseen_hours=8, notify=("b@x.org", "a@x.org"))
    return synthesise(make_workshop(["ann", make_attendee("bob", "notebook")], guard=guard))


def told(assembly: Assembly) -> dict[str, Any]:
    """What the schedule tells the guard."""
    target = assembly.one(SHARED, "AWS::Scheduler::Schedule")["Target"]
    found: dict[str, Any] = json.loads(target["Input"])
    return found


def test_the_schedule_brings_the_policy_of_the_workshop_as_it_is_now(
    synthesise: Synthesise,
) -> None:
    workshop = make_workshop(["ann"], cleanup=Cleanup(45, ("keep-me",), after_end="delete"))
    event = told(synthesise(workshop))

    assert list(event) == ["policy"]
    policy = thaw(event["policy"])
    assert policy == thaw(freeze(workshop, "us-east-1", Prices()))
    assert policy.deadline == workshop.ends + timedelta(minutes=45)
    assert policy.after_end == "delete"
    assert policy.protected == {"keep-me"}


def test_prices_beside_the_configuration_go_along_and_those_that_are_shipped_do_not(
    synthesise: Synthesise,
) -> None:
    cell = Cell("us-east-1", "training", "ml.m5.xlarge")
    mine = Price(0.5, "2030-01-02", "agreed")

    policy = thaw(
        told(synthesise(make_workshop(["ann"]), prices=Prices({cell: mine}).over(shipped())))[
            "policy"
        ]
    )

    assert policy.prices.by_cell == {cell: mine}


def test_the_guard_is_invoked_by_its_schedule_alone_and_in_time(assembly: Assembly) -> None:
    schedule = assembly.one(SHARED, "AWS::Scheduler::Schedule")
    assert schedule["Name"] == names.guard_name("ml101")
    assert schedule["ScheduleExpression"] == "rate(10 minutes)"
    assert schedule["State"] == "ENABLED"
    assert schedule["FlexibleTimeWindow"] == {"Mode": "OFF"}
    # What is late must not run beside the next one.
    retries = assembly.one(SHARED, "AWS::Lambda::EventInvokeConfig")
    for found in (schedule["Target"]["RetryPolicy"], retries):
        assert found["MaximumRetryAttempts"] <= 2
        assert 60 <= found["MaximumEventAgeInSeconds"] < PERIOD.total_seconds()
    name = "ml101-shared-guard-schedule-us-east-1"
    role = assembly.one(SHARED, "AWS::IAM::Role", RoleName=name)
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "scheduler.amazonaws.com"}
    assert trust["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    (statement,) = role["Policies"][0]["PolicyDocument"]["Statement"]
    assert statement["Action"] == ["lambda:InvokeFunction"]
    assert json.dumps(statement["Resource"]).endswith(':function:ml101-shared-guard"]]}')


def test_the_function_has_the_sweepers_code_and_a_log_group_of_its_own(assembly: Assembly) -> None:
    guard, sweeper = (
        assembly.one(SHARED, "AWS::Lambda::Function", FunctionName=f"ml101-shared-{name}")
        for name in ("guard", "sweep")
    )
    assert guard["Code"] == sweeper["Code"]
    assert guard["Handler"] == "guard.handler.handler"
    # What the policy says is not said twice.
    assert guard["Environment"]["Variables"] == {"WORKSHOP": "ml101"}
    # Concurrency that is set aside is taken from the account's.
    assert "ReservedConcurrentExecutions" not in guard
    groups = {g["LogGroupName"] for g in assembly.resources(SHARED, "AWS::Logs::LogGroup")}
    assert groups == {"/aws/lambda/ml101-shared-guard", "/aws/lambda/ml101-shared-sweep"}


def test_the_ledger_is_on_demand_and_goes_with_its_stack(assembly: Assembly) -> None:
    (table,) = [
        resource
        for resource in assembly.template(SHARED)["Resources"].values()
        if resource["Type"] == "AWS::DynamoDB::Table"
    ]
    assert table["DeletionPolicy"] == table["UpdateReplacePolicy"] == "Delete"
    properties = table["Properties"]
    assert properties["TableName"] == names.ledger_name("ml101")
    assert properties["BillingMode"] == "PAY_PER_REQUEST"
    keys = {key["AttributeName"]: key["KeyType"] for key in properties["KeySchema"]}
    assert keys == {"pk": "HASH", "sk": "RANGE"}
    assert "DeletionProtectionEnabled" not in properties


def test_whom_the_workshop_names_gets_the_notices(
    assembly: Assembly, synthesise: Synthesise
) -> None:
    assert assembly.one(SHARED, "AWS::SNS::Topic")["TopicName"] == names.notices_name("ml101")
    found = assembly.resources(SHARED, "AWS::SNS::Subscription")
    assert {(s["Protocol"], s["Endpoint"]) for s in found} == {
        ("email", "a@x.org"),
        ("email", "b@x.org"),
    }
    assert synthesise(make_workshop(["ann"])).resources(SHARED, "AWS::SNS::Subscription") == []


def test_each_region_has_a_guard_that_reads_the_others_ledgers(synthesise: Synthesise) -> None:
    workshop = make_workshop(
        ["ann", make_attendee("bob", region="eu-west-1")], regions=("us-east-1", "eu-west-1")
    )
    assembly = synthesise(workshop)

    for here, other in (("us-east-1", "eu-west-1"), ("eu-west-1", "us-east-1")):
        artifact = f"ml101-shared-{here}"
        target = assembly.one(artifact, "AWS::Scheduler::Schedule")["Target"]
        policy = thaw(json.loads(target["Input"])["policy"])
        assert (policy.region, policy.regions) == (here, ("us-east-1", "eu-west-1"))
        name = f"ml101-shared-guard-{here}"
        text = json.dumps(assembly.one(artifact, "AWS::IAM::Role", RoleName=name))
        assert f":dynamodb:{other}:" in text


def test_the_guards_code_runs_without_anything_of_this_machine_but_the_sdk(tmp_path: Path) -> None:
    with zipfile.ZipFile(build_code(tmp_path)) as archive:
        archive.extractall(tmp_path / "task")
    program = (
        "import sys; sys.path.insert(0, '.'); import guard.handler; "
        "print(guard.handler.__file__, 'yaml' in sys.modules, 'click' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", program],
        cwd=tmp_path / "task",
        env={k: v for k, v in os.environ.items() if not k.startswith("PYTHON")},
        capture_output=True,
        text=True,
        check=True,
    )
    place, *loaded = done.stdout.split()
    assert str(Path(tmp_path / "task" / place)).endswith("task/guard/handler.py")
    assert loaded == ["False", "False"]
