"""What the local AWS adds to the work of jobs and endpoints."""

from __future__ import annotations

import http.client
import io
import os
import random
import statistics
import tarfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlparse

import boto3
from botocore.config import Config

from benchmarks.figure import Figure, Measured
from benchmarks.load import Recorded, record
from benchmarks.timing import run
from rehearsal.containers.registry import PYTHON
from rehearsal.isolation import without_aws
from rehearsal.processes import LocalAws
from workshop.errors import WorkshopError

REGION = "eu-west-1"
BUCKET = "bench-jobs"
IMAGE = f"141502667606.dkr.ecr.{REGION}.amazonaws.com/sagemaker-xgboost:1.7-1"
ROLE = "arn:aws:iam::123456789012:role/bench"
CLIENTS = 8
_TIMES = 5
_LOAD_SECONDS = 5.0
_WARM_UP_SECONDS = 1.0
_BATCH_ROWS = 100_000
_TRAINING_ROWS = 2_000
_LOOK_SECONDS = 0.005
_PATIENCE_SECONDS = 60.0

# The algorithm, and how long it took, which it tells as a metric of its own.
_SCRIPT = """
import time
started = time.perf_counter()
import os
import numpy as np
import xgboost
rows = np.loadtxt(os.environ["SM_CHANNEL_TRAIN"] + "/rows.csv", delimiter=",")
model = xgboost.train({"objective": "multi:softprob", "num_class": 3, "nthread": 1},
                      xgboost.DMatrix(rows[:, 1:], label=rows[:, 0]), 10)
model.save_model(os.environ["SM_MODEL_DIR"] + "/model.ubj")
print(f"seconds={time.perf_counter() - started};")
"""
# The same program's model, predicted with in one process: load, parse, predict, format.
_DIRECT = """
import sys, time, pathlib
sys.path.append(sys.argv[1])
from rehearsal.containers.contract.server import Request
from rehearsal.containers.xgboost import serve
body = pathlib.Path(sys.argv[3]).read_bytes()
started = time.perf_counter()
answer = serve.load(pathlib.Path(sys.argv[2]))(Request(body, "text/csv", ""))
print(time.perf_counter() - started, answer.body.count(b"\\n"))
"""


