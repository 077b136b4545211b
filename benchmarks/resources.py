"""Ten thousand resources in the local AWS: how long their list takes, and how much memory."""

from __future__ import annotations

import gc
import json
import statistics
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.figure import Figure, Measured
from rehearsal.clock import SteppedClock
from rehearsal.machine import Machine
from rehearsal.quotas.applied import NO_LIMIT, AppliedQuotas
from rehearsal.sagemaker.resource import Outcome
from rehearsal.world import World
from workshop.errors import WorkshopError

FEW, MANY = 1_000, 10_000
_ATTENDEES = 40
_ROUNDS = 5
# A list's default page, and the largest that can be asked for.
_PAGE_SIZES = (None, 100)
_WARM_UP = 100
# Each number of resources has a region to itself.
_REGIONS = {FEW: "eu-west-1", MANY: "eu-west-2"}
# The discard port: nothing here calls anybody.
_NOWHERE = "http://127.0.0.1:9"
_ROLE = "arn:aws:iam::123456789012:role/bench"
_IMAGE = "141502667606.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-xgboost:1.7-1"

# What a training job passes through before it is Completed.
_STATES = ("Starting", "Downloading", "Training", "Uploading")

Request = dict[str, Any]


class _Completed:
    """A training job's work that is done, where nothing is trained."""

    def __init__(self, started: float) -> None:
        self._started = started

    def poll(self) -> Outcome:
        transitions = [
            {
                "Status": status,
                "StatusMessage": status,
                "StartTime": self._started + second,
                "EndTime": self._started + second + 1,
            }
            for second, status in enumerate(_STATES)
        ]
        fields = {"TrainingStartTime": self._started, "SecondaryStatusTransitions": transitions}
        return Outcome("Completed", fields=fields)

    def stop(self) -> None: ...


class Plane:
    """A control plane in this process whose quotas do not bind and whose clock stands still."""

    def __init__(self, directory: Path) -> None:
        quotas = AppliedQuotas(raised_to=NO_LIMIT)
        self.world = World(SteppedClock(), Machine(directory, _NOWHERE), quotas=quotas)

    def call(self, operation: str, request: Request, region: str) -> dict[str, Any]:
        """One call, with a request that was text before, as one from the wire was."""
        with self.world.lock:
            return self.world.sagemaker.call(operation, json.loads(json.dumps(request)), region)

    def make(self, kind: str, numbers: range, region: str) -> None:
        """Make resources of a kind of KINDS; training jobs go through their states."""
        operation, request_of = KINDS[kind]
        for number in numbers:
            request = request_of(number)
            self.call(operation, request, region)
            if kind == "training jobs":
                self._complete(request["TrainingJobName"], region)
        self.world.tick()

    def _complete(self, name: str, region: str) -> None:
        plane = self.world.sagemaker
        job = plane.need("training-job", region, name)
        job.transition, job.activity = None, _Completed(self.world.clock.now())
        plane.watch(job)
        plane.tick()
        if job.status != "Completed":
            raise WorkshopError(f"training job {name} is {job.status}")

    def list_models(self, region: str, page_size: int | None) -> int:
        """Read the list in full, page by page; returns how many there are."""
        request: Request = {} if page_size is None else {"MaxResults": page_size}
        found = 0
        while True:
            page = self.call("ListModels", request, region)
            found += len(page["Models"])
            if "NextToken" not in page:
                return found
            request["NextToken"] = page["NextToken"]


def _prefix(number: int) -> str:
    return f"ml101-a{number % _ATTENDEES:02}"


def _tags(number: int) -> list[dict[str, str]]:
    tags = {
        "workshop:name": "ml101",
        "workshop:attendee": f"a{number % _ATTENDEES:02}",
        "workshop:module": "iris-xgboost",
    }
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _model(number: int) -> Request:
    name = f"{_prefix(number)}-model-{number}"
    return {
        "ModelName": name,
        "ExecutionRoleArn": f"{_ROLE}-{_prefix(number)}",
        "PrimaryContainer": {
            "Image": _IMAGE,
            "ModelDataUrl": f"s3://ml101/{_prefix(number)}/{name}/output/model.tar.gz",
            "Environment": {"SAGEMAKER_PROGRAM": "inference.py"},
        },
        "Tags": _tags(number),
    }


def _endpoint_config(number: int) -> Request:
    variant = {
        "VariantName": "AllTraffic",
        "InstanceType": "ml.m5.large",
        "InitialInstanceCount": 1,
        "InitialVariantWeight": 1.0,
    }
    return {
        "EndpointConfigName": f"{_prefix(number)}-config-{number}",
        "ExecutionRoleArn": f"{_ROLE}-{_prefix(number)}",
        "ProductionVariants": [variant],
        "Tags": _tags(number),
    }


