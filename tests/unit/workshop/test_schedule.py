"""Slots and headroom in workshop.yaml."""

from __future__ import annotations

from pathlib import Path

import pytest

from modules.declarations import load_modules
from modules.prerequisites import in_order
from tests.unit.workshop.configs import load, only_problem, write_config
from workshop.config.derive import derive
from workshop.config.rules import unmet
from workshop.model import JOB_USES

LAB = "iris-xgboost"


def test_without_a_schedule_the_modules_run_one_after_the_other(tmp_path: Path) -> None:
    workshop = load(tmp_path)

    assert (workshop.schedule, workshop.slots, workshop.headroom) == ((), ((LAB,),), 0.0)


def test_slots_and_headroom_are_read(tmp_path: Path) -> None:
    workshop = load(tmp_path, schedule=[[LAB]], headroom=0.2)

    assert (workshop.slots, workshop.headroom) == (((LAB,),), 0.2)


@pytest.mark.parametrize(
    ("schedule", "place", "what"),
    [
        ([[LAB], [LAB]], "schedule[1][0]", "in slot 1 and in slot 2"),
        ([[]], "schedule[0]", "the list is empty"),
        ([], "schedule", "the list is empty"),
        ([[LAB, LAB]], "schedule[0]", "more than once"),
        ([["irs-xgboost"]], "schedule[0][0]", "no module"),
        (LAB, "schedule", "not a list"),
    ],
)
def test_a_schedule_that_cannot_be_taught_is_refused_at_its_place(
    tmp_path: Path, schedule: object, place: str, what: str
) -> None:
    problem = only_problem(tmp_path, schedule=schedule)

    assert problem.where.endswith(f": {place}")
    assert what in problem.what
    assert problem.fix


@pytest.mark.parametrize("headroom", [-0.1, 11, "much"])
def test_headroom_is_a_fraction_from_0(tmp_path: Path, headroom: object) -> None:
    assert only_problem(tmp_path, headroom=headroom).where.endswith(": headroom")


def test_other_modules_do_not_keep_the_old_schedule(tmp_path: Path) -> None:
    config = write_config(tmp_path, schedule=[[LAB]])

    assert derive(config, tmp_path / "other.yaml", modules=[LAB]).schedule == ()


BUILDS_ON = {"train": [], "batch": ["train"], "tune": ["train"]}


@pytest.mark.parametrize(
    ("slots", "found"),
    [
        ([["train"], ["batch", "tune"]], []),
        ([["batch"]], [(0, 0, "batch builds on train, which is not among the modules")]),
        ([["batch"], ["train"]], [(0, 0, "batch builds on train, which is not done before")]),
        ([["train", "tune"]], [(0, 1, "tune builds on train, which is not done before")]),
    ],
)
def test_what_a_module_builds_on_comes_in_a_slot_before_it(
    slots: list[list[str]], found: list[tuple[int, int, str]]
) -> None:
    assert list(unmet(slots, BUILDS_ON)) == found


def test_every_lab_in_the_order_of_its_prerequisites_is_a_valid_workshop(tmp_path: Path) -> None:
    labs = load_modules()
    order = in_order(labs, labs)
    types = {
        use: sorted({n.instance_type for lab in labs.values() for n in lab.needs if n.use == use})
        for use in JOB_USES
    }

    workshop = load(tmp_path, modules=order, instances={u: t for u, t in types.items() if t})

    assert list(workshop.modules) == order