class Bench:
    """A local AWS with a bucket of data, and a trained model."""

    def __init__(self, url: str, directory: Path) -> None:
        self.url = url
        self.directory = directory
        self._session = boto3.Session("bench", "bench", region_name=REGION)
        self.s3, self.sagemaker = self.client("s3"), self.client("sagemaker")
        where = {"LocationConstraint": REGION}
        self.s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration=where)
        draw = random.Random(7)
        rows = [[draw.gauss(kind, 1) for _ in range(4)] for kind in (0, 1, 2) for _ in range(700)]
        text = [",".join(f"{value:.2f}" for value in row) for row in rows]
        labelled = [f"{number // 700},{line}" for number, line in enumerate(text)]
        self.put("train/rows.csv", "\n".join(labelled[:_TRAINING_ROWS]).encode())
        self.batch = "".join(f"{text[n % len(text)]}\n" for n in range(_BATCH_ROWS)).encode()

    def client(self, service: str) -> Any:
        once = Config(retries={"total_max_attempts": 1})
        return self._session.client(service, endpoint_url=self.url, config=once)

    def put(self, key: str, body: bytes) -> str:
        self.s3.put_object(Bucket=BUCKET, Key=key, Body=body)
        return f"s3://{BUCKET}/{key}"

    def train(self, name: str, hyperparameters: dict[str, str], **algorithm: Any) -> dict[str, Any]:
        """A training job that has completed, as DescribeTrainingJob shows it."""
        source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/train/"}
        channel = {"ChannelName": "train", "ContentType": "text/csv"}
        self.sagemaker.create_training_job(
            TrainingJobName=name,
            RoleArn=ROLE,
            AlgorithmSpecification={
                "TrainingImage": IMAGE,
                "TrainingInputMode": "File",
                **algorithm,
            },
            HyperParameters=hyperparameters,
            InputDataConfig=[{**channel, "DataSource": {"S3DataSource": source}}],
            OutputDataConfig={"S3OutputPath": f"s3://{BUCKET}/out"},
            ResourceConfig={
                "InstanceType": "ml.m5.large",
                "InstanceCount": 1,
                "VolumeSizeInGB": 5,
            },
            StoppingCondition={"MaxRuntimeInSeconds": 600},
        )
        return self.wait(
            lambda: self.sagemaker.describe_training_job(TrainingJobName=name),
            "TrainingJobStatus",
            "Completed",
        )

    def model(self) -> str:
        """A model of three classes by the built-in algorithm; its archive's URI."""
        settings = {"objective": "multi:softprob", "num_class": "3", "num_round": "10"}
        job = self.train("bench", settings)
        uri: str = job["ModelArtifacts"]["S3ModelArtifacts"]
        self.sagemaker.create_model(
            ModelName="bench",
            ExecutionRoleArn=ROLE,
            PrimaryContainer={"Image": IMAGE, "ModelDataUrl": uri},
        )
        return uri

    def endpoint(self, name: str) -> None:
        """An endpoint of the model, in service."""
        variant = {
            "VariantName": "AllTraffic",
            "ModelName": "bench",
            "InstanceType": "ml.m5.large",
            "InitialInstanceCount": 1,
        }
        self.sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
        self.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
        self.wait(
            lambda: self.sagemaker.describe_endpoint(EndpointName=name),
            "EndpointStatus",
            "InService",
        )

    def wait(self, ask: Callable[[], dict[str, Any]], field: str, wanted: str) -> dict[str, Any]:
        """Ask until a status is there. Raises WorkshopError for a failure."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while (shown := ask())[field] != wanted:
            if shown[field] in ("Failed", "Stopped") or time.monotonic() > deadline:
                raise WorkshopError(f"still {shown[field]}", shown.get("FailureReason", ""))
            time.sleep(_LOOK_SECONDS)
        return shown


@contextmanager
def _bench() -> Iterator[Bench]:
    with TemporaryDirectory() as directory:
        aws = LocalAws(Path(directory) / "aws", without_aws(os.environ))
        try:
            yield Bench(aws.url, Path(directory))
        finally:
            aws.close()


def _training_overhead() -> Measured:
    with _bench() as bench:
        code = bench.put("code.tar.gz", _archive("train.py", _SCRIPT))
        settings = {"sagemaker_program": "train.py", "sagemaker_submit_directory": code}
        metrics = [{"Name": "seconds", "Regex": r"seconds=([\d.]+)"}]
        rounds = []
        for number in range(_TIMES):
            started = time.perf_counter()
            job = bench.train(f"bench-{number}", settings, MetricDefinitions=metrics)
            whole = time.perf_counter() - started
            rounds.append((whole, float(job["FinalMetricDataList"][0]["Value"])))
    whole, own = (statistics.median(column) for column in zip(*rounds, strict=True))
    return Measured(
        statistics.median(took - inside for took, inside in rounds),
        f"{whole:.2f} s from create to Completed, {own:.2f} s of it in the script; "
        f"the start of an instance is 0.6 s of the rest; median of {_TIMES}",
    )


def _endpoint_start() -> Measured:
    with _bench() as bench:
        bench.model()
        seconds = []
        for number in range(_TIMES):
            started = time.perf_counter()
            bench.endpoint(f"bench-{number}")
            seconds.append(time.perf_counter() - started)
    return Measured(
        statistics.median(seconds),
        f"{min(seconds):.2f} to {max(seconds):.2f} s from create to InService, of which AWS's "
        f"own least is 1.2 s; median of {_TIMES}",
    )


def _invocations() -> Measured:
    with _bench() as bench:
        bench.model()
        bench.endpoint("bench")
        runtime = bench.client("sagemaker-runtime")
        request = {"EndpointName": "bench", "ContentType": "text/csv"}
        recorded = record(
            runtime, lambda: runtime.invoke_endpoint(**request, Body=b"1.0,2.0,0.5,1.5")
        )
        address = urlparse(bench.url).netloc
        path = "/endpoints/bench/invocations"
        _load(address, path, recorded, _WARM_UP_SECONDS)
        answered, took = _load(address, path, recorded, _LOAD_SECONDS)
    return Measured(
        answered / took,
        f"{answered} answers over {CLIENTS} connections in {took:.1f} s, the clients on the same "
        f"{os.cpu_count()} cores",
    )


def _load(address: str, path: str, recorded: Recorded, seconds: float) -> tuple[int, float]:
    """(answers, seconds) of clients that ask again as soon as they are answered.

    Raises WorkshopError for any answer but 200.
    """
    started = time.perf_counter()
    ending = started + seconds

    def client(_: int) -> int:
        connection = http.client.HTTPConnection(address, timeout=_PATIENCE_SECONDS)
        count = 0
        while time.perf_counter() < ending:
            connection.request(recorded.method, path, recorded.body, dict(recorded.headers))
            answer = connection.getresponse()
            said = answer.read()
            if answer.status != 200:
                raise WorkshopError(f"InvokeEndpoint answered {answer.status}", said.decode()[:200])
            count += 1
        connection.close()
        return count

    with ThreadPoolExecutor(CLIENTS) as pool:
        answered = sum(pool.map(client, range(CLIENTS)))
    return answered, time.perf_counter() - started


def _batch_rate() -> Measured:
    with _bench() as bench:
        uri = bench.model()
        bench.put("batch/rows.csv", bench.batch)
        rounds = [(_transformed(bench, f"bench-{n}"), *_directly(bench, uri)) for n in range(3)]
    ours, whole, inside = (statistics.median(column) for column in zip(*rounds, strict=True))
    return Measured(
        statistics.median(process / job for job, process, _ in rounds),
        f"{_BATCH_ROWS / ours:,.0f} rows/s by a job, its container's start, S3 and end included, "
        f"against {_BATCH_ROWS / whole:,.0f} by a process that starts, predicts and ends "
        f"({_BATCH_ROWS / inside:,.0f} without its start); median of {len(rounds)} pairs",
    )


def _transformed(bench: Bench, name: str) -> float:
    """Seconds of a batch transform of the rows, by AWS's own times."""
    source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/batch/"}
    bench.sagemaker.create_transform_job(
        TransformJobName=name,
        ModelName="bench",
        TransformInput={
            "DataSource": {"S3DataSource": source},
            "ContentType": "text/csv",
            "SplitType": "Line",
        },
        TransformOutput={"S3OutputPath": f"s3://{BUCKET}/{name}", "AssembleWith": "Line"},
        TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 1},
    )
    job = bench.wait(
        lambda: bench.sagemaker.describe_transform_job(TransformJobName=name),
        "TransformJobStatus",
        "Completed",
    )
    written = bench.s3.get_object(Bucket=BUCKET, Key=f"{name}/rows.csv.out")["Body"].read()
    answers = written.count(b"\n")
    if answers != _BATCH_ROWS:
        raise WorkshopError(f"{answers} answers for {_BATCH_ROWS} rows")
    seconds: float = (job["TransformEndTime"] - job["TransformStartTime"]).total_seconds()
    return seconds


