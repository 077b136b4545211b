"""The local AWS's control plane answers quicker than moto's own server does."""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import boto3
from botocore.config import Config

from benchmarks.figure import Figure, Measured
from benchmarks.load import CONNECTIONS, calls_per_second, find_wrk, record, written
from benchmarks.timing import ROOT
from rehearsal.isolation import without_aws
from rehearsal.machine import end_process
from rehearsal.processes import LocalAws
from workshop.errors import WorkshopError

_ENDPOINTS = 20
_PAIRS = 3
_SECONDS = 2
_WARM_UP_SECONDS = 1
_PATIENCE_SECONDS = 30.0
_ROLE = "arn:aws:iam::123456789012:role/bench"
_IMAGE = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/bench:1"

OPERATIONS: dict[str, Callable[[Any], Any]] = {
    "ListEndpoints": lambda client: client.list_endpoints(),
    "DescribeEndpoint": lambda client: client.describe_endpoint(EndpointName=_name(0)),
}


@dataclass(frozen=True, slots=True)
class Rates:
    """Calls per second of one operation, ours and moto's, pair by pair."""

    operation: str
    pairs: tuple[tuple[float, float], ...]

    @property
    def ratio(self) -> float:
        """The median of ours over moto's."""
        return statistics.median(ours / motos for ours, motos in self.pairs)

    def __str__(self) -> str:
        ours, motos = (statistics.median(column) for column in zip(*self.pairs, strict=True))
        return f"{self.operation} {ours:,.0f} against {motos:,.0f} calls/s"


def _measure() -> Measured:
    wrk = find_wrk()
    environment = without_aws(os.environ)
    with (
        TemporaryDirectory() as directory,
        _local_aws(Path(directory) / "ours", environment) as ours,
        _moto_server(Path(directory) / "moto.log", environment) as motos,
    ):
        clients = (_client(ours), _client(motos))
        _populate(clients[0], with_model=False)
        _populate(clients[1], with_model=True)
        return judge(
            [_rates(wrk, name, (ours, motos), clients, Path(directory)) for name in OPERATIONS]
        )


def judge(rates: list[Rates]) -> Measured:
    """The figure: the ratio of the operation that gains least."""
    return Measured(
        min(rate.ratio for rate in rates),
        f"{'; '.join(map(str, rates))}; {CONNECTIONS} connections, median of {_PAIRS} "
        f"alternating pairs, {os.cpu_count()} cores",
    )


def _rates(
    wrk: str, operation: str, urls: tuple[str, str], clients: tuple[Any, Any], directory: Path
) -> Rates:
    # One request for both: the servers differ in their port only.
    recorded = record(clients[0], lambda: OPERATIONS[operation](clients[0]))
    with written(directory, recorded) as script:
        for url in urls:
            calls_per_second(wrk, url, script, _WARM_UP_SECONDS)
        pairs = [
            (
                calls_per_second(wrk, urls[0], script, _SECONDS),
                calls_per_second(wrk, urls[1], script, _SECONDS),
            )
            for _ in range(_PAIRS)
        ]
    return Rates(operation, tuple(pairs))


def _client(url: str) -> Any:
    session = boto3.Session("bench", "bench", region_name="eu-west-1")
    once = Config(retries={"total_max_attempts": 1})
    return session.client("sagemaker", endpoint_url=url, config=once)


def _name(number: int) -> str:
    return f"bench-{number:02}"


def _populate(client: Any, *, with_model: bool) -> None:
    """Make the endpoints and wait until all are in service, so that both answer the same fields.

    Ours serves models for real; without one, as endpoints for inference components are made,
    nothing but the control plane is at work. moto knows no variant without a model.
    """
    variant = {"VariantName": "AllTraffic", "InstanceType": "ml.m5.large"}
    more: dict[str, Any] = {"InitialInstanceCount": 1, "InitialVariantWeight": 1.0}
    client.create_model(
        ModelName="bench", ExecutionRoleArn=_ROLE, PrimaryContainer={"Image": _IMAGE}
    )
    if with_model:
        more["ModelName"] = "bench"
    client.create_endpoint_config(
        EndpointConfigName="bench",
        ExecutionRoleArn=_ROLE,
        ProductionVariants=[{**variant, **more}],
    )
    for number in range(_ENDPOINTS):
        client.create_endpoint(EndpointName=_name(number), EndpointConfigName="bench")
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        pages = client.get_paginator("list_endpoints").paginate()
        found = [row["EndpointStatus"] for page in pages for row in page["Endpoints"]]
        if found == ["InService"] * _ENDPOINTS:
            return
        if time.monotonic() > deadline:
            raise WorkshopError(f"{client.meta.endpoint_url} has endpoints {found}")
        time.sleep(0.1)


@contextmanager
def _local_aws(directory: Path, environment: dict[str, str]) -> Iterator[str]:
    aws = LocalAws(directory, environment)
    try:
        yield aws.url
    finally:
        aws.close()


@contextmanager
def _moto_server(log: Path, environment: dict[str, str]) -> Iterator[str]:
    """moto's own server as its console script starts it, on a free port."""
    command = [str(Path(sys.executable).with_name("moto_server")), "-H", "127.0.0.1", "-p", "0"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        yield _said_url(process, log)
    finally:
        end_process(process)


def _said_url(process: subprocess.Popen[bytes], log: Path) -> str:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        said = re.search(r"Running on (http://\S+)", log.read_text(errors="replace"))
        if said:
            return said[1]
        time.sleep(0.05)
    raise WorkshopError("moto_server did not start", log.read_text(errors="replace")[-300:])


CONTROL_PLANE_CALLS = Figure(
    name="control-plane-calls",
    what="control-plane calls per second against moto's own server",
    unit="x",
    bar=3,
    at_least=True,
    measure=_measure,
)
