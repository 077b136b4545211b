"""The order of labs that build on one another."""

from __future__ import annotations

from pathlib import Path

import pytest

from modules.declarations import Expected, Module, load_modules
from modules.prerequisites import in_order, prerequisite_problems
from workshop.errors import ConfigError


def labs(**prerequisites: str) -> dict[str, Module]:
    """Labs by name; each names its prerequisites, separated by spaces."""
    return {
        name: Module(
            name, name, "", 1, (), Expected("a", 0), Path(), Path(), tuple(earlier.split())
        )
        for name, earlier in prerequisites.items()
    }


CHAIN = labs(batch="train", compare="batch train", train="", other="")


def test_a_lab_comes_behind_all_it_builds_on_and_each_once() -> None:
    assert in_order(["compare", "other"], CHAIN) == ["train", "batch", "compare", "other"]


def test_labs_keep_their_order_where_nothing_speaks_against_it() -> None:
    assert in_order(["other", "train"], CHAIN) == ["other", "train"]


def test_what_is_done_is_left_out_with_what_it_alone_builds_on() -> None:
    asked: list[str] = []

    def batch_is_done(name: str) -> bool:
        asked.append(name)
        return name == "batch"

    assert in_order(["compare"], labs(compare="batch", batch="train", train=""), batch_is_done) == [
        "compare"
    ]
    assert asked == ["batch"]


def test_a_lab_that_is_asked_for_runs_though_it_is_done() -> None:
    assert in_order(["batch"], CHAIN, lambda _: True) == ["batch"]


def test_a_prerequisite_that_is_not_there_is_a_problem() -> None:
    (problem,) = prerequisite_problems(labs(batch="trian", train=""))

    assert (problem.where, problem.what) == ("batch: prerequisites", "there is no module 'trian'")


def test_every_lab_of_a_circle_is_a_problem_and_those_before_it_are_not() -> None:
    problems = list(prerequisite_problems(labs(a="b", b="c", c="a", d="a")))

    assert [problem.where.split(":")[0] for problem in problems] == ["a", "b", "c"]


def test_labs_in_a_circle_are_not_loaded(tmp_path: Path) -> None:
    for name, earlier in (("a", "b"), ("b", "a")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "module.yaml").write_text(
            "title: A\nteaches: b\nminutes: 1\nneeds: []\n"
            f"prerequisites: [{earlier}]\nexpected: {{metric: m, at_least: 0}}\n"
        )

    with pytest.raises(ConfigError, match="comes before itself"):
        load_modules(tmp_path)
