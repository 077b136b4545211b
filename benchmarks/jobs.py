"""What the local AWS adds to the work of jobs and endpoints."""

from __future__ import annotations

import http.client
import io
import os
import statistics
import tarfile
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlparse

from benchmarks.batch import BATCH_RATE
from benchmarks.figure import Figure, Measured
from benchmarks.job_bench import PATIENCE_SECONDS, open_bench
from benchmarks.load import Recorded, record
from workshop.errors import WorkshopError

CLIENTS = 8
_TIMES = 5
_LOAD_SECONDS = 5.0
_WARM_UP_SECONDS = 1.0

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


def _training_overhead() -> Measured:
    with open_bench() as bench:
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
    with open_bench() as bench:
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
    with open_bench() as bench:
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
        connection = http.client.HTTPConnection(address, timeout=PATIENCE_SECONDS)
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
    BATCH_RATE,
)
