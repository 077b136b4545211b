"""Clients of the local AWS that a test has: a worker sees several, one for each folder."""

from __future__ import annotations

import os
from functools import cache
from typing import Any

import boto3


def client(service: str, region: str = "us-east-1") -> Any:
    """A client of the local AWS that the environment leads to now."""
    return _make(os.environ["AWS_ENDPOINT_URL"], service, region)


@cache
def _make(url: str, service: str, region: str) -> Any:
    return boto3.client(service, region_name=region, endpoint_url=url)
