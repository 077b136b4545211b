"""The image's two programs, without an image: folders in, a model and answers out."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from modules.declarations import MODULES_FOLDER
from tests.unit.modules.lab_scripts import load_script, run_script

LAB = "iris-byoc"
PROGRAM = MODULES_FOLDER / LAB / "image" / "program"
ROWS = "\n".join(f"{kind},{kind},{10 * kind}" for kind in range(3) for _ in range(5))


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """What a training job finds below /opt/ml: three classes, five rows of each."""
    data = tmp_path / "input" / "data" / "train"
    data.mkdir(parents=True)
    (data / "rows.csv").write_text(ROWS)
    (tmp_path / "input" / "config").mkdir()
    return tmp_path


def train(base: Path, **hyperparameters: str) -> subprocess.CompletedProcess[str]:
    config = base / "input" / "config" / "hyperparameters.json"
    config.write_text(json.dumps(hyperparameters))
    return subprocess.run(
        [sys.executable, str(PROGRAM / "train"), "--base-dir", str(base)],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def client(base: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    assert train(base).returncode == 0
    monkeypatch.syspath_prepend(str(PROGRAM))
    monkeypatch.setenv("MODEL_BASE_DIR", str(base))
    yield load_script(LAB, "image/program/serving.py").create_app().test_client()
    # In the image it is the only module of this name; here another lab may have one.
    sys.modules.pop("training", None)


def test_training_leaves_a_model_and_tells_its_accuracy(base: Path) -> None:
    ended = train(base, max_depth="2")

    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.splitlines() == ["rows=15 depth=2 leaves=3", "train:accuracy=1.0000"]
    assert [path.name for path in (base / "model").iterdir()] == ["tree.joblib"]
    assert not (base / "output").exists()


@pytest.mark.parametrize(
    ("hyperparameters", "reason"),
    [
        ({"depth": "3"}, "ValueError: unknown hyperparameter 'depth'"),
        ({"max_depth": "deep"}, "ValueError: invalid literal for int()"),
    ],
)
def test_what_training_fails_of_becomes_the_jobs_failure_reason(
    base: Path, hyperparameters: dict[str, str], reason: str
) -> None:
    ended = train(base, **hyperparameters)

    assert ended.returncode != 0
    assert (base / "output" / "failure").read_text().startswith(reason)


def test_a_channel_without_data_fails_the_job_by_its_name(base: Path) -> None:
    (base / "input" / "data" / "train" / "rows.csv").unlink()

    assert train(base).returncode != 0
    assert "channel 'train' has no .csv file" in (base / "output" / "failure").read_text()


def test_predictions_are_lines_or_json_as_the_client_accepts(client: Any) -> None:
    asked = {"data": "0,0\n2,20\n", "content_type": "text/csv"}

    lines = client.post("/invocations", headers={"Accept": "text/csv"}, **asked)
    rows = client.post("/invocations", headers={"Accept": "application/json"}, **asked)
    anything = client.post("/invocations", headers={"Accept": "*/*"}, **asked)

    assert (lines.status_code, lines.text, lines.mimetype) == (200, "0\n2\n", "text/csv")
    assert rows.json == {
        "predictions": [
            {"class": 0, "probabilities": [1.0, 0.0, 0.0]},
            {"class": 2, "probabilities": [0.0, 0.0, 1.0]},
        ]
    }
    assert anything.json == rows.json


@pytest.mark.parametrize(
    ("body", "content_type", "accept", "status", "reason"),
    [
        ("0,0", "application/json", "text/csv", 415, "only text/csv is read"),
        ("0,0", "text/csv", "image/png", 406, "only application/json and text/csv are written"),
        ("", "text/csv", "text/csv", 400, "no rows"),
        ("0,0\n1", "text/csv", "text/csv", 400, "row 2 has 1 columns, the model has 2"),
        ("0,x", "text/csv", "text/csv", 400, "could not convert string to float"),
    ],
)
def test_a_request_that_cannot_be_answered_is_refused_with_the_reason(
    client: Any, body: str, content_type: str, accept: str, status: int, reason: str
) -> None:
    refused = client.post(
        "/invocations", data=body, content_type=content_type, headers={"Accept": accept}
    )

    assert refused.status_code == status
    assert reason in refused.text


@contextmanager
def serving(base: Path) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """The program `serve` at a free port; its address answers /ping."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{held.getsockname()[1]}"
    command = [sys.executable, str(PROGRAM / "serve"), "--base-dir", str(base), "--bind", address]
    environment = {**os.environ, "GUNICORN_CMD_ARGS": "--workers 2"}
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE) as server:
        assert server.stderr is not None
        said = b""
        while b"Listening at" not in said:
            line = server.stderr.readline()
            assert line, said.decode()
            said += line
        try:
            yield server, f"http://{address}"
        finally:
            server.kill()


def test_serve_answers_with_several_workers_and_ends_on_sigterm(base: Path) -> None:
    assert train(base).returncode == 0

    with serving(base) as (server, url):
        with urllib.request.urlopen(f"{url}/ping", timeout=60) as answer:
            assert answer.status == 200
        asked = urllib.request.Request(
            f"{url}/invocations", b"1,10", {"Content-Type": "text/csv", "Accept": "text/csv"}
        )
        with urllib.request.urlopen(asked, timeout=60) as answer:
            assert answer.read() == b"1\n"
        server.send_signal(signal.SIGTERM)
        assert server.wait(60) == 0


def test_serve_without_a_model_does_not_start(base: Path) -> None:
    ended = subprocess.run(
        [sys.executable, str(PROGRAM / "serve"), "--base-dir", str(base), "--bind", "127.0.0.1:0"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode != 0
    assert "tree.joblib" in ended.stderr


def test_the_programs_say_how_they_are_called(tmp_path: Path) -> None:
    for program in ("train", "serve"):
        said = run_script(LAB, f"image/program/{program}", "--help", folder=tmp_path)
        assert "--base-dir" in said
