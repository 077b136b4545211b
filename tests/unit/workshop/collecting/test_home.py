"""A home is collected whole or not at all, and the record says which archive counts."""

from __future__ import annotations

import io
import json
import tarfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.unit.workshop.collecting.fake_s3 import FakeS3
from workshop.collecting.home import Home, collect_home, read_home
from workshop.collecting.record import RECORD_BYTES_MOST, Record, read_record, write_record
from workshop.collecting.selection import LeftOut
from workshop.errors import UsageError, WorkshopError

NOW = datetime(2030, 3, 4, 16, 30, tzinfo=UTC)
FOLDER = "attendees/ann/collected/"
RECORD = f"{FOLDER}collected.json"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    path = tmp_path / "sagemaker-user"
    path.mkdir()
    (path / "work.txt").write_text("an hour of work", encoding="utf-8")
    return Home("ml101", "ann", "us-east-1", "ml101-bucket", "studio", path)


def collect(home: Home, s3: FakeS3, minutes: int = 0) -> Record:
    return collect_home(home, s3, 10**6, now=NOW + timedelta(minutes=minutes), part_bytes=64)


def names_in(s3: FakeS3) -> list[str]:
    """The files of the archive that counts."""
    archive = json.loads(s3.objects[RECORD])["archive"]
    with tarfile.open(fileobj=io.BytesIO(s3.objects[FOLDER + archive])) as tar:
        return tar.getnames()


def test_the_record_names_an_archive_that_is_there(home: Home) -> None:
    s3 = FakeS3()

    record = collect(home, s3)

    assert names_in(s3) == ["ml101-ann/work.txt"]
    assert read_record(s3.objects[RECORD]) == record
    assert (record.at, record.files, record.files_size) == (NOW, 1, 15)
    assert record.size == len(s3.objects[FOLDER + record.archive])
    assert s3.uploads == {}


def test_a_later_collection_takes_the_place_of_the_earlier_one(home: Home) -> None:
    s3 = FakeS3()
    collect(home, s3)
    (home.path / "more.txt").touch()

    collect(home, s3, minutes=5)

    assert names_in(s3) == ["ml101-ann/more.txt", "ml101-ann/work.txt"]
    assert len(s3.objects) == 2


@pytest.mark.parametrize(
    "refused", ["create_multipart_upload", "upload_part", "complete_multipart_upload", "put_object"]
)
def test_a_collection_that_fails_leaves_the_earlier_one(home: Home, refused: str) -> None:
    s3 = FakeS3()
    earlier = collect(home, s3)
    (home.path / "more.txt").touch()
    s3.refuse = {refused: "InternalError"}

    with pytest.raises(ClientError):
        collect(home, s3, minutes=5)

    assert read_record(s3.objects[RECORD]) == earlier
    assert names_in(s3) == ["ml101-ann/work.txt"]
    assert s3.uploads == {}


def test_an_earlier_archive_that_cannot_be_removed_is_no_failure(home: Home) -> None:
    s3 = FakeS3()
    collect(home, s3)
    s3.refuse = {"delete_object": "AccessDenied"}

    later = collect(home, s3, minutes=5)

    assert read_record(s3.objects[RECORD]) == later


def test_two_collections_at_once_never_remove_the_archive_that_counts(home: Home) -> None:
    s3 = FakeS3()
    collect(home, s3)

    class Meanwhile(FakeS3):
        """Another collection runs from beginning to end before this one's first part."""

        def create_multipart_upload(self, **request: Any) -> dict[str, str]:
            collect(home, s3, minutes=1)
            return super().create_multipart_upload(**request)

    slow = Meanwhile()
    slow.objects = s3.objects
    collect(home, slow, minutes=2)

    assert names_in(s3) == ["ml101-ann/work.txt"]


def test_an_environment_says_whose_it_is_and_where_its_volume_is(tmp_path: Path) -> None:
    state = tmp_path / "ec2-user" / "SageMaker" / ".workshop"
    state.mkdir(parents=True)
    (tmp_path / "ec2-user" / ".workshop").symlink_to(state)
    words = {"workshop": "ml101", "attendee": "ann", "region": "r", "bucket": "b"}
    (state / "context.json").write_text(json.dumps({**words, "environment": "notebook"}))

    assert read_home(tmp_path / "ec2-user") == Home(
        **words, environment="notebook", path=tmp_path / "ec2-user" / "SageMaker"
    )


def test_outside_of_an_environment_there_is_none(tmp_path: Path) -> None:
    assert read_home(tmp_path) is None


@pytest.mark.parametrize("text", ["", "[]", '{"workshop": "ml101"}'])
def test_an_environment_that_cannot_say_whose_it_is_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / ".workshop").mkdir()
    (tmp_path / ".workshop" / "context.json").write_text(text)

    with pytest.raises(UsageError):
        read_home(tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        *({"archive": "../../ml102/x"}, {"archive": "home.tar.gz"}, {"archive": 1}),
        *({"at": "yesterday"}, {"at": 5}, {"bytes": -1}, {"bytes": True}, {"sha256": "x"}),
        *({"left_out": [{"path": 1}]}, {"left_out": 3}, {"files": "1"}),
    ],
)
def test_a_record_that_somebody_has_made_up_is_refused(home: Home, change: object) -> None:
    document = json.loads(write_record(collect(home, FakeS3())))
    assert isinstance(change, dict)

    with pytest.raises(WorkshopError):
        read_record(json.dumps({**document, **change}).encode())


def test_the_record_of_many_left_out_says_how_many(home: Home) -> None:
    record = collect(home, FakeS3())
    left = LeftOut("x" * 4000, 1, "because")
    many = replace(record, left_out=(left,) * 5000, left_out_count=5000)

    text = write_record(many)

    assert len(text) < RECORD_BYTES_MOST
    assert read_record(text) == replace(many, left_out=(left,) * 1000)
