"""A lab that builds on others is run behind them, and reported with them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from modules.declarations import Expected, Module
from modules.execute import Removal, Result, Run
from workshop.cli.place import Place
from workshop.cli.run import cleanup_command, labs_to_run, removal_line, report, run_in_order

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


@pytest.mark.parametrize(
    ("removal", "line"),
    [
        (Removal(("a-1", "a-2")), "what the lab had made is deleted: a-1, a-2"),
        (Removal(), "what the lab had made is deleted"),
        (
            Removal(failure="no network"),
            "its clean-up failed (no network): what it made may still bill, "
            "delete it with: workshop cleanup",
        ),
        (None, "what the lab made is kept and may still bill, delete it with: workshop cleanup"),
    ],
)
def test_a_failed_run_says_what_became_of_what_it_made(removal: Removal | None, line: str) -> None:
    failed = replace(run_of(TRAIN, "no capacity"), removal=removal)

    assert removal_line(failed, "workshop cleanup") == line


def test_a_report_says_of_a_failed_prerequisite_too_what_became_of_what_it_made() -> None:
    failed = replace(run_of(TRAIN, "no capacity"), removal=Removal(("a-1",), "no network"))

    said = report(BATCH, [failed])

    assert said["removal"] == {"deleted": ("a-1",), "failure": "no network"}
    assert said["prerequisites"][0]["removal"] == said["removal"]


def test_an_instructor_is_told_to_clean_up_after_one_attendee_and_in_which_workshop() -> None:
    assert cleanup_command("", None) == "workshop cleanup"
    assert cleanup_command("ann", None) == "workshop cleanup --attendee ann"
    assert cleanup_command("ann", Path("my class.yaml")) == (
        "workshop cleanup --attendee ann --config 'my class.yaml'"
    )
