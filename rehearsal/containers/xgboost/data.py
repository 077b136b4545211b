"""Reading what SageMaker calls text/csv and text/libsvm, for training and for inference.

Training: text/libsvm is the default, CSV has no header and its target first, optionally
followed by a weight
(https://docs.aws.amazon.com/sagemaker/latest/dg/xgboost.html#InputOutput-XGBoost).
Inference: text/csv is the default, and CSV carries no target.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix

from rehearsal.containers.contract.files import CustomerError
from rehearsal.containers.xgboost.lean import xgboost

CSV = "csv"
LIBSVM = "libsvm"
_NAMES = {
    "csv": CSV,
    "text/csv": CSV,
    "libsvm": LIBSVM,
    "text/libsvm": LIBSVM,
    "text/x-libsvm": LIBSVM,
}
# The real container reads these too. Here they are refused, by name.
_ELSEWHERE = ("parquet", "application/x-parquet", "recordio-protobuf")


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
    if name in (*_ELSEWHERE, "application/x-recordio-protobuf"):
        raise CustomerError(f"{name} is not read locally; use text/csv or text/libsvm")
    raise CustomerError(f"{content_type} is not an accepted ContentType: {', '.join(_NAMES)}.")


def data_files(folder: Path) -> list[Path]:
    """The data files of a channel, sorted. Hidden ones and markers (_SUCCESS) are no data."""
    return sorted(
        path
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith((".", "_")) and path.stat().st_size > 0
    )


def read_channel(folder: Path, data_format: str, *, weighted: bool) -> xgboost.DMatrix:
    """Read all files of a channel into one matrix with labels.

    Raises:
        CustomerError: there are none, or a line is not in the format.
    """
    files = data_files(folder)
    if not files:
        raise CustomerError(f"No data in {folder.name} channel path {folder}")
    lines: list[str] = []
    for path in files:
        lines += path.read_text(encoding="utf-8-sig", errors="replace").splitlines()
    try:
        if data_format == CSV:
            return _labelled_csv(lines, weighted=weighted)
        return _labelled_libsvm(lines)
    except ValueError as error:
        raise CustomerError(f"Failed to load {data_format} data with exception:\n{error}") from None


def read_rows(payload: str, data_format: str, features: int) -> xgboost.DMatrix:
    """Read the rows of an inference request.

    Raises:
        ValueError: a line is not in the format.
    """
    lines = payload.strip().splitlines()
    if data_format == CSV:
        return xgboost.DMatrix(_csv_table(lines))
    return xgboost.DMatrix(_libsvm_table(lines, labelled=False, at_least=features)[0])


def _labelled_csv(lines: Sequence[str], *, weighted: bool) -> xgboost.DMatrix:
    table = _csv_table(lines)
    first = 2 if weighted else 1
    if table.shape[1] <= first:
        raise ValueError(f"a row has {table.shape[1]} columns; the first is the target")
    weight = table[:, 1] if weighted else None
    return xgboost.DMatrix(table[:, first:], label=table[:, 0], weight=weight)


def _labelled_libsvm(lines: Iterable[str]) -> xgboost.DMatrix:
    table, labels, weights = _libsvm_table(lines, labelled=True)
    if not any(weight is not None for weight in weights):
        return xgboost.DMatrix(table, label=labels)
    filled = [1.0 if weight is None else weight for weight in weights]
    return xgboost.DMatrix(table, label=labels, weight=filled)


def _csv_table(lines: Sequence[str]) -> np.ndarray:
    delimiter = _delimiter(next((line for line in lines if line.strip()), ""))
    rows: list[list[float]] = []
    for number, cells in enumerate(csv.reader(lines, delimiter=delimiter), start=1):
        if not cells:
            continue
        try:
            # An empty cell is a missing value, as in the real container.
            rows.append([float(cell) if cell.strip() else np.nan for cell in cells])
        except ValueError as error:
            hint = " (a header? CSV must have none)" if number == 1 else ""
            raise ValueError(f"line {number}: {error}{hint}") from None
        if len(cells) != len(rows[0]):
            raise ValueError(f"line {number}: {len(cells)} columns, line 1 has {len(rows[0])}")
    return np.array(rows, dtype=np.float32)


def _delimiter(line: str) -> str:
    try:
        return csv.Sniffer().sniff(line[:512], delimiters=",;\t| ").delimiter
    except csv.Error:
        return ","  # a single column has none


def _libsvm_table(
    lines: Iterable[str], *, labelled: bool, at_least: int = 0
) -> tuple[csr_matrix, list[float], list[float | None]]:
    """Parse `label[:weight] index:value ...`; without `labelled` the label may be absent."""
    labels: list[float] = []
    weights: list[float | None] = []
    rows: list[int] = []
    columns: list[int] = []
    values: list[float] = []
    for number, line in enumerate((text for text in lines if text.strip()), start=1):
        words = line.split()
        has_label = labelled or ":" not in words[0]
        try:
            label, _, weight = words[0].partition(":") if has_label else ("0", "", "")
            labels.append(float(label))
            weights.append(float(weight) if weight else None)
            for word in words[1:] if has_label else words:
                index, _, value = word.partition(":")
                rows.append(len(labels) - 1)
                columns.append(int(index))
                values.append(float(value))
        except ValueError as error:
            raise ValueError(f"line {number}: {line[:50]!r} is not libsvm: {error}") from None
    if columns and min(columns) < 0:
        raise ValueError("a feature's index is negative")
    width = max([at_least, *(column + 1 for column in columns)])
    table = csr_matrix((values, (rows, columns)), shape=(len(labels), width), dtype=np.float32)
    return table, labels, weights
