"""Serve the picture classifier: a picture in, the probability of every class out."""

from __future__ import annotations

import json
from http import HTTPStatus
from pathlib import Path

from rehearsal.containers.contract import server
from rehearsal.containers.contract.instances import JSON, JSON_LINES, media_type
from rehearsal.containers.contract.losses import softmax
from rehearsal.containers.contract.models import load_model
from rehearsal.containers.contract.server import Reply, Request, RequestError
from rehearsal.containers.image_classification.pictures import IMAGES, features_of


def load(folder: Path) -> server.Invoke:
    """What answers an invocation with the model in a folder."""
    held = load_model(folder, "weights", "bias", "colours")
    weights, bias, colours = held["weights"], held["bias"], int(held["colours"])

    def invoke(request: Request) -> Reply:
        kind, _ = media_type(request.content_type)
        if kind not in IMAGES:
            raise RequestError(
                HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
                f"Content-type {kind} not supported. Supported content-types are "
                f"{', '.join(IMAGES)}",
            )
        try:
            row = features_of([request.body], colours=colours)
        except ValueError as error:
            raise RequestError(
                HTTPStatus.BAD_REQUEST, f"unable to evaluate payload provided: {error}"
            ) from None
        return encode(softmax(row @ weights + bias)[0].tolist(), request.accept)

    return invoke


def encode(probabilities: list[float], accept: str) -> Reply:
    """The reply: a JSON list, or for application/jsonlines {"prediction": [...]}.

    Raises:
        RequestError: 406 for another format.
    """
    if accept in ("", JSON):
        return Reply(json.dumps(probabilities).encode(), JSON)
    if accept == JSON_LINES:
        return Reply(f"{json.dumps({'prediction': probabilities})}\n".encode(), JSON_LINES)
    raise RequestError(
        HTTPStatus.NOT_ACCEPTABLE,
        f"Accept type {accept} is not supported. Supported accept types are {JSON}, {JSON_LINES}",
    )


def main() -> int:
    """Load the model, then serve until SIGTERM."""
    return server.serve(load, batch_strategy="SINGLE_RECORD")
