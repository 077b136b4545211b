"""Whether a lab has handed something over that still exists."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from modules.handover import handover_key, is_handed_over

KEY = "attendees/ann/.workshop/handover/iris.json"


class Bucket:
    """The two calls of S3 that matter, on one bucket."""

    def __init__(self, **objects: str) -> None:
        self.objects = objects

    def get_object(self, **asked: str) -> dict[str, Any]:
        if asked["Key"] not in self.objects:
            raise ClientError({"Error": {"Code": "NoSuchKey"}}, "GetObject")
        return {"Body": io.BytesIO(self.objects[asked["Key"]].encode())}

    def list_objects_v2(self, **asked: Any) -> dict[str, int]:
        found = [key for key in self.objects if key.startswith(asked["Prefix"])]
        return {"KeyCount": min(len(found), asked["MaxKeys"])}


def handed_over(bucket: Bucket) -> bool:
    return is_handed_over(bucket, "b", "attendees/ann/", "iris")


def with_handover(values: object, **others: str) -> Bucket:
    return Bucket(**{KEY: json.dumps(values), **others})


def test_the_key_stands_in_the_attendees_part_of_the_bucket() -> None:
    assert handover_key("attendees/ann/", "iris") == KEY


def test_a_lab_that_has_not_been_done_has_handed_nothing_over() -> None:
    assert not handed_over(Bucket())


def test_a_handover_counts_while_all_it_names_is_there() -> None:
    values = {"model_data": "s3://b/run/model.tar.gz", "folder": "s3://b/run/", "rounds": 3}

    assert handed_over(with_handover(values, **{"run/model.tar.gz": ""}))
    assert not handed_over(with_handover(values, **{"run/other": ""}))


@pytest.mark.parametrize("text", ["", "[1]", "null"])
def test_a_handover_that_cannot_be_read_is_none(text: str) -> None:
    assert not handed_over(Bucket(**{KEY: text}))
