"""Training, processing and transform jobs: states around work that is done for real."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from typing import Any

from rehearsal.errors import invalid
from rehearsal.jobs import training, transform
from rehearsal.jobs.work import JobFailure, Work
from rehearsal.sagemaker import warm_pools
from rehearsal.sagemaker.paths import values_at
from rehearsal.sagemaker.plane import ControlPlane
from rehearsal.sagemaker.resource import Outcome, Resource
from rehearsal.sagemaker.rules import Rules

# What AWS takes to find and prepare an instance.
_START_SECONDS = 60.0
# What it takes to let an instance go on which no work had begun; with work, up to 120 s pass.
_STOP_SECONDS = 5.0
# "The default value is 1 day" (StoppingCondition, MaxRuntimeInSeconds).
_DAY = 24 * 3600
# "the value of (MaxConcurrentTransforms * MaxPayloadInMB) also cannot exceed 100 MB"
# (CreateTransformJob; the wording of the refusal is ours).
_MOST_MEGABYTES = 100
_INSTANCES = ("InstanceType", "InstanceGroups", "InstancePreferences")


class JobRules(Rules, ABC):
    """What all jobs share: they start at once, stop on request, and keep their record."""

    start_field = ""
    end_field = ""

    @abstractmethod
    def run(self, plane: ControlPlane, resource: Resource, stopping: threading.Event) -> Outcome:
        """Do the job; called on a thread of its own, without the world's lock."""

    def created(self, plane: ControlPlane, resource: Resource) -> None:
        # The state stays; what is due is the start of the work.
        plane.later(
            resource, "InProgress", _START_SECONDS, lambda: self._start_work(plane, resource)
        )

    def _start_work(self, plane: ControlPlane, resource: Resource) -> None:
        resource.fields[self.start_field] = plane.clock.now()
        resource.activity = Work(
            resource.name, lambda stopping: self.run(plane, resource, stopping)
        )
        plane.watch(resource)

    def ended(self, plane: ControlPlane, resource: Resource, outcome: Outcome) -> None:
        resource.fields[self.end_field] = plane.clock.now()
        plane.set_status(resource, outcome.status, outcome.reason)

    def stop(self, plane: ControlPlane, resource: Resource, params: dict[str, Any]) -> None:
        if resource.status != "InProgress":
            raise invalid(
                f"The request was rejected because the {resource.kind.name.replace('-', ' ')} "
                f"is in status {resource.status}."
            )
        plane.set_status(resource, "Stopping")
        resource.transition = None
        if resource.activity is not None:
            resource.activity.stop()
            return
        # Its work had not begun.
        stopped = Outcome("Stopped")
        plane.later(
            resource, "Stopped", _STOP_SECONDS, lambda: self.ended(plane, resource, stopped)
        )


class TrainingJobRules(JobRules):
    """A training job, executed when a program stands in for its image."""

    start_field = "TrainingStartTime"
    end_field = "TrainingEndTime"

    def before_create(
        self, plane: ControlPlane, region: str, params: dict[str, Any]
    ) -> dict[str, Any]:
        for required in ("AlgorithmSpecification", "ResourceConfig", "StoppingCondition"):
            if params.get(required) is None:
                raise invalid(f"{required} is required.")
        _check_algorithm(plane, region, params["AlgorithmSpecification"])
        _check_resources(plane, region, params["ResourceConfig"])
        _check_spot(params.get("EnableManagedSpotTraining", False), params["StoppingCondition"])
        now = plane.clock.now()
        transition = {"Status": "Starting", "StartTime": now, "StatusMessage": "Starting"}
        return {
            "SecondaryStatus": "Starting",
            "SecondaryStatusTransitions": [transition],
            # Required in every answer of DescribeTrainingJob, before there is an object too.
            "ModelArtifacts": {"S3ModelArtifacts": training.artifacts_uri(params)},
        }

    def run(self, plane: ControlPlane, resource: Resource, stopping: threading.Event) -> Outcome:
        with plane.lock:
            described = resource.described()
        return training.run(
            described,
            resource.region,
            plane.machine,
            lambda status: _enter_while_in_progress(plane, resource, status),
            stopping,
        )

    def ended(self, plane: ControlPlane, resource: Resource, outcome: Outcome) -> None:
        super().ended(plane, resource, outcome)
        _enter(plane, resource, outcome.fields.get("SecondaryStatus", outcome.status))
        if outcome.status == "Completed":
            warm_pools.keep(plane, resource)
        started = resource.fields.get("TrainingStartTime")
        if started is None:
            return
        seconds = max(1, round(resource.fields["TrainingEndTime"] - started))
        resource.fields["TrainingTimeInSeconds"] = seconds
        resource.fields["BillableTimeInSeconds"] = seconds

    def stop(self, plane: ControlPlane, resource: Resource, params: dict[str, Any]) -> None:
        super().stop(plane, resource, params)
        _enter(plane, resource, "Stopping")

    def updated(self, plane: ControlPlane, resource: Resource, params: dict[str, Any]) -> None:
        if "ResourceConfig" in params:
            warm_pools.keep(plane, resource)

    def before_delete(
        self, plane: ControlPlane, resource: Resource, params: dict[str, Any]
    ) -> None:
        warm_pools.refuse_deletion(resource)

    def details(self, plane: ControlPlane, resource: Resource) -> dict[str, Any]:
        return warm_pools.shown(resource)

    def summary(self, resource: Resource) -> dict[str, Any]:
        return warm_pools.shown(resource)


