"""Stacks of a workshop in a local AWS, small ones: what destroying must cope with."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.functional.cli.clients import client
from tests.functional.cli.doors import with_doors
from workshop import names
from workshop.cli.main import run

REGION = "us-east-1"
ACCOUNT = "123456789012"
BUCKET = f"ml101-{ACCOUNT}-{REGION}"
_ROLE: dict[str, Any] = {
    "Type": "AWS::IAM::Role",
    "Properties": {
        "AssumeRolePolicyDocument": {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": "sts:AssumeRole",
                    "Principal": {"Service": "sagemaker.amazonaws.com"},
                }
            ],
        }
    },
}


def make_stack(name: str, resources: dict[str, Any]) -> None:
    """A stack of ml101: an attendee's, or the shared one with its doors."""
    tags = [{"Key": names.TAG_WORKSHOP, "Value": "ml101"}]
    owner = name.removeprefix("ml101-")
    if owner != names.SHARED:
        tags.append({"Key": names.TAG_ATTENDEE, "Value": owner})
    template = with_doors(resources) if owner == names.SHARED else {"Resources": resources}
    client("cloudformation").create_stack(
        StackName=name,
        TemplateBody=json.dumps(template),
        Tags=tags,
        Capabilities=["CAPABILITY_NAMED_IAM"],
    )
    wait_until(lambda: stacks().get(name) == "CREATE_COMPLETE")


def make_shared() -> None:
    """The shared stack with the workshop's bucket."""
    make_stack("ml101-shared", {"Bucket": bucket(BUCKET)})


def doors() -> str:
    """The state of the doors."""
    template = client("cloudformation").get_template(StackName="ml101-shared")["TemplateBody"]
    return str(template["Mappings"][names.DOORS][names.DOORS_OF_ATTENDEES][names.DOORS_STATE])


def make_attendee(attendee: str) -> str:
    """An attendee's stack with their role; returns the role's name."""
    name = f"ml101-{attendee}"
    properties = {**_ROLE["Properties"], "RoleName": name}
    make_stack(name, {"Role": {"Type": _ROLE["Type"], "Properties": properties}})
    return name


def bucket(name: str) -> dict[str, Any]:
    tags = [{"Key": names.TAG_WORKSHOP, "Value": "ml101"}]
    return {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": name, "Tags": tags}}


def stacks() -> dict[str, str]:
    """The stacks' statuses by name."""
    found = client("cloudformation").describe_stacks()["Stacks"]
    return {stack["StackName"]: stack["StackStatus"] for stack in found}


def keys(prefix: str = "") -> list[str]:
    """The keys in the workshop's bucket."""
    found = client("s3").list_objects_v2(Bucket=BUCKET, Prefix=prefix)
    return [row["Key"] for row in found.get("Contents", [])]


def put(*names: str) -> None:
    for name in names:
        client("s3").put_object(Bucket=BUCKET, Key=name, Body=b"x")


def destroy_all() -> None:
    """Whatever a test left."""
    iam = client("iam")
    for role in iam.list_roles()["Roles"]:
        for policy in iam.list_role_policies(RoleName=role["RoleName"])["PolicyNames"]:
            iam.delete_role_policy(RoleName=role["RoleName"], PolicyName=policy)
    for found in client("s3").list_buckets()["Buckets"]:
        boto3.resource("s3", region_name=REGION).Bucket(found["Name"]).objects.all().delete()
    for name in stacks():
        client("cloudformation").delete_stack(StackName=name)
    wait_until(lambda: not stacks())


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not true():
        assert time.monotonic() < deadline, "it does not happen"
        time.sleep(0.02)


def destroy(
    capsys: pytest.CaptureFixture[str], config: Path, *options: str
) -> tuple[int, Any, str]:
    """Run `workshop destroy`; returns its exit code, what it printed as JSON, and what it said."""
    code = run(["destroy", "--config", str(config), "--discard-work", "--json", *options])
    out, err = capsys.readouterr()
    return code, json.loads(out) if out.strip() else None, err
