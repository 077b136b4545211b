"""Reading CSV, libsvm and recordio-protobuf, for training and for inference.

Training: text/libsvm is the default, CSV has no header and its target first, optionally
followed by a weight
(https://docs.aws.amazon.com/sagemaker/latest/dg/xgboost.html#InputOutput-XGBoost).
Inference: text/csv is the default, and CSV carries no target.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix

from rehearsal.containers.contract.files import CustomerError, data_files
from rehearsal.containers.contract.recordio import read_records
from rehearsal.containers.contract.records import dense_table, labels_of, parse_record
from rehearsal.containers.contract.tables import parse_csv
from rehearsal.containers.xgboost.lean import xgboost
from rehearsal.containers.xgboost.libsvm import parse_libsvm

CSV = "csv"
LIBSVM = "libsvm"
RECORDS = "recordio-protobuf"
_NAMES = {
    "csv": CSV,
    "text/csv": CSV,
    "libsvm": LIBSVM,
    "text/libsvm": LIBSVM,
    "text/x-libsvm": LIBSVM,
    "recordio-protobuf": RECORDS,
    "application/x-recordio-protobuf": RECORDS,
}
# The real container reads these too. Here they are refused, by name.
_ELSEWHERE = ("parquet", "application/x-parquet")


def content_format(content_type: str | None, default: str) -> str:
    """The format a content type stands for, its parameters (charset, label_size) apart.

    Raises:
        CustomerError: it is none of those this program reads.
    """
    name, *parameters = [part.strip() for part in (content_type or default).lower().split(";")]
    if any(p.startswith("label_size=") and p != "label_size=1" for p in parameters):
        raise CustomerError(
            f"{content_type} is not an accepted csv ContentType. "
            "Optional parameter label_size must be equal to 1"
        )
    if name in _NAMES:
        return _NAMES[name]
    if name in _ELSEWHERE:
        raise CustomerError(f"{name} is not read locally; use text/csv or text/libsvm")
    raise CustomerError(f"{content_type} is not an accepted ContentType: {', '.join(_NAMES)}.")


def read_channel(folder: Path, data_format: str, *, weighted: bool) -> xgboost.DMatrix:
    """Read all files of a channel into one matrix with labels.

    Raises:
        CustomerError: there are none, or a line is not in the format.
    """
    files = data_files(folder)
    if not files:
        raise CustomerError(f"No data in {folder.name} channel path {folder}")
    contents = [path.read_bytes() for path in files]
    try:
        if data_format == RECORDS:
            return _labelled_records(contents)
        # A newline between the files: the last line of one may lack its own.
        text = "\n".join(data.decode("utf-8-sig", errors="replace") for data in contents)
        if data_format == CSV:
            return _labelled_csv(text, weighted=weighted)
        return _labelled_libsvm(text)
    except ValueError as error:
        raise CustomerError(f"Failed to load {data_format} data with exception:\n{error}") from None


def read_rows(payload: bytes, data_format: str, features: int) -> np.ndarray | csr_matrix:
    """Read the rows of an inference request.

    Raises:
        ValueError: they are not in the format.
    """
    if data_format == RECORDS:
        return dense_table([parse_record(record) for record in read_records(payload)])
    text = payload.decode("utf-8")
    if data_format == CSV:
        return parse_csv(text)
    return parse_libsvm(text.splitlines(), labelled=False, at_least=features)[0]


def _labelled_csv(text: str, *, weighted: bool) -> xgboost.DMatrix:
    table = parse_csv(text)
    first = 2 if weighted else 1
    if table.shape[1] <= first:
        raise ValueError(f"a row has {table.shape[1]} columns; the first is the target")
    weight = table[:, 1] if weighted else None
    return xgboost.DMatrix(table[:, first:], label=table[:, 0], weight=weight)


def _labelled_libsvm(text: str) -> xgboost.DMatrix:
    table, labels, weights = parse_libsvm(text.splitlines(), labelled=True)
    if not any(weight is not None for weight in weights):
        return xgboost.DMatrix(table, label=labels)
    filled = [1.0 if weight is None else weight for weight in weights]
    return xgboost.DMatrix(table, label=labels, weight=filled)


def _labelled_records(contents: Sequence[bytes]) -> xgboost.DMatrix:
    records = [parse_record(record) for data in contents for record in read_records(data)]
    return xgboost.DMatrix(dense_table(records), label=labels_of(records))
