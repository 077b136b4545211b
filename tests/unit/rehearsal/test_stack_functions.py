"""CloudFormation's types for functions, schedules, HTTP APIs and subscriptions."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from rehearsal.account import ACCOUNT
from rehearsal.inprocess import InProcess
from tests.unit.rehearsal.account_of_functions import make_role
from tests.unit.rehearsal.bench import REGION, Bench
from tests.unit.rehearsal.stacks import Stacks


class Templates:
    """Makes stacks with a function in them, and clients to look at what came of them."""

    def __init__(self, stacks: Stacks) -> None:
        self.stacks = stacks
        self.name = f"s-{uuid.uuid4().hex[:12]}"
        self.clients = InProcess(stacks.bench.world.services)
        self.role = make_role(self.clients, "lambda.amazonaws.com")

    def function(self, code: str = "def handler(e, c): return 1", **more: Any) -> dict[str, Any]:
        return {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "Runtime": "python3.13",
                "Handler": "index.handler",
                "Role": self.role,
                "Code": {"ZipFile": code},
                **more,
            },
        }

    def create(self, outputs: dict[str, Any] | None = None, **resources: Any) -> str:
        return self.stacks.create(self.name, resources, Outputs=_outputs(outputs))

    def update(self, outputs: dict[str, Any] | None = None, **resources: Any) -> str:
        return self.stacks.update(self.name, resources, Outputs=_outputs(outputs))

    def output(self, key: str) -> str:
        rows = self.stacks.describe(self.name)["Outputs"]
        return str(next(row["OutputValue"] for row in rows if row["OutputKey"] == key))

    def client(self, service: str) -> Any:
        return self.clients(service, REGION)

    def invoke(self, name: str) -> Any:
        answer = self.client("lambda").invoke(FunctionName=name, Payload=b"{}")
        return json.loads(answer["Payload"].read())


def _outputs(outputs: dict[str, Any] | None) -> dict[str, Any]:
    return {key: {"Value": value} for key, value in (outputs or {}).items()}


@pytest.fixture
def templates(bench: Bench, stacks: Stacks) -> Iterator[Templates]:
    yield Templates(stacks)
    bench.world.close()


F = {"Name": {"Ref": "F"}, "Arn": {"Fn::GetAtt": ["F", "Arn"]}}


def test_inline_code_becomes_a_function_that_runs(templates: Templates) -> None:
    code = "import os, cfnresponse\ndef handler(e, c): return [os.environ['AA'], c.function_name]"
    function = templates.function(code, Environment={"Variables": {"AA": "b"}}, Timeout="30")
    assert templates.create(F, F=function) == "CREATE_COMPLETE"
    name = templates.output("Name")
    assert name.startswith(f"{templates.name}-F-")
    assert templates.output("Arn") == f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"
    assert templates.invoke(name) == ["b", name]


def test_a_function_carries_the_stacks_tags_and_its_own(templates: Templates) -> None:
    function = templates.function(Tags=[{"Key": "own", "Value": "1"}])
    templates.stacks.create(
        templates.name,
        {"F": function},
        Tags=[{"Key": "of-stack", "Value": "2"}],
        Outputs=_outputs(F),
    )
    tags = templates.client("lambda").list_tags(Resource=templates.output("Arn"))["Tags"]
    assert (tags["own"], tags["of-stack"]) == ("1", "2")
    assert tags["aws:cloudformation:stack-name"] == templates.name


def test_code_configuration_and_tags_change_in_place(templates: Templates) -> None:
    before = templates.function(
        Environment={"Variables": {"AA": "b"}},
        Timeout=9,
        ReservedConcurrentExecutions=3,
        Tags=[{"Key": "old", "Value": "1"}],
    )
    templates.create(F, F=before)
    name = templates.output("Name")
    assert templates.update(F, F=templates.function("def handler(e, c): return 2")) == (
        "UPDATE_COMPLETE"
    )
    assert templates.output("Name") == name
    assert templates.invoke(name) == 2
    found = templates.client("lambda").get_function(FunctionName=name)
    assert found["Configuration"]["Timeout"] == 3, "a property that goes leaves its default"
    assert "Environment" not in found["Configuration"]
    assert "old" not in found["Tags"]
    assert "Concurrency" not in found


def test_a_failed_update_gives_the_old_code_back(templates: Templates) -> None:
    templates.create(F, F=templates.function())
    name = templates.output("Name")
    broken = {
        "Type": "AWS::Lambda::Permission",
        "Properties": {
            "FunctionName": "nobody",
            "Action": "lambda:InvokeFunction",
            "Principal": "*",
        },
        "DependsOn": "F",
    }
    changed = templates.function("def handler(e, c): return 2")
    assert templates.update(F, F=changed, P=broken) == "UPDATE_ROLLBACK_COMPLETE"
    assert templates.invoke(name) == 1


def test_deleting_the_stack_deletes_all_of_it(templates: Templates) -> None:
    templates.create(F, F=templates.function())
    name, client = templates.output("Name"), templates.client("lambda")
    templates.stacks.delete(templates.name)
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.get_function(FunctionName=name)


def test_a_refusal_of_lambda_is_the_resources_reason(templates: Templates) -> None:
    function = templates.function(Role=f"arn:aws:iam::{ACCOUNT}:role/nobody")
    assert templates.create(F=function) == "ROLLBACK_COMPLETE"
    [reason] = templates.stacks.reasons(templates.name, "CREATE_FAILED")
    assert "cannot be assumed by Lambda" in reason


def test_a_property_that_the_local_aws_does_not_have_is_told(templates: Templates) -> None:
    templates.create(F=templates.function(RecursiveLoop="Terminate"))
    [reason] = templates.stacks.reasons(templates.name, "CREATE_FAILED")
    assert reason == (
        "The local AWS does not have the property RecursiveLoop of AWS::Lambda::Function."
    )


def test_urls_permissions_versions_and_aliases(templates: Templates) -> None:
    outputs = {
        **F,
        "Url": {"Fn::GetAtt": ["Url", "FunctionUrl"]},
        "Version": {"Fn::GetAtt": ["Version", "Version"]},
        "Alias": {"Ref": "Alias"},
    }
    resources: dict[str, Any] = {
        "F": templates.function(),
        "Url": {
            "Type": "AWS::Lambda::Url",
            "Properties": {"TargetFunctionArn": F["Arn"], "AuthType": "AWS_IAM"},
        },
        "Permission": {
            "Type": "AWS::Lambda::Permission",
            "Properties": {
                "FunctionName": F["Arn"],
                "Action": "lambda:InvokeFunctionUrl",
                "Principal": "*",
                "FunctionUrlAuthType": "NONE",
            },
        },
        "Version": {"Type": "AWS::Lambda::Version", "Properties": {"FunctionName": F["Name"]}},
        "Alias": {
            "Type": "AWS::Lambda::Alias",
            "Properties": {
                "FunctionName": F["Name"],
                "Name": "live",
                "FunctionVersion": outputs["Version"],
            },
        },
    }
    assert templates.create(outputs, **resources) == "CREATE_COMPLETE"
    client, name = templates.client("lambda"), templates.output("Name")
    assert templates.output("Url").startswith("http://127.0.0.1:")
    assert templates.output("Version") == "1"
    assert templates.output("Alias").endswith(":live")
    policy = json.loads(client.get_policy(FunctionName=name)["Policy"])
    assert [s["Action"] for s in policy["Statement"]] == ["lambda:InvokeFunctionUrl"]
    resources["Url"]["Properties"]["AuthType"] = "NONE"
    del resources["Permission"]
    assert templates.update(outputs, **resources) == "UPDATE_COMPLETE"
    assert client.get_function_url_config(FunctionName=name)["AuthType"] == "NONE"
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.get_policy(FunctionName=name)
    assert templates.stacks.delete(templates.name) == "DELETE_COMPLETE"


def schedule(templates: Templates, **more: Any) -> dict[str, Any]:
    return {
        "Type": "AWS::Scheduler::Schedule",
        "Properties": {
            "GroupName": {"Ref": "Group"},
            "ScheduleExpression": "rate(1 hour)",
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "State": "DISABLED",
            "Target": {
                "Arn": F["Arn"],
                "RoleArn": make_role(templates.clients, "scheduler.amazonaws.com"),
                "RetryPolicy": {"MaximumRetryAttempts": "0"},
            },
            **more,
        },
    }


def test_schedules_and_their_groups(templates: Templates) -> None:
    outputs = {"Name": {"Ref": "S"}, "Arn": {"Fn::GetAtt": ["S", "Arn"]}, "G": {"Ref": "Group"}}
    group = {"Type": "AWS::Scheduler::ScheduleGroup"}
    resources = {"F": templates.function(), "Group": group, "S": schedule(templates)}
    assert templates.create(outputs, **resources) == "CREATE_COMPLETE"
    client, name = templates.client("scheduler"), templates.output("Name")
    ids = {"Name": name, "GroupName": templates.output("G")}
    found = client.get_schedule(**ids)
    assert found["Arn"] == templates.output("Arn")
    assert found["Target"]["RetryPolicy"]["MaximumRetryAttempts"] == 0
    changed = {**resources, "S": schedule(templates, ScheduleExpression="rate(2 hours)")}
    assert templates.update(outputs, **changed) == "UPDATE_COMPLETE"
    assert client.get_schedule(**ids)["ScheduleExpression"] == "rate(2 hours)"
    assert templates.stacks.delete(templates.name) == "DELETE_COMPLETE"
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.get_schedule(**ids)


def test_an_http_api_with_its_integration_route_and_stage(templates: Templates) -> None:
    ref = {"ApiId": {"Ref": "Api"}}
    resources: dict[str, Any] = {
        "F": templates.function(),
        "Api": {
            "Type": "AWS::ApiGatewayV2::Api",
            "Properties": {"Name": templates.name, "ProtocolType": "HTTP"},
        },
        "Integration": {
            "Type": "AWS::ApiGatewayV2::Integration",
            "Properties": {
                **ref,
                "IntegrationType": "AWS_PROXY",
                "IntegrationUri": F["Arn"],
                "PayloadFormatVersion": "2.0",
            },
        },
        "Route": {
            "Type": "AWS::ApiGatewayV2::Route",
            "Properties": {
                **ref,
                "RouteKey": "GET /old",
                "Target": {"Fn::Sub": "integrations/${Integration}"},
            },
        },
        "Stage": {
            "Type": "AWS::ApiGatewayV2::Stage",
            "Properties": {**ref, "StageName": "$default", "AutoDeploy": True},
        },
    }
    outputs = {"Id": {"Ref": "Api"}, "Url": {"Fn::GetAtt": ["Api", "ApiEndpoint"]}}
    assert templates.create(outputs, **resources) == "CREATE_COMPLETE"
    client, api = templates.client("apigatewayv2"), templates.output("Id")
    assert templates.output("Url") == client.get_api(ApiId=api)["ApiEndpoint"]
    resources["Route"]["Properties"]["RouteKey"] = "GET /new"
    assert templates.update(outputs, **resources) == "UPDATE_COMPLETE"
    assert [r["RouteKey"] for r in client.get_routes(ApiId=api)["Items"]] == ["GET /new"]
    assert templates.stacks.delete(templates.name) == "DELETE_COMPLETE"
    assert api not in [found["ApiId"] for found in client.get_apis()["Items"]]


def test_a_subscription_of_a_topic(templates: Templates) -> None:
    resources = {
        "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": templates.name}},
        "Subscription": {
            "Type": "AWS::SNS::Subscription",
            "Properties": {
                "TopicArn": {"Ref": "Topic"},
                "Protocol": "email",
                "Endpoint": "instructor@example.com",
            },
        },
    }
    assert templates.create({"Topic": {"Ref": "Topic"}}, **resources) == "CREATE_COMPLETE"
    client = templates.client("sns")
    topic = templates.output("Topic")
    found = client.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert [row["Endpoint"] for row in found] == ["instructor@example.com"]
    assert templates.stacks.delete(templates.name) == "DELETE_COMPLETE"
