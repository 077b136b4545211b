"""Attendees clean up after themselves: in their own terminal, with their own role."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from rehearsal.account import ACCOUNT
from tests.integration.cleanup.classroom import Classroom, open_classroom

IMAGE = f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/nobody:1"
# One classroom serves all tests of this file.
pytestmark = pytest.mark.xdist_group("attendees-cleanup")


@pytest.fixture(scope="module")
def classroom(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Classroom]:
    with open_classroom(tmp_path_factory.mktemp("classroom")) as opened:
        yield opened


def forget(classroom: Classroom, attendee: str) -> None:
    """Leave an endpoint that fails for want of an artifact, and what it is made of."""
    if forgotten(classroom, attendee):
        return
    sagemaker = classroom.client("sagemaker")
    name = f"ml101-{attendee}-forgotten"
    sagemaker.create_model(
        ModelName=name,
        PrimaryContainer={"Image": IMAGE},
        ExecutionRoleArn=f"arn:aws:iam::{ACCOUNT}:role/ml101-{attendee}",
    )
    variant = {
        "VariantName": "AllTraffic",
        "ModelName": name,
        "InstanceType": "ml.m5.large",
        "InitialInstanceCount": 1,
    }
    sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)


def train_for_long(classroom: Classroom, attendee: str) -> str:
    """Start a training job that runs until it is stopped; returns its name."""
    name, bucket = f"ml101-{attendee}-long", f"ml101-{ACCOUNT}-us-east-1"
    rows = "".join(f"{number % 2},{number % 2}.{number}\n" for number in range(20))
    key = f"attendees/{attendee}/rows/a.csv"
    classroom.client("s3").put_object(Bucket=bucket, Key=key, Body=rows.encode())
    place = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{bucket}/attendees/{attendee}/rows/"}
    source = {"DataSource": {"S3DataSource": place}}
    classroom.client("sagemaker").create_training_job(
        TrainingJobName=name,
        RoleArn=f"arn:aws:iam::{ACCOUNT}:role/ml101-{attendee}",
        AlgorithmSpecification={
            "TrainingImage": f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1",
            "TrainingInputMode": "File",
        },
        HyperParameters={"objective": "binary:logistic", "num_round": "10000000"},
        InputDataConfig=[{"ChannelName": "train", "ContentType": "text/csv", **source}],
        OutputDataConfig={"S3OutputPath": f"s3://{bucket}/attendees/{attendee}/out/"},
        ResourceConfig={"InstanceType": "ml.m5.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 5},
        StoppingCondition={"MaxRuntimeInSeconds": 28_800},
    )
    return name


def forgotten(classroom: Classroom, attendee: str) -> set[str]:
    """The kinds of what `forget` has left."""
    name = f"ml101-{attendee}-forgotten"
    return {kind for kind, found, _ in classroom.left() if found == name}


def statuses(classroom: Classroom) -> tuple[str, str]:
    """The statuses of ann's app and of bob's notebook instance."""
    sagemaker = classroom.client("sagemaker")
    (app,) = sagemaker.list_apps()["Apps"]
    (instance,) = sagemaker.list_notebook_instances()["NotebookInstances"]
    return app["Status"], instance["NotebookInstanceStatus"]


def collected(classroom: Classroom) -> set[str]:
    """Whose work is in the bucket."""
    objects = classroom.client("s3").list_objects_v2(
        Bucket=f"ml101-{ACCOUNT}-us-east-1", Prefix="attendees/"
    )["Contents"]
    return {
        found["Key"].split("/")[1]
        for found in objects
        if found["Key"].endswith("/collected/collected.json")
    }


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def read(finished: Any) -> Any:
    assert finished.stdout, finished.stderr
    return json.loads(finished.stdout)


def test_a_dry_run_says_what_it_would_stop_and_what_that_saves(classroom: Classroom) -> None:
    forget(classroom, "ann")

    finished = classroom.workshop("ann", "cleanup", "--dry-run")

    assert finished.returncode == 0, finished.stderr
    assert "ann of ml101 in us-east-1" in finished.stderr
    assert "dry run, nothing was changed: stop or delete 3 resources" in finished.stderr
    assert "USD/h" in finished.stdout
    assert "this command runs on it" in finished.stderr
    assert forgotten(classroom, "ann") == {"endpoint", "endpoint-config", "model"}


def test_ann_removes_what_is_hers_and_neither_bobs_nor_what_she_sits_on(
    classroom: Classroom,
) -> None:
    forget(classroom, "ann")
    forget(classroom, "bob")
    job = train_for_long(classroom, "ann")
    work = classroom.home("ann") / "work.ipynb"
    work.write_text("an hour of work", encoding="utf-8")

    finished = classroom.workshop("ann", "cleanup", "--yes", "--json")

    assert (finished.returncode, read(finished)["ok"]) == (0, True), finished.stderr
    assert forgotten(classroom, "ann") == set()
    stopped = classroom.client("sagemaker").describe_training_job(TrainingJobName=job)
    assert stopped["TrainingJobStatus"] == "Stopped"
    assert forgotten(classroom, "bob") == {"endpoint", "endpoint-config", "model"}
    assert statuses(classroom) == ("InService", "InService")
    assert work.exists()
    assert "this still runs: app default (us-east-1), 0.05 USD/h" in finished.stderr
    (log,) = (classroom.home("ann") / ".workshop/sweeps").glob("*.jsonl")
    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    assert {line["who"].split("/")[1] for line in lines} == {"ml101-ann"}


def test_bob_cleans_up_without_a_region_in_his_terminal_and_keeps_the_log_in_the_bucket(
    classroom: Classroom,
) -> None:
    forget(classroom, "bob")

    finished = classroom.workshop("bob", "cleanup", "--yes", "--audit-s3")

    assert finished.returncode == 0, finished.stderr
    assert forgotten(classroom, "bob") == set()
    assert statuses(classroom) == ("InService", "InService")
    bucket = f"ml101-{ACCOUNT}-us-east-1"
    kept = classroom.client("s3").list_objects_v2(Bucket=bucket, Prefix="attendees/bob/audit/")
    assert kept["KeyCount"] == 1


@pytest.mark.parametrize(
    "option",
    [["--attendee", "bob"], ["--region", "us-east-1"], ["--everything"], ["--keep-environments"]],
)
def test_what_is_for_instructors_is_refused(classroom: Classroom, option: list[str]) -> None:
    finished = classroom.workshop("ann", "cleanup", "--yes", *option)

    assert finished.returncode == 2
    assert f"{option[0]} is for instructors" in finished.stderr
    assert "whose environment this is" in finished.stderr
    assert "fix:" in finished.stderr


def test_what_she_sits_on_belongs_to_no_lab(classroom: Classroom) -> None:
    finished = classroom.workshop("ann", "cleanup", "--yes", "--stop-me", "--module", "iris")

    assert finished.returncode == 2
    assert "--stop-me and --module exclude each other" in finished.stderr


def test_somebody_elses_credentials_are_refused(classroom: Classroom) -> None:
    finished = classroom.workshop("ann", "cleanup", "--yes", role="ml101-bob")

    assert finished.returncode == 2
    assert "this environment is ml101-ann, but the credentials are those of ml101-bob" in (
        finished.stderr
    )
    assert "why:" in finished.stderr
    assert "fix:" in finished.stderr


def test_nothing_that_she_sits_on_is_stopped_unasked(classroom: Classroom) -> None:
    finished = classroom.workshop("ann", "cleanup", "--stop-me")

    assert finished.returncode == 1, finished.stderr
    assert "no terminal to ask, nothing was changed: " in finished.stderr
    assert "stop what this runs on (app default (us-east-1))" in finished.stderr
    assert statuses(classroom) == ("InService", "InService")


def test_what_they_sit_on_goes_last_when_they_ask(classroom: Classroom) -> None:
    forget(classroom, "bob")
    assert collected(classroom) == set()

    for attendee, what in (("bob", "notebook-instance ml101-bob"), ("ann", "app default")):
        finished = classroom.workshop(attendee, "cleanup", "--yes", "--stop-me")

        assert finished.returncode == 0, finished.stderr
        last = finished.stderr.splitlines()[-1]
        assert last == f"stopping what this runs on: {what} (us-east-1); your files stay"

    assert forgotten(classroom, "bob") == set()
    wait_until(lambda: statuses(classroom) == ("Deleted", "Stopped"))
    # What is asked to end collects the work first, and a volume outlives it.
    assert collected(classroom) == {"ann", "bob"}
    assert all(classroom.home(attendee).is_dir() for attendee in ("ann", "bob"))
