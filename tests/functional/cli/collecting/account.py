"""Workspaces, buckets and stacks in a local AWS, and the commands about their work."""

from __future__ import annotations

import io
import json
import tarfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.functional.cli.clients import client
from tests.functional.cli.doors import with_doors
from workshop.cli.main import run

REGION = "us-east-1"
ACCOUNT = "123456789012"
BUCKET = f"ml101-{ACCOUNT}-{REGION}"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/ml101-ann"


def make_stack(name: str = "ml101-shared", bucket: str = BUCKET, attendee: str = "") -> None:
    """A stack with a bucket: the shared one, as far as it matters here."""
    tags = [{"Key": "workshop:name", "Value": "ml101"}]
    tags += [{"Key": "workshop:attendee", "Value": attendee}] if attendee else []
    resource = {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": bucket, "Tags": tags}}
    resources = {"Bucket": resource}
    template = {"Resources": resources} if attendee else with_doors(resources)
    client("cloudformation").create_stack(
        StackName=name, TemplateBody=json.dumps(template), Tags=tags
    )
    wait_until(lambda: stacks().get(name) == "CREATE_COMPLETE")


def stacks() -> dict[str, str]:
    """The stacks' statuses by name."""
    found = client("cloudformation").describe_stacks()["Stacks"]
    return {stack["StackName"]: stack["StackStatus"] for stack in found}


def make_notebook(attendee: str) -> None:
    client("sagemaker").create_notebook_instance(
        NotebookInstanceName=f"ml101-{attendee}", InstanceType="ml.t3.medium", RoleArn=ROLE
    )


def remove_everything() -> None:
    for found in client("sagemaker").list_notebook_instances()["NotebookInstances"]:
        remove_notebook(found["NotebookInstanceName"])
    for domain in client("sagemaker").list_domains()["Domains"]:
        remove_domain(domain["DomainId"])
    if stacks():
        boto3.resource("s3", region_name=REGION).Bucket(BUCKET).objects.all().delete()
        client("cloudformation").delete_stack(StackName="ml101-shared")
        wait_until(lambda: not stacks())


def remove_domain(domain: str) -> None:
    sagemaker = client("sagemaker")
    sagemaker.delete_space(DomainId=domain, SpaceName="ml101-ann")
    wait_until(lambda: not sagemaker.list_spaces()["Spaces"])
    sagemaker.delete_user_profile(DomainId=domain, UserProfileName="ml101-ann")
    wait_until(lambda: not sagemaker.list_user_profiles()["UserProfiles"])
    sagemaker.delete_domain(DomainId=domain, RetentionPolicy={"HomeEfsFileSystem": "Delete"})
    wait_until(lambda: not sagemaker.list_domains()["Domains"])


def remove_notebook(name: str) -> None:
    wait_until(lambda: status_of(name) in ("InService", "Stopped"))
    if status_of(name) == "InService":
        client("sagemaker").stop_notebook_instance(NotebookInstanceName=name)
        wait_until(lambda: status_of(name) == "Stopped")
    client("sagemaker").delete_notebook_instance(NotebookInstanceName=name)
    wait_until(lambda: not status_of(name))


def status_of(name: str) -> str:
    """A notebook instance's status, or "" when there is none."""
    try:
        found = client("sagemaker").describe_notebook_instance(NotebookInstanceName=name)
    except ClientError:
        return ""
    return str(found["NotebookInstanceStatus"])


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def collect(home: Path, capsys: pytest.CaptureFixture[str], *more: str) -> tuple[int, Any, str]:
    """`workshop collect --json`, as ann in her terminal."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(home))
        return call(capsys, "collect", *more)


def call(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, Any, str]:
    """Run a command with --json: its exit code, its data (if any), what it said on stderr."""
    capsys.readouterr()
    code = run([*map(str, arguments), "--json"])
    printed = capsys.readouterr()
    return code, json.loads(printed.out) if printed.out else None, printed.err


def note_start(attendee: str) -> None:
    client("s3").put_object(Bucket=BUCKET, Key=f"attendees/{attendee}/collected/started", Body=b"")


def files_of(archive: bytes) -> list[str]:
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        return tar.getnames()


def make_space() -> dict[str, str]:
    """Ann's space, in a domain of the workshop; its app is not started."""
    sagemaker = client("sagemaker")
    vpc = client("ec2").describe_vpcs()["Vpcs"][0]["VpcId"]
    subnet = client("ec2").describe_subnets()["Subnets"][0]["SubnetId"]
    domain = sagemaker.create_domain(
        DomainName="ml101-shared",
        AuthMode="IAM",
        DefaultUserSettings={"ExecutionRole": ROLE},
        VpcId=vpc,
        SubnetIds=[subnet],
    )["DomainId"]
    of_domain = {"DomainId": domain}
    wait_until(lambda: sagemaker.describe_domain(**of_domain)["Status"] == "InService")
    profile = {**of_domain, "UserProfileName": "ml101-ann"}
    sagemaker.create_user_profile(**profile)
    wait_until(lambda: sagemaker.describe_user_profile(**profile)["Status"] == "InService")
    space = {**of_domain, "SpaceName": "ml101-ann"}
    sagemaker.create_space(
        **space,
        OwnershipSettings={"OwnerUserProfileName": "ml101-ann"},
        SpaceSharingSettings={"SharingType": "Private"},
        SpaceSettings={"AppType": "JupyterLab"},
    )
    wait_until(lambda: sagemaker.describe_space(**space)["Status"] == "InService")
    return space
