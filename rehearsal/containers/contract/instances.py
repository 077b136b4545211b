"""What SageMaker's own algorithms read and answer: four formats in, four formats out.

Sources: "Common Data Formats for Training" and "... for Inference"
(https://docs.aws.amazon.com/sagemaker/latest/dg/cdf-training.html, cdf-inference.html), and the
algorithms' own pages on response formats (LL-in-formats.html, km-in-formats.html).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any

import numpy as np

from rehearsal.containers.contract.files import CustomerError, data_files, read_config
from rehearsal.containers.contract.recordio import read_records, write_records
from rehearsal.containers.contract.records import (
    dense_table,
    labels_of,
    parse_record,
    write_record,
)
from rehearsal.containers.contract.server import Reply, Request, RequestError
from rehearsal.containers.contract.tables import parse_csv

CSV = "text/csv"
JSON = "application/json"
JSON_LINES = "application/jsonlines"
RECORDS = "application/x-recordio-protobuf"

Prediction = Mapping[str, float | int | Sequence[float]]


def media_type(header: str) -> tuple[str, dict[str, str]]:
    """A content type's name and its parameters, in lower case."""
    name, *rest = [part.strip() for part in header.lower().split(";")]
    pairs = [part.partition("=") for part in rest if part]
    return name, {key.strip(): value.strip() for key, _, value in pairs}


# Training


