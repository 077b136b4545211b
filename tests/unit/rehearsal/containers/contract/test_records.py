"""aialgs.data.Record, held against Google's own protocol buffers."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehearsal.containers.contract.records import (
    dense_table,
    labels_of,
    parse_record,
    write_record,
)

# Type numbers of google.protobuf.FieldDescriptorProto.
DOUBLE, FLOAT, INT32, UINT64, STRING, MESSAGE, BYTES = 1, 2, 5, 4, 9, 11, 12


def record_class() -> Any:
    """Google's class for record.proto ("Training Data Formats" in the developer guide)."""
    descriptor_pb2 = importlib.import_module("google.protobuf.descriptor_pb2")
    pool = importlib.import_module("google.protobuf.descriptor_pool").DescriptorPool()
    factory = importlib.import_module("google.protobuf.message_factory")
    file = descriptor_pb2.FileDescriptorProto(
        name="record.proto", package="aialgs.data", syntax="proto2"
    )

    def add(message: Any, name: str, number: int, kind: int, **more: Any) -> None:
        label = 3 if more.pop("repeated", False) else 1
        packed = more.pop("packed", False)
        field = message.field.add(name=name, number=number, type=kind, label=label, **more)
        if packed:
            field.options.packed = True

    for name, kind in (("Float32Tensor", FLOAT), ("Float64Tensor", DOUBLE), ("Int32Tensor", INT32)):
        tensor = file.message_type.add(name=name)
        add(tensor, "values", 1, kind, repeated=True, packed=True)
        add(tensor, "keys", 2, UINT64, repeated=True, packed=True)
        add(tensor, "shape", 3, UINT64, repeated=True, packed=True)
    held = file.message_type.add(name="Bytes")
    add(held, "value", 1, BYTES, repeated=True)
    value = file.message_type.add(name="Value")
    value.oneof_decl.add(name="value")
    for name, number, tensor_type in (
        ("float32_tensor", 2, "Float32Tensor"),
        ("float64_tensor", 3, "Float64Tensor"),
        ("int32_tensor", 7, "Int32Tensor"),
        ("bytes", 9, "Bytes"),
    ):
        add(value, name, number, MESSAGE, type_name=f".aialgs.data.{tensor_type}", oneof_index=0)
    record = file.message_type.add(name="Record")
    for field, number in (("features", 1), ("label", 2)):
        entry = record.nested_type.add(name=f"{field.capitalize()}Entry")
        entry.options.map_entry = True
        add(entry, "key", 1, STRING)
        add(entry, "value", 2, MESSAGE, type_name=".aialgs.data.Value")
        entry_type = f".aialgs.data.Record.{entry.name}"
        add(record, field, number, MESSAGE, type_name=entry_type, repeated=True)
    for name, number in (("uid", 3), ("metadata", 4), ("configuration", 5)):
        add(record, name, number, STRING)
    pool.Add(file)
    return factory.GetMessageClass(pool.FindMessageTypeByName("aialgs.data.Record"))


Message = record_class()


@pytest.mark.parametrize("tensor", ["float32_tensor", "float64_tensor", "int32_tensor"])
def test_what_protobuf_writes_is_read(tensor: str) -> None:
    message = Message(uid="abc", metadata="{}")
    getattr(message.features["values"], tensor).values.extend([1, -2, 300])
    getattr(message.label["values"], tensor).values.append(2)

    record = parse_record(message.SerializeToString())

    assert dense_table([record]).tolist() == [[1, -2, 300]]
    assert labels_of([record]).tolist() == [2]


def test_what_is_written_protobuf_reads() -> None:
    written = write_record({"values": [1.5, -2]}, {"score": [0.25] * 40, "predicted_label": [1]})

    message = Message.FromString(written)

    assert list(message.features["values"].float32_tensor.values) == [1.5, -2]
    assert list(message.label["score"].float32_tensor.values) == [0.25] * 40
    assert list(message.label["predicted_label"].float32_tensor.values) == [1]


def test_a_sparse_record_becomes_a_dense_row() -> None:
    message = Message()
    tensor = message.features["values"].float32_tensor
    tensor.values.extend([5, 7])
    tensor.keys.extend([1, 299])
    tensor.shape.append(300)

    row = dense_table([parse_record(message.SerializeToString())])

    assert row.shape == (1, 300)
    assert {int(i): float(row[0, i]) for i in np.flatnonzero(row)} == {1: 5, 299: 7}


def test_records_of_different_width_are_no_table() -> None:
    records = [parse_record(write_record({"values": [0.0] * n}, {})) for n in (3, 4)]

    with pytest.raises(ValueError, match="4 features, expected 3"):
        dense_table(records)


def test_a_key_beyond_the_width_is_refused() -> None:
    message = Message()
    message.features["values"].float32_tensor.values.append(1)
    message.features["values"].float32_tensor.keys.append(4)

    with pytest.raises(ValueError, match="does not fit 4 features"):
        dense_table([parse_record(message.SerializeToString())], 4)


def test_a_record_without_features_or_label_says_so() -> None:
    record = parse_record(write_record({"other": [1]}, {}))

    with pytest.raises(ValueError, match="no features called 'values'"):
        dense_table([record])
    with pytest.raises(ValueError, match="no label called 'values'"):
        labels_of([record])


@given(st.data())
def test_damaged_bytes_are_a_record_or_refused(data: st.DataObject) -> None:
    whole = bytearray(write_record({"values": [1.5, -2, 300]}, {"values": [1]}))
    for _ in range(data.draw(st.integers(1, 3))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))

    try:
        record = parse_record(bytes(whole))
        dense_table([record], 3)
    except ValueError:
        return
    assert "values" in record.features


@pytest.mark.parametrize("data", [b"\x0a\xff", b"\xff", b"1,2,3", b"\x0a\x02\x0a\x05"])
def test_bytes_that_are_no_record_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"record|tensor"):
        parse_record(data)
