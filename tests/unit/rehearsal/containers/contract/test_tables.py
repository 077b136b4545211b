"""CSV read fast, and carefully where it must be."""

from __future__ import annotations

import numpy as np
import pytest

from rehearsal.containers.contract.tables import parse_csv


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("1,2\n3,4\n", [[1, 2], [3, 4]]),
        ("1,2\r\n3,4", [[1, 2], [3, 4]]),
        ("\n1,2\n\n3,4\n\n", [[1, 2], [3, 4]]),
        ("1.5\n2\n", [[1.5], [2]]),
        ("1, 2.5e3\n-3, 4\n", [[1, 2500], [-3, 4]]),
        ("1;2\n3;4\n", [[1, 2], [3, 4]]),
        ("1\t2\n", [[1, 2]]),
        ('"1","2"\n', [[1, 2]]),
    ],
)
def test_rows_of_numbers_are_read(text: str, rows: list[list[float]]) -> None:
    table = parse_csv(text)

    assert table.dtype == np.float32
    assert table.tolist() == rows


def test_an_empty_cell_is_a_missing_value() -> None:
    table = parse_csv("1,,3\n4,5,\n")

    assert np.isnan(table).tolist() == [[False, True, False], [False, False, True]]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a,b\n1,2\n", r"line 1: could not convert .* \(a header"),
        ("1,2\n3,x\n", "line 2: could not convert"),
        ("1,2\n3\n", "line 2: 1 columns, line 1 has 2"),
        ("1,2\n\n3,4,5\n", "line 3: 3 columns, line 1 has 2"),
        ("", "there are no rows"),
        (" \n\n", "there are no rows"),
    ],
)
def test_what_is_no_table_is_refused_with_its_line(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse_csv(text)
