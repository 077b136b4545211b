"""Requests and replies of AWS's own algorithms."""

from __future__ import annotations

import json
from http import HTTPStatus

import pytest

from rehearsal.containers.contract.instances import read_instances, write_predictions
from rehearsal.containers.contract.recordio import write_records
from rehearsal.containers.contract.records import write_record
from rehearsal.containers.contract.server import Request, RequestError

ROWS = [[1.0, 2.0, 3.0], [4.0, 0.0, 6.0]]
SPARSE = {"keys": [0, 2], "shape": [3], "values": [4, 6]}
RECORDS = "application/x-recordio-protobuf"


def instances(*found: object) -> bytes:
    return json.dumps({"instances": found}).encode()


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("text/csv", b"1,2,3\n4,0,6\n"),
        ("", b"1,2,3\n4,0,6\n"),
        ("text/csv; label_size=0", b"1,2,3\n4,0,6"),
        ("text/csv; label_size=1", b"9,1,2,3\n9,4,0,6"),
        ("application/json", instances({"features": ROWS[0]}, {"features": ROWS[1]})),
        (
            "application/json; charset=utf-8",
            instances({"data": {"features": {"values": ROWS[0]}}}, {"data": {"features": SPARSE}}),
        ),
        (
            "application/jsonlines",
            b'{"features": [1, 2, 3]}\n\n{"data": {"features": [4, 0, 6]}}\n',
        ),
        (RECORDS, write_records(write_record({"values": row}, {}) for row in ROWS)),
    ],
)
def test_every_documented_request_is_read(content_type: str, body: bytes) -> None:
    assert read_instances(Request(body, content_type, ""), 3).tolist() == ROWS


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        ("text/libsvm", b"1:2", HTTPStatus.UNSUPPORTED_MEDIA_TYPE),
        ("text/csv", b"1,2", HTTPStatus.BAD_REQUEST),
        ("text/csv", b"1,,3", HTTPStatus.BAD_REQUEST),
        ("text/csv", b"\xff", HTTPStatus.BAD_REQUEST),
        ("application/json", b"[1, 2, 3]", HTTPStatus.BAD_REQUEST),
        ("application/json", instances(), HTTPStatus.BAD_REQUEST),
        ("application/json", instances({"features": "123"}), HTTPStatus.BAD_REQUEST),
        ("application/json", instances({"features": ["a", 2, 3]}), HTTPStatus.BAD_REQUEST),
        ("application/json", instances({"values": [1, 2, 3]}), HTTPStatus.BAD_REQUEST),
        ("application/json", instances({"features": [10**400, 2, 3]}), HTTPStatus.BAD_REQUEST),
        (
            "application/json",
            instances({"data": {"features": {"keys": [3], "values": [1]}}}),
            HTTPStatus.BAD_REQUEST,
        ),
        (RECORDS, b"1,2,3", HTTPStatus.BAD_REQUEST),
    ],
)
def test_a_request_that_cannot_be_read_has_its_status(
    content_type: str, body: bytes, status: HTTPStatus
) -> None:
    with pytest.raises(RequestError) as raised:
        read_instances(Request(body, content_type, ""), 3)

    assert raised.value.status == status


def test_a_list_of_scores_is_spread_over_csv_cells() -> None:
    reply = write_predictions([{"score": [0.25, 0.75], "predicted_label": 1}], "text/csv")

    assert reply.body == b"0.25,0.75,1\n"


def test_an_unknown_accept_type_is_not_acceptable() -> None:
    with pytest.raises(RequestError) as raised:
        write_predictions([{"score": 1.0}], "image/png")

    assert raised.value.status == HTTPStatus.NOT_ACCEPTABLE
