"""A lab that builds on others is run behind them, and reported with them."""

from __future__ import annotations

from pathlib import Path

from modules.declarations import Expected, Module
from modules.execute import Result, Run
from workshop.cli.place import Place
from workshop.cli.run import labs_to_run, report, run_in_order

TRAIN, BATCH = (
    Module(name, name, "", 1, (), Expected("accuracy", 0.9), Path(), Path(), before)
    for name, before in (("train", ()), ("batch", ("train",)))
)


def run_of(lab: Module, reason: str = "") -> Run:
    result = None if reason else Result("accuracy", 0.95)
    return Run(lab, "ann", result, not reason, reason, Path(f"{lab.name}.ipynb"), 1.0)


def test_a_lab_that_builds_on_nothing_asks_nobody() -> None:
    assert labs_to_run(TRAIN, Place(), fresh=False) == [TRAIN]


def test_labs_run_in_order_until_one_fails() -> None:
    def execute(lab: Module) -> Run:
        return run_of(lab, "no capacity" if lab is TRAIN else "")

    assert [run.ok for run in run_in_order([BATCH, TRAIN], execute)] == [True, False]
    assert [run.ok for run in run_in_order([TRAIN, BATCH], execute)] == [False]


def test_a_report_carries_what_the_lab_builds_on() -> None:
    said = report(BATCH, [run_of(TRAIN), run_of(BATCH)])

    assert (said["name"], said["ok"], said["page"]) == ("batch", True, "batch.html")
    assert [before["name"] for before in said["prerequisites"]] == ["train"]


def test_a_lab_whose_prerequisite_failed_has_no_result_and_says_why() -> None:
    said = report(BATCH, [run_of(TRAIN, "Train: no capacity")])

    assert (said["name"], said["ok"], said["result"]) == ("batch", False, None)
    assert said["reason"] == "train, which it builds on, failed: Train: no capacity"
    assert said["notebook"] == "train.ipynb"
    assert said["expected"] == {"metric": "accuracy", "at_least": 0.9}
