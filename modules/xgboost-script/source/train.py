#!/usr/bin/env python3
"""Train XGBoost in rounds, with checkpoints, in SageMaker and outside of it.

Prints the losses of each round in one line, which the job's metric definitions find:

    round=3 train-mlogloss=0.41235 validation-mlogloss=0.45678

When there is a checkpoint, training goes on where it ended: SageMaker brings /opt/ml/checkpoints
back when it starts a job again, for example on a spot instance that was taken away.

    python train.py --train train --validation validation --model-dir model
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
from pathlib import Path

import numpy
import xgboost

MODEL = "model.json"
LOSS = "mlogloss"
_CHECKPOINT = re.compile(r"round-(\d+)\.json")
_HERE = Path(__file__).resolve().parent


class ReportRound(xgboost.callback.TrainingCallback):
    """Prints the losses of every round in a line of their own."""

    def __init__(self, done):
        super().__init__()
        self._done = done

    def after_iteration(self, model, epoch, evals_log):
        """Called by XGBoost; False lets it go on."""
        losses = [f"{name}-{LOSS}={evals_log[name][LOSS][-1]:.5f}" for name in evals_log]
        print(f"round={self._done + epoch + 1}", *losses, flush=True)
        return False


class KeepCheckpoint(xgboost.callback.TrainingCallback):
    """Writes the model every few rounds, each into a file of its own."""

    def __init__(self, folder, every, done):
        super().__init__()
        self._folder = Path(folder)
        self._every = every
        self._done = done

    def after_iteration(self, model, epoch, evals_log):
        """Called by XGBoost; False lets it go on."""
        rounds = self._done + epoch + 1
        if rounds % self._every == 0:
            # SageMaker copies the folder at any time: a file is there as a whole or not at all.
            written = self._folder / f".{rounds}.json"
            model.save_model(str(written))
            written.rename(self._folder / f"round-{rounds}.json")
        return False


def latest_checkpoint(folder):
    """The last checkpoint and how many rounds it holds; (None, 0) where there is none."""
    found = [
        (int(match.group(1)), path)
        for path in Path(folder).glob("round-*.json")
        for match in [_CHECKPOINT.fullmatch(path.name)]
        if match
    ]
    if not found:
        return None, 0
    rounds, path = max(found)
    return path, rounds


def read_matrix(folder):
    """The rows of all CSV files of a folder; the first column is the class.

    Raises:
        SystemExit: the folder has no CSV file.
    """
    files = sorted(Path(folder).glob("*.csv"))
    if not files:
        raise SystemExit(f"no .csv in {folder}")
    table = numpy.concatenate([numpy.loadtxt(file, delimiter=",", ndmin=2) for file in files])
    return xgboost.DMatrix(table[:, 1:], label=table[:, 0])


def train(training, validation, options):
    """The trained booster, of `options.num_round` rounds in all.

    Rounds that an earlier run has done, and kept as a checkpoint, are not done again.
    """
    folder = Path(options.checkpoint_dir)
    folder.mkdir(parents=True, exist_ok=True)
    checkpoint, done = latest_checkpoint(folder)
    if checkpoint:
        print(f"going on after round {done}, from {checkpoint.name}")
    if done >= options.num_round:
        return xgboost.Booster(model_file=str(checkpoint))
    return xgboost.train(
        {
            "objective": "multi:softprob",
            "num_class": options.num_class,
            "eval_metric": LOSS,
            "max_depth": options.max_depth,
            "eta": options.eta,
            "seed": options.seed,
        },
        training,
        num_boost_round=options.num_round - done,
        evals=[(training, "train"), (validation, "validation")],
        xgb_model=str(checkpoint) if checkpoint else None,
        callbacks=[ReportRound(done), KeepCheckpoint(folder, options.checkpoint_every, done)],
        verbose_eval=False,
    )


def save(booster, model_dir):
    """Write the model, and beside it the script that serves it."""
    code = Path(model_dir) / "code"
    code.mkdir(parents=True, exist_ok=True)
    booster.save_model(str(Path(model_dir) / MODEL))
    shutil.copy(_HERE / "inference.py", code / "inference.py")


def parse_options(arguments=None):
    """What the command line says; None stands for this process's own."""
    in_job = "SM_MODEL_DIR" in os.environ
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--num-round", type=int, default=40, help="rounds in all (%(default)s)")
    parser.add_argument("--num-class", type=int, default=3, help="classes (%(default)s)")
    parser.add_argument("--max-depth", type=int, default=3, help="of a tree (%(default)s)")
    parser.add_argument("--eta", type=float, default=0.3, help="learning rate (%(default)s)")
    parser.add_argument("--seed", type=int, default=7, help="of the chance (%(default)s)")
    parser.add_argument(
        "--checkpoint-every", type=int, default=10, help="rounds between two (%(default)s)"
    )
    folders = {
        "--train": os.environ.get("SM_CHANNEL_TRAIN", "train"),
        "--validation": os.environ.get("SM_CHANNEL_VALIDATION", "validation"),
        "--model-dir": os.environ.get("SM_MODEL_DIR", "model"),
        "--checkpoint-dir": "/opt/ml/checkpoints" if in_job else "checkpoints",
    }
    for option, folder in folders.items():
        parser.add_argument(option, default=folder, help="a folder (%(default)s)")
    return parser.parse_args(arguments)


def main():
    """Train with what the command line says."""
    options = parse_options()
    training, validation = read_matrix(options.train), read_matrix(options.validation)
    booster = train(training, validation, options)
    save(booster, options.model_dir)
    print(f"rounds={booster.num_boosted_rounds()} in {Path(options.model_dir) / MODEL}")


if __name__ == "__main__":
    main()
