"""Reading module.yaml: what is refused, and how."""

from __future__ import annotations

from pathlib import Path

import pytest

from modules.declarations import Expected, Need, load_module, load_modules, read_module
from workshop.errors import ConfigError, UsageError

VALID = """\
title: A lab
teaches: something
minutes: 10
needs:
  - {use: training, instance_type: ml.m5.xlarge, count: 1}
expected: {metric: accuracy, at_least: 0.9}
"""


def write(root: Path, text: str, name: str = "a-lab") -> Path:
    folder = root / name
    folder.mkdir()
    (folder / "module.yaml").write_text(text, encoding="utf-8")
    return folder


def test_a_valid_declaration_is_read_whole(tmp_path: Path) -> None:
    module = read_module(write(tmp_path, VALID))

    assert module.name == "a-lab"
    assert module.needs == (Need("training", "ml.m5.xlarge", 1),)
    assert module.expected == Expected("accuracy", at_least=0.9)
    assert (module.prerequisites, module.environment) == ((), ("studio", "notebook"))
    assert module.notebook == tmp_path / "a-lab" / "a-lab.ipynb"


def test_a_lab_builds_images_only_if_it_says_so(tmp_path: Path) -> None:
    builder = write(tmp_path, f"{VALID}builds_images: true\n", "builder")

    assert read_module(builder).builds_images
    assert not read_module(write(tmp_path, VALID)).builds_images


def test_an_expected_value_may_be_written_without_a_decimal_point(tmp_path: Path) -> None:
    module = read_module(write(tmp_path, VALID.replace("0.9", "1")))

    assert module.expected.at_least == 1.0


def test_an_error_is_expected_to_be_at_most_something(tmp_path: Path) -> None:
    text = VALID.replace("metric: accuracy, at_least: 0.9", "metric: rmse, at_most: 1.5")
    expected = read_module(write(tmp_path, text)).expected

    assert expected.bound == "at most 1.5"
    assert [expected.admits(value) for value in (1.5, 1.6, float("nan"))] == [True, False, False]
    assert expected.as_json() == {"metric": "rmse", "at_most": 1.5}


def test_modules_are_sorted_and_folders_without_a_declaration_are_none(tmp_path: Path) -> None:
    for name in ("zebra", "ant"):
        write(tmp_path, VALID, name)
    (tmp_path / "notes").mkdir()

    assert list(load_modules(tmp_path)) == ["ant", "zebra"]


@pytest.mark.parametrize(
    ("old", "new", "key", "what"),
    [
        ("minutes: 10", "minutes: ten", "minutes", "valid integer"),
        ("minutes: 10", "minutes: 0", "minutes", "greater than or equal to 1"),
        ("minutes: 10\n", "", "minutes", "required"),
        ("title: A lab", "titel: A lab", "titel", "not permitted"),
        ("ml.m5.xlarge", "m5.xlarge", "needs.0.instance_type", "pattern"),
        ("use: training", "use: notebook", "needs.0.use", "'training'"),
        ("count: 1", "count: 0", "needs.0.count", "greater than or equal to 1"),
        ("0.9", ".nan", "expected.at_least", "finite"),
        ("0.9", "high", "expected.at_least", "valid number"),
        ("at_least: 0.9", "at_least: 0.9, at_most: 1", "expected", "either at_least or at_most"),
        (", at_least: 0.9", "", "expected", "either at_least or at_most"),
        ("minutes: 10", "minutes: 10\nenvironment: [cloud9]", "environment.0", "'studio'"),
        ("minutes: 10", "minutes: 10\nenvironment: []", "environment", "at least 1 item"),
    ],
)
def test_a_wrong_value_is_refused_with_its_key(
    tmp_path: Path, old: str, new: str, key: str, what: str
) -> None:
    folder = write(tmp_path, VALID.replace(old, new))

    with pytest.raises(ConfigError) as caught:
        read_module(folder)

    problem = next(p for p in caught.value.problems if p.where.endswith(f": {key}"))
    assert what in problem.what


def test_all_problems_of_a_file_are_reported_at_once(tmp_path: Path) -> None:
    folder = write(tmp_path, VALID.replace("minutes: 10", "minutes: 0").replace("0.9", "high"))

    with pytest.raises(ConfigError) as caught:
        read_module(folder)

    assert len(caught.value.problems) == 2


def test_the_same_use_and_type_declared_twice_is_refused(tmp_path: Path) -> None:
    row = "  - {use: training, instance_type: ml.m5.xlarge, count: 1}\n"
    folder = write(tmp_path, VALID.replace(row, row + row))

    with pytest.raises(ConfigError, match=r"declared twice"):
        read_module(folder)


@pytest.mark.parametrize("text", ["title: [", "", "- a\n- list\n"])
def test_a_file_that_is_no_mapping_is_refused(tmp_path: Path, text: str) -> None:
    folder = write(tmp_path, text)

    with pytest.raises(ConfigError):
        read_module(folder)


def test_a_syntax_error_names_its_line(tmp_path: Path) -> None:
    folder = write(tmp_path, "title: A lab\nteaches: [\n")

    with pytest.raises(ConfigError, match=r"module\.yaml:3"):
        read_module(folder)


@pytest.mark.parametrize("name", ["nope", "../a-lab", "", "a-lab/.."])
def test_an_unknown_module_is_refused_and_the_known_ones_are_listed(
    tmp_path: Path, name: str
) -> None:
    write(tmp_path, VALID)

    with pytest.raises(UsageError, match="the modules are: a-lab"):
        load_module(name, tmp_path)


def test_every_shipped_module_is_valid_and_has_its_notebook() -> None:
    modules = load_modules()

    assert "iris-xgboost" in modules
    assert all(module.notebook.exists() for module in modules.values())
