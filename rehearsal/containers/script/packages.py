"""The versions that a model was written with, and those that are here."""

from __future__ import annotations

import os
import re
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from rehearsal.containers.contract.files import log

_PACKAGES = ("scikit-learn", "xgboost-cpu", "numpy", "scipy", "pandas")
# An estimator's pickle holds the version under this name (BaseEstimator.__getstate__), as a
# short text of protocol 4 or 5 or a longer one of earlier protocols, after a memo of either.
_WRITTEN_BY = re.compile(
    rb"_sklearn_version(?:\x94|q.|r.{4})?(?:\x8c.|X.{4})(\d+\.\d+(?:\.[0-9a-z]+)*)", re.DOTALL
)
_PICKLES = {".joblib", ".pkl", ".pickle"}


def tell() -> None:
    """Log which versions stand in for those of the image."""
    here = ", ".join(f"{name} {found}" for name in _PACKAGES if (found := _version(name)))
    log("INFO", f"image {os.environ.get('SAGEMAKER_IMAGE_TAG', '(none)')} runs on {here}")


def warn_of_other_versions(folder: Path) -> None:
    """Log every pickle that another scikit-learn wrote: it may not load, or answer otherwise."""
    here = _version("scikit-learn")
    for path in sorted(folder.rglob("*")):
        if path.suffix not in _PICKLES or not path.is_file():
            continue
        found = _WRITTEN_BY.search(path.read_bytes())
        if found and found[1].decode() != here:
            log(
                "WARNING",
                f"{path.name} was written by scikit-learn {found[1].decode()}, "
                f"this container has scikit-learn {here}",
            )


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
