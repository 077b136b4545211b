"""XGBoost's hyperparameters, in the words of its container."""

from __future__ import annotations

import pytest

from rehearsal.containers.contract.files import CustomerError
from rehearsal.containers.xgboost.hyperparameters import validate


def test_texts_become_what_xgboost_understands() -> None:
    values = validate(
        {
            "num_round": "10",
            "learning_rate": "0.2",
            "objective": "binary:logistic",
            "eval_metric": "auc, error@0.7,accuracy",
            "tree_method": "hist",
            "monotone_constraints": "(1, -1)",
        }
    )

    assert values == {
        "num_round": 10,
        "eta": 0.2,
        "objective": "binary:logistic",
        "eval_metric": ["auc", "error@0.7", "accuracy"],
        "tree_method": "hist",
        "monotone_constraints": (1, -1),
    }


@pytest.mark.parametrize(
    ("texts", "reason"),
    [
        ({}, "Missing required hyperparameter: num_round"),
        ({"num_round": "1", "silent": "1"}, "Extraneous hyperparameter found: silent"),
        ({"num_round": "0"}, "Hyperparameter num_round: 0 is not in [1, inf]"),
        ({"num_round": "1", "eta": "2"}, "Hyperparameter eta: 2 is not in [0, 1]"),
        ({"num_round": "1", "booster": "tree"}, "tree is not in gbtree, gblinear, dart"),
        ({"num_round": "1", "num_class": "3"}, "Do not need to setup parameter 'num_class'"),
        ({"num_round": "1", "eval_metric": "error@x"}, "expects float input"),
        ({"num_round": "1", "eval_metric": "rmse@1"}, "Metric 'rmse@1' is not supported"),
        ({"num_round": "1", "eval_metric": "auc"}, "Metric 'auc' can only be applied"),
        (
            {"num_round": "1", "monotone_constraints": "(1,)"},
            "monotone_constraints can be used only with tree_method exact or hist",
        ),
    ],
)
def test_a_wrong_one_says_why(texts: dict[str, str], reason: str) -> None:
    with pytest.raises(CustomerError) as raised:
        validate(texts)

    assert reason in str(raised.value)