def check_channels(allowed: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The job's channels, as in input/config/inputdataconfig.json.

    Raises:
        CustomerError: train is missing, there is another one, or one is in Pipe mode.
    """
    config: dict[str, dict[str, Any]] = read_config("inputdataconfig")
    opening = "Unable to initialize the algorithm. Failed to validate input data configuration."
    if "train" not in config:
        raise CustomerError(
            f"{opening} (caused by ValidationError) Caused by: 'train' is a required property"
        )
    extra = [name for name in config if name not in allowed]
    if extra:
        raise CustomerError(
            f"{opening} (caused by ValidationError) Caused by: Additional properties are not "
            f"allowed ({', '.join(map(repr, extra))} unexpected)"
        )
    for name, channel in config.items():
        if channel.get("TrainingInputMode") == "Pipe":
            raise CustomerError(f"Channel {name}: Pipe mode does not run locally, use File")
    return config


def read_labelled(
    folder: Path, channel: Mapping[str, Any], *, label_size: int
) -> tuple[np.ndarray, np.ndarray | None]:
    """A channel's features and labels, both float32; recordio-protobuf unless it says CSV.

    `label_size` is how many leading CSV columns are labels unless the content type says
    otherwise, 0 or 1; without labels the second is None.

    Raises:
        CustomerError: there are no data, or they are not of the channel's content type.
    """
    name, parameters = media_type(channel.get("ContentType") or RECORDS)
    if name not in (CSV, RECORDS):
        raise CustomerError(
            f"Unable to initialize the algorithm. Content type {name!r} of channel "
            f"{folder.name!r} is not supported, use {CSV} or {RECORDS}"
        )
    files = data_files(folder)
    if not files:
        raise CustomerError(f"No data in channel {folder.name!r}: its S3 prefix has no files")
    size = parameters.get("label_size", str(label_size))
    if size not in ("0", "1"):
        raise CustomerError(f"label_size={size} of channel {folder.name!r} is not 0 or 1")
    try:
        if name == CSV:
            table = _stack([parse_csv(_text(path.read_bytes())) for path in files])
            _check_columns(table, int(size))
            return (table[:, 1:], table[:, 0]) if size == "1" else (table, None)
        records = [parse_record(r) for path in files for r in read_records(path.read_bytes())]
        return dense_table(records), labels_of(records) if label_size else None
    except ValueError as error:
        raise CustomerError(
            f"Unable to read data channel {folder.name!r}. Requested content-type is {name!r}. "
            f"Please verify the data matches the requested content-type. Caused by: {error}"
        ) from None


def _stack(tables: Sequence[np.ndarray]) -> np.ndarray:
    widths = {table.shape[1] for table in tables}
    if len(widths) > 1:
        raise ValueError(f"files differ in their number of columns: {sorted(widths)}")
    return np.concatenate(tables)


def _check_columns(table: np.ndarray, label_size: int) -> None:
    if table.shape[1] <= label_size:
        raise ValueError(f"a row has {table.shape[1]} columns; the first is the label")
    if np.isnan(table).any():
        raise ValueError("a cell is empty or not a number")


def _text(data: bytes) -> str:
    return data.decode("utf-8-sig", errors="replace")


def check_width(table: np.ndarray, feature_dim: int | str | None, channel: str) -> None:
    """Hold a channel's width against the hyperparameter feature_dim, unless that is auto.

    Raises:
        CustomerError: they differ.
    """
    if isinstance(feature_dim, int) and table.shape[1] != feature_dim:
        raise CustomerError(
            f"Input data in channel {channel!r} has {table.shape[1]} features, which is not the "
            f"'feature_dim' hyperparameter ({feature_dim})"
        )


# Inference


def read_instances(request: Request, width: int) -> np.ndarray:
    """The rows of a request as a float32 table of `width` columns.

    Raises:
        RequestError: 415 for another content type, 400 for rows that cannot be read.
    """
    name, parameters = media_type(request.content_type or CSV)
    read = _READERS.get(name)
    if read is None:
        raise RequestError(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            f"Content-type {name} not supported. Supported content-types are {', '.join(_READERS)}",
        )
    try:
        table = read(request.body, width)
        if name == CSV and parameters.get("label_size") == "1":
            table = table[:, 1:]
        if table.shape[1] != width:
            raise ValueError(f"a row has {table.shape[1]} features, the model has {width}")
        if not np.isfinite(table).all():
            raise ValueError("a value is not a finite number")
    except (ValueError, TypeError, KeyError, OverflowError) as error:
        raise RequestError(
            HTTPStatus.BAD_REQUEST, f"unable to evaluate payload provided: {error}"
        ) from None
    return table


def _read_csv(body: bytes, _: int) -> np.ndarray:
    return parse_csv(body.decode("utf-8"))


def _read_json(body: bytes, width: int) -> np.ndarray:
    content = json.loads(body)
    if not isinstance(content, dict) or not isinstance(content.get("instances"), list):
        raise ValueError("expected an object with a list of instances")
    return _rows(content["instances"], width)


def _read_json_lines(body: bytes, width: int) -> np.ndarray:
    return _rows([json.loads(line) for line in body.splitlines() if line.strip()], width)


def _read_recordio(body: bytes, width: int) -> np.ndarray:
    return dense_table([parse_record(record) for record in read_records(body)], width)


def _rows(instances: Sequence[Any], width: int) -> np.ndarray:
    if not instances:
        raise ValueError("there are no instances")
    return np.array([_row(instance, width) for instance in instances], np.float32)


def _row(instance: Any, width: int) -> np.ndarray:
    """{"features": [...]}, or {"data": {"features": {"values", "keys", "shape"}}}."""
    features = instance["data"]["features"] if "data" in instance else instance["features"]
    if isinstance(features, list):
        values, keys = features, None
    else:
        values, keys = features["values"], features.get("keys")
    vector = np.asarray(values, np.float32)
    if keys:
        sparse = vector
        positions = np.asarray(keys, np.int64)
        if len(positions) != len(sparse) or positions.min() < 0 or positions.max() >= width:
            raise ValueError(f"a sparse instance does not fit {width} features")
        vector = np.zeros(width, np.float32)
        vector[positions] = sparse
    if vector.shape != (width,):
        raise ValueError(f"an instance has {vector.size} features, the model has {width}")
    return vector


_READERS: Mapping[str, Callable[[bytes, int], np.ndarray]] = {
    CSV: _read_csv,
    JSON: _read_json,
    JSON_LINES: _read_json_lines,
    RECORDS: _read_recordio,
}


def write_predictions(predictions: Sequence[Prediction], accept: str) -> Reply:
    """The reply in the format a client accepts; JSON when it does not say.

    In CSV, a row has a prediction's values in their order, those of a list one by one.

    Raises:
        RequestError: 406 for another format.
    """
    write = _WRITERS.get(accept or JSON)
    if write is None:
        raise RequestError(
            HTTPStatus.NOT_ACCEPTABLE,
            f"Accept type {accept} is not supported. Supported accept types are "
            f"{', '.join(_WRITERS)}",
        )
    return Reply(write(predictions), accept or JSON)


def _write_json(predictions: Sequence[Prediction]) -> bytes:
    return json.dumps({"predictions": predictions}).encode()


def _write_json_lines(predictions: Sequence[Prediction]) -> bytes:
    # Each line ends in a newline, so that the parts of a batch transform can be put together.
    return "".join(f"{json.dumps(prediction)}\n" for prediction in predictions).encode()


def _write_csv(predictions: Sequence[Prediction]) -> bytes:
    return "".join(
        ",".join(str(number) for value in prediction.values() for number in _listed(value)) + "\n"
        for prediction in predictions
    ).encode()


def _write_recordio(predictions: Sequence[Prediction]) -> bytes:
    return write_records(
        write_record({}, {name: _listed(value) for name, value in prediction.items()})
        for prediction in predictions
    )


def _listed(value: float | Sequence[float]) -> Sequence[float]:
    return value if isinstance(value, Sequence) else [value]


_WRITERS: Mapping[str, Callable[[Sequence[Prediction]], bytes]] = {
    JSON: _write_json,
    JSON_LINES: _write_json_lines,
    CSV: _write_csv,
    RECORDS: _write_recordio,
}
