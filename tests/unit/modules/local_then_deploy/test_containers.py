"""Which container reads a model, by the version of the library that wrote it."""

from __future__ import annotations

from pathlib import Path

import pytest

from rehearsal.containers.registry import XGBOOST_VERSIONS
from tests.unit.modules.lab_scripts import load_script, run_script

LAB = "local-then-deploy"
SCRIPT = load_script(LAB, "containers.py")


@pytest.mark.parametrize(
    ("library", "container"),
    [
        ("1.7.6", "1.7-1"),
        ("1.3.3", "1.7-1"),
        ("2.1.4", "3.0-5"),
        ("3.0.0", "3.0-5"),
        ("3.1.0", "3.2-0"),
        ("3.2.0", "3.2-0"),
        ("3.2.0rc1", "3.2-0"),
    ],
)
def test_the_container_is_the_oldest_that_is_not_older(library: str, container: str) -> None:
    assert SCRIPT.container_for(library) == container


def test_versions_are_compared_as_numbers() -> None:
    assert SCRIPT.container_for("3.9.0", ("3.2-0", "3.10-0")) == "3.10-0"


def test_a_library_newer_than_all_containers_is_told_what_to_install() -> None:
    with pytest.raises(ValueError, match=r"xgboost==3\.2\.\*"):
        SCRIPT.container_for("3.3.0")


def test_what_is_no_version_is_refused() -> None:
    with pytest.raises(ValueError, match="is no version"):
        SCRIPT.container_for("latest")


def test_every_container_can_be_rehearsed() -> None:
    assert set(SCRIPT.CONTAINERS) <= set(XGBOOST_VERSIONS)


def test_the_script_prints_the_container(tmp_path: Path) -> None:
    assert run_script(LAB, "containers.py", "3.1.2", folder=tmp_path) == "3.2-0\n"
