"""A batch transform job: S3 objects through a model's container, answers as `.out` objects."""

from __future__ import annotations

import gzip
import json
import shutil
import threading
import zlib
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rehearsal.jobs import association, records, serving, storage
from rehearsal.jobs.association import Association
from rehearsal.jobs.work import JobFailure, JobStopped
from rehearsal.machine import Machine
from rehearsal.sagemaker.resource import Outcome

LOG_GROUP = "/aws/sagemaker/TransformJobs"
# "InvocationsTimeoutInSeconds ... The default value is 600" (ModelClientConfig).
_ANSWER_SECONDS = 600
# How many answers may wait in memory to be written.
_BEHIND = 4


@storage.on_a_volume()
def run(
    job: dict[str, Any],
    model: dict[str, Any],
    region: str,
    machine: Machine,
    stopping: threading.Event,
) -> Outcome:
    """Execute the job that DescribeTransformJob describes as `job` with `model`."""
    how = association.of_job(job)
    s3 = machine.client("s3", region)
    objects = storage.objects_of(s3, _source(job))
    base = machine.path("transform", region, job["TransformJobName"])
    # Objects are read ahead and answers written behind, while the container is at work.
    with ThreadPoolExecutor(1) as reader, ThreadPoolExecutor(1) as writer:
        server = None
        ahead = reader.submit(storage.read, s3, objects[0].uri)
        written: deque[Future[None]] = deque()
        try:
            server = _start(job, model, region, machine, base)
            server.wait_until_ready(stopping)
            transform = _Transform(job, how, server, _concurrency(job, server), stopping)
            for number, found in enumerate(objects):
                body = _decompressed(job, ahead.result(), found.key)
                for following in objects[number + 1 : number + 2]:
                    ahead = reader.submit(storage.read, s3, following.uri)
                answer = transform.answer(body, f"{found.bucket}/{found.key}")
                if len(written) >= _BEHIND:
                    written.popleft().result()
                target = f"{_root(job)}/{found.relative}.out"
                written.append(writer.submit(storage.write, s3, target, answer))
        finally:
            if server is not None:
                server.stop()
            shutil.rmtree(base, ignore_errors=True)
        for future in written:
            future.result()
    return Outcome("Completed")


def _start(
    job: dict[str, Any], model: dict[str, Any], region: str, machine: Machine, base: Path
) -> serving.ModelServer:
    client = job.get("ModelClientConfig", {})
    return serving.start(
        model,
        region,
        machine,
        base=base,
        group=LOG_GROUP,
        stream=f"{job['TransformJobName']}/local",
        environment={
            # https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-batch-code.html
            "SAGEMAKER_BATCH": "true",
            "SAGEMAKER_BATCH_STRATEGY": _strategy(job),
            "SAGEMAKER_MAX_PAYLOAD_IN_MB": str(records.max_payload(job) // 1024**2),
            "SAGEMAKER_MAX_CONCURRENT_TRANSFORMS": str(job.get("MaxConcurrentTransforms", 1)),
            **job.get("Environment", {}),
        },
        invoke_seconds=client.get("InvocationsTimeoutInSeconds", _ANSWER_SECONDS),
    )


def _strategy(job: dict[str, Any]) -> str:
    single = job.get("BatchStrategy") == "SingleRecord"
    return "SINGLE_RECORD" if single else "MULTI_RECORD"


def _root(job: dict[str, Any]) -> str:
    path: str = job["TransformOutput"]["S3OutputPath"]
    return path.rstrip("/")


def _source(job: dict[str, Any]) -> dict[str, Any]:
    source: dict[str, Any] = job["TransformInput"]["DataSource"]["S3DataSource"]
    if source["S3DataType"] not in ("S3Prefix", "ManifestFile"):
        raise JobFailure(f"not executed locally: S3DataType {source['S3DataType']}")
    return source


def _decompressed(job: dict[str, Any], body: bytes, key: str) -> bytes:
    kind = job["TransformInput"].get("CompressionType", "None")
    if kind == "None":
        return body
    if kind != "Gzip":
        raise JobFailure(f"not executed locally: CompressionType {kind}")
    try:
        return gzip.decompress(body)
    except (OSError, EOFError, zlib.error) as error:
        raise JobFailure(f"ClientError: {key} is not gzip: {error}") from error


def _concurrency(job: dict[str, Any], server: serving.ModelServer) -> int:
    """How many requests at once: the job's own number, else the container's, else one."""
    asked = job.get("MaxConcurrentTransforms", 0)
    if asked:
        return int(asked)
    try:
        offered = json.loads(server.execution_parameters())["MaxConcurrentTransforms"]
        return max(1, int(offered))
    except (ValueError, KeyError, TypeError):
        return 1


@dataclass(frozen=True, slots=True)
class _Transform:
    """One job's way with an object."""

    job: dict[str, Any]
    how: Association
    server: serving.ModelServer
    at_once: int
    stopping: threading.Event

    def answer(self, body: bytes, name: str) -> bytes:
        """The output object of an input object's content. Raises JobFailure or JobStopped."""
        try:
            return b"".join(self._parts(body))
        except JobFailure as error:
            kind, _, reason = str(error).partition(": ")
            raise JobFailure(f"{kind}: {name}: {reason}") from error

    def _parts(self, body: bytes) -> Iterator[bytes]:
        """The answers in the order of the requests, a bounded number of them under way."""
        with ThreadPoolExecutor(self.at_once) as pool:
            waiting: deque[Future[bytes]] = deque()
            try:
                for request in self._requests(body):
                    waiting.append(pool.submit(self._ask, request))
                    if len(waiting) > self.at_once:
                        yield waiting.popleft().result()
                while waiting:
                    yield waiting.popleft().result()
            finally:
                pool.shutdown(wait=False, cancel_futures=True)

    def _requests(self, body: bytes) -> Iterator[Sequence[bytes]]:
        if not self.how.idle:
            yield from records.requests_of(self.job, body)
            return
        for payload in records.payloads_of(self.job, body):
            yield [payload]

    def _ask(self, request: Sequence[bytes]) -> bytes:
        if self.stopping.is_set():
            raise JobStopped
        payload = b"".join(self.how.filtered(request))
        try:
            reply = self.server.invoke(payload, self._headers)
        except OSError as error:
            raise JobFailure(
                f"AlgorithmError: Unable to get response from algorithm: {error}"
            ) from error
        if reply.status != 200:
            said = reply.body.decode("utf-8", "replace").strip()[-300:]
            kind = "ClientError" if reply.status < 500 else "AlgorithmError"
            raise JobFailure(
                f"{kind}: Bad HTTP status received from algorithm: {reply.status}: {said}"
            )
        if not self.how.idle:
            return self.how.joined(request, reply.body)
        if self.job["TransformOutput"].get("AssembleWith") == "Line":
            return _ended_once(reply.body)
        return reply.body

    @property
    def _headers(self) -> dict[str, str]:
        headers = {"Content-Type": self.job["TransformInput"].get("ContentType", "")}
        accept = self.job["TransformOutput"].get("Accept")
        return {**headers, "Accept": accept} if accept else headers


def _ended_once(answer: bytes) -> bytes:
    """An answer with one line break at its end; as it is, if it has that already."""
    if answer.endswith(b"\n") and not answer.endswith(b"\n\n"):
        return answer
    return answer.rstrip(b"\n") + b"\n"
