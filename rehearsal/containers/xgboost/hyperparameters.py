"""The hyperparameters of the built-in XGBoost algorithm: one row each, with type and range.

The rows are those of the algorithm's container
(aws/sagemaker-xgboost-container, algorithm_mode/hyperparameter_validation.py) and of
https://docs.aws.amazon.com/sagemaker/latest/dg/xgboost_hyperparameters.html. SageMaker
hands every value over as text. Newer containers refuse a name they do not know.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import inf
from typing import Any

from rehearsal.containers.contract.files import CustomerError


@dataclass(frozen=True, slots=True)
class Range:
    """Numbers from `low` to `high`; an open end excludes its number."""

    low: float = -inf
    high: float = inf
    open_low: bool = False
    open_high: bool = False

    def __contains__(self, value: float) -> bool:
        above = value > self.low if self.open_low else value >= self.low
        below = value < self.high if self.open_high else value <= self.high
        return above and below

    def __str__(self) -> str:
        left, right = "(" if self.open_low else "[", ")" if self.open_high else "]"
        return f"{left}{self.low:g}, {self.high:g}{right}"


@dataclass(frozen=True, slots=True)
class Rule:
    """How one hyperparameter is read from its text, and the values it may have."""

    parse: Callable[[str], Any]
    allowed: Range | tuple[str, ...] | None = None


def _integer(low: int, high: float = inf) -> Rule:
    return Rule(int, Range(low, high))


def _real(
    low: float, high: float = inf, *, open_low: bool = False, open_high: bool = False
) -> Rule:
    return Rule(float, Range(low, high, open_low, open_high))


def _choice(*values: str) -> Rule:
    return Rule(str, values)


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",")]


# Metrics xgboost itself computes. The container adds some from scikit-learn (accuracy, f1,
# r2, ...), which are refused here with a reason of their own: see _check_metrics.
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
SKLEARN_METRICS = {
    "accuracy",
    "balanced_accuracy",
    "f1",
    "f1_binary",
    "f1_macro",
    "mse",
    "precision",
    "precision_macro",
    "precision_micro",
    "r2",
    "recall",
    "recall_macro",
    "recall_micro",
}

RULES: Mapping[str, Rule] = {
    "num_round": _integer(1),
    "csv_weights": _integer(0, 1),
    "early_stopping_rounds": _integer(1),
    "booster": _choice("gbtree", "gblinear", "dart"),
    "verbosity": _integer(0, 3),
    "nthread": _integer(1),
    "eta": _real(0, 1),
    "gamma": _real(0),
    "max_depth": _integer(0),
    "min_child_weight": _real(0),
    "max_delta_step": _real(0),
    "subsample": _real(0, 1, open_low=True),
    "colsample_bytree": _real(0, 1, open_low=True),
    "colsample_bylevel": _real(0, 1, open_low=True),
    "colsample_bynode": _real(0, 1, open_low=True),
    "lambda": _real(0),
    "alpha": _real(0),
    "tree_method": _choice("auto", "exact", "approx", "hist", "gpu_hist"),
    "sketch_eps": _real(0, 1, open_low=True, open_high=True),
    "scale_pos_weight": _real(0, open_low=True),
    "updater": Rule(str),
    "dsplit": _choice("row", "col"),
    "refresh_leaf": _integer(0, 1),
    "process_type": _choice("default", "update"),
    "grow_policy": _choice("depthwise", "lossguide"),
    "max_leaves": _integer(0),
    "max_bin": _integer(0),
    "predictor": _choice("auto", "cpu_predictor", "gpu_predictor"),
    "monotone_constraints": Rule(ast.literal_eval),
    "interaction_constraints": Rule(ast.literal_eval),
    "sample_type": _choice("uniform", "weighted"),
    "normalize_type": _choice("tree", "forest"),
    "rate_drop": _real(0, 1),
    "one_drop": _integer(0, 1),
    "skip_drop": _real(0, 1),
    "lambda_bias": _real(0, 1),
    "tweedie_variance_power": _real(1, 2, open_low=True, open_high=True),
    "objective": _choice(
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
    "num_class": _integer(2),
    "base_score": _real(0),
    "eval_metric": Rule(_words),
    "_tuning_objective_metric": Rule(str),
    "seed": _integer(-(2**31), 2**31 - 1),
    "num_parallel_tree": _integer(1),
    "save_model_on_termination": _choice("true", "false"),
    "aft_loss_distribution": _choice("normal", "logistic", "extreme"),
    "aft_loss_distribution_scale": _real(0),
    "single_precision_histogram": _choice("true", "false"),
    "deterministic_histogram": _choice("true", "false"),
    "sampling_method": _choice("uniform", "gradient_based"),
    "prob_buffer_row": _integer(2),
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
        value = rule.parse(text)
    except (ValueError, SyntaxError):
        raise CustomerError(f"Hyperparameter {name}: could not parse value {text!r}") from None
    if rule.allowed is not None and value not in rule.allowed:
        raise CustomerError(f"Hyperparameter {name}: {text} is not in {_shown(rule.allowed)}")
    return value


def _shown(allowed: Range | tuple[str, ...]) -> str:
    return str(allowed) if isinstance(allowed, Range) else ", ".join(allowed)


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
        if name in SKLEARN_METRICS:
            raise CustomerError(f"Metric '{metric}' is not computed locally; use one of xgboost's")
        if name not in METRICS or (at and name not in ("error", "ndcg", "map")):
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
