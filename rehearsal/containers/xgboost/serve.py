"""Serve an XGBoost model over HTTP, as the algorithm's image does.

text/csv, text/libsvm or recordio-protobuf in, text/csv or application/json out. Status codes
and bodies follow aws/sagemaker-xgboost-container, algorithm_mode/serve.py.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any

import numpy as np

from rehearsal.containers.contract import server
from rehearsal.containers.contract.files import CustomerError, log
from rehearsal.containers.contract.server import Reply, Request, RequestError
from rehearsal.containers.xgboost.data import content_format, read_rows
from rehearsal.containers.xgboost.lean import xgboost
from rehearsal.containers.xgboost.versions import describe

CSV = "text/csv"
JSON = "application/json"

Rows = Any  # a numpy table or a scipy.sparse.csr_matrix
Scores = list[float | list[float]]


class Scorer:
    """A loaded model."""

    def __init__(self, folder: Path) -> None:
        path = server.one_model_file(folder)
        # From a buffer: load_model() warns about a name without an extension.
        self._booster = xgboost.Booster(model_file=bytearray(path.read_bytes()))
        self._booster.set_param("nthread", 1)
        self.features = self._booster.num_features()
        best = self._booster.attr("best_iteration")
        # With early stopping the best round answers, not the last one.
        self._rounds = (0, int(best) + 1) if best else (0, 0)
        self._predict = self._prediction()

    def predict(self, payload: bytes, content_type: str) -> Scores:
        """A number per row, or a list of them for multi:softprob.

        Raises:
            RequestError: the rows cannot be read, or have another number of features.
        """
        try:
            data_format = content_format(content_type, default=CSV)
            rows = read_rows(payload, data_format, self.features)
        except (CustomerError, ValueError) as error:
            # Unreadable rows are 415 in the real container, too.
            raise RequestError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, str(error)) from None
        if rows.shape[1] != self.features:
            raise RequestError(
                HTTPStatus.BAD_REQUEST,
                "Unable to evaluate payload provided: Feature size of "
                f"{data_format} inference data {rows.shape[1]} is not consistent with "
                f"feature size of trained model {self.features}.",
            )
        scores: Scores = self._predict(rows).tolist()
        return scores

    def _prediction(self) -> Callable[[Rows], np.ndarray]:
        """In place for trees, which is thread-safe and builds no matrix first.

        Linear models have no such prediction
        (https://xgboost.readthedocs.io/en/stable/prediction.html).
        """
        configuration: dict[str, Any] = json.loads(self._booster.save_config())
        if configuration["learner"]["gradient_booster"]["name"] != "gblinear":
            return lambda rows: self._booster.inplace_predict(rows, iteration_range=self._rounds)
        one_at_a_time = threading.Lock()

        def predict(rows: Rows) -> np.ndarray:
            with one_at_a_time:
                scores: np.ndarray = self._booster.predict(xgboost.DMatrix(rows))
            return scores

        return predict


def accepted(name: str) -> str:
    """The content type of the reply: what Accept names, else the container's default.

    Raises:
        RequestError: it is one the container does not write.
    """
    if not name:
        return os.environ.get("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT", CSV)
    if name not in (CSV, JSON):
        raise RequestError(
            HTTPStatus.NOT_ACCEPTABLE,
            f"Accept type {name} is not supported. Please use supported accept types: {CSV}, "
            f"{JSON}.",
        )
    return name


def encode(predictions: Scores, reply_type: str, *, batch: bool) -> str:
    """The reply's text. A batch transform gets a line per row, whatever it accepts.

    A row of multi:softprob is "[0.1, 0.2, 0.7]": the container writes Python's own text.
    """
    if batch:
        return "\n".join(map(str, predictions)) + "\n"
    if reply_type == JSON:
        return json.dumps({"predictions": [{"score": score} for score in predictions]})
    return "\n".join(map(str, predictions))


def load(folder: Path) -> server.Invoke:
    """What answers an invocation with the model in a folder."""
    log("INFO", describe())
    scorer = Scorer(folder)
    batch = bool(os.environ.get("SAGEMAKER_BATCH"))

    def invoke(request: Request) -> Reply:
        predictions = scorer.predict(request.body, request.content_type)
        reply_type = accepted(request.accept)
        return Reply(encode(predictions, reply_type, batch=batch).encode(), reply_type)

    return invoke


def main() -> int:
    """Load the model, then serve until SIGTERM."""
    return server.serve(load)
