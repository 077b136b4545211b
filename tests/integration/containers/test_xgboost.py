"""The stand-in for the built-in XGBoost image: real processes under the container contract."""

from __future__ import annotations

import csv
import http.client
import json
import os
import random
import re
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from modules.declarations import MODULES_FOLDER
from rehearsal.containers.registry import XGBOOST_VERSIONS, Program, resolve

IMAGE = "492215442770.dkr.ecr.eu-central-1.amazonaws.com/sagemaker-xgboost:1.7-1"
SPECIES = ("setosa", "versicolor", "virginica")
SOFTPROB = {"objective": "multi:softprob", "num_class": "3", "num_round": "10", "seed": "7"}


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
    return "\n".join(",".join(str(value) for value in row) for row in rows) + "\n"


def to_libsvm(rows: list[list[float]]) -> str:
    return "".join(
        f"{row[0]} " + " ".join(f"{i}:{value}" for i, value in enumerate(row[1:])) + "\n"
        for row in rows
    )


def program() -> Program:
    found = resolve(IMAGE)
    assert found is not None
    return found


@dataclass
class Job:
    """A training job's files, laid out as SageMaker does."""

    base: Path
    hyperparameters: dict[str, str] = field(default_factory=lambda: dict(SOFTPROB))
    content_type: str = "text/csv"

    def write(self, **channels: str) -> None:
        config = self.base / "input" / "config"
        config.mkdir(parents=True, exist_ok=True)
        settings = {"ContentType": self.content_type, "TrainingInputMode": "File"}
        (config / "hyperparameters.json").write_text(json.dumps(self.hyperparameters))
        (config / "inputdataconfig.json").write_text(json.dumps(dict.fromkeys(channels, settings)))
        for name, text in channels.items():
            folder = self.base / "input" / "data" / name
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "data").write_text(text)

    def start(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            program().train,
            env={"SAGEMAKER_BASE_DIR": str(self.base), "OMP_NUM_THREADS": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self) -> tuple[int, str]:
        process = self.start()
        output, _ = process.communicate()
        return process.returncode, output

    @property
    def failure(self) -> str:
        path = self.base / "output" / "failure"
        return path.read_text() if path.exists() else ""

    @property
    def model(self) -> Path:
        return self.base / "model" / "xgboost-model"


class Served:
    """A running model server."""

    def __init__(self, base: Path, **environment: str) -> None:
        self.process = subprocess.Popen(
            program().serve,
            env={"SAGEMAKER_BASE_DIR": str(base), "SAGEMAKER_BIND_TO_PORT": "0", **environment},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        match = re.search(r"listening on http://127\.0\.0\.1:(\d+)", line)
        assert match is not None, line
        self.connection = http.client.HTTPConnection("127.0.0.1", int(match[1]), timeout=30)

    def ask(
        self,
        body: str,
        content_type: str = "text/csv",
        accept: str = "",
        path: str = "/invocations",
    ) -> tuple[int, str]:
        headers = {"Content-Type": content_type, **({"Accept": accept} if accept else {})}
        self.connection.request("POST", path, body, headers)
        reply = self.connection.getresponse()
        return reply.status, reply.read().decode()

    def get(self, path: str) -> tuple[int, str]:
        self.connection.request("GET", path)
        reply = self.connection.getresponse()
        return reply.status, reply.read().decode()

    def stop(self) -> int:
        self.connection.close()
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate()
        return self.process.returncode


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Job:
    job = Job(tmp_path_factory.mktemp("trained"))
    rows = flowers()
    job.write(train=to_csv(rows[:90]), validation=to_csv(rows[90:120]))
    code, output = job.run()
    assert code == 0, output
    return job


@pytest.fixture(scope="module")
def served(trained: Job) -> Iterator[Served]:
    server = Served(trained.base)
    yield server
    server.stop()


def predicted(scores: list[list[float]]) -> list[int]:
    return [row.index(max(row)) for row in scores]


TEST = flowers()[120:]
FEATURES = to_csv([row[1:] for row in TEST])
TARGETS = [int(row[0]) for row in TEST]


def hits(classes: list[int]) -> float:
    return sum(map(int.__eq__, classes, TARGETS)) / len(TARGETS)


# Training


def test_training_logs_every_round_and_saves_a_model(tmp_path: Path) -> None:
    job = Job(tmp_path)
    job.write(train=to_csv(flowers()[:90]), validation=to_csv(flowers()[90:]))

    code, output = job.run()

    assert code == 0
    assert job.model.exists()
    rounds = re.findall(
        r"^\[\d+\]\ttrain-mlogloss:[\d.]+\tvalidation-mlogloss:[\d.]+$", output, re.M
    )
    assert len(rounds) == 10


def test_libsvm_is_what_a_channel_without_a_content_type_holds(tmp_path: Path) -> None:
    job = Job(tmp_path, content_type="")
    job.write(train=to_libsvm(flowers()[:90]))

    code, output = job.run()

    assert (code, job.failure) == (0, ""), output


def test_weights_in_the_second_column_change_the_model(tmp_path: Path) -> None:
    models = []
    for weight in (1.0, 5.0):
        job = Job(tmp_path / str(weight), {**SOFTPROB, "csv_weights": "1"})
        rows = [[r[0], weight if r[0] == 1 else 1.0, *r[1:]] for r in flowers()[:90]]
        job.write(train=to_csv(rows))
        assert job.run()[0] == 0
        models.append(job.model.read_bytes())

    assert models[0] != models[1]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"silent": "1"}, "Extraneous hyperparameter found: silent"),
        ({"num_round": None}, "Missing required hyperparameter: num_round"),
        ({"num_class": None}, "Require input for parameter 'num_class'"),
        ({"num_round": "ten"}, "Hyperparameter num_round: could not parse value 'ten'"),
        ({"subsample": "0"}, "Hyperparameter subsample: 0 is not in (0, 1]"),
        ({"objective": "multi:magic"}, "Hyperparameter objective: multi:magic is not in"),
        ({"eval_metric": "auc"}, "Metric 'auc' can only be applied"),
        ({"eval_metric": "accuracy"}, "not computed locally"),
        ({"_kfold": "5"}, "does not run locally"),
        ({"num_class": "2"}, "label must be discrete values in the range of [0, num_class)"),
        ({"tree_method": "gpu_hist"}, "Invalid Input: 'gpu_hist'"),
    ],
)
def test_a_wrong_hyperparameter_fails_the_job_with_the_reason(
    tmp_path: Path, changes: dict[str, str | None], reason: str
) -> None:
    settings = {k: v for k, v in {**SOFTPROB, **changes}.items() if v is not None}
    job = Job(tmp_path, settings)
    job.write(train=to_csv(flowers()[:90]))

    code, _ = job.run()

    assert code == 1
    assert job.failure.startswith("ClientError: ")
    assert reason in job.failure
    assert not job.model.exists()


