"""The hyperparameters of image classification
(https://docs.aws.amazon.com/sagemaker/latest/dg/IC-Hyperparameter.html)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rehearsal.containers.contract.files import CustomerError
from rehearsal.containers.contract.hyperparameters import (
    Rule,
    choice,
    integer,
    positive,
    real,
    validate,
)

# Of large pictures, which are those of pretrained networks, and of small ones.
LAYERS = (18, 34, 50, 101, 152, 200)
SMALL_LAYERS = (20, 32, 44, 56, 110)


def _layers(text: str) -> int:
    layers = int(text)
    if layers not in LAYERS + SMALL_LAYERS:
        raise ValueError(text)
    return layers


def _shape(text: str) -> tuple[int, int, int]:
    channels, height, width = (int(part) for part in text.split(","))
    if channels not in (1, 3) or height < 1 or width < 1:
        raise ValueError(text)
    return channels, height, width


def _steps(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


RULES: Mapping[str, Rule] = {
    "num_classes": positive(required=True),
    "num_training_samples": positive(required=True),
    "augmentation_type": choice("crop", "crop_color", "crop_color_transform"),
    "beta_1": real(0, 1, default=0.9),
    "beta_2": real(0, 1, default=0.999),
    "checkpoint_frequency": positive(),
    "early_stopping": choice("True", "False", "true", "false", default="False"),
    "early_stopping_min_epochs": positive(default=10),
    "early_stopping_patience": positive(default=5),
    "early_stopping_tolerance": real(0, 1, default=0.0),
    "epochs": positive(default=30),
    "eps": real(0, 1, default=1e-8),
    "gamma": real(0, 1, default=0.9),
    "image_shape": Rule(_shape, default=(3, 224, 224)),
    "kv_store": choice("dist_sync", "dist_async"),
    "learning_rate": real(0, 1, default=0.1),
    "lr_scheduler_factor": real(0, 1, default=0.1),
    "lr_scheduler_step": Rule(_steps),
    "mini_batch_size": positive(default=32),
    "momentum": real(0, 1, default=0.9),
    "multi_label": integer(0, 1, default=0),
    "num_layers": Rule(_layers, default=152),
    "optimizer": choice("sgd", "adam", "rmsprop", "nag", default="sgd"),
    "precision_dtype": choice("float32", "float16", default="float32"),
    "resize": positive(),
    "top_k": integer(2),
    "use_pretrained_model": integer(0, 1, default=0),
    "use_weighted_loss": integer(0, 1, default=0),
    "weight_decay": real(0, 1, default=0.0001),
}


def read_settings(texts: Mapping[str, str]) -> dict[str, Any]:
    """The values of a job's hyperparameters.

    Raises:
        CustomerError: one is wrong by itself or does not go with the others.
    """
    settings = validate(texts, RULES)
    if settings["multi_label"]:
        raise CustomerError("multi_label does not run locally; one label per picture does")
    if settings["use_pretrained_model"] and settings["num_layers"] not in LAYERS:
        raise CustomerError(
            f"num_layers must be one of {', '.join(map(str, LAYERS))} when "
            "use_pretrained_model is 1"
        )
    if settings["mini_batch_size"] > settings["num_training_samples"]:
        raise CustomerError(
            f"mini_batch_size ({settings['mini_batch_size']}) must not be more than "
            f"num_training_samples ({settings['num_training_samples']})"
        )
    return settings
