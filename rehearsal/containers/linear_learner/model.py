"""A linear model: fitted from a job's settings, kept in a file, asked for predictions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rehearsal.containers.contract import losses
from rehearsal.containers.contract.hyperparameters import AUTO
from rehearsal.containers.contract.models import load_model, save_model
from rehearsal.containers.contract.scaling import fit_scaler
from rehearsal.containers.linear_learner.hyperparameters import BINARY, MULTICLASS, REGRESSOR
from rehearsal.containers.linear_learner.threshold import choose_threshold


@dataclass(frozen=True, slots=True)
class LinearModel:
    """Weights (features x outputs) and biases in the units of the data, and a threshold."""

    kind: str
    loss: str
    weights: np.ndarray
    bias: np.ndarray
    threshold: float = 0.0

    def scores(self, table: np.ndarray) -> np.ndarray:
        """The scores of rows: a vector, or a row per row for several classes."""
        raw = table @ self.weights + self.bias
        if self.kind == MULTICLASS:
            return losses.softmax(raw) if self.loss == "softmax_loss" else raw
        return losses.sigmoid(raw[:, 0]) if self.loss == "logistic" else raw[:, 0]

    def labels(self, scores: np.ndarray) -> np.ndarray:
        """The classes that scores stand for."""
        chosen = scores.argmax(1) if self.kind == MULTICLASS else scores >= self.threshold
        return chosen.astype(int)

    def predict(self, table: np.ndarray) -> Sequence[Mapping[str, Any]]:
        """What the algorithm answers for every row."""
        scores = self.scores(table)
        if self.kind == REGRESSOR:
            return [{"score": score} for score in scores.tolist()]
        pairs = zip(scores.tolist(), self.labels(scores).tolist(), strict=True)
        return [{"score": score, "predicted_label": label} for score, label in pairs]

    def save(self, folder: Path) -> None:
        """Write the model's file."""
        save_model(
            folder,
            kind=self.kind,
            loss=self.loss,
            weights=self.weights,
            bias=self.bias,
            threshold=self.threshold,
        )


def load_linear_model(folder: Path) -> LinearModel:
    """The model in a folder.

    Raises:
        FileNotFoundError: the folder has no file, or several.
        ValueError: the file is no linear model.
    """
    held = load_model(folder, "kind", "loss", "weights", "bias", "threshold")
    return LinearModel(
        str(held["kind"]),
        str(held["loss"]),
        held["weights"],
        held["bias"],
        float(held["threshold"]),
    )


def fit(
    table: np.ndarray,
    labels: np.ndarray,
    settings: Mapping[str, Any],
    calibration: tuple[np.ndarray, np.ndarray] | None = None,
) -> LinearModel:
    """The model that minimises the settings' loss.

    `calibration` (features, labels) chooses a binary classifier's threshold; the training data
    do without it.
    """
    kind, use_bias = settings["predictor_type"], settings["use_bias"]
    shift = settings["unbias_data"] in (AUTO, True) and use_bias
    scaler = fit_scaler(table, shift=shift, scale=settings["normalize_data"] in (AUTO, True))
    regression = kind == REGRESSOR
    target_scaler = fit_scaler(
        labels[:, None],
        shift=regression and use_bias and settings["unbias_label"] in (AUTO, True),
        scale=regression and settings["normalize_label"] in (AUTO, True),
    )
    targets = target_scaler.apply(labels[:, None])[:, 0]
    scaled, bias = losses.minimize_loss(
        scaler.apply(table),
        _loss(targets, settings),
        settings["num_classes"] if kind == MULTICLASS else 1,
        row_weights=_row_weights(labels, settings),
        penalty=losses.Penalty(
            l1=_number(settings["l1"]),
            l2=_number(settings["wd"]),
            bias_l2=_number(settings["wd"]) * _number(settings["bias_wd_mult"]),
        ),
        use_bias=use_bias,
    )
    # Back to the units of the data, so that serving multiplies once.
    spread = target_scaler.deviation[0]
    weights = scaled / scaler.deviation[:, None] * spread
    offset = bias * spread - scaler.mean @ weights + target_scaler.mean[0]
    model = LinearModel(kind, settings["loss"], weights, offset)
    if kind != BINARY:
        return model
    rows, truth = calibration or (table, labels)
    threshold = choose_threshold(
        model.scores(rows),
        truth,
        settings["binary_classifier_model_selection_criteria"],
        neutral=0.5 if settings["loss"] == "logistic" else 0.0,
        beta=settings["f_beta"],
        target_precision=settings["target_precision"],
        target_recall=settings["target_recall"],
    )
    return LinearModel(kind, settings["loss"], weights, offset, threshold)


def _number(value: float | str) -> float:
    # auto regularization of AWS's searches among models; here it is none.
    return 0.0 if value == AUTO else float(value)


def _loss(targets: np.ndarray, settings: Mapping[str, Any]) -> losses.Loss:
    kind, name = settings["predictor_type"], settings["loss"]
    if kind == BINARY:
        signs = np.where(targets == 1, 1.0, -1.0)
        if name == "logistic":
            return losses.logistic(signs)
        return losses.hinge(signs[:, None], settings["margin"])
    if kind == MULTICLASS:
        classes = targets.astype(int)
        if name == "softmax_loss":
            return losses.softmax_loss(classes)
        one_against_all = np.where(classes[:, None] == np.arange(settings["num_classes"]), 1.0, -1)
        return losses.hinge(one_against_all, settings["margin"])
    epsilon = settings["loss_insensitivity"]
    shapes = {
        "squared_loss": losses.squared,
        "absolute_loss": losses.absolute,
        "eps_insensitive_squared_loss": losses.insensitive(losses.squared, epsilon),
        "eps_insensitive_absolute_loss": losses.insensitive(losses.absolute, epsilon),
        "quantile_loss": losses.quantile(settings["quantile"]),
        "huber_loss": losses.huber(settings["huber_delta"]),
    }
    return losses.residual(targets, shapes[name])


def _row_weights(labels: np.ndarray, settings: Mapping[str, Any]) -> np.ndarray | None:
    if settings["predictor_type"] == BINARY:
        weight = settings["positive_example_weight_mult"]
        positives = int((labels == 1).sum())
        if weight == "balanced":
            weight = (len(labels) - positives) / max(positives, 1)
        if weight in (AUTO, 1.0):
            return None
        return np.where(labels == 1, weight, 1.0)
    if settings["balance_multiclass_weights"]:
        counts = np.bincount(labels.astype(int), minlength=1)
        balanced: np.ndarray = 1 / counts[labels.astype(int)]
        return balanced
    return None
