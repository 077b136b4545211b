#!/usr/bin/env python3
"""Find clusters with scikit-learn; train and serve, in SageMaker and outside of it.

SageMaker starts the script with the hyperparameters as arguments, and says in variables where
data lie and where the model belongs. Outside of SageMaker, arguments say the same:

    python train.py --n-clusters 3 --train data --model-dir model

To serve, the container imports the file and calls `model_fn` once and `predict_fn` for each
request. The scikit-learn image 1.2-1 has Python 3.9: nothing newer is used here.
"""

from __future__ import annotations

import argparse
import os
import shutil
from pathlib import Path

import joblib
import numpy
from sklearn.cluster import KMeans

MODEL = "model.joblib"


def model_fn(model_dir):
    """Load the model; the container calls it when it starts."""
    return joblib.load(Path(model_dir) / MODEL)


def predict_fn(rows, model):
    """The number of the cluster of every row."""
    return model.predict(numpy.asarray(rows, dtype=numpy.float64).reshape(-1, model.n_features_in_))


def read_rows(folder):
    """The numbers of all CSV files of a folder, one below the other.

    Raises:
        SystemExit: the folder has no CSV file.
    """
    files = sorted(Path(folder).glob("*.csv"))
    if not files:
        raise SystemExit(f"no .csv in {folder}")
    return numpy.concatenate([numpy.loadtxt(file, delimiter=",", ndmin=2) for file in files])


def train(rows, n_clusters, seed):
    """Find the clusters; the best of ten starts."""
    return KMeans(n_clusters=n_clusters, n_init=10, random_state=seed).fit(rows)


def save(model, model_dir):
    """Write the model, and beside it this file, which the serving container imports."""
    code = Path(model_dir) / "code"
    code.mkdir(parents=True, exist_ok=True)
    joblib.dump(model, Path(model_dir) / MODEL)
    shutil.copy(__file__, code / "train.py")


def main():
    """Train with what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n-clusters", type=int, default=3, help="how many (%(default)s)")
    parser.add_argument("--seed", type=int, default=17, help="of the chance (%(default)s)")
    parser.add_argument(
        "--train",
        default=os.environ.get("SM_CHANNEL_TRAIN", "data"),
        help="the folder of the CSV files (%(default)s)",
    )
    parser.add_argument(
        "--model-dir",
        default=os.environ.get("SM_MODEL_DIR", "model"),
        help="where the model is written (%(default)s)",
    )
    options = parser.parse_args()

    rows = read_rows(options.train)
    model = train(rows, options.n_clusters, options.seed)
    save(model, options.model_dir)
    sizes = numpy.bincount(model.predict(rows), minlength=options.n_clusters)
    print(f"rows={len(rows)} columns={rows.shape[1]} sizes={sizes.tolist()}")
    print(f"inertia={model.inertia_:.4f}")


if __name__ == "__main__":
    main()
