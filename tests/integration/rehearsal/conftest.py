"""One local AWS, a process of its own, for all tests of a worker; clients are plain boto3."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from rehearsal import isolation
from rehearsal.processes import LocalAws

REGION = "eu-west-1"
Client = Callable[..., Any]


@pytest.fixture(scope="session")
def aws_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    directory: Path = tmp_path_factory.mktemp("local-aws")
    aws = LocalAws(directory, isolation.without_aws(os.environ), options=("--check-answers",))
    yield aws.url
    aws.close()


@pytest.fixture
def client(aws_url: str) -> Client:
    """Make a client of a service; nothing but the endpoint tells it from one of AWS."""

    def make(service: str, region: str = REGION) -> Any:
        session = boto3.Session("local", "local", region_name=region)
        once = Config(retries={"total_max_attempts": 1})
        return session.client(service, endpoint_url=aws_url, config=once)

    return make
