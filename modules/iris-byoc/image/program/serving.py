"""Serve the tree under SageMaker's container contract.

GET /ping must answer 200 within two seconds once the model is loaded; POST /invocations gets what
a client sends (https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html).
gunicorn runs one worker for each processor (gunicorn.conf.py).

    serve --base-dir some/folder --bind 127.0.0.1:8080     # the same outside of SageMaker
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from http import HTTPStatus
from pathlib import Path
from typing import Any

import joblib
import numpy
from flask import Flask, Response, request
from training import MODEL

CSV, JSON = "text/csv", "application/json"
BASE_VARIABLE = "MODEL_BASE_DIR"


def create_app() -> Flask:
    """The application, with the model loaded: without it no worker must start."""
    base = Path(os.environ.get(BASE_VARIABLE, "/opt/ml"))
    tree = joblib.load(base / "model" / MODEL)
    app = Flask(__name__)

    @app.get("/ping")
    def ping() -> Response:
        return Response(status=HTTPStatus.OK)

    @app.post("/invocations")
    def invocations() -> Response:
        if request.mimetype != CSV:
            return _refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"only {CSV} is read")
        wanted = request.accept_mimetypes.best_match([JSON, CSV], default="")
        if not wanted:
            return _refusal(HTTPStatus.NOT_ACCEPTABLE, f"only {JSON} and {CSV} are written")
        try:
            rows = parse(request.get_data(as_text=True), tree.n_features_in_)
        except ValueError as error:
            return _refusal(HTTPStatus.BAD_REQUEST, str(error))
        return Response(answer(tree, rows, wanted), content_type=wanted)

    return app


def parse(text: str, width: int) -> numpy.ndarray:
    """The rows of a CSV without a header.

    Raises:
        ValueError: there are none, one has another width, or a cell is no number.
    """
    lines = [line.split(",") for line in text.splitlines() if line.strip()]
    if not lines:
        raise ValueError("the request has no rows")
    for number, cells in enumerate(lines, start=1):
        if len(cells) != width:
            raise ValueError(f"row {number} has {len(cells)} columns, the model has {width}")
    return numpy.array(lines, dtype=float)


def answer(tree: Any, rows: numpy.ndarray, wanted: str) -> str:
    """The classes of the rows: a line for each, or JSON that has their probabilities too."""
    probabilities = tree.predict_proba(rows)
    classes = [int(each) for each in tree.classes_[probabilities.argmax(1)]]
    if wanted == CSV:
        return "".join(f"{each}\n" for each in classes)
    found = [
        {"class": each, "probabilities": row}
        for each, row in zip(classes, probabilities.tolist(), strict=True)
    ]
    return json.dumps({"predictions": found})


def _refusal(status: HTTPStatus, reason: str) -> Response:
    return Response(f"{reason}\n", status=status, content_type="text/plain")


def main() -> int:
    """Become gunicorn, which ends on SIGTERM when its requests are answered."""
    parser = argparse.ArgumentParser(prog="serve", description=__doc__.splitlines()[0])
    parser.add_argument("--base-dir", default="/opt/ml", help="(%(default)s)")
    parser.add_argument("--bind", help="address and port (as gunicorn.conf.py says)")
    options = parser.parse_args()
    os.environ[BASE_VARIABLE] = str(Path(options.base_dir).resolve())
    address = ["--bind", options.bind] if options.bind else []
    command = [sys.executable, "-m", "gunicorn", *address, "serving:create_app()"]
    os.chdir(Path(__file__).resolve().parent)
    os.execv(sys.executable, command)


if __name__ == "__main__":
    sys.exit(main())
