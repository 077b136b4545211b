"""How labs are shown."""

from __future__ import annotations

import pytest

from modules.declarations import Expected, Need
from workshop.cli.lab_views import figure, needs_in_words


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"metric": "rmse", "value": 1.23456}, "rmse 1.235"),
        (Expected("accuracy", at_least=0.9).as_json(), "accuracy >= 0.9"),
        (Expected("rmse", at_most=2.0).as_json(), "rmse <= 2"),
        (None, "-"),
    ],
)
def test_a_figure_is_shown_with_its_metric(value: object, text: str) -> None:
    assert figure(value) == text


def test_needs_are_told_in_words_and_none_as_none() -> None:
    needs = [Need("training", "ml.m5.xlarge", 2), Need("endpoint", "ml.m5.large", 1)]

    assert needs_in_words(needs) == "training 2 x ml.m5.xlarge, endpoint 1 x ml.m5.large"
    assert needs_in_words([]) == "none"
