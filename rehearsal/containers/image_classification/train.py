"""Train the picture classifier under the container contract of image classification."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from rehearsal.containers.contract import training
from rehearsal.containers.contract.files import CustomerError, log, read_config
from rehearsal.containers.contract.instances import check_channels
from rehearsal.containers.contract.losses import Penalty, minimize_loss, softmax, softmax_loss
from rehearsal.containers.contract.models import save_model
from rehearsal.containers.contract.scaling import fit_scaler
from rehearsal.containers.image_classification.hyperparameters import read_settings
from rehearsal.containers.image_classification.pictures import features_of, read_pictures

CHANNELS = ("train", "validation", "train_lst", "validation_lst")
# AWS's file is image-classification-0000.params, with a network beside it that is not here.
MODEL_FILE = "image-classification.npz"
# Iterations of L-BFGS that count as an epoch.
_ITERATIONS = 10
# Few pictures and many features: without it the weights grow until they fit every noise.
_DECAY = 0.01

Data = tuple[np.ndarray, np.ndarray]


def main() -> int:
    """Train; the exit code says what SageMaker makes of the job."""
    return training.run(train, customer_code=training.CUSTOMER_ERROR)


def train(base: Path) -> None:
    """Read the configuration and the channels below `base`, and write the model there."""
    settings = read_settings(read_config("hyperparameters"))
    channels = check_channels(CHANNELS)
    if "validation" not in channels:
        raise CustomerError("Channel validation is required")
    log("INFO", "a softmax regression on small pictures stands in for the ResNet")
    colours = settings["image_shape"][0]
    data = {}
    for name in ("train", "validation"):
        data[name] = _load(base / "input" / "data", name, channels, colours)
        labels = data[name][1]
        if labels.min() < 0 or labels.max() >= settings["num_classes"]:
            raise CustomerError(
                f"Channel {name!r} has label {labels.max()}, num_classes is "
                f"{settings['num_classes']}"
            )
    if len(data["train"][1]) != settings["num_training_samples"]:
        log(
            "WARNING",
            f"num_training_samples is {settings['num_training_samples']}, the channel has "
            f"{len(data['train'][1])} pictures",
        )
    scaler = fit_scaler(data["train"][0], shift=True, scale=True)
    scaled = {name: (scaler.apply(table), labels) for name, (table, labels) in data.items()}

    def report(iteration: int, weights: np.ndarray, bias: np.ndarray) -> None:
        if iteration % _ITERATIONS:
            return
        epoch = iteration // _ITERATIONS - 1
        for word, name in (("Train", "train"), ("Validation", "validation")):
            table, labels = scaled[name]
            accuracy = float(((table @ weights + bias).argmax(1) == labels).mean())
            log("INFO", f"Epoch[{epoch}] {word}-accuracy={accuracy:.6f}")

    weights, bias = minimize_loss(
        scaled["train"][0],
        softmax_loss(data["train"][1]),
        settings["num_classes"],
        penalty=Penalty(l2=_DECAY),
        iterations=settings["epochs"] * _ITERATIONS,
        progress=report,
    )
    final = softmax(scaled["validation"][0] @ weights + bias).argmax(1)
    accuracy = float((final == data["validation"][1]).mean())
    log("INFO", f"Epoch[{settings['epochs']}] Validation-accuracy={accuracy:.6f}")
    unscaled = weights / scaler.deviation[:, None]
    save_model(
        base / "model",
        MODEL_FILE,
        weights=unscaled,
        bias=bias - scaler.mean @ unscaled,
        colours=colours,
    )


def _load(folder: Path, name: str, channels: dict[str, dict[str, str]], colours: int) -> Data:
    pictures = read_pictures(folder, name, channels)
    if not pictures:
        raise CustomerError(f"Channel {name!r} has no pictures")
    try:
        table = features_of([it.picture for it in pictures], colours=colours)
    except ValueError as error:
        raise CustomerError(f"Channel {name!r}: {error}") from None
    log("INFO", f"{name} has {len(pictures)} pictures")
    return table, np.array([it.label for it in pictures])