def _directly(bench: Bench, uri: str) -> tuple[float, float]:
    """Seconds of the same predictions in one process, with its start and without: the model
    loaded, rows parsed, predicted, written as text in memory."""
    model, rows = bench.directory / "model", bench.directory / "rows.csv"
    archive = bench.s3.get_object(Bucket=BUCKET, Key=urlparse(uri).path.lstrip("/"))["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        tar.extractall(model, filter="data")
    rows.write_bytes(bench.batch)
    root = Path(__file__).resolve().parents[1]
    environment = {"SAGEMAKER_BATCH": "true", "OMP_NUM_THREADS": "1", "PATH": "/usr/bin:/bin"}
    finished = run([str(PYTHON), "-c", _DIRECT, str(root), str(model), str(rows)], environment)
    if finished.code != 0:
        raise WorkshopError("the direct prediction failed", finished.stderr[-300:])
    seconds, answers = finished.stdout.split()[-2:]
    if int(answers) != _BATCH_ROWS:
        raise WorkshopError(f"{answers} direct answers for {_BATCH_ROWS} rows")
    return finished.seconds, float(seconds)


def _archive(name: str, text: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        entry = tarfile.TarInfo(name)
        entry.size = len(text.encode())
        tar.addfile(entry, io.BytesIO(text.encode()))
    return buffer.getvalue()


JOB_FIGURES = (
    Figure(
        "training-overhead",
        "a training job from create to Completed, less the script's own time",
        "s",
        1.5,
        _training_overhead,
    ),
    Figure(
        "endpoint-start",
        "an endpoint from create to InService",
        "s",
        2.0,
        _endpoint_start,
    ),
    Figure(
        "invocations",
        f"InvokeEndpoint calls per second of {CLIENTS} clients",
        "/s",
        300,
        _invocations,
        at_least=True,
    ),
    Figure(
        "batch-rate",
        f"a batch transform of {_BATCH_ROWS:,} rows against a process that predicts them in memory",
        "x",
        0.7,
        _batch_rate,
        at_least=True,
    ),
)
