"""The hyperparameters of the built-in XGBoost algorithm: one row each, with type and range.

The rows are those of the algorithm's container
(aws/sagemaker-xgboost-container, algorithm_mode/hyperparameter_validation.py) and of
https://docs.aws.amazon.com/sagemaker/latest/dg/xgboost_hyperparameters.html. SageMaker
hands every value over as text. Newer containers refuse a name they do not know.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

from rehearsal.containers.contract.files import CustomerError
from rehearsal.containers.contract.hyperparameters import (
    NotAllowed,
    Range,
    Rule,
    choice,
    integer,
    real,
    words,
)
from rehearsal.containers.xgboost.metrics import COMPUTED

# Metrics xgboost itself computes.
METRICS = {
    "aft-nloglik",
    "auc",
    "aucpr",
    "cox-nloglik",
    "error",
    "gamma-deviance",
    "gamma-nloglik",
    "interval-regression-accuracy",
    "logloss",
    "mae",
    "map",
    "mape",
    "merror",
    "mlogloss",
    "mphe",
    "ndcg",
    "poisson-nloglik",
    "rmse",
    "rmsle",
    "tweedie-nloglik",
}

RULES: Mapping[str, Rule] = {
    "num_round": integer(1),
    "csv_weights": integer(0, 1),
    "early_stopping_rounds": integer(1),
    "booster": choice("gbtree", "gblinear", "dart"),
    "verbosity": integer(0, 3),
    "nthread": integer(1),
    "eta": real(0, 1),
    "gamma": real(0),
    "max_depth": integer(0),
    "min_child_weight": real(0),
    "max_delta_step": real(0),
    "subsample": real(0, 1, open_low=True),
    "colsample_bytree": real(0, 1, open_low=True),
    "colsample_bylevel": real(0, 1, open_low=True),
    "colsample_bynode": real(0, 1, open_low=True),
    "lambda": real(0),
    "alpha": real(0),
    "tree_method": choice("auto", "exact", "approx", "hist", "gpu_hist"),
    "sketch_eps": real(0, 1, open_low=True, open_high=True),
    "scale_pos_weight": real(0, open_low=True),
    "updater": Rule(str),
    "dsplit": choice("row", "col"),
    "refresh_leaf": integer(0, 1),
    "process_type": choice("default", "update"),
    "grow_policy": choice("depthwise", "lossguide"),
    "max_leaves": integer(0),
    "max_bin": integer(0),
    "predictor": choice("auto", "cpu_predictor", "gpu_predictor"),
    "monotone_constraints": Rule(ast.literal_eval),
    "interaction_constraints": Rule(ast.literal_eval),
    "sample_type": choice("uniform", "weighted"),
    "normalize_type": choice("tree", "forest"),
    "rate_drop": real(0, 1),
    "one_drop": integer(0, 1),
    "skip_drop": real(0, 1),
    "lambda_bias": real(0, 1),
    "tweedie_variance_power": real(1, 2, open_low=True, open_high=True),
    "objective": choice(
        "binary:hinge",
        "binary:logistic",
        "binary:logitraw",
        "count:poisson",
        "multi:softmax",
        "multi:softprob",
        "rank:map",
        "rank:ndcg",
        "rank:pairwise",
        "reg:gamma",
        "reg:linear",
        "reg:logistic",
        "reg:pseudohubererror",
        "reg:squarederror",
        "reg:squaredlogerror",
        "reg:tweedie",
        "survival:aft",
        "survival:cox",
    ),
    "num_class": integer(2),
    "base_score": real(0),
    "eval_metric": Rule(words),
    "_tuning_objective_metric": Rule(str),
    "seed": integer(-(2**31), 2**31 - 1),
    "num_parallel_tree": integer(1),
    "save_model_on_termination": choice("true", "false"),
    "aft_loss_distribution": choice("normal", "logistic", "extreme"),
    "aft_loss_distribution_scale": real(0),
    "single_precision_histogram": choice("true", "false"),
    "deterministic_histogram": choice("true", "false"),
    "sampling_method": choice("uniform", "gradient_based"),
    "prob_buffer_row": integer(2),
}
ALIASES = {
    "learning_rate": "eta",
    "min_split_loss": "gamma",
    "reg_lambda": "lambda",
    "reg_alpha": "alpha",
}
# Known to the real container and not to this program: said plainly, never ignored.
NOT_HERE = {
    "_kfold": "k-fold cross validation",
    "_num_cv_round": "k-fold cross validation",
}


def validate(texts: Mapping[str, str]) -> dict[str, Any]:
    """Turn a job's hyperparameters, all of them text, into values xgboost understands.

    Raises:
        CustomerError: one is unknown, missing, not of its type or out of its range.
    """
    named = {ALIASES.get(name, name): text for name, text in texts.items()}
    if "num_round" not in named:
        raise CustomerError("Missing required hyperparameter: num_round")
    values = {name: _read(name, str(text)) for name, text in named.items()}
    _check_classes(values)
    _check_constraints(values)
    _check_metrics(values)
    return values


def _read(name: str, text: str) -> Any:
    if name in NOT_HERE:
        raise CustomerError(f"Hyperparameter {name}: {NOT_HERE[name]} does not run locally")
    rule = RULES.get(name)
    if rule is None:
        raise CustomerError(f"Extraneous hyperparameter found: {name}")
    try:
        return rule.read(text)
    except NotAllowed:
        raise CustomerError(
            f"Hyperparameter {name}: {text} is not in {_shown(rule.allowed)}"
        ) from None
    except ValueError:
        raise CustomerError(f"Hyperparameter {name}: could not parse value {text!r}") from None


def _shown(allowed: Range | tuple[str, ...] | None) -> str:
    return ", ".join(allowed) if isinstance(allowed, tuple) else str(allowed)


def _check_classes(values: Mapping[str, Any]) -> None:
    objective = values.get("objective", "")
    if objective in ("multi:softmax", "multi:softprob") and "num_class" not in values:
        raise CustomerError("Require input for parameter 'num_class' for multi-classification")
    if not objective and "num_class" in values:
        raise CustomerError(
            "Do not need to setup parameter 'num_class' for learning task other than "
            "multi-classification."
        )


def _check_constraints(values: Mapping[str, Any]) -> None:
    needed = {
        "monotone_constraints": ("exact", "hist"),
        "interaction_constraints": ("exact", "hist", "approx"),
    }
    for name, methods in needed.items():
        if name in values and values.get("tree_method") not in methods:
            raise CustomerError(f"{name} can be used only with tree_method {' or '.join(methods)}")


def _check_metrics(values: Mapping[str, Any]) -> None:
    tuned = str(values.get("_tuning_objective_metric", "")).split(":")[-1]
    for metric in [*values.get("eval_metric", []), *([tuned] if tuned else [])]:
        name, at, threshold = metric.partition("@")
        if name not in METRICS | COMPUTED.keys() or (at and name not in ("error", "ndcg", "map")):
            raise CustomerError(f"Metric '{metric}' is not supported")
        if at and not _is_number(threshold):
            raise CustomerError(f"Threshold value 't' in '{name}@t' expects float input.")
    objective = str(values.get("objective", "reg:squarederror"))
    ranked = objective.startswith(("binary:", "rank:"))
    if "auc" in values.get("eval_metric", []) and not ranked:
        raise CustomerError(
            "Metric 'auc' can only be applied for classification and ranking problems."
        )


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
