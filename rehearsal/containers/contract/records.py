"""aialgs.data.Record, the protocol buffer of SageMaker's own algorithms, read and written.

Without the protobuf library, whose import each start would pay for; the schema is six small
messages ("Training Data Formats",
https://docs.aws.amazon.com/sagemaker/latest/dg/cdf-training.html, record.proto):

    Record { map<string, Value> features = 1; map<string, Value> label = 2; ... }
    Value { oneof { Float32Tensor = 2; Float64Tensor = 3; Int32Tensor = 7; Bytes = 9; } }
    XTensor { repeated X values = 1; repeated uint64 keys = 2; repeated uint64 shape = 3; }
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_TENSORS: dict[int, np.dtype] = {
    2: np.dtype("<f4"),
    3: np.dtype("<f8"),
    7: np.dtype("<i4"),
}


@dataclass(frozen=True, slots=True)
class Tensor:
    """A vector: dense without `keys`, else `values` at the positions `keys` of `shape`."""

    values: np.ndarray
    keys: np.ndarray
    shape: tuple[int, ...] = ()

    def dense(self, width: int) -> np.ndarray:
        """The vector of `width` numbers.

        Raises:
            ValueError: it has another width.
        """
        if not len(self.keys):
            if len(self.values) != width:
                raise ValueError(f"a record has {len(self.values)} features, expected {width}")
            return self.values
        if len(self.keys) != len(self.values) or self.keys.max() >= width:
            raise ValueError(f"a sparse record does not fit {width} features")
        vector = np.zeros(width, np.float32)
        vector[self.keys] = self.values
        return vector


@dataclass(frozen=True, slots=True)
class Record:
    """Named vectors, features and labels."""

    features: Mapping[str, Tensor]
    label: Mapping[str, Tensor]


def parse_record(data: bytes) -> Record:
    """One record from its bytes.

    Raises:
        ValueError: they are no Record.
    """
    features: dict[str, Tensor] = {}
    label: dict[str, Tensor] = {}
    try:
        for number, content in _fields(data):
            if number in (1, 2) and isinstance(content, bytes):
                name, tensor = _entry(content)
                (features if number == 1 else label)[name] = tensor
    except (IndexError, KeyError, OverflowError, UnicodeDecodeError):
        raise ValueError("a record is no aialgs.data.Record") from None
    return Record(features, label)


def dense_table(records: Sequence[Record], width: int | None = None) -> np.ndarray:
    """The features of records as rows of a float32 table.

    `width` is the number of features; without it, the first record says.

    Raises:
        ValueError: a record has no features, or another number of them.
    """
    tensors = [record.features.get("values") for record in records]
    if not tensors or any(tensor is None for tensor in tensors):
        raise ValueError("a record has no features called 'values'")
    known = [tensor for tensor in tensors if tensor is not None]
    if width is None:
        width = known[0].shape[-1] if known[0].shape else len(known[0].values)
    return np.stack([tensor.dense(width) for tensor in known]).astype(np.float32)


def labels_of(records: Sequence[Record]) -> np.ndarray:
    """The labels of records, float32.

    Raises:
        ValueError: a record has none.
    """
    found = [record.label.get("values") for record in records]
    if any(tensor is None or not len(tensor.values) for tensor in found):
        raise ValueError("a record has no label called 'values'")
    return np.array([t.values[0] for t in found if t is not None], np.float32)


def write_record(
    features: Mapping[str, Sequence[float]], label: Mapping[str, Sequence[float]]
) -> bytes:
    """The bytes of a record of dense float32 vectors."""
    return b"".join(
        _length_delimited(
            number,
            _length_delimited(1, name.encode()) + _length_delimited(2, _float32_value(values)),
        )
        for number, vectors in ((1, features), (2, label))
        for name, values in vectors.items()
    )


def _entry(data: bytes) -> tuple[str, Tensor]:
    name, value = "", b""
    for number, content in _fields(data):
        if isinstance(content, bytes):
            if number == 1:
                name = content.decode()
            elif number == 2:
                value = content
    for number, content in _fields(value):
        if number in _TENSORS and isinstance(content, bytes):
            return name, _tensor(content, _TENSORS[number])
    raise ValueError(f"{name!r} is no tensor of numbers")


def _tensor(data: bytes, kind: np.dtype) -> Tensor:
    values: list[np.ndarray] = []
    whole: dict[int, list[int]] = {1: [], 2: [], 3: []}
    for number, content in _fields(data):
        if number == 1 and isinstance(content, bytes) and kind.kind == "f":
            values.append(np.frombuffer(content, kind))
        elif isinstance(content, bytes):
            whole[number].extend(_varints(content))
        else:
            whole[number].append(content)
    if kind.kind == "i":  # packed as varints; a negative number as its 64-bit complement
        values.append(np.array(whole[1], np.uint64).astype(np.int64).astype(kind))
    flat = np.concatenate(values) if values else np.empty(0, kind)
    return Tensor(flat, np.array(whole[2], np.int64), tuple(whole[3]))


def _fields(data: bytes) -> Iterator[tuple[int, bytes | int]]:
    """Field numbers with their contents: bytes of what has a length or a fixed width."""
    position = 0
    while position < len(data):
        tag, position = _varint(data, position)
        kind = tag & 7
        if kind == _VARINT:
            number, position = _varint(data, position)
            yield tag >> 3, number
            continue
        if kind == _BYTES:
            length, position = _varint(data, position)
        elif kind in (_FIXED32, _FIXED64):
            length = 4 if kind == _FIXED32 else 8
        else:
            raise ValueError(f"a record has a field of wire type {kind}")
        if position + length > len(data):
            raise ValueError("a record ends within a field")
        yield tag >> 3, data[position : position + length]
        position += length


def _varint(data: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[position]
        value |= (byte & 0x7F) << shift
        position += 1
        if byte < 0x80:
            return value, position
        shift += 7


def _varints(data: bytes) -> Iterator[int]:
    position = 0
    while position < len(data):
        number, position = _varint(data, position)
        yield number


def _to_varint(number: int) -> bytes:
    written = bytearray()
    while number > 0x7F:
        written.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*written, number])


def _length_delimited(number: int, content: bytes) -> bytes:
    return _to_varint(number << 3 | _BYTES) + _to_varint(len(content)) + content


def _float32_value(values: Sequence[float]) -> bytes:
    return _length_delimited(2, _length_delimited(1, np.asarray(values, "<f4").tobytes()))
