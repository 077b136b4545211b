"""The resources that are counted: made by requests that AWS would take, and all listed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.resources import KINDS, Plane

REGION = "eu-west-1"


@pytest.fixture
def plane(tmp_path: Path) -> Iterator[Plane]:
    made = Plane(tmp_path)
    yield made
    made.world.close()


@pytest.mark.parametrize("kind", list(KINDS))
def test_resources_of_every_kind_have_three_tags(plane: Plane, kind: str) -> None:
    plane.make(kind, range(3), REGION)

    made = plane.world.sagemaker.every()
    assert [len(resource.tags) for resource in made] == [3, 3, 3]


def test_training_jobs_have_ended_and_show_what_they_passed_through(plane: Plane) -> None:
    plane.make("training jobs", range(1), REGION)

    name = KINDS["training jobs"][1](0)["TrainingJobName"]
    job = plane.call("DescribeTrainingJob", {"TrainingJobName": name}, REGION)
    assert job["TrainingJobStatus"] == "Completed"
    assert [state["Status"] for state in job["SecondaryStatusTransitions"]] == [
        "Starting",
        "Downloading",
        "Training",
        "Uploading",
        "Completed",
    ]


@pytest.mark.parametrize("page_size", [None, 100])
def test_the_list_is_read_to_its_end(plane: Plane, page_size: int | None) -> None:
    plane.make("models", range(123), REGION)

    assert plane.list_models(REGION, page_size) == 123


def test_quotas_do_not_bind(plane: Plane) -> None:
    plane.make("models", range(1100), REGION)

    assert plane.list_models(REGION, 100) == 1100
