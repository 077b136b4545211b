"""Train linear learner under the container contract."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from rehearsal.containers.contract import training
from rehearsal.containers.contract.files import CustomerError, log, read_config
from rehearsal.containers.contract.instances import check_channels, check_width, read_labelled
from rehearsal.containers.linear_learner.hyperparameters import (
    BINARY,
    MULTICLASS,
    REGRESSOR,
    read_settings,
)
from rehearsal.containers.linear_learner.model import LinearModel, fit

CHANNELS = ("train", "validation", "test")

Data = tuple[np.ndarray, np.ndarray]


def main() -> int:
    """Train; the exit code says what SageMaker makes of the job."""
    return training.run(train, customer_code=training.CUSTOMER_ERROR)


def train(base: Path) -> None:
    """Read the configuration and the channels below `base`, and write the model there."""
    settings = read_settings(read_config("hyperparameters"))
    tables: dict[str, Data] = {}
    for name, channel in check_channels(CHANNELS).items():
        table, labels = read_labelled(base / "input" / "data" / name, channel, label_size=1)
        if labels is None:
            raise CustomerError(f"Channel {name!r} has no labels; label_size must be 1")
        check_width(table, settings["feature_dim"], name)
        check_labels(name, labels, settings)
        tables[name] = (table, labels)
        log("INFO", f"{name} has {len(table)} rows and {table.shape[1]} features")
    if any(t.shape[1] != tables["train"][0].shape[1] for t, _ in tables.values()):
        raise CustomerError("The channels differ in their number of features")
    model = fit(*tables["train"], settings, tables.get("validation"))
    model.save(base / "model")
    for name, (table, labels) in tables.items():
        for metric, value in measure(model, table, labels, settings).items():
            log("INFO", f"#quality_metric: host=algo-1, {name} {metric}={value:.6f}")


def check_labels(channel: str, labels: np.ndarray, settings: Mapping[str, Any]) -> None:
    """Hold labels against the predictor type.

    Raises:
        CustomerError: a classifier's label is none of its classes.
    """
    kind = settings["predictor_type"]
    if kind == REGRESSOR:
        return
    classes = 2 if kind == BINARY else settings["num_classes"]
    wrong = labels[(labels < 0) | (labels >= classes) | (labels != np.rint(labels))]
    if len(wrong):
        raise CustomerError(
            f"Labels of channel {channel!r} must be whole numbers from 0 to {classes - 1} when "
            f"'predictor_type' is {kind!r}, found {wrong[0]:g}"
        )
    if channel == "train" and kind == BINARY and len(np.unique(labels)) == 1:
        raise CustomerError(f"All labels of channel {channel!r} are {labels[0]:g}")


def measure(
    model: LinearModel, table: np.ndarray, labels: np.ndarray, settings: Mapping[str, Any]
) -> dict[str, float]:
    """A model's metrics, named as the algorithm's metric definitions look for them
    (https://docs.aws.amazon.com/sagemaker/latest/dg/linear-learner-tuning.html)."""
    scores = model.scores(table)
    if model.kind == REGRESSOR:
        errors = scores - labels
        return {
            "mse <loss>": float((errors**2).mean()),
            "rmse <loss>": float(np.sqrt((errors**2).mean())),
            "absolute_loss <loss>": float(np.abs(errors).mean()),
        }
    predicted = model.labels(scores)
    accuracy = float((predicted == labels).mean())
    if model.kind == MULTICLASS:
        top = np.argsort(-scores, axis=1)[:, : settings["accuracy_top_k"]]
        among = float((top == labels[:, None]).any(1).mean())
        return {
            "multiclass_accuracy <score>": accuracy,
            "multiclass_top_k_accuracy <score>": among,
        }
    hits = float(((predicted == 1) & (labels == 1)).sum())
    precision = hits / max(float((predicted == 1).sum()), 1.0)
    recall = hits / max(float((labels == 1).sum()), 1.0)
    f1 = 2 * precision * recall / (precision + recall) if hits else 0.0
    return {
        "binary_classification_accuracy <score>": accuracy,
        "precision <score>": precision,
        "recall <score>": recall,
        "binary_f_1.000 <score>": f1,
    }
