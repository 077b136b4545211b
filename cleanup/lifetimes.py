"""From when to when things billed, as far as SageMaker still tells.

Of what runs: since its creation. Of jobs that have ended: their records. What was deleted is
not listed any more, and nothing here knows of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from cleanup.calls import FAILURES, Caller
from cleanup.machines import READERS, Machines, find_machines
from cleanup.resources import Key, Resource
from workshop.machine import Machine

# What a job's description calls the times between which it is billed (API reference of
# DescribeTrainingJob and DescribeTransformJob; of DescribeProcessingJob it is what is told),
# and its status.
_JOBS = {
    "training-job": ("TrainingStartTime", "TrainingEndTime", "TrainingJobStatus"),
    "processing-job": ("ProcessingStartTime", "ProcessingEndTime", "ProcessingJobStatus"),
    "transform-job": ("TransformStartTime", "TransformEndTime", "TransformJobStatus"),
}
_RUNNING = {"InProgress", "Stopping"}
# An instance that was last modified so soon after it was made was not stopped since.
_FIRST_BOOT = timedelta(minutes=15)
# What bills beside a resource's own machine.
VOLUME, POOL = "volume", "warm-pool"
# Counted with their training job, whose description says what they bill.
_WITHIN_JOBS = {"warm-pool"}


@dataclass(frozen=True, slots=True)
class Run:
    """From when to when something billed (UTC; `ended` None: it still does), and on what.

    None where it could not be seen. `billable_seconds` are AWS's own, where it says them.
    `perhaps_less`: it may have been stopped in between, which nothing tells. `part` is "volume"
    or "warm-pool" of what bills beside the resource's own machine, for times of its own.
    """

    resource: Resource
    machines: Machines
    began: datetime | None
    ended: datetime | None = None
    billable_seconds: float | None = None
    perhaps_less: bool = False
    part: str = ""


class Lifetimes:
    """Reads them. What has ended for good is read once, however often one looks."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self._over: dict[Key, tuple[Run, ...]] = {}

    def find(self, resources: Iterable[Resource]) -> list[Run]:
        """What of the resources bills or billed. Takes a Describe for each job, space and
        notebook instance, and up to two for the others that bill by the hour."""
        found = [r for r in resources if r.kind not in _WITHIN_JOBS]
        told = [r for r in found if r.kind in _JOBS or r.kind in _DESCRIBED]
        others = [r for r in found if r.bills == "hour" and r.kind not in (*_JOBS, *_DESCRIBED)]
        machines = find_machines(others, self._caller)
        runs = [Run(r, machines[r.key], r.created) for r in others]
        for some in self._caller.together(self._read, told):
            runs += some
        return runs

    def _read(self, resource: Resource) -> tuple[Run, ...]:
        if resource.key in self._over:
            return self._over[resource.key]
        try:
            runs = tuple(self._runs(resource))
        # A KeyError: a description of another shape than is known here.
        except (*FAILURES, KeyError):
            return (Run(resource, None, None),)
        if resource.kind in _JOBS and runs and all(_is_over(run) for run in runs):
            self._over[resource.key] = runs
        return runs

    def _runs(self, resource: Resource) -> Iterator[Run]:
        operation = resource.row.list_op.replace("list_", "describe_").removesuffix("s")
        described: Mapping[str, Any] = self._caller.read(
            "sagemaker", resource.region, operation, resource.row.ids_sent(resource.ids)
        )
        if resource.kind == "space":
            return _of_space(resource, described)
        if resource.kind == "notebook-instance":
            return _of_instance(resource, described)
        return _of_job(resource, described)


_DESCRIBED = ("space", "notebook-instance")


def _is_over(run: Run) -> bool:
    return run.ended is not None or run.billable_seconds is not None


def _of_job(resource: Resource, job: Mapping[str, Any]) -> Iterator[Run]:
    *times, status = _JOBS[resource.kind]
    started, ended = (job.get(name) for name in times)
    if started is None:  # it waits for its instances, or never got them
        return
    machines = READERS[resource.kind](resource.row.ids_sent(resource.ids), lambda *_: job)
    if ended is None and job[status] not in _RUNNING:  # it ended, and nobody says when
        started = None
    billable = job.get("BillableTimeInSeconds") if ended else None
    yield Run(resource, machines, started, ended, billable)
    pool = job.get("WarmPoolStatus")
    if pool is None or pool["Status"] == "InUse":
        return
    kept = _in_a_pool(machines)
    seconds = pool.get("ResourceRetainedBillableTimeInSeconds")
    over = pool["Status"] != "Available"
    if over and seconds is None:
        yield Run(resource, kept, None, part=POOL)
    elif over:
        yield Run(resource, kept, ended, ended, seconds, part=POOL)
    else:
        yield Run(resource, kept, ended, part=POOL)


def _in_a_pool(machines: Machines) -> Machines:
    if machines is None:
        return None
    return tuple(Machine("training-warm-pool", m.instance_type, m.count) for m in machines)


def _of_space(resource: Resource, space: Mapping[str, Any]) -> Iterator[Run]:
    """Its volume; the apps in it are resources of their own."""
    storage = space.get("SpaceSettings", {}).get("SpaceStorageSettings", {})
    gigabytes = storage.get("EbsStorageSettings", {}).get("EbsVolumeSizeInGb")
    volume = None if gigabytes is None else (Machine("studio-volume", "gp3", gigabytes),)
    yield Run(resource, volume, space.get("CreationTime"), part=VOLUME)


def _of_instance(resource: Resource, instance: Mapping[str, Any]) -> Iterator[Run]:
    """Its volume, and its machine: since its creation, though it may have been stopped in
    between; of a stopped one until it was last modified, which stopping does."""
    created, modified = instance.get("CreationTime"), instance.get("LastModifiedTime")
    size = instance.get("VolumeSizeInGB")
    volume = None if size is None else (Machine("notebook-volume", "gp2", size),)
    yield Run(resource, volume, created, part=VOLUME)
    machine = (Machine("notebook", instance["InstanceType"]),)
    if created is None or modified is None:
        yield Run(resource, machine, None)
    elif resource.bills == "hour":
        restarted = modified - created > _FIRST_BOOT
        yield Run(resource, machine, created, perhaps_less=restarted)
    else:
        yield Run(resource, machine, created, modified, perhaps_less=True)
