"""The metrics that the algorithm's container adds to xgboost's own.

The container takes them from scikit-learn (aws/sagemaker-xgboost-container,
metrics/custom_metrics.py). The formulas are short, and importing scikit-learn takes a second.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

# What is better when it is higher (the container's XGB_MAXIMIZE_METRICS).
MAXIMIZED = frozenset(
    {
        "accuracy",
        "auc",
        "aucpr",
        "balanced_accuracy",
        "f1",
        "f1_binary",
        "f1_macro",
        "map",
        "ndcg",
        "precision",
        "precision_macro",
        "precision_micro",
        "r2",
        "recall",
        "recall_macro",
        "recall_micro",
    }
)


def _accuracy(labels: np.ndarray, classes: np.ndarray) -> float:
    return float(np.mean(labels == classes))


def _ratios(found: np.ndarray, of: np.ndarray) -> np.ndarray:
    """found / of, where 0 / 0 is 0."""
    ratios: np.ndarray = np.divide(found, of, out=np.zeros(len(of)), where=of > 0)
    return ratios


def _counts(labels: np.ndarray, classes: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Hits, predictions and occurrences of every class that occurs in either."""
    names = np.union1d(labels, classes)
    is_label, is_class = labels == names[:, None], classes == names[:, None]
    return (is_label & is_class).sum(1), is_class.sum(1), is_label.sum(1)


def _precision(labels: np.ndarray, classes: np.ndarray) -> float:
    hits, predicted, _ = _counts(labels, classes)
    return float(_ratios(hits, predicted).mean())


def _recall(labels: np.ndarray, classes: np.ndarray) -> float:
    hits, _, occurring = _counts(labels, classes)
    return float(_ratios(hits, occurring).mean())


def _balanced_accuracy(labels: np.ndarray, classes: np.ndarray) -> float:
    hits, _, occurring = _counts(labels, classes)
    return float(_ratios(hits, occurring)[occurring > 0].mean())


def _f1(labels: np.ndarray, classes: np.ndarray) -> float:
    hits, predicted, occurring = _counts(labels, classes)
    return float(_ratios(2 * hits, predicted + occurring).mean())


def _of_ones(metric: str) -> Callable[[np.ndarray, np.ndarray], float]:
    """A metric of class 1 alone, for binary classification."""

    def compute(labels: np.ndarray, classes: np.ndarray) -> float:
        hits = np.sum((labels == 1) & (classes == 1))
        predicted, occurring = np.sum(classes == 1), np.sum(labels == 1)
        of = {"precision": predicted, "recall": occurring, "f1": (predicted + occurring) / 2}
        return float(hits / of[metric]) if of[metric] else 0.0

    return compute


def _mse(labels: np.ndarray, values: np.ndarray) -> float:
    return float(np.mean((labels - values) ** 2))


def _r2(labels: np.ndarray, values: np.ndarray) -> float:
    spread = np.sum((labels - labels.mean()) ** 2)
    return float(1 - np.sum((labels - values) ** 2) / spread) if spread else 0.0


_OF_CLASSES: Mapping[str, Callable[[np.ndarray, np.ndarray], float]] = {
    "accuracy": _accuracy,
    "balanced_accuracy": _balanced_accuracy,
    "f1": _f1,
    "f1_binary": _of_ones("f1"),
    "f1_macro": _f1,
    "precision": _of_ones("precision"),
    "precision_macro": _precision,
    "precision_micro": _accuracy,  # of one label per row, all three are the same
    "recall": _of_ones("recall"),
    "recall_macro": _recall,
    "recall_micro": _accuracy,
}
_OF_VALUES: Mapping[str, Callable[[np.ndarray, np.ndarray], float]] = {"mse": _mse, "r2": _r2}
COMPUTED = {**_OF_CLASSES, **_OF_VALUES}


def classes_of(predictions: np.ndarray) -> np.ndarray:
    """The classes that predictions stand for: rows of probabilities, classes, or probabilities."""
    if predictions.ndim == 2:
        best: np.ndarray = predictions.argmax(1)
        return best
    if np.any((predictions < 0) | (predictions > 1)):  # multi:softmax, or margins
        whole = np.array_equal(predictions, np.rint(predictions))
        return predictions if whole else (predictions > 0).astype(float)
    return (predictions > 0.5).astype(float)


def compute_metric(name: str, labels: np.ndarray, predictions: np.ndarray) -> float:
    """One of COMPUTED."""
    if name in _OF_VALUES:
        return _OF_VALUES[name](labels, predictions)
    return _OF_CLASSES[name](labels, classes_of(predictions))


def computed_metrics(
    names: Sequence[str],
) -> Callable[[np.ndarray, Any], list[tuple[str, float]]] | None:
    """xgboost's custom metric for some of COMPUTED, or None for none."""
    if not names:
        return None

    def evaluate(predictions: np.ndarray, matrix: Any) -> list[tuple[str, float]]:
        labels = matrix.get_label()
        return [(name, compute_metric(name, labels, predictions)) for name in names]

    return evaluate