@pytest.mark.parametrize(
    ("text", "content_type", "reason"),
    [
        ("species,length\n1,2\n", "text/csv", "a header?"),
        ("1,2,3\n0,1\n", "text/csv", "line 2: 2 columns, line 1 has 3"),
        ("1\n0\n", "text/csv", "the first is the target"),
        ("", "text/csv", "No data in train channel"),
        ("1,2,3\n", "text/libsvm", "is not libsvm"),
        ("1,2\n", "text/csv; label_size=2", "label_size must be equal to 1"),
        ("1,2\n", "application/x-image", "is not an accepted ContentType"),
        ("1,2\n", "application/x-parquet", "is not read locally"),
    ],
)
def test_data_that_cannot_be_read_fails_the_job_with_the_reason(
    tmp_path: Path, text: str, content_type: str, reason: str
) -> None:
    job = Job(tmp_path, content_type=content_type)
    job.write(train=text)

    code, _ = job.run()

    assert code == 1
    assert reason in job.failure


def test_a_job_without_a_train_channel_fails(tmp_path: Path) -> None:
    job = Job(tmp_path)
    job.write(validation=to_csv(flowers()))

    assert job.run()[0] == 1
    assert job.failure == "ClientError: Missing required channel: train"


@pytest.mark.parametrize("save", [True, False])
def test_a_stopped_job_saves_its_model_only_when_told_to(tmp_path: Path, save: bool) -> None:
    settings = {**SOFTPROB, "num_round": "1000000", "save_model_on_termination": str(save).lower()}
    job = Job(tmp_path, settings)
    job.write(train=to_csv(flowers()))
    process = job.start()
    assert process.stdout is not None
    while not process.stdout.readline().startswith("[0]"):
        pass

    process.send_signal(signal.SIGTERM)
    process.communicate()

    assert process.returncode == 0
    assert job.model.exists() == save


def test_early_stopping_ends_before_the_last_round_and_serves_the_best(tmp_path: Path) -> None:
    job = Job(tmp_path, {**SOFTPROB, "num_round": "500", "early_stopping_rounds": "5"})
    job.write(train=to_csv(flowers()[:60]), validation=to_csv(flowers()[60:120]))

    _, output = job.run()

    assert output.count("train-mlogloss") < 500
    server = Served(tmp_path)
    status, _ = server.ask(FEATURES)
    server.stop()
    assert status == 200


