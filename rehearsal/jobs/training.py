"""A training job: S3 to /opt/ml/input, the container's program, /opt/ml/model to S3.

The layout is the documented one ("How Amazon SageMaker provides training information"),
under a base directory instead of /opt/ml.
"""

from __future__ import annotations

import re
import shutil
import threading
import time
from collections.abc import Callable
from enum import Enum
from pathlib import Path
from typing import Any

from rehearsal.containers.registry import built_in_metrics
from rehearsal.jobs import checkpoints, launch, metrics, storage
from rehearsal.jobs.child import Child
from rehearsal.jobs.inputs import write_inputs
from rehearsal.jobs.launch import Launch
from rehearsal.jobs.logs import LogStream
from rehearsal.jobs.work import JobFailure, JobStopped
from rehearsal.machine import Machine
from rehearsal.sagemaker.resource import Outcome

# How often to look whether the job was told to stop, and to carry its log on.
_LOOK_SECONDS = 0.05
# "SageMaker AI sends the job the SIGTERM signal, which delays job termination for 120 seconds"
# (StopTrainingJob, and StoppingCondition for MaxRuntimeInSeconds), in real seconds.
GRACE_SECONDS = 120.0
_DAY = 24 * 3600
LOG_GROUP = "/aws/sagemaker/TrainingJobs"

Enter = Callable[[str], None]


class _End(Enum):
    """How the container ended."""

    BY_ITSELF = "by itself"
    TOLD = "told"
    OUT_OF_TIME = "out of time"


@storage.on_a_volume()
def run(
    job: dict[str, Any], region: str, machine: Machine, enter: Enter, stopping: threading.Event
) -> Outcome:
    """Execute the job that DescribeTrainingJob describes as `job`.

    `enter` is told each secondary status. Raises JobFailure with the FailureReason.
    """
    base = machine.path("training", region, job["TrainingJobName"])
    s3 = machine.client("s3", region)
    try:
        enter("Downloading")
        write_inputs(job, base, s3)
        checkpoints.bring_back(job, base, s3)
        started = launch.training(job, base, region, machine)
        if stopping.is_set():
            raise JobStopped
        enter("Training")
        container = _Container(job, started, base, region, machine)
        try:
            end = container.run(stopping)
        finally:
            # On AWS they are copied all the time: those of a job that fails are kept as well.
            checkpoints.keep(job, base, s3)
        if end is not _End.TOLD:
            enter("Uploading")
        # "the results of the training are not lost": a stopped job's model is kept too.
        _upload(job, base, s3)
        found = container.publish_metrics()
    finally:
        shutil.rmtree(base, ignore_errors=True)
    if end is _End.TOLD:
        raise JobStopped
    fields = {"FinalMetricDataList": metrics.final(found, time.time())} if found else {}
    if end is _End.BY_ITSELF:
        return Outcome("Completed", fields=fields)
    # "Stopped: MaxRuntimeExceeded" (DescribeTrainingJob, SecondaryStatus).
    return Outcome("Stopped", fields={**fields, "SecondaryStatus": "MaxRuntimeExceeded"})


class _Container:
    """The running container of one job."""

    def __init__(
        self, job: dict[str, Any], started: Launch, base: Path, region: str, machine: Machine
    ) -> None:
        self._job = job
        self._base = base
        self._log = base / "container.log"
        self._cloudwatch = machine.client("cloudwatch", region)
        self._stream = LogStream(
            machine.client("logs", region),
            LOG_GROUP,
            f"{job['TrainingJobName']}/algo-1-{int(time.time())}",
            self._log,
        )
        environment = machine.environment(
            region,
            {
                **started.environment,
                "SAGEMAKER_BASE_DIR": str(base),
                "TRAINING_JOB_NAME": job["TrainingJobName"],
                "TRAINING_JOB_ARN": job["TrainingJobArn"],
                "OMP_NUM_THREADS": "1",
            },
        )
        self._child = Child(
            started.start(environment, self._log, machine),
            ("SAGEMAKER_BASE_DIR", str(base)),
        )
        self._closing = machine.closing

    def run(self, stopping: threading.Event) -> _End:
        """Wait for the end. Raises JobFailure when the container failed by itself."""
        try:
            end = self._wait(stopping)
        finally:
            self._child.end(0.0 if self._closing.is_set() else GRACE_SECONDS)
            self._stream.send(everything=True)
        if end is _End.BY_ITSELF and self._child.exit_code != 0:
            raise JobFailure(
                f"AlgorithmError: {self._failure()}, exit code: {self._child.exit_code}"
            )
        return end

    def publish_metrics(self) -> list[metrics.Metric]:
        """Find the metrics in the log and put them into CloudWatch."""
        image = self._job["AlgorithmSpecification"].get("TrainingImage", "")
        wanted, built_in = metrics.definitions(self._job), built_in_metrics(image)
        if not wanted and not built_in:
            return []
        found = metrics.find(self._log.read_text(errors="replace"), wanted, built_in)
        if found:
            metrics.publish(self._cloudwatch, self._job["TrainingJobName"], found)
        return found

    def _wait(self, stopping: threading.Event) -> _End:
        limit = self._job.get("StoppingCondition", {}).get("MaxRuntimeInSeconds", _DAY)
        deadline = time.monotonic() + limit
        while self._child.exit_code is None:
            if stopping.is_set():
                return _End.TOLD
            left = deadline - time.monotonic()
            if left <= 0:
                return _End.OUT_OF_TIME
            self._stream.send()
            self._child.wait(min(_LOOK_SECONDS, left))
        return _End.BY_ITSELF

    def _failure(self) -> str:
        """What the container says of its failure: /opt/ml/output/failure, else its last words."""
        path = self._base / "output" / "failure"
        said = path.read_text(errors="replace").strip() if path.exists() else ""
        said = said or self._stream.tail() or "the container said nothing"
        return re.sub(r"\s+", " ", said)[:1024]


def _upload(job: dict[str, Any], base: Path, s3: Any) -> None:
    storage.upload_archive(s3, base / "model", artifacts_uri(job))
    if any((base / "output" / "data").iterdir()):
        storage.upload_archive(s3, base / "output" / "data", f"{_output(job)}/output.tar.gz")


def artifacts_uri(job: dict[str, Any]) -> str:
    """Where a training job's model.tar.gz goes."""
    return f"{_output(job)}/model.tar.gz"


def _output(job: dict[str, Any]) -> str:
    root = job["OutputDataConfig"]["S3OutputPath"].rstrip("/")
    return f"{root}/{job['TrainingJobName']}/output"
