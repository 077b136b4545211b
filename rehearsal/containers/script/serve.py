"""Serve a model by the functions of a script, as AWS's framework images do.

Which status answers what follows aws/sagemaker-inference-toolkit and
aws/sagemaker-scikit-learn-container.
"""

from __future__ import annotations

import os
import traceback
from http import HTTPStatus
from pathlib import Path

from rehearsal.containers.contract import server
from rehearsal.containers.contract.files import base_folder, log
from rehearsal.containers.contract.server import Invoke, Reply, Request, RequestError
from rehearsal.containers.script import handlers, packages


def main() -> int:
    """Load the script and the model, then serve until SIGTERM."""
    return server.serve(load)


def load(model: Path) -> Invoke:
    """Import the script and load the model by it; says in the log what it runs on."""
    packages.tell()
    packages.warn_of_other_versions(model)
    try:
        answering = handlers.load(base_folder(), os.environ.get("SAGEMAKER_PROGRAM", ""))
    except Exception:
        log("ERROR", traceback.format_exc())
        raise
    return lambda request: _answer(answering, request)


def _answer(answering: handlers.Handlers, request: Request) -> Reply:
    try:
        return answering.answer(request)
    except RequestError:
        raise
    except Exception as error:
        # The script's own; the framework images answer 500 too, with the traceback.
        raise RequestError(HTTPStatus.INTERNAL_SERVER_ERROR, traceback.format_exc()) from error
