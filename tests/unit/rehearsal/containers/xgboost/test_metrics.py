"""The container's own metrics, held against scikit-learn."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
from sklearn import metrics as sklearn

from rehearsal.containers.xgboost.hyperparameters import METRICS
from rehearsal.containers.xgboost.metrics import (
    COMPUTED,
    MAXIMIZED,
    classes_of,
    compute_metric,
    computed_metrics,
)

RANDOM = np.random.default_rng(2)
BINARY = RANDOM.integers(0, 2, 60), RANDOM.random(60)
MULTICLASS = RANDOM.integers(0, 4, 60), RANDOM.dirichlet(np.ones(4), 60)
VALUES = RANDOM.normal(size=60), RANDOM.normal(size=60)

OF_CLASSES: dict[str, Callable[..., float]] = {
    "accuracy": sklearn.accuracy_score,
    "balanced_accuracy": sklearn.balanced_accuracy_score,
    "f1": partial(sklearn.f1_score, average="macro"),
    "f1_macro": partial(sklearn.f1_score, average="macro"),
    "precision_macro": partial(sklearn.precision_score, average="macro", zero_division=0),
    "precision_micro": partial(sklearn.precision_score, average="micro"),
    "recall_macro": partial(sklearn.recall_score, average="macro"),
    "recall_micro": partial(sklearn.recall_score, average="micro"),
}
OF_ONES: dict[str, Callable[..., float]] = {
    "f1_binary": sklearn.f1_score,
    "precision": sklearn.precision_score,
    "recall": sklearn.recall_score,
}
OF_VALUES: dict[str, Callable[..., float]] = {
    "mse": sklearn.mean_squared_error,
    "r2": sklearn.r2_score,
}


@pytest.mark.parametrize("name", OF_CLASSES)
def test_a_metric_of_classes_is_scikit_learns(name: str) -> None:
    for labels, predictions in (BINARY, MULTICLASS):
        expected = OF_CLASSES[name](labels, classes_of(predictions))
        assert compute_metric(name, labels, predictions) == pytest.approx(expected)


@pytest.mark.parametrize("name", OF_ONES)
def test_a_metric_of_ones_is_scikit_learns(name: str) -> None:
    labels, predictions = BINARY

    expected = OF_ONES[name](labels, classes_of(predictions))

    assert compute_metric(name, labels, predictions) == pytest.approx(expected)


@pytest.mark.parametrize("name", OF_VALUES)
def test_a_metric_of_values_is_scikit_learns(name: str) -> None:
    assert compute_metric(name, *VALUES) == pytest.approx(OF_VALUES[name](*VALUES))


def test_every_metric_is_compared() -> None:
    assert COMPUTED.keys() == {*OF_CLASSES, *OF_ONES, *OF_VALUES}
    assert COMPUTED.keys() | METRICS >= MAXIMIZED


@pytest.mark.parametrize(
    ("predictions", "classes"),
    [
        ([0.2, 0.5, 0.7], [0, 0, 1]),
        ([-3.2, 0.4, 5.1], [0, 1, 1]),
        ([0.0, 2.0, 1.0], [0, 2, 1]),
        ([[0.2, 0.5, 0.3], [0.9, 0.05, 0.05]], [1, 0]),
    ],
)
def test_predictions_stand_for_classes(predictions: list[float], classes: list[int]) -> None:
    assert classes_of(np.array(predictions)).tolist() == classes


def test_no_metric_needs_no_function() -> None:
    assert computed_metrics([]) is None