def _training_job(number: int) -> Request:
    place = f"s3://ml101/{_prefix(number)}"
    channels = [
        {
            "ChannelName": channel,
            "ContentType": "text/csv",
            "DataSource": {
                "S3DataSource": {
                    "S3DataType": "S3Prefix",
                    "S3Uri": f"{place}/{channel}/",
                    "S3DataDistributionType": "FullyReplicated",
                }
            },
        }
        for channel in ("train", "validation")
    ]
    return {
        "TrainingJobName": f"{_prefix(number)}-train-{number}",
        "RoleArn": f"{_ROLE}-{_prefix(number)}",
        "HyperParameters": {
            "objective": "multi:softprob",
            "num_class": "3",
            "num_round": "50",
            "max_depth": "4",
            "eta": f"{number / MANY}",
        },
        "AlgorithmSpecification": {"TrainingImage": _IMAGE, "TrainingInputMode": "File"},
        "InputDataConfig": channels,
        "OutputDataConfig": {"S3OutputPath": f"{place}/out/"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 5},
        "StoppingCondition": {"MaxRuntimeInSeconds": 600},
        "Tags": _tags(number),
    }


KINDS: dict[str, tuple[str, Callable[[int], Request]]] = {
    "models": ("CreateModel", _model),
    "endpoint configs": ("CreateEndpointConfig", _endpoint_config),
    "training jobs": ("CreateTrainingJob", _training_job),
}


@contextmanager
def _plane() -> Iterator[Plane]:
    with TemporaryDirectory() as directory:
        plane = Plane(Path(directory))
        try:
            yield plane
        finally:
            plane.world.close()


def _list() -> Measured:
    with _plane() as plane:
        for count, region in _REGIONS.items():
            plane.make("models", range(count), region)
        for count in _REGIONS:
            _seconds_each(plane, count)
        pairs = [(_seconds_each(plane, MANY), _seconds_each(plane, FEW)) for _ in range(_ROUNDS)]
    many, few = (statistics.median(column) * 1e6 for column in zip(*pairs, strict=True))
    return Measured(
        statistics.median(above / below for above, below in pairs),
        f"{many:.1f} µs a model of {MANY:,} against {few:.1f} µs of {FEW:,}; listed in full in "
        f"pages of 10 and of 100, median of {_ROUNDS} interleaved pairs",
    )


def _seconds_each(plane: Plane, count: int) -> float:
    """Seconds per model for reading the whole list, right after it has changed."""
    region = _REGIONS[count]
    changed = _model(0)["ModelName"]
    plane.call("DeleteModel", {"ModelName": changed}, region)
    plane.make("models", range(1), region)
    gc.collect()
    started = time.perf_counter()
    found = [plane.list_models(region, size) for size in _PAGE_SIZES]
    seconds = time.perf_counter() - started
    if found != [count] * len(_PAGE_SIZES):
        raise WorkshopError(f"the lists of {count} models have {found}")
    return seconds / sum(found)


def _memory() -> Measured:
    with _plane() as plane:
        held = {kind: _bytes_each(plane, kind) for kind in KINDS}
    told = ", ".join(f"{kind} {size:,.0f}" for kind, size in held.items())
    return Measured(
        max(held.values()), f"{told}; {MANY:,} of each with 3 tags, allocated by Python"
    )


def _bytes_each(plane: Plane, kind: str) -> float:
    """The bytes that one more resource of a kind takes, MANY of them made."""
    # What the first ones bring along, patterns and caches, is not theirs.
    plane.make(kind, range(_WARM_UP), _REGIONS[MANY])
    gc.collect()
    tracemalloc.start()
    try:
        plane.make(kind, range(_WARM_UP, _WARM_UP + MANY), _REGIONS[MANY])
        gc.collect()
        return tracemalloc.get_traced_memory()[0] / MANY
    finally:
        tracemalloc.stop()


LIST_GROWTH = Figure(
    name="list-10000",
    what=f"listing one of {MANY:,} resources against one of {FEW:,}",
    unit="x",
    bar=1.5,
    measure=_list,
)
MEMORY_PER_RESOURCE = Figure(
    name="memory-per-resource",
    what=f"memory per resource of {MANY:,}, the kind that takes most",
    unit="bytes",
    bar=4096,
    measure=_memory,
)
