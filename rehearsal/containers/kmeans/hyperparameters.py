"""The hyperparameters of k-means
(https://docs.aws.amazon.com/sagemaker/latest/dg/k-means-api-config.html)."""

from __future__ import annotations

import json
from collections.abc import Mapping

from rehearsal.containers.contract.hyperparameters import (
    AUTO,
    Rule,
    choice,
    integer,
    positive,
    real,
)

METRICS = ("msd", "ssd")


def _metrics(text: str) -> list[str]:
    names = json.loads(text)
    if not isinstance(names, list) or not names or not set(names) <= set(METRICS):
        raise ValueError(text)
    return names


RULES: Mapping[str, Rule] = {
    "k": positive(required=True),
    "feature_dim": positive(required=True),
    "mini_batch_size": positive(default=5000),
    "epochs": positive(default=1),
    "eval_metrics": Rule(_metrics, default=["msd"]),
    "extra_center_factor": positive(automatic=True, default=AUTO),
    "half_life_time_size": integer(0, default=0),
    "init_method": choice("random", "kmeans++", default="random"),
    "local_lloyd_init_method": choice("random", "kmeans++", default="kmeans++"),
    "local_lloyd_max_iter": positive(default=300),
    "local_lloyd_num_trials": positive(automatic=True, default=AUTO),
    "local_lloyd_tol": real(0, 1, default=0.0001),
    "force_dense": choice("true", "false", default="true"),
}
