"""Train a decision tree under SageMaker's container contract.

Below /opt/ml a training job finds its hyperparameters (input/config/hyperparameters.json, all of
them texts) and its data (input/data/<channel>), and leaves its model (model). If it fails, it says
why in output/failure, which becomes the job's FailureReason
(https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo.html).

    train --base-dir some/folder     # the same outside of SageMaker
"""

from __future__ import annotations

import argparse
import json
import sys
import traceback
from pathlib import Path

import joblib
import numpy
from sklearn.tree import DecisionTreeClassifier

MODEL = "tree.joblib"
CHANNEL = "train"
# Any exit code but 0 fails the job.
FAILED = 255


def read_hyperparameters(base: Path) -> dict[str, int]:
    """What the job says of `max_depth` and `min_samples_leaf`, or what is usual.

    Raises:
        ValueError: one is unknown or no whole number.
    """
    values = {"max_depth": 4, "min_samples_leaf": 1}
    path = base / "input" / "config" / "hyperparameters.json"
    given = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    for name, text in given.items():
        if name not in values:
            raise ValueError(f"unknown hyperparameter {name!r}; there are {', '.join(values)}")
        values[name] = int(text)
    return values


def read_table(folder: Path) -> numpy.ndarray:
    """The rows of a channel's CSV files, without headers; the first column is the class.

    Raises:
        ValueError: there are none.
    """
    files = sorted(folder.glob("*.csv"))
    if not files:
        raise ValueError(f"channel {folder.name!r} has no .csv file")
    return numpy.concatenate([numpy.loadtxt(file, delimiter=",", ndmin=2) for file in files])


def train(base: Path) -> None:
    """Train with what lies below `base`, and leave the model there."""
    hyperparameters = read_hyperparameters(base)
    table = read_table(base / "input" / "data" / CHANNEL)
    tree = DecisionTreeClassifier(random_state=7, **hyperparameters)
    tree.fit(table[:, 1:], table[:, 0].astype(int))
    (base / "model").mkdir(parents=True, exist_ok=True)
    joblib.dump(tree, base / "model" / MODEL)
    accuracy = tree.score(table[:, 1:], table[:, 0].astype(int))
    print(f"rows={len(table)} depth={tree.get_depth()} leaves={tree.get_n_leaves()}")
    print(f"train:accuracy={accuracy:.4f}")


def main() -> int:
    """Train; the exit code tells SageMaker how it went."""
    parser = argparse.ArgumentParser(prog="train", description=__doc__.splitlines()[0])
    parser.add_argument("--base-dir", type=Path, default=Path("/opt/ml"), help="(%(default)s)")
    base = parser.parse_args().base_dir
    try:
        train(base)
    except Exception as error:  # noqa: BLE001 - whatever it is, the job must say so
        traceback.print_exc()
        failure = base / "output" / "failure"
        failure.parent.mkdir(parents=True, exist_ok=True)
        failure.write_text(f"{type(error).__name__}: {error}", encoding="utf-8")
        return FAILED
    return 0


if __name__ == "__main__":
    sys.exit(main())
