"""What is held against labs when all of them have ended."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from modules.declarations import Expected, Module, Need
from rehearsal import lab_checks
from rehearsal.needs import Peak
from rehearsal.report import LabResult
from tests.factories import make_workshop

WORKSHOP = make_workshop(["ann", "bob"])
FIRST, LAST = "ann", "bob"
TRAINING = Need("training", "ml.m5.xlarge", 1)
TAUGHT = {
    name: Module(name, name, "", 1, (TRAINING,), Expected("a", 0), Path(), Path())
    for name in ("iris", "batch")
}


def done(name: str, attendee: str, *, ok: bool = True) -> LabResult:
    return LabResult(name, attendee, None, None, ok, "" if ok else "failed")


def peak(attendee: str, module: str, count: int = 1) -> Peak:
    return Peak(f"{WORKSHOP.name}-{attendee}", module, "training", "ml.m5.xlarge", count)


def everybody(*modules: str) -> list[Peak]:
    return [peak(a.id, module) for a in WORKSHOP.attendees for module in modules]


def test_results_come_in_the_order_the_labs_are_taught_with_what_they_used() -> None:
    results = [done("batch", FIRST), done("iris", LAST), done("iris", FIRST)]

    found = lab_checks.with_needs(results, TAUGHT, [peak(FIRST, "iris", 2)], WORKSHOP)

    assert [(r.name, r.attendee) for r in found] == [
        ("iris", FIRST),
        ("iris", LAST),
        ("batch", FIRST),
    ]
    assert found[0].declares == (TRAINING,)
    assert [r.used for r in found] == [(replace(TRAINING, count=2),), (), ()]


def test_labs_that_use_what_they_declare_are_not_told_of() -> None:
    assert lab_checks.undeclared([], TAUGHT, everybody("iris", "batch"), WORKSHOP) == []


def test_a_lab_that_uses_less_than_it_declares_is_told_of() -> None:
    peaks = [p for p in everybody("iris", "batch") if p != peak(FIRST, "batch")]

    (problem,) = lab_checks.undeclared([], TAUGHT, peaks, WORKSHOP)

    assert problem.startswith(f"batch: {WORKSHOP.name}-{FIRST} had 0 ml.m5.xlarge for training")


def test_a_failed_lab_excuses_no_other_lab_of_the_attendee() -> None:
    peaks = [p for p in everybody("iris", "batch") if p.attendee != f"{WORKSHOP.name}-{FIRST}"]
    failed = [done("batch", FIRST, ok=False)]

    (problem,) = lab_checks.undeclared(failed, TAUGHT, peaks, WORKSHOP)

    assert problem.startswith("iris: ")


def test_what_a_lab_leaves_behind_its_clean_up_is_told_but_not_what_is_forgotten() -> None:
    made = {
        ("endpoint", "us-east-1", "ml101-bob-iris-1"),
        ("model", "us-east-1", "ml101-bob-batch-1"),
        ("model", "us-east-1", "ml101-ann-iris-1"),
        ("function", "us-east-1", "ml101-guard"),
    }

    found = lab_checks.kept(
        [done("iris", FIRST), done("iris", LAST)], made, WORKSHOP.name, (LAST, "iris")
    )

    assert list(found) == [
        "a lab of ann left model ml101-ann-iris-1 in us-east-1 behind its clean-up",
        "a lab of bob left model ml101-bob-batch-1 in us-east-1 behind its clean-up",
    ]


def test_a_failed_lab_excuses_what_no_other_lab_of_the_attendee_leaves() -> None:
    made = {
        ("endpoint", "us-east-1", "ml101-ann-iris-1"),
        ("model", "us-east-1", "ml101-ann-batch-1"),
    }
    results = [done("iris", FIRST, ok=False), done("batch", FIRST)]

    assert list(lab_checks.kept(results, made, WORKSHOP.name, None)) == [
        "a lab of ann left model ml101-ann-batch-1 in us-east-1 behind its clean-up",
    ]


def test_a_lab_whose_name_begins_with_another_labs_is_not_excused_with_it() -> None:
    made = {
        ("endpoint", "us-east-1", "ml101-bob-iris-1"),
        ("endpoint", "us-east-1", "ml101-bob-iris-cli-1"),
        ("endpoint", "us-east-1", "ml101-bob-something"),
    }
    results = [done("iris", LAST), done("iris-cli", LAST)]

    assert list(lab_checks.kept(results, made, WORKSHOP.name, (LAST, "iris"))) == [
        "a lab of bob left endpoint ml101-bob-iris-cli-1 in us-east-1 behind its clean-up",
        "a lab of bob left endpoint ml101-bob-something in us-east-1 behind its clean-up",
    ]


def test_the_last_attendee_forgets_after_the_first_lab_with_an_endpoint() -> None:
    hosting = (Need("endpoint", "ml.m5.large", 1),)
    taught = TAUGHT | {"host": replace(TAUGHT["iris"], name="host", needs=hosting)}
    taught |= {"later": replace(taught["host"], name="later")}

    assert lab_checks.forgotten_lab([FIRST, LAST], taught) == (LAST, "host")


def test_an_only_attendee_and_labs_without_an_endpoint_leave_the_forgetting_to_no_lab() -> None:
    hosting = (Need("endpoint", "ml.m5.large", 1),)
    taught = {"host": replace(TAUGHT["iris"], name="host", needs=hosting)}

    assert lab_checks.forgotten_lab([FIRST], taught) is None
    assert lab_checks.forgotten_lab([FIRST, LAST], TAUGHT) is None


def test_objects_outside_of_the_attendees_parts_of_the_bucket_are_told() -> None:
    keys = ["attendees/ann/boot", "attendees/anna/x", "ml101-ann-iris-1/sourcedir.tar.gz"]

    found = list(lab_checks.strays("b", keys, [FIRST, LAST]))

    assert [problem.split(",")[0] for problem in found] == [
        "a lab wrote s3://b/attendees/anna/x",
        "a lab wrote s3://b/ml101-ann-iris-1/sourcedir.tar.gz",
    ]


def test_what_a_failed_lab_leaves_is_not_held_against_its_clean_up() -> None:
    made = {("endpoint", "us-east-1", "ml101-ann-iris-1")}
    failed = [done("iris", FIRST, ok=False)]

    assert list(lab_checks.kept(failed, made, WORKSHOP.name, (LAST, "iris"))) == []
