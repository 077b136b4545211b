"""Model files: named arrays, in numpy's own format, which runs no code when it is read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from rehearsal.containers.contract.files import log
from rehearsal.containers.contract.server import one_model_file

# The name that AWS's own algorithms give to their model file.
MODEL_FILE = "model_algo-1"


def save_model(folder: Path, name: str = MODEL_FILE, **arrays: Any) -> None:
    """Write a model's arrays into /opt/ml/model."""
    folder.mkdir(parents=True, exist_ok=True)
    # An open file: numpy would add .npz to a name.
    with (folder / name).open("wb") as file:
        np.savez(file, **arrays)
    log("INFO", f"stored trained model as {name}")


def load_model(folder: Path, *names: str) -> dict[str, np.ndarray]:
    """The arrays `names` of the folder's only file.

    Raises:
        FileNotFoundError: the folder has no file, or several.
        ValueError: the file is no model of this algorithm.
    """
    path = one_model_file(folder)
    try:
        with np.load(path, allow_pickle=False) as held:
            return {name: held[name] for name in names}
    except (KeyError, OSError, ValueError, TypeError, AttributeError) as error:
        raise ValueError(f"{path.name} is no model of this algorithm: {error}") from None
