"""Losses of linear models: their slopes, and the minimum they lead to."""

from __future__ import annotations

import numpy as np
import pytest

from rehearsal.containers.contract import losses

RANDOM = np.random.default_rng(5)
SCORES = RANDOM.normal(size=(20, 3)) * 2
CLASSES = RANDOM.integers(0, 3, 20)
SIGNS = np.where(CLASSES == 1, 1.0, -1.0)
TARGETS = RANDOM.normal(size=20)
LOSSES = {
    "logistic": (losses.logistic(SIGNS), 1),
    "softmax": (losses.softmax_loss(CLASSES), 3),
    "hinge": (losses.hinge(SIGNS[:, None], 1.0), 1),
    "squared": (losses.residual(TARGETS, losses.squared), 1),
    "absolute": (losses.residual(TARGETS, losses.absolute), 1),
    "insensitive": (losses.residual(TARGETS, losses.insensitive(losses.squared, 0.3)), 1),
    "quantile": (losses.residual(TARGETS, losses.quantile(0.9)), 1),
    "huber": (losses.residual(TARGETS, losses.huber(0.5)), 1),
}


@pytest.mark.parametrize("name", LOSSES)
def test_the_slope_is_that_of_the_loss(name: str) -> None:
    loss, outputs = LOSSES[name]
    scores, step = SCORES[:, :outputs], 1e-6

    _, slope = loss(scores)

    for column in range(outputs):
        moved = np.zeros_like(scores)
        moved[:, column] = step
        measured = (loss(scores + moved)[0] - loss(scores - moved)[0]) / (2 * step)
        assert slope[:, column] == pytest.approx(measured, abs=1e-4)


@pytest.mark.parametrize(("level", "expected"), [(0.1, 10), (0.5, 50), (0.9, 90)])
def test_the_quantile_loss_leads_to_the_quantile(level: float, expected: float) -> None:
    targets = np.arange(101.0)
    nothing = np.zeros((101, 1))

    _, bias = losses.minimize_loss(nothing, losses.residual(targets, losses.quantile(level)), 1)

    assert bias[0] == pytest.approx(expected, abs=1.5)


def test_an_l1_penalty_leaves_out_what_does_not_matter() -> None:
    table = RANDOM.normal(size=(200, 5))
    loss = losses.residual(3 * table[:, 0], losses.squared)

    weights, _ = losses.minimize_loss(table, loss, 1, penalty=losses.Penalty(l1=0.3))

    assert weights[0, 0] == pytest.approx(2.7, abs=0.15)
    assert np.abs(weights[1:]).max() < 1e-6


def test_without_a_bias_there_is_none() -> None:
    loss = losses.residual(np.full(10, 4.0), losses.squared)

    _, bias = losses.minimize_loss(np.zeros((10, 1)), loss, 1, use_bias=False)

    assert bias.tolist() == [0]


def test_probabilities_do_not_overflow() -> None:
    assert losses.sigmoid(np.array([-1000.0, 0.0, 1000.0])).tolist() == [0, 0.5, 1]
    assert losses.softmax(np.array([[1000.0, -1000.0]])).tolist() == [[1, 0]]
