"""Train built-in XGBoost under the container contract, as the algorithm's image does.

Reads input/config/{hyperparameters,inputdataconfig}.json and input/data/<channel>/, logs to
stdout, writes model/xgboost-model. On failure it writes output/failure and leaves with 1.
"""

from __future__ import annotations

import re
import signal
from pathlib import Path
from typing import Any

from rehearsal.containers.contract import training
from rehearsal.containers.contract.files import CustomerError, log, read_config
from rehearsal.containers.xgboost import hyperparameters
from rehearsal.containers.xgboost.data import content_format, read_channel
from rehearsal.containers.xgboost.lean import xgboost
from rehearsal.containers.xgboost.metrics import COMPUTED, MAXIMIZED, computed_metrics
from rehearsal.containers.xgboost.versions import describe

# File name of the built-in container (algorithm_mode/train.py in
# aws/sagemaker-xgboost-container); since 1.3-1 in XGBoost's own format, before a pickle.
MODEL_FILE = "xgboost-model"
CHANNELS = ("train", "validation")
# Read by the container itself, or gone from today's xgboost.
NOT_XGBOOST = {
    "num_round",
    "csv_weights",
    "early_stopping_rounds",
    "save_model_on_termination",
    "_tuning_objective_metric",
    "dsplit",
    "sketch_eps",
    "predictor",
    "lambda_bias",
    "prob_buffer_row",
    "single_precision_histogram",
    "deterministic_histogram",
}
# What xgboost 3.2 says of wrong labels and parameters. The container has a list of the same kind
# (CUSTOMER_ERRORS in constants/xgb_constants.py) in the words of the version it ships.
CUSTOMER_ERRORS = (
    "label must be",
    "base_score must be in (0,1)",
    "the dataset only contains pos or neg samples",
    "Parameter reg_lambda should be greater equal to 0",
    "Invalid Input",
)


class StopWhenTold(xgboost.callback.TrainingCallback):  # type: ignore[misc]
    """Ends training after the running round once SIGTERM has come (StopTrainingJob)."""

    def __init__(self) -> None:
        self.told = False
        signal.signal(signal.SIGTERM, self._hear)

    def _hear(self, *_: object) -> None:
        self.told = True

    def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
        """True ends the training."""
        return self.told


def main() -> int:
    """Train; the exit code says what SageMaker makes of the job."""
    return training.run(train)


def train(base: Path) -> None:
    """Read the configuration and the channels below `base`, and write the model there."""
    stop = StopWhenTold()
    log("INFO", describe())
    settings = hyperparameters.validate(read_config("hyperparameters"))
    evaluated = read_channels(base / "input" / "data", weighted=settings.get("csv_weights") == 1)
    for name, matrix in evaluated.items():
        log("INFO", f"{name} matrix has {matrix.num_row()} rows and {matrix.num_col()} columns")
    booster = boost(settings, evaluated, stop)
    if stop.told and settings.get("save_model_on_termination") != "true":
        log("INFO", "stopped before the end, no model is saved")
        return
    model = base / "model" / MODEL_FILE
    model.parent.mkdir(parents=True, exist_ok=True)
    # From a buffer: save_model() warns about a name without an extension.
    model.write_bytes(booster.save_raw("ubj"))
    log("INFO", f"stored trained model as {MODEL_FILE}")


def read_channels(folder: Path, *, weighted: bool) -> dict[str, xgboost.DMatrix]:
    """The matrices of the channels train (required) and validation."""
    config = read_config("inputdataconfig")
    if "train" not in config:
        raise CustomerError("Missing required channel: train")
    for name in config:
        if name not in CHANNELS:
            raise CustomerError(f"Extraneous channel found: {name}")
    for name in config:
        if config[name].get("TrainingInputMode") == "Pipe":
            raise CustomerError(f"Channel {name}: Pipe mode does not run locally, use File")
    # One content type for both: the container takes the train channel's.
    data_format = content_format(config["train"].get("ContentType"), default="text/libsvm")
    return {
        name: read_channel(folder / name, data_format, weighted=weighted and name == "train")
        for name in CHANNELS
        if name in config
    }


def boost(
    settings: dict[str, Any], evaluated: dict[str, xgboost.DMatrix], stop: StopWhenTold
) -> xgboost.Booster:
    """Run the rounds, a line with every metric for each."""
    parameters = {name: value for name, value in settings.items() if name not in NOT_XGBOOST}
    metrics = list(parameters.pop("eval_metric", []))
    tuned = settings.get("_tuning_objective_metric", "").split(":")[-1]
    if tuned and tuned not in metrics:
        metrics.append(tuned)
    if native := [metric for metric in metrics if metric not in COMPUTED]:
        parameters["eval_metric"] = native
    elif metrics:
        parameters["disable_default_eval_metric"] = 1
    try:
        return xgboost.train(
            parameters,
            evaluated["train"],
            num_boost_round=settings["num_round"],
            evals=[(matrix, name) for name, matrix in evaluated.items()],
            custom_metric=computed_metrics([m for m in metrics if m in COMPUTED]),
            # The monitor first: the callback that ends the training is the last one called.
            callbacks=[
                xgboost.callback.EvaluationMonitor(),
                stop,
                *early_stopping(settings.get("early_stopping_rounds"), metrics),
            ],
            verbose_eval=False,
        )
    except xgboost.core.XGBoostError as error:
        # Without time stamp, source line and stack trace:
        # "[00:56:24] /src/x.cu:64: Check failed: valid: label must be ...\nStack trace: ..."
        said = re.sub(r"^\[[\d:]+\] \S+:\d+: (Check failed: [^:]*: )?", "", str(error))
        reason = said.split("\nStack trace", 1)[0].strip()
        if any(known in reason for known in CUSTOMER_ERRORS):
            raise CustomerError(reason) from None
        raise RuntimeError(f"XGB train call failed with exception: {reason}") from None


def early_stopping(rounds: int | None, metrics: list[str]) -> list[Any]:
    """The callback that ends training when the last metric named has not improved."""
    if rounds is None:
        return []
    last = metrics[-1] if metrics else None
    maximize = last.partition("@")[0] in MAXIMIZED if last else None
    return [xgboost.callback.EarlyStopping(rounds, metric_name=last, maximize=maximize)]
