"""The hyperparameters of linear learner
(https://docs.aws.amazon.com/sagemaker/latest/dg/ll_hyperparameters.html)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rehearsal.containers.contract.files import CustomerError
from rehearsal.containers.contract.hyperparameters import (
    AUTO,
    Rule,
    boolean,
    choice,
    integer,
    positive,
    real,
    validate,
)

BINARY, MULTICLASS, REGRESSOR = "binary_classifier", "multiclass_classifier", "regressor"
# The losses of each predictor type, the one that auto stands for first.
LOSSES = {
    BINARY: ("logistic", "hinge_loss"),
    MULTICLASS: ("softmax_loss", "hinge_loss"),
    REGRESSOR: (
        "squared_loss",
        "absolute_loss",
        "eps_insensitive_squared_loss",
        "eps_insensitive_absolute_loss",
        "quantile_loss",
        "huber_loss",
    ),
}
_ALL_LOSSES = tuple(sorted({loss for losses in LOSSES.values() for loss in losses}))


def _weight(text: str) -> float | str:
    if text == "balanced":
        return text
    weight = float(text)
    if weight <= 0:
        raise ValueError(text)
    return weight


def _positive_real(**options: Any) -> Rule:
    return real(0, open_low=True, **options)


_AUTO: dict[str, Any] = {"automatic": True, "default": AUTO}

RULES: Mapping[str, Rule] = {
    "predictor_type": choice(BINARY, MULTICLASS, REGRESSOR, required=True),
    "feature_dim": positive(**_AUTO),
    "num_classes": integer(3, 1_000_000),
    "accuracy_top_k": positive(default=3),
    "balance_multiclass_weights": boolean(default=False),
    "beta_1": real(0, 1, **_AUTO),
    "beta_2": real(0, 1, **_AUTO),
    "bias_lr_mult": _positive_real(**_AUTO),
    "bias_wd_mult": real(0, **_AUTO),
    "binary_classifier_model_selection_criteria": choice(
        "accuracy",
        "f1",
        "f_beta",
        "precision_at_target_recall",
        "recall_at_target_precision",
        "loss_function",
        default="accuracy",
    ),
    "early_stopping_patience": positive(default=3),
    "early_stopping_tolerance": _positive_real(default=0.001),
    "epochs": positive(default=15),
    "f_beta": _positive_real(default=1.0),
    "huber_delta": _positive_real(default=1.0),
    "init_bias": real(-float("inf"), default=0.0),
    "init_method": choice("uniform", "normal", default="uniform"),
    "init_scale": _positive_real(default=0.07),
    "init_sigma": _positive_real(default=0.01),
    "l1": real(0, **_AUTO),
    "learning_rate": _positive_real(**_AUTO),
    "loss": choice(*_ALL_LOSSES, **_AUTO),
    "loss_insensitivity": _positive_real(default=0.01),
    "lr_scheduler_factor": real(0, 1, open_low=True, open_high=True, **_AUTO),
    "lr_scheduler_minimum_lr": _positive_real(**_AUTO),
    "lr_scheduler_step": positive(**_AUTO),
    "margin": _positive_real(default=1.0),
    "mini_batch_size": positive(default=1000),
    "momentum": real(0, 1, open_high=True, **_AUTO),
    "normalize_data": boolean(automatic=True, default=True),
    "normalize_label": boolean(**_AUTO),
    "num_calibration_samples": positive(**_AUTO),
    "num_models": positive(**_AUTO),
    "num_point_for_scaler": positive(default=10_000),
    "optimizer": choice("sgd", "adam", "rmsprop", **_AUTO),
    "positive_example_weight_mult": Rule(_weight, automatic=True, default=1.0),
    "quantile": real(0, 1, open_low=True, open_high=True, default=0.5),
    "target_precision": real(0, 1, default=0.8),
    "target_recall": real(0, 1, default=0.8),
    "unbias_data": boolean(**_AUTO),
    "unbias_label": boolean(**_AUTO),
    "use_bias": boolean(default=True),
    "use_lr_scheduler": boolean(default=True),
    "wd": real(0, **_AUTO),
}


def read_settings(texts: Mapping[str, str]) -> dict[str, Any]:
    """The values of a job's hyperparameters, `loss` being one of its predictor type.

    Raises:
        CustomerError: one is wrong by itself, or does not go with the predictor type.
    """
    settings = validate(texts, RULES)
    kind = settings["predictor_type"]
    if kind == MULTICLASS and settings["num_classes"] is None:
        raise CustomerError(
            "No value(s) were specified for 'num_classes' which are required hyperparameter(s) "
            "when 'predictor_type' is 'multiclass_classifier' (caused by ValidationError)"
        )
    if settings["loss"] == AUTO:
        settings["loss"] = LOSSES[kind][0]
    if settings["loss"] not in LOSSES[kind]:
        raise CustomerError(
            f"The value {settings['loss']!r} is not valid for the 'loss' hyperparameter which "
            f"expects one of {', '.join(LOSSES[kind])} when 'predictor_type' is {kind!r} "
            "(caused by ValidationError)"
        )
    return settings