# Serving


def test_a_server_answers_ping_once_its_model_is_loaded(served: Served) -> None:
    assert served.get("/ping") == (200, "")


def test_execution_parameters_tell_batch_transform_how_to_send(served: Served) -> None:
    status, text = served.get("/execution-parameters")

    assert status == 200
    assert json.loads(text)["BatchStrategy"] == "MULTI_RECORD"
    assert json.loads(text)["MaxPayloadInMB"] == 6


def test_csv_rows_are_answered_in_order_with_a_probability_per_class(served: Served) -> None:
    status, text = served.ask(FEATURES)

    scores = [json.loads(line) for line in text.splitlines()]
    assert status == 200
    assert [round(sum(row), 4) for row in scores] == [1.0] * len(TEST)
    assert hits(predicted(scores)) >= 0.9


def test_json_is_answered_to_who_accepts_it(served: Served) -> None:
    status, text = served.ask(FEATURES, accept="application/json")

    scores = [row["score"] for row in json.loads(text)["predictions"]]
    assert status == 200
    assert hits(predicted(scores)) >= 0.9


@pytest.mark.parametrize("labelled", [True, False])
def test_libsvm_rows_get_the_same_answer_with_and_without_label(
    served: Served, labelled: bool
) -> None:
    rows = to_libsvm(TEST)
    if not labelled:
        rows = "\n".join(line.split(" ", 1)[1] for line in rows.splitlines())

    assert served.ask(rows, "text/libsvm") == served.ask(FEATURES)


def test_a_batch_transform_gets_a_line_per_row_that_ends_in_a_newline(trained: Job) -> None:
    server = Served(trained.base, SAGEMAKER_BATCH="true")

    status, text = server.ask(FEATURES, accept="application/json")

    server.stop()
    assert status == 200
    assert text.endswith("]\n")
    assert len(text.splitlines()) == len(TEST)


@pytest.mark.parametrize(
    ("body", "content_type", "accept", "status", "reason"),
    [
        ("x", "image/png", "", 415, "is not an accepted ContentType"),
        ("a,b,c,d\n", "text/csv", "", 415, "could not convert"),
        ("1,2\n", "text/csv", "", 400, "inference data 2 is not consistent"),
        ("9:1\n", "text/libsvm", "", 400, "inference data 10 is not consistent"),
        ("1,2,3,4\n", "text/csv", "image/png", 406, "Accept type image/png is not supported"),
        ("", "text/csv", "", 204, ""),
        ("1" * (6 * 1024**2 + 1), "text/csv", "", 413, "more than"),
    ],
)
def test_a_request_that_cannot_be_answered_says_why(
    served: Served, body: str, content_type: str, accept: str, status: int, reason: str
) -> None:
    answered, text = served.ask(body, content_type, accept)

    assert answered == status
    assert reason in text


def test_an_unknown_route_is_not_found(served: Served) -> None:
    assert served.get("/")[0] == 404
    assert served.ask("1,2,3,4", path="/models")[0] == 404


def test_a_server_ends_at_sigterm(trained: Job) -> None:
    assert Served(trained.base).stop() == 0


def test_a_server_without_a_model_does_not_start(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()

    ended = subprocess.run(
        program().serve,
        env={"SAGEMAKER_BASE_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 1
    assert "expected one model file" in ended.stderr


# The registry


@pytest.mark.parametrize("version", XGBOOST_VERSIONS)
def test_every_known_version_resolves_in_any_region(version: str) -> None:
    images = [
        f"683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:{version}",
        f"390948362332.dkr.ecr.cn-north-1.amazonaws.com.cn/sagemaker-xgboost:{version}",
    ]

    found = [resolve(image) for image in images]

    assert [it.train for it in found if it] == [program().train] * 2
    assert [it.environment for it in found if it] == [{"SAGEMAKER_IMAGE_TAG": version}] * 2


@pytest.mark.parametrize(
    "image",
    [
        "",
        "sagemaker-xgboost:1.7-1",
        "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:latest",
        "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:0.20.0",
        "683313688378.dkr.ecr.us-east-1.amazonaws.com/my-sagemaker-xgboost:1.7-1",
    ],
)
def test_an_image_that_nothing_stands_in_for_resolves_to_none(image: str) -> None:
    assert resolve(image) is None


def test_the_programs_a_registry_names_exist() -> None:
    for argv in (program().train, program().serve):
        assert os.access(argv[0], os.X_OK)
        assert Path(argv[2]).is_file()
