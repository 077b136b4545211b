"""Containers that start warm are like those that start cold, and nothing passes between them."""

from __future__ import annotations

import http.client
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import psutil
import pytest

from rehearsal.forks import ROOM_BYTES, Forked
from rehearsal.jobs.child import Child
from rehearsal.jobs.launch import Launch
from rehearsal.machine import MARK, Machine, marked_processes
from tests.integration.rehearsal.containers.programs import (
    SOFTPROB,
    Job,
    flowers,
    program_of,
    to_csv,
)

IMAGE = "492215442770.dkr.ecr.eu-central-1.amazonaws.com/sagemaker-xgboost:1.7-1"
# The discard port: whoever calls it is told at once that nobody is there.
NOWHERE = "http://127.0.0.1:9"
BASE = "SAGEMAKER_BASE_DIR"
_PATIENCE_SECONDS = 120.0


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    made = Machine(tmp_path_factory.mktemp("machine"), NOWHERE)
    yield made
    made.close()


@pytest.fixture
def own_machine(tmp_path: Path) -> Iterator[Machine]:
    made = Machine(tmp_path / "machine", NOWHERE)
    yield made
    made.close()


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    job = Job(tmp_path_factory.mktemp("cold"), program_of(IMAGE), dict(SOFTPROB))
    job.train(train=to_csv(flowers()))
    return job.base / "model"


def variables(machine: Machine, base: Path, **more: str) -> dict[str, str]:
    own = {"PATH": os.environ["PATH"], BASE: str(base), "SAGEMAKER_BIND_TO_PORT": "0", **more}
    return machine.environment("eu-west-1", {"SAGEMAKER_IMAGE_TAG": "1.7-1", **own})


def fork(machine: Machine, role: str, base: Path, **more: str) -> Forked:
    started = machine.fork(
        ("xgboost", role),
        cwd=base,
        environment=variables(machine, base, **more),
        log=base / "log",
    )
    assert started is not None, (machine.directory / "fork-server.log").read_text()
    return started


def serve(machine: Machine, base: Path, model: Path, **more: str) -> Forked:
    """A fork that serves, once it listens."""
    base.mkdir()
    (base / "model").symlink_to(model)
    started = fork(machine, "serve", base, **more)
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not re.search(r"listening on", (base / "log").read_text()):
        assert started.poll() is None, (base / "log").read_text()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return started


def train(machine: Machine, base: Path, hyperparameters: Mapping[str, str]) -> tuple[int, Job]:
    job = Job(base, program_of(IMAGE), dict(hyperparameters))
    job.write(train=to_csv(flowers()))
    return fork(machine, "train", base).wait(_PATIENCE_SECONDS), job


def end_all(*started: Forked) -> None:
    for process in started:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(_PATIENCE_SECONDS)


def test_a_fork_trains_the_model_that_a_started_process_trains(
    machine: Machine, model: Path, tmp_path: Path
) -> None:
    code, job = train(machine, tmp_path, SOFTPROB)

    assert code == 0, (tmp_path / "log").read_text()
    warm, cold = ((folder / "xgboost-model").read_bytes() for folder in (job.base / "model", model))
    assert warm == cold
    assert "stored trained model" in (tmp_path / "log").read_text()


def test_a_job_that_fails_leaves_nothing_to_the_next_one(
    machine: Machine, model: Path, tmp_path: Path
) -> None:
    code, failed = train(machine, tmp_path / "wrong", {**SOFTPROB, "eta": "high"})
    assert code == 1
    assert failed.failure.startswith("ClientError: ")

    code, job = train(machine, tmp_path / "right", SOFTPROB)

    assert (code, job.failure) == (0, "")
    assert (job.base / "model" / "xgboost-model").read_bytes() == (
        model / "xgboost-model"
    ).read_bytes()


def test_a_fork_shows_its_own_environment_and_folder(
    machine: Machine, model: Path, tmp_path: Path
) -> None:
    long = {"SECRET": "x" * 20_000}
    first = serve(machine, tmp_path / "first", model, **long)
    second = serve(machine, tmp_path / "second", model)

    shown = [psutil.Process(process.pid) for process in (first, second)]

    assert shown[0].environ() == variables(machine, tmp_path / "first", **long)
    assert shown[1].environ() == variables(machine, tmp_path / "second")
    assert [process.cwd() for process in shown] == [
        str(tmp_path / "first"),
        str(tmp_path / "second"),
    ]
    end_all(first, second)


def test_a_fork_holds_nothing_of_the_server_or_of_another_fork(
    machine: Machine, model: Path, tmp_path: Path
) -> None:
    first = serve(machine, tmp_path / "first", model)
    second = serve(machine, tmp_path / "second", model)

    held = {path.name: path.readlink() for path in Path(f"/proc/{second.pid}/fd").iterdir()}

    log = tmp_path / "second" / "log"
    assert {held.pop(name) for name in ("1", "2")} == {log}
    assert held.pop("0") == Path(os.devnull)
    # The port it listens on, what it waits for it with, and nothing else.
    sockets = [target for target in held.values() if str(target).startswith("socket:")]
    assert len(sockets) == 1
    assert len(held) <= 2
    assert os.getsid(second.pid) == second.pid
    assert psutil.Process(second.pid).num_threads() == 1
    end_all(first, second)


