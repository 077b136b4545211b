"""The version of the algorithm that a job asked for, and what stands in for it."""

from __future__ import annotations

import os

from rehearsal.containers.xgboost.lean import xgboost

# The image's tag, such as 1.7-1.
TAG = "SAGEMAKER_IMAGE_TAG"


def describe() -> str:
    """The first line of a log: what was asked for, and the library that runs here."""
    asked = os.environ.get(TAG, "an unnamed version")
    return f"SageMaker XGBoost {asked}, locally by xgboost {xgboost.__version__}"
