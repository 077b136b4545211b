"""The kept figures of the labs."""

from __future__ import annotations

from pathlib import Path

from modules.execute import Result
from modules.results import keep_results, read_results


def test_results_are_kept_rounded_one_lab_per_line_and_read_again(tmp_path: Path) -> None:
    path = tmp_path / "results.json"

    keep_results(path, {"b": Result("rmse", 1.23456), "a": Result("accuracy", 1.0)}, {"a", "b"})

    assert path.read_text(encoding="utf-8") == (
        '{\n  "a": {"metric": "accuracy", "value": 1.0},\n'
        '  "b": {"metric": "rmse", "value": 1.235}\n}\n'
    )
    assert read_results(path) == {"a": Result("accuracy", 1.0), "b": Result("rmse", 1.235)}


def test_a_lab_that_was_not_run_keeps_its_figure_and_one_that_is_gone_loses_it(
    tmp_path: Path,
) -> None:
    path = tmp_path / "results.json"
    keep_results(path, {name: Result("m", 1.0) for name in "abc"}, set("abc"))

    keep_results(path, {"a": Result("m", 2.0)}, {"a", "b"})

    assert {name: found.value for name, found in read_results(path).items()} == {"a": 2.0, "b": 1.0}


def test_where_nothing_was_kept_there_are_no_results(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    assert read_results(path) == {}

    keep_results(path, {}, set())

    assert read_results(path) == {}
