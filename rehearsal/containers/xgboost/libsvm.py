"""Reading libsvm: `label[:weight] index:value ...`, a row a line."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from scipy.sparse import csr_matrix


def parse_libsvm(
    lines: Iterable[str], *, labelled: bool, at_least: int = 0
) -> tuple[csr_matrix, list[float], list[float | None]]:
    """The table, labels and weights of some lines; without `labelled` a label may be absent.

    The table has `at_least` columns, more when an index says so.

    Raises:
        ValueError: a line is not libsvm.
    """
    labels: list[float] = []
    weights: list[float | None] = []
    ends = [0]
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
                columns.append(int(index))
                values.append(float(value))
            ends.append(len(columns))
        except ValueError as error:
            raise ValueError(f"line {number}: {line[:50]!r} is not libsvm: {error}") from None
    indices = np.array(columns, np.int32)
    if len(indices) and indices.min() < 0:
        raise ValueError("a feature's index is negative")
    width = max(at_least, int(indices.max()) + 1 if len(indices) else 0)
    table = csr_matrix(
        (np.array(values, np.float32), indices, np.array(ends, np.int32)),
        shape=(len(labels), width),
    )
    return table, labels, weights
