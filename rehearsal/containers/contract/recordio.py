"""RecordIO: the framing of Apache MXNet's .rec files and of recordio-protobuf.

Each part is a magic number, a word with a flag (upper 3 bits) and a length (lower 29 bits),
the bytes, and zeros up to a multiple of four
(https://mxnet.apache.org/versions/1.9.1/api/architecture/note_data_loading#data-format;
dmlc-core, include/dmlc/recordio.h). The SDK writes whole records only
(sagemaker.core.serializers.utils).
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

_MAGIC = 0xCED7230A
_HEAD = struct.Struct("<II")
_LENGTH = (1 << 29) - 1
_WHOLE, _FIRST, _MIDDLE, _LAST = range(4)
# MXNet's IRHeader: flag, label, id, id2. A flag above 0 says how many labels follow.
_IMAGE_HEAD = struct.Struct("<IfQQ")


def read_records(data: bytes) -> Iterator[bytes]:
    """The records of a RecordIO stream.

    Raises:
        ValueError: it is none, or it ends within a record.
    """
    position, parts = 0, []
    while position < len(data):
        if position + _HEAD.size > len(data):
            raise ValueError("RecordIO ends within a record's head")
        magic, word = _HEAD.unpack_from(data, position)
        if magic != _MAGIC:
            raise ValueError(f"no RecordIO: magic number {magic:#010x} at byte {position}")
        flag, length = word >> 29, word & _LENGTH
        start = position + _HEAD.size
        if start + length > len(data):
            raise ValueError("RecordIO ends within a record")
        # A record that contains the magic number is written in parts that leave it out.
        parts.append(data[start : start + length])
        position = start + (length + 3) // 4 * 4
        if flag in (_WHOLE, _LAST):
            yield _HEAD.pack(_MAGIC, 0)[:4].join(parts)
            parts = []
    if parts:
        raise ValueError("RecordIO ends within a record of several parts")


def write_records(records: Iterable[bytes]) -> bytes:
    """A RecordIO stream of whole records."""
    stream = bytearray()
    for record in records:
        stream += _HEAD.pack(_MAGIC, len(record)) + record + bytes(-len(record) % 4)
    return bytes(stream)


@dataclass(frozen=True, slots=True)
class LabelledImage:
    """One record of an image .rec file: its class and the encoded picture."""

    label: int
    picture: bytes


def parse_image_record(record: bytes) -> LabelledImage:
    """An image's record, as mxnet.recordio.pack_img writes it.

    Raises:
        ValueError: it is too short, or it has several labels.
    """
    if len(record) <= _IMAGE_HEAD.size:
        raise ValueError("a record is too short for an image's")
    count, label, _, _ = _IMAGE_HEAD.unpack_from(record)
    start = _IMAGE_HEAD.size + 4 * count
    if count > 1 or start >= len(record):
        raise ValueError(f"a record has {count} labels, expected one")
    if count == 1:
        label = float(np.frombuffer(record, "<f4", count=1, offset=_IMAGE_HEAD.size)[0])
    return LabelledImage(int(label), record[start:])


def pack_image_record(image: LabelledImage, number: int = 0) -> bytes:
    """The record of an image with one label, `number` its id."""
    return _IMAGE_HEAD.pack(0, float(image.label), number, 0) + image.picture
