"""An instructor's terminal: `workshop` as a child process, against a local AWS that is another."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

from rehearsal import isolation
from rehearsal.account import ACCOUNT

REGION = "us-east-1"
_PATIENCE_SECONDS = 120.0
_ROLE = f"arn:aws:iam::{ACCOUNT}:role/ml101-ann"
_IMAGE = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/nobody:1"
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Terminal:
    """Runs commands on the local AWS behind `url`, in a directory of their own."""

    url: str
    directory: Path

    def client(self, service: str, region: str = REGION) -> Any:
        """A client of the same account."""
        return boto3.client(
            service,
            region_name=region,
            endpoint_url=self.url,
            aws_access_key_id="local",
            aws_secret_access_key="local",
        )

    def start(self, *arguments: str | Path) -> subprocess.Popen[str]:
        """Start a `workshop` command."""
        return subprocess.Popen(
            [sys.executable, "-m", "workshop.cli.main", *map(str, arguments)],
            cwd=self.directory,
            env={**isolation.without_aws(os.environ), **isolation.exports(self.url, REGION)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def set_faults(self, *rules: Row) -> None:
        """Replace the local AWS's faults."""
        self._post("faults", list(rules))

    def step(self, seconds: float) -> None:
        """Move a clock that was started with `--clock stepped`."""
        self._post("clock", {"seconds": seconds})

    def rows(self, start: str = "") -> list[Row]:
        """What exists whose name begins so; apps are named by their domain first."""
        with urllib.request.urlopen(f"{self.url}/_local/inventory") as answer:
            rows: list[Row] = json.load(answer)["resources"]
        return [row for row in rows if row["name"].startswith(start)]

    def _post(self, page: str, body: Any) -> None:
        with urllib.request.urlopen(f"{self.url}/_local/{page}", json.dumps(body).encode()):
            pass


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Wait for a command; its exit code and what it said."""
    output, errors = process.communicate(timeout=_PATIENCE_SECONDS)
    return process.returncode, output + errors


def wait_until(condition: Callable[[], bool]) -> None:
    """Look again until it is so."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it does not become so"
        time.sleep(0.02)


def leave(terminal: Terminal, prefix: str, numbers: Iterable[int]) -> None:
    """Leave an endpoint, its configuration, a model and a notebook instance of each number,
    running."""
    sagemaker = terminal.client("sagemaker")
    for number in numbers:
        name = f"{prefix}-{number}"
        # Without a model an endpoint is in service without a container.
        variant = {
            "VariantName": "AllTraffic",
            "InstanceType": "ml.m5.large",
            "InitialInstanceCount": 1,
        }
        sagemaker.create_model(
            ModelName=name, ExecutionRoleArn=_ROLE, PrimaryContainer={"Image": _IMAGE}
        )
        sagemaker.create_endpoint_config(
            EndpointConfigName=name, ExecutionRoleArn=_ROLE, ProductionVariants=[variant]
        )
        sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
        sagemaker.create_notebook_instance(
            NotebookInstanceName=name, InstanceType="ml.t3.medium", RoleArn=_ROLE
        )
    wait_until(
        lambda: all(
            row["status"] in ("", "InService")
            for row in terminal.rows(prefix)
            if not row["kind"].startswith("log-")
        )
    )


def remains(terminal: Terminal, start: str) -> list[Row]:
    """What is left of a workshop's, but for logs, which `destroy` removes."""
    return [row for row in terminal.rows(start) if not row["kind"].startswith("log-")]
