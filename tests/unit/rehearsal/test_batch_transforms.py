"""What a batch transform makes of its objects: records, requests, filters, joins."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable
from typing import Any

import pytest

from rehearsal.jobs.association import of_job
from rehearsal.jobs.json_path import PathError, compile_path
from rehearsal.jobs.records import payloads_of, requests_of
from rehearsal.jobs.work import JobFailure

LINES = b"1\n22\n333\n"


def job(split_type: str = "Line", content_type: str = "text/csv", **more: Any) -> dict[str, Any]:
    return {"TransformInput": {"SplitType": split_type, "ContentType": content_type}, **more}


def payloads(wanted: dict[str, Any], body: bytes) -> list[bytes]:
    return [b"".join(records) for records in requests_of(wanted, body)]


def recordio(*contents: bytes) -> bytes:
    return b"".join(
        struct.pack("<II", 0xCED7230A, len(content)) + content + b"\0" * (-len(content) % 4)
        for content in contents
    )


# Requests


def test_without_a_split_type_an_object_is_one_request() -> None:
    assert payloads(job("None"), LINES) == [LINES]


def test_one_record_at_a_time_skips_empty_lines() -> None:
    wanted = job(BatchStrategy="SingleRecord")
    assert payloads(wanted, b"1\n\n22\n333") == [b"1\n", b"22\n", b"333"]


def test_many_records_fill_a_request_up_to_its_limit() -> None:
    line = b"x" * (400 * 1024 - 1) + b"\n"
    sizes = [len(part) for part in payloads(job(MaxPayloadInMB=1), line * 5)]
    assert sizes == [2 * len(line), 2 * len(line), len(line)]


def test_a_limit_of_zero_is_none() -> None:
    line = b"x" * (7 * 1024 * 1024) + b"\n"
    assert payloads(job(MaxPayloadInMB=0), line * 2) == [line * 2]


def outcome(parts: Callable[[], list[bytes]]) -> list[bytes] | str:
    try:
        return parts()
    except JobFailure as failure:
        return str(failure)


@pytest.mark.parametrize("seed", range(200))
def test_requests_are_the_same_whether_or_not_records_are_looked_at(seed: int) -> None:
    draw = random.Random(seed)
    cells = [b"1", b"22,3", b" ", b"", b"\t", b"x" * 300_000, b"x" * 1_100_000]
    ends = [b"\n"] * 9 + [b"\r\n"] * draw.randrange(2) + [b"\n\n"] * draw.randrange(2)
    pieces = draw.choices(cells, (9, 9, draw.randrange(2), 1, 1, 3, draw.random() < 0.2), k=9)
    body = b"".join(piece + draw.choice(ends) for piece in pieces)
    body = body.rstrip() if draw.random() < 0.5 else body
    wanted = job(
        draw.choice(["Line"] * 9 + ["None"]),
        MaxPayloadInMB=draw.choice([0, 1, 1, 1]),
        BatchStrategy=draw.choice(["MultiRecord"] * 3 + ["SingleRecord"]),
    )

    whole = outcome(lambda: list(payloads_of(wanted, body)))

    assert whole == outcome(lambda: payloads(wanted, body))


@pytest.mark.parametrize("split_type", ["None", "Line"])
@pytest.mark.parametrize("strategy", ["SingleRecord", "MultiRecord"])
def test_a_record_beyond_the_limit_fails_the_job(split_type: str, strategy: str) -> None:
    wanted = job(split_type, MaxPayloadInMB=1, BatchStrategy=strategy)
    with pytest.raises(JobFailure, match="Too much data for max payload size"):
        payloads(wanted, b"1\n" + b"x" * (1024 * 1024 + 1))


def test_recordio_keeps_its_padding_only_among_many_records() -> None:
    body = recordio(b"one", b"three")
    assert payloads(job("RecordIO"), body) == [body]
    assert payloads(job("RecordIO", BatchStrategy="SingleRecord"), body) == [b"one", b"three"]


@pytest.mark.parametrize("body", [b"1,2,3\n4,5,6\n", recordio(b"one")[:-1], b"\x0a\x23"])
def test_what_is_no_recordio_fails_the_job(body: bytes) -> None:
    with pytest.raises(JobFailure, match="RecordIO at byte 0"):
        payloads(job("RecordIO"), body)


def test_a_split_type_that_is_not_here_fails_and_says_that_nothing_ran() -> None:
    with pytest.raises(JobFailure, match="not executed locally: SplitType TFRecord"):
        payloads(job("TFRecord"), LINES)


# JSONPath

DATA = {"id": 7, "features": [1, 2, 3, 4], "more": {"a": "x", "b": "y"}}


@pytest.mark.parametrize(
    ("path", "selected"),
    [
        ("$", DATA),
        ("$.features", [1, 2, 3, 4]),
        ("$.more.a", "x"),
        ("$['id']", 7),
        ("$['id','features']", {"id": 7, "features": [1, 2, 3, 4]}),
        ("$.features[0]", 1),
        ("$.features[-1]", 4),
        ("$.features[1:]", [2, 3, 4]),
        ("$.features[:-1]", [1, 2, 3]),
        ("$.features[0,2:]", [1, 3, 4]),
        ("$.more.*", ["x", "y"]),
        ("$.features[*]", [1, 2, 3, 4]),
    ],
)
def test_a_path_selects(path: str, selected: Any) -> None:
    assert compile_path(path).select(DATA) == selected


@pytest.mark.parametrize("path", ["$.nothing", "$.features[4]", "$.features[5:]", "$[0]", "$.id.a"])
def test_a_path_to_what_is_not_there_is_refused(path: str) -> None:
    with pytest.raises(PathError, match="selects nothing"):
        compile_path(path).select(DATA)


@pytest.mark.parametrize("path", ["", "id", "$..id", "$[?(@.id)]", "$.features[", "$[a]", "$ "])
def test_a_path_that_batch_transforms_do_not_know_is_refused(path: str) -> None:
    with pytest.raises(PathError):
        compile_path(path)


# Filters and joins


def associated(wanted: dict[str, Any], records: list[bytes], answer: bytes) -> bytes:
    return of_job(wanted).joined(records, answer)


def test_without_data_processing_records_pass_as_they_are() -> None:
    assert of_job(job()).idle
    assert of_job(job(DataProcessing={"InputFilter": "$", "JoinSource": "None"})).idle


def test_an_input_filter_takes_columns_out_of_csv() -> None:
    found = of_job(job(DataProcessing={"InputFilter": "$[1:]"}))
    assert found.filtered([b"7,1,2\n", b'8,"a,b",3\n']) == [b"1,2\n", b'"a,b",3\n']


def test_joined_csv_has_the_answer_at_the_end_of_each_row() -> None:
    wanted = job(DataProcessing={"JoinSource": "Input", "OutputFilter": "$[0,-1]"})
    assert associated(wanted, [b"7,1,2\n", b"8,3,4\n"], b"0.1\n0.9\n") == b"7,0.1\n8,0.9\n"


def test_joined_json_has_the_answer_as_an_attribute() -> None:
    wanted = job(content_type="application/jsonlines", DataProcessing={"JoinSource": "Input"})
    said = associated(wanted, [b'{"id": 1}\n', b"[2]\n"], b"0.1\n0.9\n")
    assert said == b'{"id": 1, "SageMakerOutput": 0.1}\n' + (
        b'{"SageMakerInput": [2], "SageMakerOutput": 0.9}\n'
    )


@pytest.mark.parametrize(
    ("wanted", "records", "answer", "reason"),
    [
        (job(DataProcessing={"JoinSource": "Input"}), [b"1\n", b"2\n"], b"0.1\n", "1 lines"),
        (job(DataProcessing={"OutputFilter": "$[3]"}), [b"1\n"], b"0.1\n", "selects nothing"),
        (
            job(content_type="application/json", DataProcessing={"JoinSource": "Input"}),
            [b"not JSON"],
            b"0.1",
            "cannot be read",
        ),
    ],
)
def test_what_cannot_be_associated_fails_the_job(
    wanted: dict[str, Any], records: list[bytes], answer: bytes, reason: str
) -> None:
    with pytest.raises(JobFailure, match=reason):
        associated(wanted, records, answer)


@pytest.mark.parametrize(
    ("content_type", "processing"),
    [("application/x-image", {"JoinSource": "Input"}), ("text/csv", {"InputFilter": "$..a"})],
)
def test_data_processing_that_cannot_be_done_fails_before_anything_starts(
    content_type: str, processing: dict[str, str]
) -> None:
    with pytest.raises(JobFailure, match="ClientError"):
        of_job(job(content_type=content_type, DataProcessing=processing))
