"""Losses of linear models, and their minimum.

A loss takes the scores of n rows (n x outputs) and gives each row's loss and its gradient with
respect to the scores.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Loss = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
# The same of errors, prediction - target.
Shape = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
Progress = Callable[[int, np.ndarray, np.ndarray], None]


def logistic(signs: np.ndarray) -> Loss:
    """Cross entropy of two classes, -1 and 1."""

    def loss(scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        margins = signs * scores[:, 0]
        slope = -signs * sigmoid(-margins)
        return np.logaddexp(0, -margins), slope[:, None]

    return loss


def softmax_loss(classes: np.ndarray) -> Loss:
    """Cross entropy of classes from 0."""
    rows = np.arange(len(classes))

    def loss(scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        slope = softmax(scores)
        values = -np.log(np.maximum(slope[rows, classes], 1e-300))
        slope[rows, classes] -= 1
        return values, slope

    return loss


def hinge(signs: np.ndarray, margin: float) -> Loss:
    """max(0, margin - sign * score), of one output per column of `signs` (-1 and 1)."""

    def loss(scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        lacking = np.maximum(0, margin - signs * scores)
        return lacking.sum(1), np.where(lacking > 0, -signs, 0.0)

    return loss


def residual(targets: np.ndarray, shape: Shape) -> Loss:
    """A loss of prediction - target; `shape` gives its value and its slope."""

    def loss(scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        values, slope = shape(scores[:, 0] - targets)
        return values, slope[:, None]

    return loss


def squared(error: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """error ** 2 / 2."""
    return error**2 / 2, error


# Within this distance of its kink a loss is a parabola: L-BFGS stalls at a corner.
_KINK = 1e-3


def absolute(error: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """|error|."""
    near = np.abs(error) < _KINK
    values = np.where(near, error**2 / (2 * _KINK) + _KINK / 2, np.abs(error))
    return values, np.where(near, error / _KINK, np.sign(error))


def insensitive(shape: Shape, epsilon: float) -> Shape:
    """Another shape, where errors up to epsilon cost nothing."""

    def shaped(error: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return shape(np.sign(error) * np.maximum(0, np.abs(error) - epsilon))

    return shaped


def quantile(level: float) -> Shape:
    """The pinball loss, whose minimum is the quantile `level` of the targets."""

    def shaped(error: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        values, slope = absolute(error)
        return values / 2 + (0.5 - level) * error, slope / 2 + 0.5 - level

    return shaped


def huber(delta: float) -> Shape:
    """Squared up to `delta`, absolute beyond."""

    def shaped(error: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        inside = np.abs(error) <= delta
        values = np.where(inside, error**2 / 2, delta * (np.abs(error) - delta / 2))
        return values, np.clip(error, -delta, delta)

    return shaped


@dataclass(frozen=True, slots=True)
class Penalty:
    """The regularization of weights: L1 and L2, and L2 of the bias."""

    l1: float = 0.0
    l2: float = 0.0
    bias_l2: float = 0.0


def minimize_loss(
    table: np.ndarray,
    loss: Loss,
    outputs: int,
    *,
    row_weights: np.ndarray | None = None,
    penalty: Penalty = Penalty(),
    use_bias: bool = True,
    start: tuple[np.ndarray, np.ndarray] | None = None,
    iterations: int = 1000,
    progress: Progress | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """The weights (features x outputs) and biases that minimise the mean loss, by L-BFGS.

    With an L1 penalty every weight is the difference of two that are not negative, which keeps
    the objective smooth. `progress` hears of each iteration's number, weights and biases.
    """
    from scipy.optimize import minimize

    rows, features = table.shape
    shares = np.full(rows, 1 / rows) if row_weights is None else row_weights / row_weights.sum()
    size, split = features * outputs, penalty.l1 > 0

    def unpack(point: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        flat = point[:size] - point[size : 2 * size] if split else point[:size]
        return flat.reshape(features, outputs), point[-outputs:] * use_bias

    def objective(point: np.ndarray) -> tuple[float, np.ndarray]:
        weights, bias = unpack(point)
        values, slope = loss(table @ weights + bias)
        slope = slope * shares[:, None]
        value = shares @ values + penalty.l2 / 2 * (weights**2).sum()
        value += penalty.bias_l2 / 2 * (bias**2).sum()
        of_weights = (table.T @ slope + penalty.l2 * weights).ravel()
        of_bias = (slope.sum(0) + penalty.bias_l2 * bias) * use_bias
        if not split:
            return float(value), np.concatenate([of_weights, of_bias])
        value += penalty.l1 * point[: 2 * size].sum()
        parts = [of_weights + penalty.l1, penalty.l1 - of_weights, of_bias]
        return float(value), np.concatenate(parts)

    weights, bias = start or (np.zeros((features, outputs)), np.zeros(outputs))
    flat = weights.ravel()
    first = [np.maximum(flat, 0), np.maximum(-flat, 0), bias] if split else [flat, bias]
    done = 0

    def after(point: np.ndarray) -> None:
        nonlocal done
        done += 1
        if progress is not None:
            progress(done, *unpack(point))

    found = minimize(
        objective,
        np.concatenate(first),
        jac=True,
        method="L-BFGS-B",
        bounds=[(0, None)] * (2 * size) + [(None, None)] * outputs if split else None,
        callback=after,
        options={"maxiter": iterations},
    )
    return unpack(found.x)


def sigmoid(scores: np.ndarray) -> np.ndarray:
    """1 / (1 + exp(-score)), without overflow."""
    exponent = np.exp(-np.abs(scores))
    positive: np.ndarray = np.where(scores >= 0, 1, exponent) / (1 + exponent)
    return positive


def softmax(scores: np.ndarray) -> np.ndarray:
    """Probabilities of each row's classes."""
    exponents = np.exp(scores - scores.max(1, keepdims=True))
    probabilities: np.ndarray = exponents / exponents.sum(1, keepdims=True)
    return probabilities
