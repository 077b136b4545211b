#!/usr/bin/env python3
"""Train a decision tree for irises, and write down from which commit it was trained.

    python train.py --train train --test test --model-dir model --commit $(git rev-parse HEAD)

The scikit-learn image 1.2-1 has Python 3.9: nothing newer is used here.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path

import joblib
import numpy
from sklearn.tree import DecisionTreeClassifier

MAX_DEPTH = 3


def read_table(folder):
    """Features and classes of a folder's CSV files; the first column is the class.

    Raises:
        SystemExit: the folder has no CSV file.
    """
    files = sorted(Path(folder).glob("*.csv"))
    if not files:
        raise SystemExit(f"no .csv in {folder}")
    table = numpy.concatenate([numpy.loadtxt(file, delimiter=",", ndmin=2) for file in files])
    return table[:, 1:], table[:, 0].astype(int)


def main():
    """Train with what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--max-depth", type=int, default=MAX_DEPTH, help="(%(default)s)")
    parser.add_argument("--commit", default="", help="the commit this file is of")
    folders = {
        "--train": os.environ.get("SM_CHANNEL_TRAIN", "train"),
        "--test": os.environ.get("SM_CHANNEL_TEST", "test"),
        "--model-dir": os.environ.get("SM_MODEL_DIR", "model"),
    }
    for option, folder in folders.items():
        parser.add_argument(option, default=folder, help="a folder (%(default)s)")
    options = parser.parse_args()

    tree = DecisionTreeClassifier(max_depth=options.max_depth, random_state=7)
    tree.fit(*read_table(options.train))
    accuracy = tree.score(*read_table(options.test))
    target = Path(options.model_dir)
    target.mkdir(parents=True, exist_ok=True)
    joblib.dump(tree, target / "model.joblib")
    origin = {"commit": options.commit, "max_depth": options.max_depth, "accuracy": accuracy}
    (target / "origin.json").write_text(json.dumps(origin))
    print(f"commit={options.commit or 'unknown'}")
    print(f"max_depth={options.max_depth}")
    print(f"accuracy={accuracy:.4f}")


if __name__ == "__main__":
    main()