def test_variables_that_the_program_reads_are_those_of_the_fork(
    machine: Machine, model: Path, tmp_path: Path
) -> None:
    asking = {"MAX_CONTENT_LENGTH": "1"}
    process = serve(machine, tmp_path / "small", model, **asking)
    port = psutil.Process(process.pid).net_connections("tcp")[0].laddr.port
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_PATIENCE_SECONDS)
    connection.request("POST", "/invocations", "1,2,3,4")
    assert connection.getresponse().status == 413
    connection.close()
    end_all(process)


def test_a_program_that_breaks_says_how_and_ends_with_1(
    machine: Machine, model: Path, tmp_path: Path
) -> None:
    (tmp_path / "model").symlink_to(model)

    process = fork(machine, "serve", tmp_path, **{"MAX_CONTENT_LENGTH": "much"})

    assert process.wait(_PATIENCE_SECONDS) == 1
    said = (tmp_path / "log").read_text()
    assert "Traceback" in said
    assert "ValueError: invalid literal for int() with base 10: 'much'" in said
    assert train(machine, tmp_path / "next", SOFTPROB)[0] == 0


@pytest.mark.parametrize(("signum", "code"), [(signal.SIGTERM, 0), (signal.SIGKILL, -9)])
def test_the_end_of_a_fork_is_told_with_its_exit_code(
    machine: Machine, model: Path, tmp_path: Path, signum: signal.Signals, code: int
) -> None:
    process = serve(machine, tmp_path / "served", model)
    assert process.poll() is None
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.01)

    os.kill(process.pid, signum)

    assert process.wait(_PATIENCE_SECONDS) == code
    assert process.poll() == code


def test_what_a_fork_has_started_and_detached_ends_with_it(
    machine: Machine, tmp_path: Path
) -> None:
    script = """
import pathlib, subprocess, sys, time
child = subprocess.Popen(["sleep", "600"], start_new_session=True)
pathlib.Path("started").write_text(str(child.pid))
pathlib.Path("modules").write_text(str("numpy" in sys.modules))
time.sleep(600)
"""
    job = Job(tmp_path, program_of(IMAGE), {"sagemaker_program": "train.py"})
    job.write(train="")
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "train.py").write_text(script)
    process = machine.fork(
        ("script", "train"),
        cwd=tmp_path,
        environment=variables(machine, tmp_path),
        log=tmp_path / "log",
    )
    assert process is not None
    child = Child(process, (BASE, str(tmp_path)))
    told = tmp_path / "code" / "modules"
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not told.exists() or not told.read_text():
        assert child.exit_code is None, (tmp_path / "log").read_text()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    # A script's interpreter is its own: nobody has imported anything before.
    assert told.read_text() == "False"
    detached = psutil.Process(int((tmp_path / "code" / "started").read_text()))

    child.end(0.05)

    assert child.exit_code == -signal.SIGTERM
    detached.wait(_PATIENCE_SECONDS)


def test_closing_the_machine_ends_the_server_and_its_forks(
    own_machine: Machine, model: Path, tmp_path: Path
) -> None:
    process = serve(own_machine, tmp_path / "served", model)
    mark = psutil.Process(process.pid).environ()[MARK]
    assert len(marked_processes(mark)) == 2

    own_machine.close()

    assert process.wait(_PATIENCE_SECONDS) == -signal.SIGKILL
    assert marked_processes(mark) == []


def test_without_the_server_running_forks_end_and_others_start_cold(
    own_machine: Machine, model: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    running = serve(own_machine, tmp_path / "served", model)
    server = psutil.Process(running.pid).parent()
    assert server is not None

    server.kill()

    assert running.wait(_PATIENCE_SECONDS) == -signal.SIGKILL
    psutil.wait_procs([server], timeout=_PATIENCE_SECONDS)
    job = Job(tmp_path / "job", program_of(IMAGE), dict(SOFTPROB))
    job.write(train=to_csv(flowers()))
    launch = Launch(job.program.train, job.base, {}, ("xgboost", "train"))
    cold = launch.start(variables(own_machine, job.base), tmp_path / "log", own_machine)
    assert isinstance(cold, subprocess.Popen)
    assert cold.wait(_PATIENCE_SECONDS) == 0
    assert job.models == ["xgboost-model"]
    assert [record.message for record in caplog.records if "start cold" in record.message] != []


def test_an_environment_without_room_starts_cold(machine: Machine, tmp_path: Path) -> None:
    environment = variables(machine, tmp_path, LARGE="x" * ROOM_BYTES)

    assert (
        machine.fork(
            ("xgboost", "train"), cwd=tmp_path, environment=environment, log=tmp_path / "log"
        )
        is None
    )
    # And nothing is wrong with the next.
    assert train(machine, tmp_path / "next", SOFTPROB)[0] == 0


def test_a_message_of_many_variables_reaches_the_fork(
    machine: Machine, model: Path, tmp_path: Path
) -> None:
    many = {f"NAME_{number}": "ä\n" * 200 for number in range(50)}
    process = serve(machine, tmp_path / "many", model, **many)

    assert many.items() <= psutil.Process(process.pid).environ().items()
    end_all(process)
