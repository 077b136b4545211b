"""The parts of a guard in a local AWS, as a deployment makes them, and what it finds there."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from costs.prices import shipped
from guard.ledger import Ledger, Life, Segment
from guard.plan import make_plan
from guard.policy import GuardPolicy, freeze, thaw
from guard.table import Table
from tests.functional.cli.cleaning.account import ROLE, notebooks, wait_until
from tests.functional.cli.clients import client
from workshop import names
from workshop.aws import make_clients
from workshop.config import load_workshop
from workshop.machine import Machine

WORKSHOP = "ml101"
ACCOUNT = "123456789012"
EAST, WEST = "us-east-1", "us-west-2"
GUARD = names.guard_name(WORKSHOP)
LOG_GROUP = f"/aws/lambda/{GUARD}"
_STREAM = "2030/03/04/[$LATEST]0"
_SCHEDULE_ROLE = "ml101-shared-guard-schedule"


def policy_of(config: Path, region: str = EAST) -> GuardPolicy:
    """What a deployment of the configuration gives a region's guard."""
    return thaw(freeze(load_workshop(config), region, shipped()))


def table_of(config: Path, region: str = EAST) -> Table:
    return Table(make_clients(), policy_of(config, region))


def ledger_of(config: Path, region: str = EAST) -> Ledger:
    return table_of(config, region).read()


def deploy_guard(config: Path, *regions: str) -> None:
    """Its ledger, topic, schedule and log group, in some regions (by default the first)."""
    for region in regions or (EAST,):
        add_ledger(region)
        client("sns", region).create_topic(Name=names.notices_name(WORKSHOP))
        add_schedule(config, region)
        logs = client("logs", region)
        logs.create_log_group(logGroupName=LOG_GROUP)
        logs.create_log_stream(logGroupName=LOG_GROUP, logStreamName=_STREAM)


def add_ledger(region: str = EAST) -> None:
    client("dynamodb", region).create_table(
        TableName=names.ledger_name(WORKSHOP),
        KeySchema=[
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[
            {"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")
        ],
        BillingMode="PAY_PER_REQUEST",
    )


def add_schedule(config: Path, region: str = EAST, state: str = "ENABLED") -> None:
    iam = client("iam")
    if _SCHEDULE_ROLE not in {role["RoleName"] for role in iam.list_roles()["Roles"]}:
        statement = {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"Service": "scheduler.amazonaws.com"},
        }
        iam.create_role(
            RoleName=_SCHEDULE_ROLE,
            AssumeRolePolicyDocument=json.dumps(
                {"Version": "2012-10-17", "Statement": [statement]}
            ),
        )
    policy = freeze(load_workshop(config), region, shipped())
    client("scheduler", region).create_schedule(
        Name=GUARD,
        State=state,
        ScheduleExpression="rate(10 minutes)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={
            "Arn": f"arn:aws:lambda:{region}:{ACCOUNT}:function:{GUARD}",
            "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/{_SCHEDULE_ROLE}",
            "Input": json.dumps({"policy": policy}),
        },
    )


def remove_schedule(region: str = EAST) -> None:
    client("scheduler", region).delete_schedule(Name=GUARD)


def add_notebook(attendee: str, name: str = "", instance_type: str = "ml.t3.medium") -> str:
    """A notebook instance that runs, tagged as an attendee's; returns its name."""
    name = name or f"ml101-{attendee}"
    client("sagemaker").create_notebook_instance(
        NotebookInstanceName=name,
        InstanceType=instance_type,
        RoleArn=ROLE,
        Tags=[
            {"Key": names.TAG_WORKSHOP, "Value": WORKSHOP},
            {"Key": names.TAG_ATTENDEE, "Value": attendee},
        ],
    )
    wait_until(lambda: notebooks().get(name) == "InService")
    return name


def write_log(region: str, *lines: dict[str, Any] | str, minutes_ago: float = 1) -> None:
    """Lines as the function writes them, a second apart."""
    moment = datetime.now(UTC) - timedelta(minutes=minutes_ago)
    client("logs", region).put_log_events(
        logGroupName=LOG_GROUP,
        logStreamName=_STREAM,
        logEvents=[
            {
                "timestamp": int((moment + timedelta(seconds=second)).timestamp() * 1000),
                "message": line if isinstance(line, str) else json.dumps(line),
            }
            for second, line in enumerate(lines)
        ],
    )


def let_look(config: Path, region: str = EAST, minutes_ago: float = 0) -> None:
    """A run of the guard that saw everything, some minutes ago, and stopped nothing."""
    table = table_of(config, region)
    now = datetime.now(UTC)
    plan = make_plan(policy_of(config, region), ACCOUNT, table.read(), make_clients(), now)
    plan = replace(plan, at=now - timedelta(minutes=minutes_ago))
    table.write_lives(plan.changed)
    table.note_run(plan, "")


def spend(config: Path, attendee: str, hours: float, region: str = EAST) -> None:
    """Put into the ledger that a notebook instance of 0.05 USD/h ran for so long, and is gone."""
    began = datetime(2020, 1, 1, tzinfo=UTC)
    run = Segment(began, began + timedelta(hours=hours), (Machine("notebook", "ml.t3.medium"),))
    name = f"ml101-{attendee}-gone"
    life = Life(f"notebook-instance/{name}", attendee, "notebook-instance", name, (run,))
    table_of(config, region).write_lives([life])


def remove_guards() -> None:
    for region in (EAST, WEST):
        _remove_guard(region)


def _remove_guard(region: str) -> None:
    dynamodb = client("dynamodb", region)
    for name in dynamodb.list_tables()["TableNames"]:
        dynamodb.delete_table(TableName=name)
    scheduler = client("scheduler", region)
    for schedule in scheduler.list_schedules()["Schedules"]:
        scheduler.delete_schedule(Name=schedule["Name"])
    sns = client("sns", region)
    for topic in sns.list_topics()["Topics"]:
        sns.delete_topic(TopicArn=topic["TopicArn"])
    logs = client("logs", region)
    for group in logs.describe_log_groups(logGroupNamePrefix=LOG_GROUP)["logGroups"]:
        logs.delete_log_group(logGroupName=group["logGroupName"])
