"""The threshold above which a binary classifier's score means 1."""

from __future__ import annotations

import numpy as np


def choose_threshold(
    scores: np.ndarray,
    labels: np.ndarray,
    criterion: str,
    *,
    neutral: float,
    beta: float = 1.0,
    target_precision: float = 0.8,
    target_recall: float = 0.8,
) -> float:
    """The threshold that is best by binary_classifier_model_selection_criteria.

    `neutral` is that of the loss itself: 0.5 for probabilities, 0 for margins. It is kept when
    the criterion is the loss, when nothing reaches the target, and when it is as good as any.
    """
    if criterion == "loss_function":
        return neutral
    order = np.argsort(-scores, kind="stable")
    ordered = scores[order]
    hits = np.cumsum(labels[order] == 1)
    predicted = np.arange(1, len(scores) + 1)
    # Between two different scores; equal ones cannot be told apart.
    cuts = np.flatnonzero(np.append(ordered[1:] != ordered[:-1], True))
    positives = hits[-1]
    precision = hits[cuts] / predicted[cuts]
    recall = hits[cuts] / max(positives, 1)
    misses = predicted[cuts] - hits[cuts]
    accuracy = (hits[cuts] + len(scores) - positives - misses) / len(scores)
    below = np.append(ordered[1:], ordered[-1])[cuts]
    thresholds = np.where(cuts == len(scores) - 1, ordered[cuts], (ordered[cuts] + below) / 2)

    if criterion == "precision_at_target_recall":
        quality = np.where(recall >= target_recall, precision, -1.0)
    elif criterion == "recall_at_target_precision":
        quality = np.where(precision >= target_precision, recall, -1.0)
    elif criterion in ("f1", "f_beta"):
        square = 1.0 if criterion == "f1" else beta**2
        sums = square * precision + recall
        quality = np.divide(
            (1 + square) * precision * recall, sums, out=np.zeros(len(sums)), where=sums > 0
        )
    else:
        quality = accuracy
    if quality.max() < 0:
        return neutral
    best = thresholds[quality == quality.max()]
    # Of equally good ones, the one nearest to the neutral one leaves the most room.
    return float(best[np.abs(best - neutral).argmin()])
