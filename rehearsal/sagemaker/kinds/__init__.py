"""The table of SageMaker kinds that the local AWS has: one row each.

Operation names, list members, describe fields and error codes are derived from botocore's
model (schema.py); a row holds what the model does not say: states, how long they take on
AWS (seconds, observed orders of magnitude), from which of them a deletion is refused, what
must exist before and what must be gone first, and AWS's words where they are known.
"""

from __future__ import annotations

from rehearsal.sagemaker.kind import GONE, Kind
from rehearsal.sagemaker.kinds import (
    experiments,
    inference,
    jobs,
    labeling,
    monitoring,
    notebooks,
    pipelines,
    platforms,
    registry,
    studio,
)

KINDS: tuple[Kind, ...] = (
    *studio.KINDS,
    *notebooks.KINDS,
    *inference.KINDS,
    *jobs.KINDS,
    *pipelines.KINDS,
    *registry.KINDS,
    *monitoring.KINDS,
    *experiments.KINDS,
    *labeling.KINDS,
    *platforms.KINDS,
)

BY_NAME: dict[str, Kind] = {kind.name: kind for kind in KINDS}

__all__ = ["BY_NAME", "GONE", "KINDS", "Kind"]
