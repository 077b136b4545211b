"""Which containers may start warm."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rehearsal.jobs import launch
from tests.unit.rehearsal.bench import Bench

XGBOOST = "141502667606.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-xgboost:1.7-1"
SCRIPT = {"SAGEMAKER_PROGRAM": "inference.py"}


def served(bench: Bench, base: Path, variables: dict[str, str]) -> launch.Launch:
    container: dict[str, Any] = {"Image": XGBOOST, "Environment": variables}
    return launch.serving(container, base, "eu-west-1", bench.machine)


def trained(bench: Bench, base: Path, **job: Any) -> launch.Launch:
    algorithm = {"TrainingImage": XGBOOST, **job.pop("algorithm", {})}
    asked = {"AlgorithmSpecification": algorithm, **job}
    return launch.training(asked, base, "eu-west-1", bench.machine)


def test_an_algorithm_trains_and_serves_warm(bench: Bench, tmp_path: Path) -> None:
    assert trained(bench, tmp_path).warm == ("xgboost", "train")
    assert served(bench, tmp_path, {"MAX_CONTENT_LENGTH": "5"}).warm == ("xgboost", "serve")


def test_only_what_starts_a_training_script_is_warm(bench: Bench, tmp_path: Path) -> None:
    job = {"HyperParameters": {"sagemaker_program": "train.py"}}
    assert trained(bench, tmp_path, **job).warm == ("script", "train")
    assert served(bench, tmp_path, SCRIPT).warm is None


def test_a_command_of_the_jobs_own_is_not_warm(bench: Bench, tmp_path: Path) -> None:
    entrypoint = {"ContainerEntrypoint": ["python", "train.py"]}
    assert trained(bench, tmp_path, algorithm=entrypoint).warm is None


@pytest.mark.parametrize(
    "name", ["OMP_NUM_THREADS", "PYTHONHASHSEED", "LD_PRELOAD", "OPENBLAS_NUM_THREADS"]
)
def test_variables_that_are_read_at_the_start_need_a_start(
    bench: Bench, tmp_path: Path, name: str
) -> None:
    assert trained(bench, tmp_path, Environment={name: "1"}).warm is None
    assert served(bench, tmp_path, {name: "1"}).warm is None
