"""Where a configuration's modules have attendees build container images, and where they cannot."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.workshop.configs import load, only_problem
from workshop.config import tables

BUILDERS = sorted(tables.image_builders())
WITHOUT = sorted(tables.regions_without_image_builds())


def test_a_workshop_whose_modules_build_nothing_builds_no_images(tmp_path: Path) -> None:
    assert not load(tmp_path).builds_images
    assert load(tmp_path, regions=WITHOUT[:1], environment="notebook").regions == (WITHOUT[0],)


@pytest.mark.parametrize("module", BUILDERS)
def test_a_module_that_builds_images_makes_the_workshop_build_them(
    tmp_path: Path, module: str
) -> None:
    assert load(tmp_path, modules=["iris-xgboost", module]).builds_images


@pytest.mark.parametrize("module", BUILDERS)
def test_images_are_not_built_in_a_region_without_codebuild(tmp_path: Path, module: str) -> None:
    problem = only_problem(tmp_path, modules=[module], regions=WITHOUT[:1], environment="notebook")
    assert module in problem.what
    assert WITHOUT[0] in problem.what
