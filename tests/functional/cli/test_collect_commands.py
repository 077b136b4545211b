"""`workshop collect`, and how `workshop destroy` keeps work, against a local AWS."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tarfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.unit.workshop.configs import write_config
from workshop.cli.main import run
from workshop.collecting.survey import State, survey

REGION = "us-east-1"
ACCOUNT = "123456789012"
BUCKET = f"ml101-{ACCOUNT}-{REGION}"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/ml101-ann"
# One local AWS serves all tests of this file, so they share a worker.
pytestmark = pytest.mark.xdist_group("collect-commands")


@pytest.fixture(scope="module")
def exports() -> Iterator[dict[str, str]]:
    """The variables that lead to a local AWS in a process of its own."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "workshop.cli.main", "local-aws", "--json", "--pace", "0"],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if line == "}\n":
            break
    yield json.loads("".join(lines))["exports"]
    process.terminate()
    process.communicate()


@pytest.fixture
def config(
    exports: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """The workshop ml101 of ann and bob with its bucket, in a directory of its own."""
    for name, value in exports.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "instructor"))
    make_stack()
    yield write_config(tmp_path)
    remove_everything()


@cache
def client(service: str) -> Any:
    return boto3.client(service, region_name=REGION)


def make_stack(name: str = "ml101-shared", bucket: str = BUCKET, attendee: str = "") -> None:
    """A stack with a bucket: the shared one, as far as it matters here."""
    tags = [{"Key": "workshop:name", "Value": "ml101"}]
    tags += [{"Key": "workshop:attendee", "Value": attendee}] if attendee else []
    resource = {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": bucket, "Tags": tags}}
    client("cloudformation").create_stack(
        StackName=name, TemplateBody=json.dumps({"Resources": {"Bucket": resource}}), Tags=tags
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


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Ann's home: what the boot script wrote, and an hour of work."""
    home = tmp_path / "ann"
    (home / ".workshop").mkdir(parents=True)
    context = {"workshop": "ml101", "attendee": "ann", "region": REGION, "bucket": BUCKET}
    (home / ".workshop" / "context.json").write_text(
        json.dumps({**context, "environment": "notebook"})
    )
    (home / "work.ipynb").write_text("an hour of work", encoding="utf-8")
    return home


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


@pytest.mark.usefixtures("config")
def test_an_attendees_link_opens_the_archive_of_their_home(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / ".cache").mkdir()

    code, said, _ = collect(home, capsys, "--hours", "2")

    assert (code, said["attendee"], said["files"]) == (0, "ann", 1)
    assert [row["path"] for row in said["left_out"]] == [".cache", ".workshop"]
    with urllib.request.urlopen(said["link"]) as answer:
        assert "ml101-ann/work.ipynb" in files_of(answer.read())
    # What S3 demands of buckets made since 2020, and what boto3 does not do by itself.
    assert "X-Amz-Algorithm=AWS4-HMAC-SHA256" in said["link"]
    assert "X-Amz-Expires=7200" in said["link"]


@pytest.mark.usefixtures("config")
def test_an_attendee_reads_what_was_taken_and_what_not(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "big.bin").write_bytes(b"x" * 2_000_000)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(home))
        assert run(["collect", "--max-gib", "0.001"]) == 0

    printed = capsys.readouterr()
    assert "big.bin" in printed.out
    assert printed.out.splitlines()[-1].startswith("http")
    assert "collected 1 files, 15 B" in printed.err
    assert "it opens for 24 hours" in printed.err


@pytest.mark.parametrize("option", [("--download", "x"), ("--attendee", "ann")])
@pytest.mark.usefixtures("config")
def test_an_attendee_cannot_collect_from_others(
    home: Path, capsys: pytest.CaptureFixture[str], option: tuple[str, str]
) -> None:
    code, _, err = collect(home, capsys, *option)

    assert code == 2
    assert f"{option[0]} means nothing in an attendee's terminal" in err


def test_an_instructor_cannot_archive_a_home(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, err = call(capsys, "collect", "--config", config, "--max-gib", "2")

    assert (code, "--max-gib means nothing" in err) == (2, True)


def test_nobodys_work_is_missing_where_nobody_has_any(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, said, err = call(capsys, "collect", "--config", config)

    assert (code, said["ok"], said["attendees"]) == (0, True, [])
    assert "nobody has a workspace" in err


def test_the_instructor_sees_whose_work_is_collected_and_saves_it(
    config: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_notebook("ann")
    make_notebook("bob")
    make_notebook("zoe")  # nobody of this workshop
    collect(home, capsys)

    code, said, err = call(capsys, "collect", "--config", config, "--download", "saved")

    assert (code, said["ok"]) == (1, False)
    states = {row["attendee"]: row["state"] for row in said["attendees"]}
    assert states == {"ann": "collected", "bob": "not collected"}
    assert "bob (us-east-1): started, and nothing was collected" in err
    (saved,) = Path("saved").iterdir()
    assert "ml101-ann/work.ipynb" in files_of(saved.read_bytes())
    ann, bob = said["attendees"]
    assert ann["saved"] == str(saved)
    assert (ann["files"], bob["link"], bob["saved"]) == (1, None, None)
    with urllib.request.urlopen(ann["link"]) as answer:
        assert answer.read() == saved.read_bytes()


def test_work_is_stale_once_its_workspace_starts_again(
    config: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_notebook("ann")
    note_start("ann")
    collect(home, capsys)
    assert call(capsys, "collect", "--config", config)[0] == 0
    time.sleep(1.1)  # S3 tells whole seconds
    note_start("ann")

    code, said, err = call(capsys, "collect", "--config", config)

    assert (code, said["attendees"][0]["state"]) == (1, "stale")
    assert "ann (us-east-1): started again since the collection of" in err


def test_a_table_for_people_holds_the_links(
    config: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_notebook("ann")
    collect(home, capsys)

    assert run(["collect", "--config", str(config)]) == 0

    printed = capsys.readouterr()
    assert "notebook, " in printed.out
    assert printed.out.splitlines()[-1].startswith("ann http")
    assert "who has the link has the files" in printed.err


@pytest.mark.parametrize("body", [b"{}", b'{"archive": "../../../etc/passwd"}', b"\xff"])
def test_a_record_that_cannot_be_read_is_unknown_not_collected(
    config: Path, capsys: pytest.CaptureFixture[str], body: bytes
) -> None:
    make_notebook("ann")
    key = "attendees/ann/collected/collected.json"
    client("s3").put_object(Bucket=BUCKET, Key=key, Body=body)

    code, said, _ = call(capsys, "collect", "--config", config)

    assert (code, said["attendees"][0]["state"]) == (3, "unknown")
    assert run(["destroy", "--config", str(config), "--yes"]) == 3
    assert status_of("ml101-ann") != ""


def test_an_archive_that_is_not_the_recorded_one_is_not_saved(
    config: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_notebook("ann")
    collect(home, capsys)
    folder = "attendees/ann/collected/"
    record = client("s3").get_object(Bucket=BUCKET, Key=f"{folder}collected.json")["Body"].read()
    client("s3").put_object(Bucket=BUCKET, Key=folder + json.loads(record)["archive"], Body=b"x")

    code, _, err = call(capsys, "collect", "--config", config, "--download", "saved")
    assert (code, "is not the one that was collected" in err) == (1, True)
    assert list(Path("saved").iterdir()) == []

    code, said, _ = call(capsys, "destroy", "--config", config, "--yes")
    assert code == 1
    assert "collected work was not saved" in said["problems"][0]
    assert client("s3").head_bucket(Bucket=BUCKET)


def test_destroy_refuses_before_it_changes_anything_and_a_dry_run_says_so(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_notebook("ann")

    code, said, err = call(capsys, "destroy", "--config", config, "--dry-run")
    assert (code, said["executed"]) == (1, False)
    assert [(row["attendee"], row["state"]) for row in said["uncollected"]] == [
        ("ann", "not collected")
    ]

    code, said, err = call(capsys, "destroy", "--config", config, "--yes")
    assert (code, said) == (1, None)
    assert "work would be lost: ann" in err
    assert "--discard-work" in err
    assert status_of("ml101-ann") in ("Pending", "InService")


def test_destroy_saves_collected_work_before_it_deletes_it(
    config: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_notebook("ann")
    wait_until(lambda: status_of("ml101-ann") == "InService")
    collect(home, capsys)

    code, said, err = call(capsys, "destroy", "--config", config, "--yes")

    assert (code, said["ok"], said["problems"]) == (0, True, [])
    (saved,) = Path("collected/ml101").iterdir()
    assert "ml101-ann/work.ipynb" in files_of(saved.read_bytes())
    assert "saved 1 archives" in err
    assert status_of("ml101-ann") == ""


def test_collected_work_stays_until_no_volume_needs_it_so_that_destroy_can_run_again(
    config: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_notebook("ann")
    wait_until(lambda: status_of("ml101-ann") == "InService")
    make_stack("ml101-ann", "anns-things", "ann")
    # CloudFormation does not delete a bucket that holds something.
    client("s3").put_object(Bucket="anns-things", Key="x", Body=b"x")
    collect(home, capsys)

    code, said, _ = call(capsys, "destroy", "--config", config, "--yes")
    assert code == 1
    assert "bucket and shared stack in us-east-1: kept" in " ".join(said["problems"])
    assert sorted(stacks()) == ["ml101-ann", "ml101-shared"]

    client("s3").delete_object(Bucket="anns-things", Key="x")
    code, said, _ = call(capsys, "destroy", "--config", config, "--yes")
    assert (code, said["ok"], stacks()) == (0, True, {})
    assert len(list(Path("collected/ml101").iterdir())) == 1


def test_destroy_discards_work_when_told_to(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_notebook("ann")
    wait_until(lambda: status_of("ml101-ann") == "InService")

    code, said, _ = call(capsys, "destroy", "--config", config, "--yes", "--discard-work")

    assert (code, said["ok"]) == (0, True)
    assert not Path("collected").exists()


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


def test_a_space_that_was_never_started_holds_no_work(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_space()

    code, said, _ = call(capsys, "collect", "--config", config)

    assert (code, said["attendees"][0]["state"]) == (0, "never started")


def test_a_space_whose_start_was_noted_holds_work_long_after_its_app_is_gone(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_space()
    note_start("ann")

    code, said, _ = call(capsys, "collect", "--config", config)

    assert (code, said["attendees"][0]["state"]) == (1, "not collected")


def test_a_space_with_an_app_holds_work_even_if_no_start_was_noted(
    config: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    app = {**make_space(), "AppType": "JupyterLab", "AppName": "default"}
    client("sagemaker").create_app(**app)
    wait_until(lambda: client("sagemaker").describe_app(**app)["Status"] == "InService")
    code, said, _ = call(capsys, "collect", "--config", config)
    assert (code, said["attendees"][0]["state"]) == (1, "not collected")
    time.sleep(1.1)  # S3 tells whole seconds
    collect(home, capsys)

    code, said, err = call(capsys, "collect", "--config", config)
    assert (code, said["attendees"][0]["running"]) == (0, True)
    assert "still running: ann" in err

    client("sagemaker").delete_app(**app)
    wait_until(lambda: client("sagemaker").describe_app(**app)["Status"] == "Deleted")
    code, said, _ = call(capsys, "collect", "--config", config)
    assert (code, said["attendees"][0]["state"]) == (0, "collected")


class Denied:
    """A client that may do nothing."""

    def get_paginator(self, operation: str) -> Any:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, operation)


@pytest.mark.parametrize("denied", ["sagemaker", "s3"])
@pytest.mark.usefixtures("config")
def test_what_may_not_be_listed_is_unknown(denied: str) -> None:
    make_notebook("ann")

    found = survey(
        "ml101",
        ACCOUNT,
        ["ann"],
        [REGION],
        lambda service, _region: Denied() if service == denied else client(service),
    )

    assert [(s.attendee, s.state, s.reason) for s in found] == [("ann", State.UNKNOWN, "no")]


def test_without_a_bucket_nothing_is_collected(exports: dict[str, str]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in exports.items():
            patch.setenv(name, value)
        make_notebook("ann")
        found = survey("ml101", ACCOUNT, ["ann"], [REGION], lambda s, _region: client(s))
        remove_everything()

    assert [(s.attendee, s.state) for s in found] == [("ann", State.MISSING)]
