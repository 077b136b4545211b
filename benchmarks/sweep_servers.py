"""The servers that sweeps are measured against: the local AWS and moto's own, each with a
latency that is set once everything is made, and counts of the calls that came since."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.timing import ROOT
from rehearsal.isolation import without_aws
from rehearsal.machine import end_process
from rehearsal.processes import LocalAws
from workshop.errors import WorkshopError

# Calls that stop or delete something.
_CHANGES = ("Delete*", "Stop*")
_LOG_TAIL = 300


@dataclass(frozen=True, slots=True)
class Calls:
    """What a server was asked."""

    total: int
    changes: int

    @property
    def reads(self) -> int:
        """The calls that changed nothing."""
        return self.total - self.changes


@dataclass(frozen=True, slots=True)
class LocalServer:
    """The local AWS; its waits take a hundredth of AWS's time."""

    url: str
    name = "the local AWS"
    with_model = False

    def slow_down(self, seconds: float) -> None:
        """Let every call take longer by so many seconds, and count from now on."""
        rules: list[dict[str, Any]] = [{"fault": "latency", "seconds": seconds}]
        # They add nothing; their counts are what they are for.
        rules += [
            {"fault": "latency", "seconds": 0, "operation": name, "service": "sagemaker"}
            for name in _CHANGES
        ]
        _ask(f"{self.url}/_local/faults", rules)

    def calls(self) -> Calls:
        """The calls since it was slowed down."""
        total, *changes = (rule["matched"] for rule in _ask(f"{self.url}/_local/faults"))
        return Calls(total, sum(changes))


@dataclass(frozen=True, slots=True)
class MotoServer:
    """moto's own server."""

    url: str
    name = "moto"
    with_model = True

    def slow_down(self, seconds: float) -> None:
        """Let every call take longer by so many seconds, and count from now on."""
        _ask(f"{self.url}/_bench", {"seconds": seconds})

    def calls(self) -> Calls:
        """The calls since it was slowed down."""
        counts: dict[str, int] = _ask(f"{self.url}/_bench")
        prefixes = tuple(name.rstrip("*") for name in _CHANGES)
        changes = sum(n for name, n in counts.items() if name.startswith(prefixes))
        return Calls(sum(counts.values()), changes)


Server = LocalServer | MotoServer


@contextmanager
def local_server() -> Iterator[LocalServer]:
    """A local AWS with nothing in it."""
    with TemporaryDirectory() as directory:
        aws = LocalAws(Path(directory) / "aws", without_aws(os.environ))
        try:
            yield LocalServer(aws.url)
        finally:
            aws.close()


@contextmanager
def moto_server() -> Iterator[MotoServer]:
    """A moto with nothing in it."""
    with TemporaryDirectory() as directory:
        log = Path(directory) / "log"
        with log.open("wb") as errors:
            process = subprocess.Popen(
                [sys.executable, "-m", "benchmarks.slow_moto"],
                cwd=ROOT,
                env=without_aws(os.environ),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                start_new_session=True,
            )
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            if not line:
                said = log.read_text(errors="replace")[-_LOG_TAIL:]
                raise WorkshopError("moto's server did not start", said)
            yield MotoServer(json.loads(line)["url"])
        finally:
            end_process(process)


def _ask(url: str, body: Any = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url, data, timeout=30) as answer:
        return json.load(answer)
