"""What 40 attendees of one workshop left behind, made over the API of whatever server."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
from botocore.config import Config

from workshop.errors import WorkshopError

WORKSHOP = "ml101"
REGION = "us-east-1"
ATTENDEES = tuple(f"a{number:03}" for number in range(1, 41))
# What is made of each kind for the race.
ENDPOINTS, MODELS, NOTEBOOKS = 200, 200, 80

_ROLE = "arn:aws:iam::123456789012:role/bench"
_IMAGE = f"123456789012.dkr.ecr.{REGION}.amazonaws.com/bench:1"
# No attendee's: what the endpoints serve from, and stays.
_CONFIG = "bench"
_WORKERS = 8
_PATIENCE_SECONDS = 120.0

Make = Callable[[Any, int], object]


def client_of(url: str) -> Any:
    """A SageMaker client of a server."""
    session = boto3.Session("bench", "bench", region_name=REGION)
    config = Config(retries={"total_max_attempts": 3}, max_pool_connections=_WORKERS)
    return session.client("sagemaker", endpoint_url=url, config=config)


def make_race(url: str, *, with_model: bool) -> None:
    """Endpoints and notebook instances in service, and models, each tagged and named as an
    attendee's own.

    moto knows no variant without a model; the local AWS serves a model for real, and without
    one an endpoint is in service without a container.
    """
    client = client_of(url)
    _make_config(client, with_model=with_model)
    _make_all(client, _endpoint, range(ENDPOINTS))
    _make_all(client, _model, range(MODELS))
    _make_all(client, _notebook, range(NOTEBOOKS))
    _wait_for(client, "list_endpoints", "Endpoints", "EndpointStatus", ENDPOINTS)
    _wait_for(
        client,
        "list_notebook_instances",
        "NotebookInstances",
        "NotebookInstanceStatus",
        NOTEBOOKS,
    )


def make_many(url: str, count: int) -> None:
    """So many models and endpoint configurations, half of them each."""
    client = client_of(url)
    _make_all(client, _model, range(count // 2))
    _make_all(client, _own_config, range(count - count // 2))


def count_left(url: str) -> int:
    """How many endpoints, models and notebook instances of attendees there are."""
    client = client_of(url)
    rows = [
        *_rows(client, "list_endpoints", "Endpoints"),
        *_rows(client, "list_models", "Models"),
        *_rows(client, "list_endpoint_configs", "EndpointConfigs"),
        *_rows(client, "list_notebook_instances", "NotebookInstances"),
    ]
    return len([row for row in rows if _CONFIG not in row.values()])


def _rows(client: Any, operation: str, key: str) -> list[dict[str, Any]]:
    return [row for page in client.get_paginator(operation).paginate() for row in page[key]]


def _make_all(client: Any, make: Make, numbers: Iterable[int]) -> None:
    with ThreadPoolExecutor(_WORKERS) as pool:
        list(pool.map(lambda number: make(client, number), numbers))


def _wait_for(client: Any, operation: str, key: str, status: str, count: int) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        found = [row[status] for row in _rows(client, operation, key)]
        if found == ["InService"] * count:
            return
        if time.monotonic() > deadline:
            raise WorkshopError(f"{key} of {client.meta.endpoint_url} are {sorted(set(found))}")
        time.sleep(0.2)


def _name(kind: str, number: int) -> str:
    return f"{WORKSHOP}-{ATTENDEES[number % len(ATTENDEES)]}-{kind}-{number}"


def _tags(number: int) -> list[dict[str, str]]:
    tags = {
        "workshop:name": WORKSHOP,
        "workshop:attendee": ATTENDEES[number % len(ATTENDEES)],
    }
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _variant() -> dict[str, Any]:
    return {
        "VariantName": "AllTraffic",
        "InstanceType": "ml.m5.large",
        "InitialInstanceCount": 1,
        "InitialVariantWeight": 1.0,
    }


def _make_config(client: Any, *, with_model: bool) -> None:
    variant = _variant()
    if with_model:
        client.create_model(
            ModelName=_CONFIG, ExecutionRoleArn=_ROLE, PrimaryContainer={"Image": _IMAGE}
        )
        variant["ModelName"] = _CONFIG
    client.create_endpoint_config(
        EndpointConfigName=_CONFIG, ExecutionRoleArn=_ROLE, ProductionVariants=[variant]
    )


def _endpoint(client: Any, number: int) -> None:
    name = _name("live", number)
    client.create_endpoint(EndpointName=name, EndpointConfigName=_CONFIG, Tags=_tags(number))


def _model(client: Any, number: int) -> None:
    client.create_model(
        ModelName=_name("model", number),
        ExecutionRoleArn=_ROLE,
        PrimaryContainer={"Image": _IMAGE},
        Tags=_tags(number),
    )


def _own_config(client: Any, number: int) -> None:
    client.create_endpoint_config(
        EndpointConfigName=_name("config", number),
        ExecutionRoleArn=_ROLE,
        ProductionVariants=[_variant()],
        Tags=_tags(number),
    )


def _notebook(client: Any, number: int) -> None:
    client.create_notebook_instance(
        NotebookInstanceName=_name("extra", number),
        InstanceType="ml.t3.medium",
        RoleArn=_ROLE,
        Tags=_tags(number),
    )
