"""AWS clients, made in one place so that retries and time-outs are the same everywhere.

Nothing here knows which endpoint answers: boto3 reads `AWS_ENDPOINT_URL` itself.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Any

import boto3
from botocore.config import Config

# (service, region) -> client. Engines take one of these and never import boto3.
Clients = Callable[[str, str], Any]

# Standard mode retries throttling and 5xx with jittered backoff
# (boto3 guide, "Retries"); ten attempts ride out a class that starts at once.
_CONFIG = Config(
    retries={"mode": "standard", "total_max_attempts": 10},
    connect_timeout=10,
    read_timeout=60,
    max_pool_connections=48,
)


def make_clients(profile: str | None = None) -> Clients:
    """Return a function that gives the client of a service in a region, made once each."""
    session = boto3.Session(profile_name=profile)
    made: dict[tuple[str, str], Any] = {}
    # Clients may be shared by threads; making one on a session may not
    # (boto3 guide, "Multithreading or multiprocessing with sessions").
    lock = Lock()

    def client(service: str, region: str) -> Any:
        key = (service, region)
        # Looked up before the lock: making another client takes up to a second.
        if key not in made:
            with lock:
                if key not in made:
                    made[key] = session.client(service, region_name=region, config=_CONFIG)
        return made[key]

    return client


def error_code(error: Exception) -> str:
    """The AWS error code of a botocore ClientError, or "" for any other exception."""
    response = getattr(error, "response", None)
    if not isinstance(response, dict):
        return ""
    return str(response.get("Error", {}).get("Code", ""))


def error_message(error: Exception) -> str:
    """The AWS error message of a botocore ClientError, or the exception's text."""
    response = getattr(error, "response", None)
    if not isinstance(response, dict):
        return str(error)
    return str(response.get("Error", {}).get("Message", error))
