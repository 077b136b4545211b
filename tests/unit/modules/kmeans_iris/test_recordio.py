"""Records that the lab writes by hand, read by the container's own reader."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rehearsal.containers.contract.recordio import read_records
from rehearsal.containers.contract.records import dense_table, labels_of, parse_record
from tests.unit.modules.lab_scripts import load_script, run_script

LAB = "kmeans-iris"
SCRIPT = load_script(LAB, "recordio.py")


@pytest.mark.parametrize("columns", [1, 4, 40, 5000])
def test_what_is_written_is_read_again(columns: int) -> None:
    rows = np.random.default_rng(17).normal(size=(5, columns)).astype(np.float32)

    records = [parse_record(record) for record in read_records(SCRIPT.write_records(rows))]

    np.testing.assert_array_equal(dense_table(records, columns), rows)


def test_labels_stand_beside_the_features() -> None:
    written = SCRIPT.write_records([[1, 2], [3, 4]], labels=[0, 7])

    records = [parse_record(record) for record in read_records(written)]

    assert labels_of(records).tolist() == [0, 7]
    assert dense_table(records, 2).tolist() == [[1, 2], [3, 4]]


def test_every_record_begins_with_the_magic_number_at_a_multiple_of_four() -> None:
    one = SCRIPT.write_records([[1, 2, 3]])

    assert one[:4].hex() == "0a23d7ce"
    assert len(one) % 4 == 0
    assert SCRIPT.write_records([[1, 2, 3]] * 3) == one * 3


def test_rows_without_a_label_each_are_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        SCRIPT.write_records([[1], [2]], labels=[0])


def test_the_script_turns_a_csv_into_records(tmp_path: Path) -> None:
    (tmp_path / "numbers.csv").write_text("0,1.5,2\n1,3,4.25\n")

    said = run_script(
        LAB, "recordio.py", "--label-first", "numbers.csv", "numbers.data", folder=tmp_path
    )

    assert said.startswith("2 records")
    records = [parse_record(r) for r in read_records((tmp_path / "numbers.data").read_bytes())]
    assert dense_table(records, 2).tolist() == [[1.5, 2], [3, 4.25]]
    assert labels_of(records).tolist() == [0, 1]


def test_the_script_says_how_it_is_called(tmp_path: Path) -> None:
    assert "--label-first" in run_script(LAB, "recordio.py", "--help", folder=tmp_path)