def _check_algorithm(plane: ControlPlane, region: str, algorithm: dict[str, Any]) -> None:
    """Refuse neither of the two: "You must specify either the algorithm name to the AlgorithmName
    parameter or the image URI of the algorithm container to the TrainingImage parameter"
    (AlgorithmSpecification; the wording of the refusal is ours). With both, "the training job
    might break": the request passes."""
    if not algorithm.get("AlgorithmName") and not algorithm.get("TrainingImage"):
        raise invalid("You must specify either AlgorithmName or TrainingImage.")
    if algorithm.get("AlgorithmName"):
        plane.need("algorithm", region, algorithm["AlgorithmName"])


def _check_resources(plane: ControlPlane, region: str, resources: dict[str, Any]) -> None:
    """Refuse resources without instances, and a training plan that does not exist.

    How AWS words the former is not published, nor what it makes of an InstanceType without
    InstanceCount, which passes.
    """
    for path in ("TrainingPlanArn", "InstancePreferences.TrainingPlanArns"):
        for plan in values_at(resources, path):
            plane.need("training-plan", region, plan)
    if not any(resources.get(member) for member in _INSTANCES):
        raise invalid("ResourceConfig must have InstanceType and InstanceCount, or InstanceGroups.")


def _check_spot(spot: bool, stopping: dict[str, Any]) -> None:
    """Refuse a waiting time that does not fit: one without spot instances (wording:
    Kenza-AI/sagify#111), and on spot instances none, or one that is shorter than the running
    time ("must be equal to or greater than MaxRuntimeInSeconds", StoppingCondition; our words).
    """
    wait = stopping.get("MaxWaitTimeInSeconds")
    if not spot:
        if wait is not None:
            raise invalid(
                "Invalid MaxWaitTimeInSeconds. It is only supported when "
                "EnableManagedSpotTraining is set to true"
            )
        return
    if wait is None:
        raise invalid("MaxWaitTimeInSeconds is required when EnableManagedSpotTraining is true.")
    longest = stopping.get("MaxRuntimeInSeconds", _DAY)
    if wait < longest:
        raise invalid(
            f"Invalid MaxWaitTimeInSeconds. It must be equal to or greater than "
            f"MaxRuntimeInSeconds ({longest})."
        )


def _enter(plane: ControlPlane, job: Resource, status: str) -> None:
    """Record a secondary status as DescribeTrainingJob shows it."""
    with plane.lock:
        now = plane.clock.now()
        job.fields["SecondaryStatus"] = status
        transitions = job.fields["SecondaryStatusTransitions"]
        transitions[-1].setdefault("EndTime", now)
        transitions.append({"Status": status, "StartTime": now, "StatusMessage": status})


def _enter_while_in_progress(plane: ControlPlane, job: Resource, status: str) -> None:
    """Record a secondary status unless the job was told to stop in the meantime."""
    with plane.lock:
        if job.status == "InProgress":
            _enter(plane, job, status)


class ProcessingJobRules(JobRules):
    """A processing job: no program stands in for its image yet, so it fails and says so."""

    start_field = "ProcessingStartTime"
    end_field = "ProcessingEndTime"

    def run(self, plane: ControlPlane, resource: Resource, stopping: threading.Event) -> Outcome:
        image = resource.fields.get("AppSpecification", {}).get("ImageUri", "")
        raise JobFailure(f"not executed locally: no program stands in for the image {image}")


class TransformJobRules(JobRules):
    """A batch transform job with a model that exists."""

    start_field = "TransformStartTime"
    end_field = "TransformEndTime"

    def before_create(
        self, plane: ControlPlane, region: str, params: dict[str, Any]
    ) -> dict[str, Any]:
        plane.need("model", region, params["ModelName"])
        at_once, size = params.get("MaxConcurrentTransforms", 0), params.get("MaxPayloadInMB", 0)
        if at_once * size > _MOST_MEGABYTES:
            raise invalid(
                "MaxConcurrentTransforms * MaxPayloadInMB cannot exceed "
                f"{_MOST_MEGABYTES} MB, it is {at_once * size} MB."
            )
        return {}

    def run(self, plane: ControlPlane, resource: Resource, stopping: threading.Event) -> Outcome:
        with plane.lock:
            model = plane.find("model", resource.region, resource.fields["ModelName"])
            if model is None:
                raise JobFailure("ClientError: the model was deleted before the job started")
            job, described = resource.described(), model.described()
        return transform.run(job, described, resource.region, plane.machine, stopping)


RULES: dict[str, Rules] = {
    "training-job": TrainingJobRules(),
    "processing-job": ProcessingJobRules(),
    "transform-job": TransformJobRules(),
}
