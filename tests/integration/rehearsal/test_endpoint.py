"""One endpoint for every service, spoken to by unmodified boto3 clients."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.integration.rehearsal.conftest import REGION, Client

pytestmark = pytest.mark.xdist_group("local-aws")

ROLE = "arn:aws:iam::123456789012:role/ml101-ann"
NOBODY = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/nobody:1"
_PATIENCE_SECONDS = 60.0


def wait_for(sagemaker: Any, operation: str, status_field: str, status: str, **ids: str) -> None:
    """Ask until the status is there (AWS's minutes take a second or two here)."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    seen = ""
    while seen != status:
        assert time.monotonic() < deadline, f"{operation}: still {seen}"
        time.sleep(0.02)
        seen = getattr(sagemaker, operation)(**ids)[status_field]


def read(url: str) -> str:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url, timeout=30) as answer:
        text: str = answer.read().decode()
    return text


def make_domain(client: Client, name: str) -> str:
    ec2, sagemaker = client("ec2"), client("sagemaker")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/24")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/25")["Subnet"]["SubnetId"]
    domain: str = sagemaker.create_domain(
        DomainName=name,
        AuthMode="IAM",
        DefaultUserSettings={"ExecutionRole": ROLE},
        VpcId=vpc,
        SubnetIds=[subnet],
    )["DomainId"]
    wait_for(sagemaker, "describe_domain", "Status", "InService", DomainId=domain)
    return domain


def test_the_services_of_one_endpoint_are_told_apart(client: Client) -> None:
    assert client("sts").get_caller_identity()["Account"] == "123456789012"
    client("s3").create_bucket(
        Bucket="one-endpoint", CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    client("s3").put_object(Bucket="one-endpoint", Key="a/b c.csv", Body=b"1,2\n")
    body = client("s3").get_object(Bucket="one-endpoint", Key="a/b c.csv")["Body"].read()
    assert body == b"1,2\n"
    client("logs").create_log_group(logGroupName="one-endpoint")
    assert client("sagemaker", "us-east-2").list_models()["Models"] == []
    assert client("cloudformation").list_exports()["Exports"] == []


def test_errors_reach_boto3_as_awss_own(client: Client) -> None:
    with pytest.raises(ClientError, match="Could not find model") as caught:
        client("sagemaker").describe_model(ModelName="nobody")
    assert caught.value.response["Error"]["Code"] == "ValidationException"
    sagemaker = client("sagemaker")
    with pytest.raises(sagemaker.exceptions.ResourceNotFound):
        sagemaker.describe_training_job(TrainingJobName="nobody")
    with pytest.raises(ClientError, match="Stack with id nobody does not exist"):
        client("cloudformation").describe_stacks(StackName="nobody")


def test_a_studio_link_opens_a_page_that_says_who_is_signed_in_where(client: Client) -> None:
    sagemaker = client("sagemaker")
    domain = make_domain(client, "link")
    profile = {"DomainId": domain, "UserProfileName": "ml101-ann"}
    sagemaker.create_user_profile(**profile)
    wait_for(sagemaker, "describe_user_profile", "Status", "InService", **profile)
    link = sagemaker.create_presigned_domain_url(**profile)["AuthorizedUrl"]
    page = read(link)
    for fact in ("ml101-ann", domain, REGION, "SageMaker Studio"):
        assert fact in page
    assert read(link) == page, "it opens as often as one likes until it expires"


def test_a_link_that_nobody_made_is_refused(aws_url: str) -> None:
    with pytest.raises(urllib.error.HTTPError, match="403"):
        read(f"{aws_url}/_local/open?token=nonsense")


def test_a_stack_reads_systems_manager_and_a_template_in_s3(client: Client) -> None:
    client("ssm").put_parameter(Name="/ml101/role", Value=ROLE, Type="String")
    client("s3").create_bucket(
        Bucket="templates", CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    template = {
        "Parameters": {
            "Role": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/ml101/role"}
        },
        "Resources": {
            "Model": {
                "Type": "AWS::SageMaker::Model",
                "Properties": {
                    "ModelName": "from-s3",
                    "ExecutionRoleArn": {"Ref": "Role"},
                    "PrimaryContainer": {"Image": NOBODY},
                },
            }
        },
    }
    client("s3").put_object(Bucket="templates", Key="t.json", Body=json.dumps(template))
    cloudformation = client("cloudformation")
    cloudformation.create_stack(
        StackName="from-s3", TemplateURL=f"https://templates.s3.{REGION}.amazonaws.com/t.json"
    )
    waiter = cloudformation.get_waiter("stack_create_complete")
    waiter.wait(StackName="from-s3", WaiterConfig={"Delay": 0.05, "MaxAttempts": 600})
    model = client("sagemaker").describe_model(ModelName="from-s3")
    assert model["ExecutionRoleArn"] == ROLE


def test_a_parameter_that_systems_manager_lacks_is_refused(client: Client) -> None:
    kind = "AWS::SSM::Parameter::Value<String>"
    template = {
        "Parameters": {"Role": {"Type": kind, "Default": "/nobody"}},
        "Resources": {"It": {"Type": "AWS::CDK::Metadata"}},
    }
    with pytest.raises(ClientError, match=r"Unable to fetch parameters \[/nobody\]"):
        client("cloudformation").create_stack(
            StackName="no-parameter", TemplateBody=json.dumps(template)
        )


def test_the_tagging_api_finds_sagemakers_resources(client: Client) -> None:
    tags = [{"Key": "workshop:attendee", "Value": "tagged"}]
    arn = client("sagemaker").create_model(
        ModelName="tagged", PrimaryContainer={"Image": NOBODY}, ExecutionRoleArn=ROLE, Tags=tags
    )["ModelArn"]
    tagging = client("resourcegroupstaggingapi")
    wanted = [{"Key": "workshop:attendee", "Values": ["tagged"]}]

    def found(**more: Any) -> list[str]:
        rows = tagging.get_resources(TagFilters=wanted, **more)["ResourceTagMappingList"]
        return [row["ResourceARN"] for row in rows]

    assert found() == [arn]
    assert found(ResourceTypeFilters=["sagemaker"]) == [arn]
    assert found(ResourceTypeFilters=["sagemaker:model"]) == [arn]
    assert found(ResourceTypeFilters=["sagemaker:endpoint", "s3"]) == []


def test_an_endpoint_that_does_not_exist_cannot_be_invoked(client: Client) -> None:
    runtime = client("sagemaker-runtime")
    with pytest.raises(runtime.exceptions.ValidationError, match=r"nobody .* not found"):
        runtime.invoke_endpoint(EndpointName="nobody", Body=b"1")


def test_quotas_come_in_pages(client: Client) -> None:
    pages = client("service-quotas").get_paginator("list_service_quotas")
    codes = [q["QuotaCode"] for p in pages.paginate(ServiceCode="sagemaker") for q in p["Quotas"]]
    assert len(codes) == len(set(codes)) > 100
