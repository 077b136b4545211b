"""Which programs stand in for images: the table, held against the SDK's own."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from rehearsal.containers.registry import IMAGES, resolve

# Not imported: sagemaker.core takes seconds, and its tables are data.
_CORE = find_spec("sagemaker.core")
assert _CORE is not None
assert _CORE.submodule_search_locations
TABLES = Path(_CORE.submodule_search_locations[0]) / "image_uri_config"
HERE = Path(__file__).parents[3] / "rehearsal" / "containers"


def versions_of_the_sdk() -> dict[str, set[str]]:
    """Repository -> the versions that image_uris offers of it."""
    found: dict[str, set[str]] = {}
    for path in TABLES.glob("*.json"):
        table: dict[str, Any] = json.loads(path.read_text())
        for scope in (table, *(v for v in table.values() if isinstance(v, dict))):
            for version, entry in scope.get("versions", {}).items():
                if "repository" in entry:
                    found.setdefault(entry["repository"], set()).add(version)
    return found


OFFERED = versions_of_the_sdk()


@pytest.mark.parametrize("repository", IMAGES)
def test_every_image_that_runs_is_one_the_sdk_names(repository: str) -> None:
    offered = OFFERED[repository]
    # First-party algorithms of a single version have it as "latest", too
    # (https://docs.aws.amazon.com/sagemaker/latest/dg-ecr-paths/ecr-eu-west-1.html).
    also = {"latest"} if offered == {"1"} else set()
    assert set(IMAGES[repository].tags) <= offered | also


@pytest.mark.parametrize("repository", IMAGES)
def test_every_image_has_a_program_for_each_role(repository: str) -> None:
    folder = HERE / IMAGES[repository].folder

    assert (folder / "train.py").is_file()
    assert (folder / "serve.py").is_file()


@pytest.mark.parametrize("suffix", ["", "-cpu-py3"])
def test_the_tag_reaches_the_program(suffix: str) -> None:
    found = resolve(
        f"141502667606.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-scikit-learn:1.2-1{suffix}"
    )

    assert found is not None
    assert found.environment == {"SAGEMAKER_IMAGE_TAG": "1.2-1"}


def test_a_script_replaces_the_built_in_algorithm_where_an_image_takes_scripts() -> None:
    image = "141502667606.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-xgboost:1.7-1"

    assert [resolve(image, script=script) for script in (True, False)] != [None, None]
    programs = [resolve(image, script=script) for script in (False, True)]
    assert [program.name for program in programs if program] == ["xgboost", "script"]
