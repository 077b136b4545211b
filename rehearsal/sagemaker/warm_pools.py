"""Warm pools: instances that a training job leaves up, and that bill until they end.

"KeepAlivePeriodInSeconds: the duration of time in seconds to retain configured resources in
a warm pool for subsequent training jobs" (ResourceConfig, API reference).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rehearsal.errors import in_use
from rehearsal.sagemaker.resource import Resource

if TYPE_CHECKING:
    from rehearsal.sagemaker.plane import ControlPlane

# WarmPoolResourceStatus.
AVAILABLE, TERMINATED = "Available", "Terminated"
_POOL = "WarmPoolStatus"


def keep(plane: ControlPlane, job: Resource) -> None:
    """Keep the instances of a completed job for the period it asks for, counted from now.

    A period of 0 ends the pool (UpdateTrainingJob).
    """
    seconds = job.fields.get("ResourceConfig", {}).get("KeepAlivePeriodInSeconds", 0)
    available = job.fields.get(_POOL, {}).get("Status") == AVAILABLE
    if job.status != "Completed" or (not available and not seconds):
        return
    if not seconds:
        _end(plane, job)
        return
    if not available:
        job.fields[_POOL] = {"Status": AVAILABLE}
        job.private["pool_since"] = plane.clock.now()
    plane.later(job, job.status, seconds, lambda: _end(plane, job))


def _end(plane: ControlPlane, job: Resource) -> None:
    job.transition = None
    seconds = round(plane.clock.now() - job.private["pool_since"])
    job.fields[_POOL] = {"Status": TERMINATED, "ResourceRetainedBillableTimeInSeconds": seconds}


def is_available(job: Resource) -> bool:
    """Whether a job's warm pool bills."""
    return bool(job.fields.get(_POOL, {}).get("Status") == AVAILABLE)


def refuse_deletion(job: Resource) -> None:
    """A job whose warm pool is available cannot be deleted (DeleteTrainingJob)."""
    if is_available(job):
        raise in_use(f"Training job [{job.name}] cannot be deleted: its warm pool is {AVAILABLE}.")


def shown(job: Resource) -> dict[str, Any]:
    """The pool as describe and list show it."""
    return {_POOL: job.fields.get(_POOL)}
