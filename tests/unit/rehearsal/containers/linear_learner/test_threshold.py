"""The threshold of a binary classifier, by each criterion."""

from __future__ import annotations

import numpy as np
import pytest

from rehearsal.containers.linear_learner.threshold import choose_threshold

SCORES = np.array([0.1, 0.2, 0.3, 0.35, 0.6, 0.7, 0.8, 0.9])
LABELS = np.array([0, 0, 1, 0, 0, 1, 1, 1])


def at(threshold: float) -> tuple[float, float, float]:
    """Precision, recall and accuracy."""
    predicted = threshold <= SCORES
    hits = (predicted & (LABELS == 1)).sum()
    return hits / predicted.sum(), hits / 4, float((predicted == LABELS).mean())


def test_accuracy_is_best_at_its_threshold() -> None:
    threshold = choose_threshold(SCORES, LABELS, "accuracy", neutral=0.5)

    assert 0.6 < threshold <= 0.7
    assert at(threshold)[2] == max(at(score)[2] for score in SCORES)


def test_the_loss_keeps_the_neutral_threshold() -> None:
    assert choose_threshold(SCORES, LABELS, "loss_function", neutral=0.5) == 0.5


@pytest.mark.parametrize("target", [0.5, 0.75, 1.0])
def test_precision_is_best_among_those_that_reach_the_recall(target: float) -> None:
    threshold = choose_threshold(
        SCORES, LABELS, "precision_at_target_recall", neutral=0.5, target_recall=target
    )

    precision, recall, _ = at(threshold)
    assert recall >= target
    assert precision == max(at(score)[0] for score in SCORES if at(score)[1] >= target)


def test_recall_is_best_among_those_that_reach_the_precision() -> None:
    threshold = choose_threshold(
        SCORES, LABELS, "recall_at_target_precision", neutral=0.5, target_precision=0.66
    )

    assert at(threshold)[0] >= 0.66
    assert at(threshold)[1] == 1.0 or 0.6 < threshold <= 0.7


def test_a_large_beta_prefers_recall_to_precision() -> None:
    careful = choose_threshold(SCORES, LABELS, "f_beta", neutral=0.5, beta=0.1)
    greedy = choose_threshold(SCORES, LABELS, "f_beta", neutral=0.5, beta=10)

    assert at(greedy)[1] > at(careful)[1]


def test_a_target_out_of_reach_keeps_the_neutral_threshold() -> None:
    scores, labels = np.array([0.2, 0.9]), np.array([1, 0])

    threshold = choose_threshold(
        scores, labels, "recall_at_target_precision", neutral=0.5, target_precision=0.9
    )

    assert threshold == 0.5
