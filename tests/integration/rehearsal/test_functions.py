"""Functions, their URLs, schedules and custom resources on the real server, by plain boto3."""

from __future__ import annotations

import contextlib
import io
import json
import os
import time
import urllib.request
import uuid
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import psutil
import pytest

from rehearsal import isolation
from rehearsal.machine import MARK
from rehearsal.processes import LocalAws
from tests.integration.rehearsal.conftest import REGION, Client

pytestmark = pytest.mark.xdist_group("local-aws")

_PATIENCE_SECONDS = 60.0


def until(found: Callable[[], Any]) -> Any:
    """Ask until there is something; answers it."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not (answer := found()):
        assert time.monotonic() < deadline, "it does not happen"
        time.sleep(0.02)
    return answer


def zipped(code: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("app.py", code)
    return packed.getvalue()


def make_role(client: Client, service: str) -> str:
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    arn: str = client("iam").create_role(
        RoleName=f"role-{uuid.uuid4().hex[:12]}",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )["Role"]["Arn"]
    return arn


def make_function(client: Client, code: str, **more: Any) -> str:
    made = client("lambda").create_function(
        FunctionName=f"f-{uuid.uuid4().hex[:12]}",
        Runtime="python3.13",
        Handler="app.handler",
        Role=make_role(client, "lambda.amazonaws.com"),
        Code={"ZipFile": zipped(code)},
        Timeout=60,
        **more,
    )
    name: str = made["FunctionName"]
    return name


def make_bucket(client: Client) -> str:
    name = f"b-{uuid.uuid4().hex[:12]}"
    client("s3").create_bucket(
        Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    return name


def keys(client: Client, bucket: str) -> list[str]:
    rows = client("s3").list_objects_v2(Bucket=bucket).get("Contents", [])
    return [row["Key"] for row in rows]


# The bucket is in the environment; the event's name, or the time, is the key.
WRITE = """
import boto3, os
s3 = boto3.client("s3")
def handler(event, context):
    s3.put_object(Bucket=os.environ["BUCKET"], Key=event["key"], Body=b"x")
    return boto3.client("sts").get_caller_identity()["Arn"]
"""


def test_a_function_calls_the_local_aws_as_its_role(client: Client) -> None:
    bucket = make_bucket(client)
    name = make_function(client, WRITE, Environment={"Variables": {"BUCKET": bucket}})
    answer = client("lambda").invoke(FunctionName=name, Payload=b'{"key": "k"}')
    arn = json.loads(answer["Payload"].read())
    role = client("lambda").get_function(FunctionName=name)["Configuration"]["Role"]
    assert arn == f"arn:aws:sts::123456789012:assumed-role/{role.rpartition('/')[2]}/{name}"
    assert keys(client, bucket) == ["k"]


def test_an_event_runs_in_the_background_and_its_log_is_in_cloudwatch(client: Client) -> None:
    name = make_function(client, "def handler(event, context): print('ran', event['x'])")
    answer = client("lambda").invoke(FunctionName=name, InvocationType="Event", Payload=b'{"x": 1}')
    assert answer["StatusCode"] == 202

    def messages() -> list[str]:
        logs = client("logs")
        with contextlib.suppress(logs.exceptions.ResourceNotFoundException):
            rows = logs.filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]
            return [row["message"] for row in rows]
        return []

    assert until(messages)[1] == "ran 1"


def test_a_failed_event_is_tried_three_times(client: Client) -> None:
    name = make_function(client, "def handler(event, context): raise ValueError('no')")
    client("lambda").invoke(FunctionName=name, InvocationType="Event", Payload=b"{}")

    def starts() -> bool:
        logs = client("logs")
        with contextlib.suppress(logs.exceptions.ResourceNotFoundException):
            rows = logs.filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]
            return len([row for row in rows if row["message"].startswith("START")]) == 3
        return False

    assert until(starts)


def test_a_function_may_invoke_itself(client: Client) -> None:
    code = (
        "import boto3, json\n"
        "def handler(n, context):\n"
        "    if n == 0: return 'end'\n"
        "    answer = boto3.client('lambda').invoke(\n"
        "        FunctionName=context.function_name, Payload=json.dumps(n - 1))\n"
        "    return json.load(answer['Payload'])"
    )
    name = make_function(client, code)
    answer = client("lambda").invoke(FunctionName=name, Payload=b"2")
    assert json.loads(answer["Payload"].read()) == "end"


def test_a_function_url_answers_over_http(client: Client) -> None:
    name = make_function(client, "def handler(event, context): return {'path': event['rawPath']}")
    functions = client("lambda")
    url = functions.create_function_url_config(FunctionName=name, AuthType="NONE")["FunctionUrl"]
    for action in ("InvokeFunctionUrl", "InvokeFunction"):
        functions.add_permission(
            FunctionName=name, StatementId=action, Action=f"lambda:{action}", Principal="*"
        )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"{url}a/b", timeout=30) as answer:
        assert json.load(answer) == {"path": "/a/b"}


def test_a_schedule_runs_a_function(client: Client) -> None:
    bucket = make_bucket(client)
    name = make_function(client, WRITE, Environment={"Variables": {"BUCKET": bucket}})
    scheduler = client("scheduler")
    scheduler.create_schedule(
        Name=name,
        ScheduleExpression="rate(1 minute)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={
            "Arn": f"arn:aws:lambda:{REGION}:123456789012:function:{name}",
            "RoleArn": make_role(client, "scheduler.amazonaws.com"),
            "Input": '{"key": "<aws.scheduler.execution-id>"}',
        },
    )
    until(lambda: len(keys(client, bucket)) >= 3)
    scheduler.delete_schedule(Name=name)


PROVIDER = """
import boto3, cfnresponse, os
def handler(event, context):
    properties = event["ResourceProperties"]
    boto3.client("s3").put_object(
        Bucket=properties["Bucket"], Key=event["RequestType"], Body=b"")
    status = cfnresponse.FAILED if properties.get("Fail") == "true" and (
        event["RequestType"] == "Create") else cfnresponse.SUCCESS
    cfnresponse.send(event, context, status, {"Doubled": properties["Text"] * 2}, "thing-1",
                     reason="it must not be")
