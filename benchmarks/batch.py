"""A batch transform against the same work by one process, and against bare predictions."""

from __future__ import annotations

import io
import os
import statistics
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO
from urllib.parse import urlparse

from benchmarks.figure import Figure, Measured
from benchmarks.job_bench import BUCKET, Bench, open_bench
from benchmarks.timing import ROOT
from rehearsal.containers.registry import PYTHON
from workshop.errors import WorkshopError

_ROWS = 100_000
_PAIRS = 7
# Rare enough that being asked does not slow the job down; its times are AWS's own.
_LOOK_SECONDS = 0.1

# The same program's work in memory, once for each line of standard input: the model loaded, the
# rows parsed, predicted, written as text. Beside it the prediction alone, of a matrix that is
# ready: a new one each time, since a booster keeps what it has predicted of one.
_DIRECT = """
import sys, time, pathlib
sys.path.append(sys.argv[1])
from rehearsal.containers.contract.server import Request
from rehearsal.containers.contract.server import one_model_file
from rehearsal.containers.xgboost import serve
from rehearsal.containers.xgboost.data import content_format, read_rows
from rehearsal.containers.xgboost.lean import xgboost
body, folder = pathlib.Path(sys.argv[3]).read_bytes(), pathlib.Path(sys.argv[2])
booster = xgboost.Booster(model_file=bytearray(one_model_file(folder).read_bytes()))
booster.set_param("nthread", 1)
rows = read_rows(body, content_format("text/csv", default=""), booster.num_features())
for _ in sys.stdin:
    started = time.perf_counter()
    answer = serve.load(folder)(Request(body, "text/csv", ""))
    seconds = time.perf_counter() - started
    matrix = xgboost.DMatrix(rows)
    started = time.perf_counter()
    booster.predict(matrix)
    print(seconds, time.perf_counter() - started, answer.body.count(b"\\n"), flush=True)
"""


def _batch_rate() -> Measured:
    with open_bench() as bench:
        uri = bench.model()
        bench.put("batch/rows.csv", bench.rows(_ROWS))
        with _direct(bench, uri) as process:
            # One pair that does not count: what runs for the first time has more to do.
            rounds = [
                (_transform(bench, f"bench-{number}"), *_predict(process))
                for number in range(_PAIRS + 1)
            ][1:]
    ours, theirs, bare = (statistics.median(column) for column in zip(*rounds, strict=True))
    against_bare = statistics.median(predicted / job for job, _, predicted in rounds)
    return Measured(
        statistics.median(direct / job for job, direct, _ in rounds),
        f"{_ROWS / ours:,.0f} rows/s by a job, its container's start, S3 and end included, "
        f"against {_ROWS / theirs:,.0f} by a process that runs already and parses, predicts and "
        f"formats; against Booster.predict of a ready DMatrix alone ({_ROWS / bare:,.0f} rows/s) "
        f"it is {against_bare:.3f} x; median of {_PAIRS} pairs, {os.cpu_count()} cores",
    )


def _transform(bench: Bench, name: str) -> float:
    """Seconds of a batch transform of the rows, without the wait for an instance before it."""
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
        _LOOK_SECONDS,
    )
    written = bench.s3.get_object(Bucket=BUCKET, Key=f"{name}/rows.csv.out")["Body"].read()
    _check(written.count(b"\n"))
    seconds: float = (job["TransformEndTime"] - job["TransformStartTime"]).total_seconds()
    return seconds


@contextmanager
def _direct(bench: Bench, uri: str) -> Iterator[subprocess.Popen[str]]:
    """A process that has imported everything and read the rows, and predicts when told to."""
    model, rows = bench.directory / "model", bench.directory / "rows.csv"
    archive = bench.s3.get_object(Bucket=BUCKET, Key=urlparse(uri).path.lstrip("/"))["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        tar.extractall(model, filter="data")
    rows.write_bytes(bench.rows(_ROWS))
    with subprocess.Popen(
        [str(PYTHON), "-c", _DIRECT, str(ROOT), str(model), str(rows)],
        env={"SAGEMAKER_BATCH": "true", "OMP_NUM_THREADS": "1", "PATH": "/usr/bin:/bin"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield process


def _predict(process: subprocess.Popen[str]) -> tuple[float, float]:
    """Seconds of the same work in memory, and of the prediction alone."""
    stdin, stdout = _pipes(process)
    stdin.write("again\n")
    stdin.flush()
    # The program's own log lines come first.
    while not (line := stdout.readline())[:1].isdigit():
        if not line:
            raise WorkshopError("the direct prediction failed", "its message is above")
    seconds, bare, answers = line.split()
    _check(int(answers))
    return float(seconds), float(bare)


def _pipes(process: subprocess.Popen[str]) -> tuple[IO[str], IO[str]]:
    assert process.stdin is not None
    assert process.stdout is not None
    return process.stdin, process.stdout


def _check(answers: int) -> None:
    if answers != _ROWS:
        raise WorkshopError(f"{answers} answers for {_ROWS} rows")


BATCH_RATE = Figure(
    "batch-rate",
    f"a batch transform of {_ROWS:,} rows against a process that parses, predicts and formats them",
    "x",
    0.7,
    _batch_rate,
    at_least=True,
)
