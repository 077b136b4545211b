"""A training job: S3 to /opt/ml/input, the container's program, /opt/ml/model to S3.

The layout is the documented one ("How Amazon SageMaker provides training information"),
under a base directory instead of /opt/ml.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rehearsal.containers.registry import Program, resolve
from rehearsal.jobs import storage
from rehearsal.jobs.logs import LogStream
from rehearsal.jobs.work import JobFailure, JobStopped
from rehearsal.machine import Machine, end_process
from rehearsal.sagemaker.resource import Outcome

_POLL_SECONDS = 0.05
LOG_GROUP = "/aws/sagemaker/TrainingJobs"

Enter = Callable[[str], None]


def run(
    job: dict[str, Any], region: str, machine: Machine, enter: Enter, stopping: threading.Event
) -> Outcome:
    """Execute the job that DescribeTrainingJob describes as `job`.

    `enter` is told each secondary status. Raises JobFailure with the FailureReason.
    """
    program = _program(job)
    name = job["TrainingJobName"]
    base = machine.path("training", region, name)
    s3 = machine.client("s3", region)
    try:
        enter("Downloading")
        _write_inputs(job, base, s3)
        _check(stopping)
        enter("Training")
        in_time = _train(job, program, base, region, machine, stopping)
        enter("Uploading")
        _upload(job, base, s3)
    finally:
        shutil.rmtree(base, ignore_errors=True)
    if in_time:
        return Outcome("Completed")
    # "Stopped: MaxRuntimeExceeded" (DescribeTrainingJob, SecondaryStatus); what the
    # container had saved by then is kept (StoppingCondition).
    return Outcome("Stopped", fields={"SecondaryStatus": "MaxRuntimeExceeded"})


def _program(job: dict[str, Any]) -> Program:
    image = job.get("AlgorithmSpecification", {}).get("TrainingImage", "")
    program = resolve(image)
    if program is None:
        raise JobFailure(
            f"not executed locally: no program stands in for the image {image or '(none)'}"
        )
    return program


def _check(stopping: threading.Event) -> None:
    if stopping.is_set():
        raise JobStopped


def _write_inputs(job: dict[str, Any], base: Path, s3: Any) -> None:
    config = base / "input" / "config"
    config.mkdir(parents=True)
    for folder in ("model", "output/data", "code"):
        (base / folder).mkdir(parents=True)
    channels: dict[str, dict[str, str]] = {}
    for channel in job.get("InputDataConfig", []):
        name = channel["ChannelName"]
        source = channel.get("DataSource", {}).get("S3DataSource")
        if source is None or source.get("S3DataType", "S3Prefix") != "S3Prefix":
            raise JobFailure(f"not executed locally: channel {name} is not an S3Prefix")
        mode = channel.get("InputMode") or job["AlgorithmSpecification"]["TrainingInputMode"]
        if mode == "Pipe":
            raise JobFailure(f"not executed locally: channel {name} has input mode Pipe")
        channels[name] = {
            "ContentType": channel.get("ContentType", ""),
            "TrainingInputMode": "File",
            "S3DistributionType": source.get("S3DataDistributionType", "FullyReplicated"),
            "RecordWrapperType": channel.get("RecordWrapperType", "None"),
        }
        storage.download_prefix(s3, source["S3Uri"], base / "input" / "data" / name)
    (config / "hyperparameters.json").write_text(json.dumps(job.get("HyperParameters", {})))
    (config / "inputdataconfig.json").write_text(json.dumps(channels))
    # One host, by a name that resolves: `algo-1` would wait for DNS.
    hosts = {"current_host": "localhost", "hosts": ["localhost"], "network_interface_name": "lo"}
    (config / "resourceconfig.json").write_text(json.dumps(hosts))


def _train(
    job: dict[str, Any],
    program: Program,
    base: Path,
    region: str,
    machine: Machine,
    stopping: threading.Event,
) -> bool:
    """Run the container; False when it did not end within MaxRuntimeInSeconds."""
    log = base / "container.log"
    environment = machine.environment(
        region,
        {
            **program.environment,
            **job.get("Environment", {}),
            "SAGEMAKER_BASE_DIR": str(base),
            "TRAINING_JOB_NAME": job["TrainingJobName"],
            "TRAINING_JOB_ARN": job["TrainingJobArn"],
            "OMP_NUM_THREADS": "1",
        },
    )
    process = machine.spawn(program.train, cwd=base, environment=environment, log=log)
    stream = LogStream(
        machine.client("logs", region),
        LOG_GROUP,
        f"{job['TrainingJobName']}/algo-1-{int(time.time())}",
        log,
    )
    limit = job.get("StoppingCondition", {}).get("MaxRuntimeInSeconds", 86400)
    try:
        code = _wait(process, stopping, limit, stream)
    finally:
        if process.poll() is None:
            end_process(process)
        stream.send()
    if code is None:
        return False
    if code != 0:
        raise JobFailure(f"AlgorithmError: {_failure(base, stream)}, exit code: {code}")
    return True


def _wait(
    process: subprocess.Popen[bytes], stopping: threading.Event, limit: float, stream: LogStream
) -> int | None:
    """The exit code, or None when the limit (seconds) passed first."""
    deadline = time.monotonic() + limit
    while process.poll() is None:
        if stopping.is_set():
            raise JobStopped
        if time.monotonic() > deadline:
            return None
        stream.send()
        time.sleep(_POLL_SECONDS)
    return process.returncode


def _failure(base: Path, stream: LogStream) -> str:
    """What the container says about its failure: /opt/ml/output/failure, else its last words."""
    path = base / "output" / "failure"
    said = path.read_text(errors="replace").strip() if path.exists() else ""
    return re.sub(r"\s+", " ", said or stream.tail() or "the container said nothing")[:1024]


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
