"""Whose environment a command runs in, and on what."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cleanup.kinds import BY_NAME
from workshop.cli.seat import find_seat, metadata_path, region_of, role_of
from workshop.errors import UsageError, WorkshopError

ARN = "arn:aws:sagemaker:eu-west-1:111122223333"
APP = {
    "AppType": "JupyterLab",
    "DomainId": "d-abc",
    "SpaceName": "ml101-ann",
    "UserProfileName": "ml101-ann",
    "ExecutionRoleArn": "arn:aws:iam::111122223333:role/ml101-ann",
    "ResourceArn": f"{ARN}:app/d-abc/ml101-ann/JupyterLab/default",
    "ResourceName": "default",
}
INSTANCE = {"ResourceArn": f"{ARN}:notebook-instance/ml101-ann", "ResourceName": "ml101-ann"}


def write(directory: Path, content: Any) -> Path:
    path = directory / "resource-metadata.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def test_a_seat_in_studio_is_the_app_as_a_sweep_lists_it(tmp_path: Path) -> None:
    seat = find_seat(write(tmp_path, APP), "ml101-ann")

    assert seat is not None
    assert (seat.workshop, seat.attendee, seat.region) == ("ml101", "ann", "eu-west-1")
    listed = {k: APP[k] for k in ("AppType", "DomainId", "SpaceName")} | {"AppName": "default"}
    assert seat.key == ("eu-west-1", "app", BY_NAME["app"].ids_in(listed))


def test_a_seat_on_a_notebook_instance_is_the_instance(tmp_path: Path) -> None:
    seat = find_seat(write(tmp_path, INSTANCE), "ml101-ann")

    assert seat is not None
    ids = (("NotebookInstanceName", "ml101-ann"),)
    assert seat.key == ("eu-west-1", "notebook-instance", ids)


@pytest.mark.parametrize("role", ["", "Admin", "ml101-shared", "ml101-ann-guard", "OrgRole-ann"])
def test_nobody_sits_where_no_attendees_role_works(tmp_path: Path, role: str) -> None:
    assert find_seat(write(tmp_path, APP), role) is None


def test_nobody_sits_where_there_is_no_metadata(tmp_path: Path) -> None:
    assert find_seat(tmp_path / "none", "ml101-ann") is None


@pytest.mark.parametrize("content", [APP, INSTANCE])
@pytest.mark.parametrize("role", ["ml101-bob", "ml102-ann"])
def test_the_credentials_and_not_the_file_say_who_someone_is(
    tmp_path: Path, content: dict[str, str], role: str
) -> None:
    with pytest.raises(UsageError) as caught:
        find_seat(write(tmp_path, content), role)

    assert "this environment is ml101-ann" in caught.value.what
    assert role in caught.value.what
    assert caught.value.why
    assert caught.value.fix


@pytest.mark.parametrize(
    "content",
    [
        [],
        {},
        {"ResourceArn": "ml101-ann", "ResourceName": "ml101-ann"},
        {k: v for k, v in APP.items() if k != "DomainId"},
        {k: v for k, v in APP.items() if k != "ResourceName"},
    ],
)
def test_an_environment_that_cannot_be_identified_is_an_error_and_not_an_instructors(
    tmp_path: Path, content: Any
) -> None:
    with pytest.raises(WorkshopError) as caught:
        find_seat(write(tmp_path, content), "ml101-ann")

    assert caught.value.what == "this environment cannot be identified"


def test_half_a_file_is_an_environment_that_cannot_be_identified(tmp_path: Path) -> None:
    path = tmp_path / "resource-metadata.json"
    path.write_text('{"AppType": "Jupy', encoding="utf-8")

    with pytest.raises(WorkshopError, match="cannot be identified"):
        find_seat(path, "ml101-ann")
    assert region_of(path) == ""


def test_the_region_is_the_environments(tmp_path: Path) -> None:
    assert region_of(write(tmp_path, APP)) == "eu-west-1"
    assert region_of(tmp_path / "none") == ""


@pytest.mark.parametrize(
    ("arn", "role"),
    [
        ("arn:aws:sts::111122223333:assumed-role/ml101-ann/SageMaker", "ml101-ann"),
        ("arn:aws-cn:sts::111122223333:assumed-role/ml101-ann/i-0abc", "ml101-ann"),
        ("arn:aws:iam::111122223333:user/ml101-ann", ""),
        ("arn:aws:iam::111122223333:user/assumed-role/ml101-ann/x", ""),
        ("arn:aws:sts::111122223333:federated-user/ml101-ann", ""),
        ("arn:aws:iam::111122223333:root", ""),
    ],
)
def test_a_role_is_read_from_its_session_and_from_nothing_else(arn: str, role: str) -> None:
    assert role_of(arn) == role


def test_the_metadata_lie_below_the_workshops_root() -> None:
    inside = "opt/ml/metadata/resource-metadata.json"
    assert metadata_path({"WORKSHOP_ROOT": "/somewhere"}) == Path("/somewhere") / inside
    assert metadata_path({}) == Path("/") / inside
