"""Serve a linear model: a score, and the label of a classifier, for every row."""

from __future__ import annotations

from pathlib import Path

from rehearsal.containers.contract import server
from rehearsal.containers.contract.instances import read_instances, write_predictions
from rehearsal.containers.contract.server import Reply, Request
from rehearsal.containers.linear_learner.model import load_linear_model


def load(folder: Path) -> server.Invoke:
    """What answers an invocation with the model in a folder."""
    model = load_linear_model(folder)

    def invoke(request: Request) -> Reply:
        rows = read_instances(request, len(model.weights))
        return write_predictions(model.predict(rows), request.accept)

    return invoke


def main() -> int:
    """Load the model, then serve until SIGTERM."""
    return server.serve(load)
