"""Training jobs and model servers as real child processes, and the data they learn from."""

from __future__ import annotations

import csv
import http.client
import json
import random
import re
import signal
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from modules.declarations import MODULES_FOLDER
from rehearsal.containers.registry import Program, resolve

SPECIES = ("setosa", "versicolor", "virginica")
SOFTPROB = {"objective": "multi:softprob", "num_class": "3", "num_round": "10", "seed": "7"}


def program_of(image: str) -> Program:
    """The program that stands in for an image."""
    found = resolve(image)
    assert found is not None, image
    return found


def flowers() -> list[list[float]]:
    """Iris with the target first, shuffled the same way every time."""
    with (MODULES_FOLDER / "iris-xgboost" / "iris.csv").open(newline="") as file:
        rows = [
            [float(SPECIES.index(row["species"])), *(float(v) for v in list(row.values())[:4])]
            for row in csv.DictReader(file)
        ]
    random.Random(7).shuffle(rows)
    return rows


def to_csv(rows: list[list[float]]) -> str:
    """Rows as CSV."""
    return "\n".join(",".join(str(value) for value in row) for row in rows) + "\n"


@dataclass
class Job:
    """A training job's files, laid out as SageMaker does."""

    base: Path
    program: Program
    hyperparameters: dict[str, str] = field(default_factory=dict)
    content_type: str = "text/csv"

    def write(self, **channels: str | bytes | dict[str, bytes]) -> None:
        """Write the configuration and the channels: one file each, or several by name."""
        config = self.base / "input" / "config"
        config.mkdir(parents=True, exist_ok=True)
        settings = {"ContentType": self.content_type, "TrainingInputMode": "File"}
        (config / "hyperparameters.json").write_text(json.dumps(self.hyperparameters))
        (config / "inputdataconfig.json").write_text(json.dumps(dict.fromkeys(channels, settings)))
        for name, content in channels.items():
            data = content.encode() if isinstance(content, str) else content
            for file, held in (data if isinstance(data, dict) else {"data": data}).items():
                path = self.base / "input" / "data" / name / file
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(held)

    def start(self) -> subprocess.Popen[str]:
        """Start the training."""
        return subprocess.Popen(
            self.program.train,
            env={
                **self.program.environment,
                "SAGEMAKER_BASE_DIR": str(self.base),
                "OMP_NUM_THREADS": "1",
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self) -> tuple[int, str]:
        """Train; the exit code and the log."""
        process = self.start()
        output, _ = process.communicate()
        return process.returncode, output

    def train(self, **channels: str | bytes | dict[str, bytes]) -> str:
        """Write the channels and train, which must succeed; the log."""
        self.write(**channels)
        code, output = self.run()
        assert (code, self.failure) == (0, ""), output
        return output

    @property
    def failure(self) -> str:
        """What the container says about its failure; '' when it wrote nothing."""
        path = self.base / "output" / "failure"
        return path.read_text() if path.exists() else ""

    @property
    def models(self) -> list[str]:
        """The names of the files in /opt/ml/model."""
        return sorted(path.name for path in (self.base / "model").glob("**/*") if path.is_file())


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model server answered."""

    status: int
    content_type: str
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


class Served:
    """A running model server."""

    def __init__(self, program: Program, base: Path, **environment: str) -> None:
        self.process = subprocess.Popen(
            program.serve,
            env={
                **program.environment,
                "SAGEMAKER_BASE_DIR": str(base),
                "SAGEMAKER_BIND_TO_PORT": "0",
                **environment,
            },
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        listening = re.compile(r"listening on http://127\.0\.0\.1:(\d+)")
        match = next((m for line in self.process.stdout if (m := listening.search(line))), None)
        assert match is not None, "the server ended before it listened"
        self.connection = http.client.HTTPConnection("127.0.0.1", int(match[1]), timeout=30)

    def ask(
        self,
        body: str | bytes,
        content_type: str = "text/csv",
        accept: str = "",
        path: str = "/invocations",
    ) -> Answer:
        """POST /invocations."""
        headers = {"Content-Type": content_type, **({"Accept": accept} if accept else {})}
        self.connection.request("POST", path, body, headers)
        return self._answer()

    def get(self, path: str) -> Answer:
        """GET one of the other routes."""
        self.connection.request("GET", path)
        return self._answer()

    def stop(self) -> int:
        """End it as SageMaker does; its exit code."""
        self.connection.close()
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate()
        return self.process.returncode

    def _answer(self) -> Answer:
        reply = self.connection.getresponse()
        return Answer(reply.status, reply.getheader("Content-Type", ""), reply.read())


def serve_in_vain(program: Program, base: Path) -> tuple[int, str]:
    """Start a server whose model cannot be loaded: its exit code and its log."""
    ended = subprocess.run(
        program.serve,
        env={**program.environment, "SAGEMAKER_BASE_DIR": str(base)},
        capture_output=True,
        text=True,
        check=False,
    )
    return ended.returncode, ended.stdout
