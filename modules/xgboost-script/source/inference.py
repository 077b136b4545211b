"""Serve the model of train.py: what an endpoint reads, and what it answers.

The container imports this file, calls `model_fn` when it starts, and for each request `input_fn`,
`predict_fn` and `output_fn`, in this order.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy
import xgboost

CLASSES = ("barolo", "grignolino", "barbera")


def model_fn(model_dir):
    """Load the model."""
    return xgboost.Booster(model_file=str(Path(model_dir) / "model.json"))


def input_fn(body, content_type):
    """Read rows: lines of text/csv, or {"wines": [[...], ...]} as application/json.

    Raises:
        ValueError: it is neither.
    """
    text = body.decode("utf-8") if isinstance(body, bytes) else body
    if content_type == "text/csv":
        rows = [line.split(",") for line in text.splitlines() if line.strip()]
    elif content_type == "application/json":
        rows = json.loads(text)["wines"]
    else:
        raise ValueError(f"content type {content_type} is neither text/csv nor application/json")
    return xgboost.DMatrix(numpy.array(rows, dtype=numpy.float32))


def predict_fn(matrix, model):
    """The probability of each class, for every row."""
    return model.predict(matrix)


def output_fn(probabilities, accept):
    """Name the most probable class of each row, and say how sure the model is.

    Raises:
        ValueError: the client accepts no JSON.
    """
    if accept not in ("application/json", "*/*"):
        raise ValueError(f"the answer is application/json, which {accept} does not accept")
    answers = [
        {"wine": CLASSES[int(row.argmax())], "probability": round(float(row.max()), 4)}
        for row in probabilities
    ]
    return json.dumps({"predictions": answers}), "application/json"
