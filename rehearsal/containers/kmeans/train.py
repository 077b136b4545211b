"""Train k-means under the container contract."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from rehearsal.containers.contract import training
from rehearsal.containers.contract.files import CustomerError, log, read_config
from rehearsal.containers.contract.hyperparameters import AUTO, validate
from rehearsal.containers.contract.instances import check_channels, check_width, read_labelled
from rehearsal.containers.contract.models import save_model
from rehearsal.containers.kmeans.clustering import Lloyd, cluster, nearest
from rehearsal.containers.kmeans.hyperparameters import RULES

CHANNELS = ("train", "test")


def main() -> int:
    """Train; the exit code says what SageMaker makes of the job."""
    return training.run(train, customer_code=training.CUSTOMER_ERROR)


def train(base: Path) -> None:
    """Read the configuration and the channels below `base`, and write the model there."""
    settings = validate(read_config("hyperparameters"), RULES)
    channels = check_channels(CHANNELS)
    tables = {}
    for name, channel in channels.items():
        # CSV has no label unless its content type says label_size=1.
        table, _ = read_labelled(base / "input" / "data" / name, channel, label_size=0)
        check_width(table, settings["feature_dim"], name)
        tables[name] = table
        log("INFO", f"{name} has {len(table)} rows and {table.shape[1]} features")
    try:
        centers = cluster(tables["train"], settings["k"], **_options(settings))
    except ValueError as error:
        raise CustomerError(str(error)) from None
    save_model(base / "model", centers=centers)
    for name, table in tables.items():
        _report(name, table, centers, settings["eval_metrics"])


def _options(settings: dict[str, Any]) -> dict[str, Any]:
    factor, trials = settings["extra_center_factor"], settings["local_lloyd_num_trials"]
    lloyd = Lloyd(
        init_method=settings["local_lloyd_init_method"],
        trials=Lloyd().trials if trials == AUTO else trials,
        max_iterations=settings["local_lloyd_max_iter"],
        tolerance=settings["local_lloyd_tol"],
    )
    return {
        # The algorithm has no seed among its hyperparameters; the same job gives the same model.
        "random": np.random.default_rng(0),
        "batch_size": settings["mini_batch_size"],
        "epochs": settings["epochs"],
        "extra_factor": None if factor == AUTO else factor,
        "half_life": settings["half_life_time_size"],
        "init_method": settings["init_method"],
        "lloyd": lloyd,
    }


def _report(name: str, table: np.ndarray, centers: np.ndarray, metrics: list[str]) -> None:
    """Log the metrics in the words that the algorithm's metric definitions look for."""
    squares = nearest(table, centers)[1] ** 2
    values = {"msd": squares.mean(), "ssd": squares.sum()}
    for metric in metrics:
        log("INFO", f"#quality_metric: host=algo-1, {name} {metric} <loss>={values[metric]:.6f}")