"""


def stack_with_a_custom_resource(client: Client, bucket: str, *, fail: bool) -> str:
    """Create a stack whose own function makes a resource; answers its name."""
    trust = {
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "lambda.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ]
    }
    template = {
        "Resources": {
            "Role": {
                "Type": "AWS::IAM::Role",
                "Properties": {"AssumeRolePolicyDocument": trust},
            },
            "Provider": {
                "Type": "AWS::Lambda::Function",
                "Properties": {
                    "Runtime": "python3.13",
                    "Handler": "index.handler",
                    "Role": {"Fn::GetAtt": ["Role", "Arn"]},
                    "Code": {"ZipFile": PROVIDER},
                    "Timeout": 60,
                },
            },
            "Thing": {
                "Type": "Custom::Thing",
                "Properties": {
                    "ServiceToken": {"Fn::GetAtt": ["Provider", "Arn"]},
                    "Bucket": bucket,
                    "Text": "ab",
                    "Fail": fail,
                },
            },
        },
        "Outputs": {
            "Id": {"Value": {"Ref": "Thing"}},
            "Doubled": {"Value": {"Fn::GetAtt": ["Thing", "Doubled"]}},
        },
    }
    name = f"s-{uuid.uuid4().hex[:12]}"
    client("cloudformation").create_stack(
        StackName=name, TemplateBody=json.dumps(template), Capabilities=["CAPABILITY_IAM"]
    )
    return name


def settled(client: Client, stack: str) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        found: dict[str, Any] = client("cloudformation").describe_stacks(StackName=stack)["Stacks"][
            0
        ]
        return None if found["StackStatus"].endswith("_IN_PROGRESS") else found

    answer: dict[str, Any] = until(look)
    return answer


def test_a_stacks_own_function_makes_its_custom_resource(client: Client) -> None:
    bucket = make_bucket(client)
    name = stack_with_a_custom_resource(client, bucket, fail=False)
    stack = settled(client, name)
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    outputs = {row["OutputKey"]: row["OutputValue"] for row in stack["Outputs"]}
    assert outputs == {"Id": "thing-1", "Doubled": "abab"}
    client("cloudformation").delete_stack(StackName=name)
    assert settled(client, stack["StackId"])["StackStatus"] == "DELETE_COMPLETE"
    assert keys(client, bucket) == ["Create", "Delete"]


def test_a_custom_resource_that_fails_rolls_the_stack_back_with_its_reason(
    client: Client,
) -> None:
    bucket = make_bucket(client)
    name = stack_with_a_custom_resource(client, bucket, fail=True)
    assert settled(client, name)["StackStatus"] == "ROLLBACK_COMPLETE"
    events = client("cloudformation").describe_stack_events(StackName=name)["StackEvents"]
    [failed] = [e for e in events if e["ResourceStatus"] == "CREATE_FAILED"]
    assert failed["LogicalResourceId"] == "Thing"
    assert "Message returned: it must not be" in failed["ResourceStatusReason"]
    assert keys(client, bucket) == ["Create", "Delete"]


def test_no_function_outlives_the_server(tmp_path: Path) -> None:
    trace = f"{tmp_path}"
    environment = {**isolation.without_aws(os.environ), "TEST_TRACE": trace}
    aws = LocalAws(tmp_path / "aws", environment)
    try:
        session = boto3.Session("local", "local", region_name=REGION)

        def client(service: str) -> Any:
            return session.client(service, endpoint_url=aws.url)

        code = "import os, time\ndef handler(s, c):\n    time.sleep(s)\n    return os.getpid()"
        name = make_function(client, code)
        warm = client("lambda").invoke(FunctionName=name, Payload=b"0")
        assert psutil.pid_exists(json.loads(warm["Payload"].read()))
        client("lambda").invoke(FunctionName=name, InvocationType="Event", Payload=b"600")
        until(lambda: len(functions_of(trace)) == 1)
    finally:
        aws.close()
    assert functions_of(trace) == []


def functions_of(trace: str) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            environment = process.environ()
            if environment.get("TEST_TRACE") == trace and MARK in environment:
                found.append(process)
    return found
