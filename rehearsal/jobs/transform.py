"""A batch transform job: S3 objects through a model's container, answers as `.out` objects."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from typing import Any

from rehearsal.jobs import serving, storage
from rehearsal.jobs.work import JobFailure, JobStopped
from rehearsal.machine import Machine
from rehearsal.sagemaker.resource import Outcome

LOG_GROUP = "/aws/sagemaker/TransformJobs"
_DEFAULT_PAYLOAD_MB = 6  # MaxPayloadInMB, API reference


def run(
    job: dict[str, Any],
    model: dict[str, Any],
    region: str,
    machine: Machine,
    stopping: threading.Event,
) -> Outcome:
    """Execute the job that DescribeTransformJob describes as `job` with `model`."""
    source = _source(job)
    s3 = machine.client("s3", region)
    objects = storage.objects_under(s3, source)
    bucket, _ = storage.split_uri(source)
    base = machine.path("transform", region, job["TransformJobName"])
    server = None
    try:
        server = serving.start(
            model,
            region,
            machine,
            base=base,
            group=LOG_GROUP,
            stream=f"{job['TransformJobName']}/local",
            environment=job.get("Environment"),
        )
        server.wait_until_ready(stopping)
        for key, relative in objects:
            body = storage.read(s3, f"s3://{bucket}/{key}")
            answer = _transform(job, server, body, key, stopping)
            root = job["TransformOutput"]["S3OutputPath"].rstrip("/")
            storage.write(s3, f"{root}/{relative}.out", answer)
    finally:
        if server is not None:
            server.stop()
        shutil.rmtree(base, ignore_errors=True)
    return Outcome("Completed")


def _source(job: dict[str, Any]) -> str:
    processing = {k: v for k, v in job.get("DataProcessing", {}).items() if v != "None"}
    if processing and processing != {"InputFilter": "$", "OutputFilter": "$"}:
        raise JobFailure(f"not executed locally: DataProcessing {sorted(processing)}")
    if job["TransformInput"].get("CompressionType", "None") != "None":
        raise JobFailure("not executed locally: compressed input")
    source = job["TransformInput"]["DataSource"]["S3DataSource"]
    if source["S3DataType"] != "S3Prefix":
        raise JobFailure(f"not executed locally: S3DataType {source['S3DataType']}")
    uri: str = source["S3Uri"]
    return uri


def _transform(
    job: dict[str, Any],
    server: serving.ModelServer,
    body: bytes,
    key: str,
    stopping: threading.Event,
) -> bytes:
    headers = {"Content-Type": job["TransformInput"].get("ContentType", "")}
    accept = job["TransformOutput"].get("Accept")
    if accept:
        headers["Accept"] = accept
    by_line = job["TransformOutput"].get("AssembleWith") == "Line"
    answers: list[bytes] = []
    for payload in split(job, body):
        if stopping.is_set():
            raise JobStopped
        try:
            reply = server.invoke(payload, headers)
        except OSError as error:
            raise JobFailure(f"InternalServerError: the container stopped: {error}") from error
        if reply.status != 200:
            said = reply.body.decode("utf-8", "replace")[:300]
            raise JobFailure(
                f"AlgorithmError: {key}: Bad HTTP status received from algorithm: "
                f"{reply.status}: {said}"
            )
        answers.append(reply.body.rstrip(b"\n") + b"\n" if by_line else reply.body)
    return b"".join(answers)


def split(job: dict[str, Any], body: bytes) -> Iterator[bytes]:
    """The request payloads of one object: SplitType, BatchStrategy and MaxPayloadInMB."""
    limit = job.get("MaxPayloadInMB", _DEFAULT_PAYLOAD_MB) * 1024 * 1024
    kind = job["TransformInput"].get("SplitType", "None")
    if kind == "None":
        if limit and len(body) > limit:
            raise JobFailure("ClientError: the payload is larger than MaxPayloadInMB")
        yield body
        return
    if kind != "Line":
        raise JobFailure(f"not executed locally: SplitType {kind}")
    if job.get("BatchStrategy", "MultiRecord") == "SingleRecord":
        yield from (line for line in body.splitlines(keepends=True) if line.strip())
        return
    batch: list[bytes] = []
    size = 0
    for line in body.splitlines(keepends=True):
        if batch and limit and size + len(line) > limit:
            yield b"".join(batch)
            batch, size = [], 0
        batch.append(line)
        size += len(line)
    if batch:
        yield b"".join(batch)
