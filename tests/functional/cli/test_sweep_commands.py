"""`workshop cleanup` and `workshop destroy`, run in this process against a local AWS."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cleanup.resources import Scope
from tests.factories import make_workshop
from tests.functional.cli.clients import client
from tests.functional.cli.doors import with_doors
from tests.functional.cli.local_aws import local_aws
from tests.unit.workshop.configs import write_config
from workshop.cli.inventory import assets_buckets, take_inventory
from workshop.cli.main import run

REGION = "us-east-1"
# One local AWS serves all tests of this file, so they share a worker.
pytestmark = pytest.mark.xdist_group("sweep-commands")


@pytest.fixture(scope="module")
def exports() -> Iterator[dict[str, str]]:
    """The variables that lead to a local AWS in a process of its own."""
    with local_aws() as found:
        yield found


@pytest.fixture
def config(
    exports: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """The workshop ml101 of ann and bob, in an AWS that every test leaves empty."""
    for name, value in exports.items():
        monkeypatch.setenv(name, value)
    yield write_config(tmp_path)
    sagemaker = client("sagemaker")
    for model in sagemaker.list_models()["Models"]:
        sagemaker.delete_model(ModelName=model["ModelName"])


def add_model(name: str) -> None:
    client("sagemaker").create_model(
        ModelName=name,
        PrimaryContainer={"Image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/x:1"},
        ExecutionRoleArn="arn:aws:iam::123456789012:role/ml101-ann",
    )


def models() -> list[str]:
    return sorted(m["ModelName"] for m in client("sagemaker").list_models()["Models"])


def call(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, Any, str]:
    """Run a command with --json: its exit code, its data, what it said on stderr."""
    capsys.readouterr()
    code = run([*map(str, arguments), "--json"])
    printed = capsys.readouterr()
    return code, json.loads(printed.out), printed.err


# Without a terminal nobody agrees, and what was asked for is not done.
@pytest.mark.parametrize(
    ("options", "exit_code"), [(["--dry-run"], 0), (["--dry-run", "--yes"], 0), ([], 1)]
)
def test_cleanup_without_a_terminal_or_dry_shows_the_plan_and_changes_nothing(
    config: Path, capsys: pytest.CaptureFixture[str], options: list[str], exit_code: int
) -> None:
    add_model("ml101-ann-m")

    code, said, err = call(capsys, "cleanup", "--config", config, *options)

    assert (code, said["executed"], said["ok"]) == (exit_code, False, False)
    assert [(row["action"], row["name"]) for row in said["plan"]] == [
        ("delete_model", "ml101-ann-m")
    ]
    assert "nothing was changed" in err
    assert models() == ["ml101-ann-m"]


def test_cleanup_with_yes_deletes_what_is_ours_and_reports_what_it_left_alone(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("ml101-ann-m", "ml101-bob-m", "ml101-zoe-m", "demo"):
        add_model(name)

    code, said, _ = call(capsys, "cleanup", "--config", config, "--yes")

    assert (code, said["ok"]) == (0, True)
    assert sorted(row["name"] for row in said["done"]) == ["ml101-ann-m", "ml101-bob-m"]
    assert [row["name"] for row in said["unattributed"]] == ["ml101-zoe-m"]
    assert models() == ["demo", "ml101-zoe-m"]


def test_cleanup_of_one_attendee_leaves_the_other(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    add_model("ml101-ann-m")
    add_model("ml101-bob-m")

    code, _, _ = call(capsys, "cleanup", "--config", config, "--yes", "--attendee", "bob")

    assert code == 0
    assert models() == ["ml101-ann-m"]


def test_cleanup_of_nothing_is_clean_and_asks_nothing(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, said, err = call(capsys, "cleanup", "--config", config)
    assert (code, said["ok"], said["unknown"]) == (0, True, [])
    assert "nothing to stop or delete" in err


@pytest.mark.parametrize("options", [["--attendee", "zoe"], ["--region", "eu-west-1"]])
def test_cleanup_of_somebody_or_somewhere_else_is_bad_usage(
    config: Path, capsys: pytest.CaptureFixture[str], options: list[str]
) -> None:
    assert run(["cleanup", "--config", str(config), "--yes", *options]) == 2
    assert "why:" in capsys.readouterr().err


def bucket_name(workshop: str = "ml101") -> str:
    return f"{workshop}-{client('sts').get_caller_identity()['Account']}-{REGION}"


def make_stack(name: str, bucket: str, attendee: str = "") -> None:
    tags = [{"Key": "workshop:name", "Value": "ml101"}]
    tags += [{"Key": "workshop:attendee", "Value": attendee}] if attendee else []
    resource = {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": bucket, "Tags": tags}}
    resources = {"Bucket": resource}
    template = {"Resources": resources} if attendee else with_doors(resources)
    client("cloudformation").create_stack(
        StackName=name, TemplateBody=json.dumps(template), Tags=tags
    )
    client("cloudformation").get_waiter("stack_create_complete").wait(
        StackName=name, WaiterConfig={"Delay": 1}
    )


def test_destroy_dry_shows_everything_and_then_with_yes_removes_it(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_stack("ml101-shared", bucket_name())
    make_stack("ml101-zoe", "zoes-things", attendee="zoe")  # taken out of the file since
    client("s3").put_object(Bucket=bucket_name(), Key="attendees/ann/x", Body=b"x")
    add_model("ml101-ann-m")
    add_model("ml101-zoe-m")

    code, said, _ = call(capsys, "destroy", "--config", config, "--dry-run", "--yes")
    assert (code, said["executed"]) == (0, False)
    found = {(row["kind"], row["name"].rstrip("/")) for row in said["left"]}
    assert found == {
        ("stack", "ml101-shared"),
        ("stack", "ml101-zoe"),
        ("bucket", bucket_name()),
        ("model", "ml101-ann-m"),
        ("model", "ml101-zoe-m"),
    }
    assert len(models()) == 2

    code, said, err = call(capsys, "destroy", "--config", config, "--yes")
    assert (code, said["ok"], said["left"], said["problems"]) == (0, True, [], [])
    assert "nothing bills" in err
    assert models() == []
    assert client("cloudformation").describe_stacks()["Stacks"] == []


@pytest.mark.usefixtures("config")
def test_destroy_does_not_touch_a_bucket_that_only_has_the_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # moto remembers the tags of a deleted bucket, hence a name of its own.
    bucket = bucket_name("ml102")
    client("s3").create_bucket(Bucket=bucket)
    client("s3").put_object(Bucket=bucket, Key="theirs", Body=b"x")
    config = write_config(tmp_path, name="ml102")

    code, said, _ = call(capsys, "destroy", "--config", config, "--yes")

    assert (code, said["left"]) == (0, [])
    assert client("s3").head_object(Bucket=bucket, Key="theirs")


class Denied:
    """A client of a service that we may not use."""

    def get_paginator(self, operation: str) -> Any:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, operation)


@pytest.mark.usefixtures("config")
def test_what_may_not_be_listed_is_unknown_and_does_not_hide_the_rest() -> None:
    add_model("ml101-ann-m")
    scope = Scope("ml101", frozenset({"ann"}), (REGION,), account="123456789012")

    inventory = take_inventory(
        make_workshop(),
        scope,
        assets_buckets(scope, ()),
        lambda service, _region: Denied() if service == "logs" else client(service),
    )

    assert inventory.blind == ["logs in us-east-1"]
    assert [row["name"] for row in inventory.as_rows()] == ["ml101-ann-m"]
