"""What the local AWS adds to the work of jobs and endpoints."""

from __future__ import annotations

import http.client
import io
import os
import statistics
import tarfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlparse

from benchmarks.batch import BATCH_RATE
from benchmarks.figure import Figure, Measured
from benchmarks.job_bench import PATIENCE_SECONDS, TRAINING_ROWS, open_bench
from benchmarks.load import Recorded, record
from workshop.errors import WorkshopError

CLIENTS = 8
_TIMES = 5
_LOAD_SECONDS = 5.0
_WARM_UP_SECONDS = 1.0

# It tells as metrics how long it took from its first line to its last, imports included, which it
# would take anywhere, and how long the training alone.
_SCRIPT = """
import time
begun = time.perf_counter()
import os
import numpy as np
import xgboost
rows = np.loadtxt(os.environ["SM_CHANNEL_TRAIN"] + "/rows.csv", delimiter=",")
data = xgboost.DMatrix(rows[:, 1:], label=rows[:, 0])
started = time.perf_counter()
model = xgboost.train({"objective": "multi:softprob", "num_class": 3, "nthread": 1}, data, 10)
trained = time.perf_counter()
model.save_model(os.environ["SM_MODEL_DIR"] + "/model.ubj")
print(f"training={trained - started}; own={time.perf_counter() - begun};")
"""


def _training_overhead() -> Measured:
    with open_bench() as bench:
        code = bench.put("code.tar.gz", _archive("train.py", _SCRIPT))
        settings = {"sagemaker_program": "train.py", "sagemaker_submit_directory": code}
        metrics = [{"Name": name, "Regex": rf"{name}=([\d.]+)"} for name in ("own", "training")]
        rounds = []
        for number in range(_TIMES):
            started = time.perf_counter()
            job = bench.train(f"bench-{number}", settings, MetricDefinitions=metrics)
            whole = time.perf_counter() - started
            told = {one["MetricName"]: one["Value"] for one in job["FinalMetricDataList"]}
            rounds.append((whole, told["own"], told["training"]))
    whole, own, training = (statistics.median(column) for column in zip(*rounds, strict=True))
    seconds = [took - inside for took, inside, _ in rounds]
    beside_training = statistics.median(took - trained for took, _, trained in rounds)
    return Measured(
        statistics.median(seconds),
        f"{_spread(seconds)}; a script of {TRAINING_ROWS:,} rows in the xgboost image, "
        f"{whole:.2f} s from create to Completed, {own:.2f} s of it in the script; with the "
        f"script's imports counted, less xgboost.train alone ({training:.2f} s), it is "
        f"{beside_training:.2f} s; the start of an instance is 0.6 s; {os.cpu_count()} cores",
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
        f"{_spread(seconds)}; the built-in xgboost, after one training job; AWS's own least is "
        f"1.2 s of it; {os.cpu_count()} cores",
    )


def _spread(seconds: Sequence[float]) -> str:
    """The first is named: nothing has started warm by then."""
    return f"median of {len(seconds)}, the worst {max(seconds):.2f} s, the first {seconds[0]:.2f} s"


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
        "a job of a training script from create to Completed, less the script with its imports",
        "s",
        1.5,
        _training_overhead,
    ),
    Figure(
        "endpoint-start",
        "an endpoint of the built-in xgboost from create to InService, median",
        "s",
        2.0,
        _endpoint_start,
    ),
    Figure(
        "invocations",
        f"InvokeEndpoint calls per second of {CLIENTS} clients, one row each",
        "/s",
        300,
        _invocations,
        at_least=True,
    ),
    BATCH_RATE,
)
