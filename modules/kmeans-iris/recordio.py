#!/usr/bin/env python3
"""Write numbers as recordio-protobuf, the format that SageMaker's own algorithms prefer.

A file is a row of records. Each record begins with a magic number and its length, and is padded
to four bytes; inside it is a protobuf message whose map `features` holds, under the key
`values`, a tensor of 32-bit floats. Both are described in "Common Data Formats for Training"
(https://docs.aws.amazon.com/sagemaker/latest/dg/cdf-training.html). The message is so small
that it is written here by hand, without a protobuf compiler.

    python recordio.py numbers.csv numbers.data
"""

from __future__ import annotations

import argparse
import csv
import struct
from collections.abc import Iterable, Sequence
from pathlib import Path

CONTENT_TYPE = "application/x-recordio-protobuf"

_MAGIC = 0xCED7230A
_ALIGNMENT = 4
# Field numbers of the messages Record, its map's entries, Value and Float32Tensor.
_FEATURES, _LABEL = 1, 2
_KEY, _VALUE = 1, 2
_FLOAT32_TENSOR = 2
_VALUES = 1
_LENGTH_DELIMITED = 2  # protobuf's wire type of messages, texts and packed numbers


def write_records(rows: Iterable[Sequence[float]], labels: Iterable[float] | None = None) -> bytes:
    """The rows as recordio-protobuf; with `labels`, one for each row, as the learners want it.

    Raises:
        ValueError: there are more rows than labels, or fewer.
    """
    if labels is None:
        return b"".join(_framed(_field(_FEATURES, _entry(row))) for row in rows)
    return b"".join(
        _framed(_field(_FEATURES, _entry(row)) + _field(_LABEL, _entry([label])))
        for row, label in zip(rows, labels, strict=True)
    )


def _framed(message: bytes) -> bytes:
    padding = -len(message) % _ALIGNMENT
    return struct.pack("<II", _MAGIC, len(message)) + message + bytes(padding)


def _entry(numbers: Sequence[float]) -> bytes:
    """An entry of the map: the key "values", and a Value that holds a Float32Tensor."""
    packed = struct.pack(f"<{len(numbers)}f", *numbers)
    tensor = _field(_FLOAT32_TENSOR, _field(_VALUES, packed))
    return _field(_KEY, b"values") + _field(_VALUE, tensor)


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | _LENGTH_DELIMITED) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    """Seven bits a byte, the lowest first; the eighth says that another byte follows."""
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)


def main() -> None:
    """Turn a CSV of numbers, without a header, into recordio-protobuf."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", type=Path, help="a CSV of numbers without a header")
    parser.add_argument("target", type=Path, help="the file to write")
    parser.add_argument("--label-first", action="store_true", help="the first column is the label")
    options = parser.parse_args()
    with options.source.open(newline="", encoding="utf-8") as file:
        rows = [[float(cell) for cell in row] for row in csv.reader(file) if row]
    if options.label_first:
        content = write_records([row[1:] for row in rows], [row[0] for row in rows])
    else:
        content = write_records(rows)
    options.target.write_bytes(content)
    print(f"{len(rows)} records, {len(content)} bytes in {options.target}")


if __name__ == "__main__":
    main()
