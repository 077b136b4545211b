"""libsvm lines."""

from __future__ import annotations

import pytest

from rehearsal.containers.xgboost.libsvm import parse_libsvm


def test_labels_weights_and_values_are_read() -> None:
    table, labels, weights = parse_libsvm(["1 0:2 3:4", "", "0:0.5 1:6"], labelled=True)

    assert table.toarray().tolist() == [[2, 0, 0, 4], [0, 6, 0, 0]]
    assert labels == [1, 0]
    assert weights == [None, 0.5]


def test_a_label_may_be_absent_from_a_request() -> None:
    table, _, _ = parse_libsvm(["0:2 1:3", "1 0:2 1:3"], labelled=False, at_least=4)

    assert table.toarray().tolist() == [[2, 3, 0, 0]] * 2


def test_a_row_without_values_is_a_row() -> None:
    table, labels, _ = parse_libsvm(["1", "0 1:2"], labelled=True)

    assert table.toarray().tolist() == [[0, 0], [0, 2]]
    assert labels == [1, 0]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("1,2,3", "line 1: '1,2,3' is not libsvm"),
        ("1 a:2", "is not libsvm"),
        ("1 2", "is not libsvm"),
        ("1 -1:2", "index is negative"),
    ],
)
def test_what_is_no_libsvm_is_refused(line: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse_libsvm([line], labelled=True)
