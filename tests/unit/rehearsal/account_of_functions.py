"""Functions for tests: a role, zip files, records in moto; and what stands for running them.

moto's records are the process's own: every test takes names of its own.
"""

from __future__ import annotations

import io
import json
import time
import uuid
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from rehearsal.errors import ApiError
from rehearsal.inprocess import InProcess
from tests.unit.rehearsal.bench import REGION

_PATIENCE_SECONDS = 30.0


def zipped(**modules: str) -> bytes:
    """A package of modules with their code."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, code in modules.items():
            archive.writestr(f"{name}.py", code)
    return packed.getvalue()


def make_role(clients: InProcess, service: str) -> str:
    """A role that a service may assume; answers its ARN."""
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    made = clients("iam", REGION).create_role(
        RoleName=f"role-{uuid.uuid4().hex[:12]}",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )
    arn: str = made["Role"]["Arn"]
    return arn


def make_function(clients: InProcess, code: str, **more: Any) -> str:
    """A function `handler` in a module app; answers its name."""
    name = f"f-{uuid.uuid4().hex[:12]}"
    clients("lambda", REGION).create_function(
        **{
            "FunctionName": name,
            "Runtime": "python3.13",
            "Handler": "app.handler",
            "Role": make_role(clients, "lambda.amazonaws.com"),
            "Code": {"ZipFile": zipped(app=code)},
            "Timeout": 30,
            **more,
        }
    )
    return name


def until(condition: Callable[[], bool]) -> None:
    """Wait for what other threads do (it takes milliseconds)."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it does not happen"
        time.sleep(0.005)


@dataclass
class Notebook:
    """Stands for running functions in the background: writes down what it is asked."""

    asked: list[tuple[str, str, Any]] = field(default_factory=list)
    refusal: ApiError | None = None

    def enqueue(self, region: str, name: str, payload: bytes) -> str:
        if self.refusal is not None:
            raise self.refusal
        self.asked.append((region, name, json.loads(payload)))
        return str(uuid.uuid4())

    @property
    def events(self) -> list[Any]:
        return [event for _, _, event in self.asked]
