"""The functions of a serving script: model_fn, input_fn, predict_fn, output_fn, transform_fn.

What a script lacks is done by the defaults of aws/sagemaker-scikit-learn-container: JSON, CSV
and npy in and out. model_fn has no default there, either.
"""

from __future__ import annotations

import importlib.util
import io
import json
import os
import sys
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from types import ModuleType
from typing import Any

from rehearsal.containers.contract.server import Reply, Request, RequestError

CSV = "text/csv"
JSON = "application/json"
NPY = "application/x-npy"


class Handlers:
    """A loaded model with the functions that answer for it."""

    def __init__(self, module: ModuleType, model: Any) -> None:
        self._model = model
        self._transform = getattr(module, "transform_fn", None)
        self._input = getattr(module, "input_fn", decode)
        self._predict = getattr(module, "predict_fn", predict)
        self._output = getattr(module, "output_fn", encode)

    def answer(self, request: Request) -> Reply:
        """The answer to an invocation.

        Raises RequestError for a content type that is not read or written, and whatever the
        script's functions raise.
        """
        given = (request.content_type or JSON).partition(";")[0].strip().lower()
        wanted = request.accept or os.environ.get("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT", JSON)
        # A script reads text as text, as in the framework images.
        text = given == JSON or given.startswith("text/")
        body: Any = request.body.decode("utf-8") if text else request.body
        if self._transform is not None:
            return _as_reply(self._transform(self._model, body, given, wanted), wanted)
        prediction = self._predict(self._input(body, given), self._model)
        return _as_reply(self._output(prediction, wanted), wanted)


def load(base: Path, program: str) -> Handlers:
    """Import the script and load its model.

    The script lies in code/ of the model's archive, or where a submitted archive was unpacked.
    Raises FileNotFoundError and NotImplementedError, which end the container as on AWS.
    """
    submitted = Path(os.environ.get("SAGEMAKER_SUBMIT_DIRECTORY", "").removeprefix("file://"))
    folders = [submitted, base / "model" / "code", base / "code", base / "model"]
    named = [folder / program for folder in folders] if program else []
    guessed = [folder / "inference.py" for folder in folders]
    path = next((path for path in (*named, *guessed) if path.is_file()), None)
    if path is None:
        raise FileNotFoundError(
            f"{program or 'inference.py'} is neither in code/ of the model's archive nor in "
            "SAGEMAKER_SUBMIT_DIRECTORY"
        )
    sys.path.insert(0, str(path.parent))
    module = _imported(path)
    model_fn: Callable[[str], Any] | None = getattr(module, "model_fn", None)
    if model_fn is None:
        raise NotImplementedError(f"{path.name} must implement model_fn(model_dir)")
    return Handlers(module, model_fn(str(base / "model")))


def _imported(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def _as_reply(output: Any, wanted: str) -> Reply:
    """What output_fn gave: a body, or (body, content type)."""
    body, content_type = output if isinstance(output, tuple) else (output, wanted)
    if isinstance(body, str):
        return Reply(body.encode(), content_type)
    if isinstance(body, bytes | bytearray):
        return Reply(bytes(body), content_type)
    raise TypeError(f"output_fn must give text or bytes, not {type(body).__name__}")


def decode(payload: str | bytes, content_type: str) -> Any:
    """The default input_fn: an array of what CSV, JSON or npy holds."""
    import numpy as np

    if content_type == CSV:
        return np.genfromtxt(io.StringIO(str(payload)), dtype=np.float32, delimiter=",", ndmin=2)
    if content_type == JSON:
        return np.array(json.loads(payload)).astype(np.float32)
    if content_type == NPY and isinstance(payload, bytes):
        return np.load(io.BytesIO(payload), allow_pickle=False)
    raise RequestError(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        f"Content type {content_type} is not supported by this framework.",
    )


def predict(data: Any, model: Any) -> Any:
    """The default predict_fn: the model's own predict; a Booster's rows are a DMatrix."""
    if type(model).__name__ == "Booster":
        import xgboost

        return model.predict(xgboost.DMatrix(data))
    return model.predict(data)


def encode(prediction: Any, accept: str) -> tuple[bytes, str]:
    """The default output_fn: CSV, JSON or npy."""
    import numpy as np

    values = np.asarray(prediction)
    if accept == CSV:
        text = io.StringIO()
        np.savetxt(text, values.reshape(len(values), -1), delimiter=",", fmt="%s")
        return text.getvalue().encode(), CSV
    if accept == JSON:
        return json.dumps(values.tolist()).encode(), JSON
    if accept == NPY:
        buffer = io.BytesIO()
        np.save(buffer, values, allow_pickle=False)
        return buffer.getvalue(), NPY
    raise RequestError(
        HTTPStatus.NOT_ACCEPTABLE, f"Accept type {accept} is not supported by this framework."
    )
