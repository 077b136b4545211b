"""The benchmarks' command: names, shapes, verdicts. How fast something is, is not tested."""

from __future__ import annotations

import json
import sys

import pytest

from benchmarks.__main__ import FIGURES, main
from benchmarks.figure import Figure, Measured, measure
from benchmarks.timing import ratio, seconds_of
from workshop.errors import WorkshopError

KEYS = {"name", "value", "unit", "bar", "holds", "detail"}


def figure(measured: Measured, bar: float = 2) -> Figure:
    return Figure(name="a", what="a thing", unit="x", bar=bar, measure=lambda: measured)


def test_a_figure_is_one_json_object_on_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["help"])

    printed = json.loads(capsys.readouterr().out)
    assert printed.keys() == KEYS
    assert (code, printed["name"], printed["unit"], printed["bar"]) == (0, "help", "x", 2)
    assert printed["value"] > 0
    assert printed["holds"] is (printed["value"] <= 2)


def test_the_list_names_every_figure(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list"]) == 0

    assert set(capsys.readouterr().out.split()) >= {
        "help",
        "rehearse-3",
        "rehearse-25",
        "rehearse-no-labs-ratio",
        "synth-ratio",
        "control-plane-calls",
        "list-10000",
        "memory-per-resource",
    }


def test_a_figures_key_is_its_name() -> None:
    assert [figure.name for figure in FIGURES.values()] == list(FIGURES)


@pytest.mark.parametrize("arguments", [[], ["fastest"], ["help", "--all"]])
def test_a_wrong_call_is_bad_usage(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)

    assert ended.value.code == 2
    assert "error:" in capsys.readouterr().err


@pytest.mark.parametrize(("value", "holds"), [(1.9, True), (2.0, True), (2.0004, False)])
def test_a_bar_is_held_up_to_and_with_itself(value: float, holds: bool) -> None:
    assert measure(figure(Measured(value, "")))["holds"] is holds


@pytest.mark.parametrize(("value", "holds"), [(2.0004, True), (2.0, True), (1.9996, False)])
def test_a_bar_can_be_the_least_that_will_do(value: float, holds: bool) -> None:
    measured = Measured(value, "")
    row = Figure(name="a", what="", unit="x", bar=2, measure=lambda: measured, at_least=True)

    assert measure(row)["holds"] is holds


def test_the_table_shows_on_which_side_of_the_bar_to_be() -> None:
    assert {name: FIGURES[name].bound for name in ("help", "control-plane-calls")} == {
        "help": "<= 2 x",
        "control-plane-calls": ">= 3 x",
    }


def test_a_fast_run_that_failed_does_not_hold() -> None:
    found = measure(figure(Measured(0.1, "it crashed", sound=False)))

    assert (found["holds"], found["value"], found["detail"]) == (False, 0.1, "it crashed")


def test_what_cannot_be_measured_says_why_and_does_not_hold() -> None:
    def broken() -> Measured:
        raise WorkshopError("the synth failed", "no Node")

    found = measure(Figure(name="a", what="", unit="x", bar=2, measure=broken))

    assert (found["holds"], found["value"]) == (False, None)
    assert "the synth failed" in found["detail"]
    assert "no Node" in found["detail"]


def test_a_process_that_fails_has_no_time() -> None:
    with pytest.raises(WorkshopError, match="ended with 3"):
        seconds_of([sys.executable, "-c", "raise SystemExit(3)"])


def test_a_ratio_is_the_median_of_pairs_and_leaves_the_first_out() -> None:
    upper, lower = iter([900.0, 2.0, 8.0, 3.0]), iter([1.0, 1.0, 2.0, 1.0])

    measured = ratio(lambda: next(upper), lambda: next(lower), pairs=3)

    assert measured.value == 3.0  # of 2, 4 and 3
