"""RecordIO as the SDK and MXNet write it."""

from __future__ import annotations

import io
import struct

import pytest
from sagemaker.core.serializers import utils

from rehearsal.containers.contract.recordio import (
    LabelledImage,
    pack_image_record,
    parse_image_record,
    read_records,
    write_records,
)

MAGIC = struct.pack("<I", 0xCED7230A)
RECORDS = [b"", b"a", b"four", b"fives", b"x" * 1000]


def part(flag: int, content: bytes) -> bytes:
    return MAGIC + struct.pack("<I", flag << 29 | len(content)) + content + bytes(-len(content) % 4)


def test_what_the_sdk_writes_is_read() -> None:
    file = io.BytesIO()
    for record in RECORDS:
        utils._write_recordio(file, record)

    assert list(read_records(file.getvalue())) == RECORDS


def test_what_is_written_the_sdk_reads() -> None:
    assert list(utils.read_recordio(io.BytesIO(write_records(RECORDS)))) == RECORDS


def test_parts_are_joined_by_the_magic_number_they_leave_out() -> None:
    stream = part(1, b"aaaa") + part(2, b"bbbb") + part(3, b"cc") + part(0, b"next")

    assert list(read_records(stream)) == [b"aaaa" + MAGIC + b"bbbb" + MAGIC + b"cc", b"next"]


@pytest.mark.parametrize(
    ("stream", "reason"),
    [
        (b"1,2,3,4\n", "no RecordIO"),
        (MAGIC, "ends within a record's head"),
        (part(0, b"whole")[:-4], "ends within a record"),
        (part(1, b"first"), "several parts"),
    ],
)
def test_what_is_no_recordio_is_refused(stream: bytes, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        list(read_records(stream))


def test_an_image_record_is_read_as_it_was_packed() -> None:
    image = LabelledImage(7, b"\xff\xd8 picture")

    assert parse_image_record(pack_image_record(image, 3)) == image


def test_a_label_may_stand_behind_the_head() -> None:
    record = struct.pack("<IfQQ", 1, 0.0, 3, 0) + struct.pack("<f", 5) + b"picture"

    assert parse_image_record(record) == LabelledImage(5, b"picture")


@pytest.mark.parametrize("count", [2, 1000])
def test_several_labels_are_refused(count: int) -> None:
    record = struct.pack("<IfQQ", count, 0.0, 3, 0) + bytes(4 * count) + b"picture"

    with pytest.raises(ValueError, match="expected one"):
        parse_image_record(record)
