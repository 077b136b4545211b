"""Quotas: reading many regions against one, at AWS's rate; and the split of a large class."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import boto3
from botocore.config import Config

from benchmarks.figure import Figure, Measured
from benchmarks.throttled_quotas import QUOTAS
from benchmarks.timing import ROOT, ratio
from modules.declarations import load_module
from quotas.demand import demand_in
from quotas.fit import RegionFit, fit, judge
from quotas.limits import LISTS_PER_SECOND, Pace, read_limits
from quotas.split import assign, split
from workshop.config import load_workshop
from workshop.config.example import EXAMPLE
from workshop.errors import WorkshopError
from workshop.model import Workshop

PEOPLE = 500
REGIONS = (
    *("us-east-1", "us-east-2", "us-west-1", "us-west-2", "ca-central-1", "sa-east-1"),
    *("eu-west-1", "eu-west-2", "eu-west-3", "eu-central-1", "eu-north-1"),
    *("ap-south-1", "ap-southeast-1", "ap-southeast-2"),
    *("ap-northeast-1", "ap-northeast-2", "ap-northeast-3"),
)
_PAIRS = 3
_ROUNDS = 5


def read_regions(clients: Sequence[Any]) -> float:
    """The seconds in which all quotas of the clients' regions are read, as the check does it.

    Raises WorkshopError when a region's quotas are not all there: the read was then none.
    """
    started = time.perf_counter()
    with ThreadPoolExecutor(max_workers=len(clients)) as pool:
        found = list(pool.map(_read, clients))
    seconds = time.perf_counter() - started
    if any(count != found[0] for count in found):
        raise WorkshopError("the regions' quotas were not read whole", f"{found} of them")
    return seconds


def _read(client: Any) -> int:
    pace = Pace(LISTS_PER_SECOND, time.monotonic, time.sleep)
    return len(read_limits(client, pace).applied)


def measure_regions() -> Measured:
    """Many regions' quotas against one region's, each region throttled as AWS does it."""
    with _server() as url:
        clients = [_client(url, region) for region in REGIONS]
        measured = ratio(
            lambda: read_regions(clients), lambda: read_regions(clients[:1]), pairs=_PAIRS
        )
    return Measured(measured.value, f"{len(REGIONS)} regions x {QUOTAS} quotas; {measured.detail}")


@contextmanager
def _server() -> Iterator[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.throttled_quotas"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        yield json.loads(process.stdout.readline())["url"]
    finally:
        process.stdin.close()
        process.wait()


def _client(url: str, region: str) -> Any:
    # Retries as the toolkit's own clients have them (workshop.aws).
    retries: Any = {"mode": "standard", "total_max_attempts": 10}
    return boto3.Session("local", "local", region_name=region).client(
        "service-quotas", endpoint_url=url, config=Config(retries=retries)
    )


def measure_split() -> Measured:
    """The split of a class over regions whose quotas are known, until everybody has a place."""
    with TemporaryDirectory(prefix="t-") as name:
        config = Path(name) / "workshop.yaml"
        config.write_text(
            EXAMPLE.replace("attendees: 3\n", f"attendees: {PEOPLE}\n").replace(
                "regions: [us-east-1]", f"regions: [{', '.join(REGIONS)}]"
            ),
            encoding="utf-8",
        )
        workshop = load_workshop(config)
    modules = [load_module(module) for module in workshop.modules]

    def place() -> dict[str, str]:
        fits = [_judge(workshop, modules, place, region) for place, region in enumerate(REGIONS)]
        counts = split(PEOPLE, {one.region: one.capacity or 0 for one in fits})
        return assign(workshop.attendees, counts) if counts else {}

    seconds = [_time(place) for _ in range(_ROUNDS)]
    placed = place()
    return Measured(
        statistics.median(seconds) * 1000,
        f"{len(set(placed.values()))} of {len(REGIONS)} regions; median of {_ROUNDS}",
        sound=len(placed) == PEOPLE,
    )


def _judge(workshop: Workshop, modules: Sequence[Any], place: int, region: str) -> RegionFit:
    """A region that carries 30 people and some more, another number everywhere."""
    demands = demand_in(workshop, region, modules)
    limits = {d.quota.code: float(d.fixed + d.per_attendee * (30 + place % 7)) for d in demands}
    lines = fit(region, demands, limits, dict.fromkeys(limits, 0))
    return judge(region, 0, demands, lines)


def _time(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


CAPACITY_FIGURES = (
    Figure(
        name="split-500",
        what=f"the split of {PEOPLE} attendees over {len(REGIONS)} regions",
        unit="ms",
        bar=100,
        measure=measure_split,
    ),
    Figure(
        name="regions-17",
        what=f"reading {QUOTAS} quotas of {len(REGIONS)} regions at AWS's rate, against one",
        unit="x",
        bar=2,
        measure=measure_regions,
    ),
)
