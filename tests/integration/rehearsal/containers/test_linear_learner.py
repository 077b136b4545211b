"""The stand-in for the built-in linear learner image: real processes under the contract."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rehearsal.containers.contract.recordio import read_records, write_records
from rehearsal.containers.contract.records import parse_record, write_record
from tests.integration.rehearsal.containers.programs import (
    Job,
    Served,
    flowers,
    program_of,
    serve_in_vain,
    to_csv,
)

PROGRAM = program_of("382416733822.dkr.ecr.us-east-1.amazonaws.com/linear-learner:1")
RECORDS = "application/x-recordio-protobuf"
FLOWERS = flowers()
TRAIN, TEST = FLOWERS[:112], FLOWERS[112:]
MULTICLASS = {"predictor_type": "multiclass_classifier", "num_classes": "3"}


def is_virginica(rows: list[list[float]]) -> list[list[float]]:
    """The binary problem that a line solves best: virginica or not."""
    return [[float(row[0] == 2), *row[1:]] for row in rows]


def priced(count: int) -> list[list[float]]:
    """Rows whose target is 3 x - 2 y + 50 and a little noise."""
    noise = random.Random(3)
    rows = [[noise.uniform(0, 100), noise.uniform(0, 1)] for _ in range(count)]
    return [[3 * x - 2 * y + 50 + noise.gauss(0, 0.1), x, y] for x, y in rows]


def features(rows: list[list[float]]) -> str:
    return to_csv([row[1:] for row in rows])


def predictions(server: Served, rows: list[list[float]]) -> list[dict[str, Any]]:
    answer = server.ask(features(rows))
    assert (answer.status, answer.content_type) == (200, "application/json")
    found: list[dict[str, Any]] = json.loads(answer.text)["predictions"]
    return found


def accuracy(found: list[dict[str, Any]], rows: list[list[float]]) -> float:
    pairs = zip(found, rows, strict=True)
    return sum(bool(it["predicted_label"] == row[0]) for it, row in pairs) / len(rows)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Job:
    job = Job(tmp_path_factory.mktemp("linear"), PROGRAM, {"predictor_type": "binary_classifier"})
    job.train(train=to_csv(is_virginica(TRAIN)), validation=to_csv(is_virginica(TEST)))
    return job


@pytest.fixture(scope="module")
def served(trained: Job) -> Iterator[Served]:
    server = Served(PROGRAM, trained.base)
    yield server
    server.stop()


def test_a_binary_classifier_answers_a_score_and_a_label(trained: Job, served: Served) -> None:
    found = predictions(served, is_virginica(TEST))

    assert trained.models == ["model_algo-1"]
    assert list(found[0]) == ["score", "predicted_label"]
    assert all(0 <= it["score"] <= 1 for it in found)
    assert accuracy(found, is_virginica(TEST)) >= 0.92


def test_a_multiclass_classifier_answers_a_score_per_class(tmp_path: Path) -> None:
    job = Job(tmp_path, PROGRAM, MULTICLASS, RECORDS)
    log = job.train(
        train=write_records(write_record({"values": r[1:]}, {"values": r[:1]}) for r in TRAIN)
    )
    server = Served(PROGRAM, tmp_path)

    found = predictions(server, TEST)

    server.stop()
    assert "#quality_metric: host=algo-1, train multiclass_accuracy <score>=" in log
    assert [len(it["score"]) for it in found] == [3] * len(TEST)
    assert [round(sum(it["score"]), 4) for it in found] == [1.0] * len(TEST)
    assert accuracy(found, TEST) >= 0.92


@pytest.mark.parametrize("loss", ["auto", "absolute_loss", "huber_loss", "quantile_loss"])
def test_a_regressor_finds_the_line_that_made_the_data(tmp_path: Path, loss: str) -> None:
    job = Job(tmp_path, PROGRAM, {"predictor_type": "regressor", "loss": loss})
    job.train(train=to_csv(priced(200)))
    server = Served(PROGRAM, tmp_path)

    found = predictions(server, [[0, 10, 0.5], [0, 20, 0.5]])

    server.stop()
    assert [list(it) for it in found] == [["score"], ["score"]]
    assert [it["score"] for it in found] == pytest.approx([79, 109], abs=0.5)


def test_hinge_loss_answers_margins(tmp_path: Path) -> None:
    job = Job(tmp_path, PROGRAM, {"predictor_type": "binary_classifier", "loss": "hinge_loss"})
    job.train(train=to_csv(is_virginica(TRAIN)))
    server = Served(PROGRAM, tmp_path)

    found = predictions(server, is_virginica(TEST))

    server.stop()
    assert min(it["score"] for it in found) < 0
    assert accuracy(found, is_virginica(TEST)) >= 0.92


def test_every_format_of_a_reply_says_the_same(served: Served) -> None:
    rows = TEST[:3]
    expected = predictions(served, rows)

    lines = served.ask(features(rows), accept="application/jsonlines")
    table = served.ask(features(rows), accept="text/csv")
    records = served.ask(features(rows), accept=RECORDS)

    assert [json.loads(line) for line in lines.text.splitlines()] == expected
    assert [[float(cell) for cell in line.split(",")] for line in table.text.splitlines()] == [
        list(it.values()) for it in expected
    ]
    answered = [parse_record(record).label for record in read_records(records.body)]
    assert [float(it["score"].values[0]) for it in answered] == pytest.approx(
        [it["score"] for it in expected]
    )


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({}, "No value(s) were specified for 'predictor_type'"),
        ({"predictor_type": "classifier"}, "The value 'classifier' is not valid"),
        ({"predictor_type": "multiclass_classifier"}, "No value(s) were specified for 'num_class"),
        ({"predictor_type": "regressor", "loss": "logistic"}, "The value 'logistic' is not valid"),
        ({"predictor_type": "regressor", "sgd": "1"}, "Additional hyperparameters are not allowed"),
        ({"predictor_type": "regressor", "l1": "-1"}, "expects a number in [0, inf] or auto"),
        ({"predictor_type": "binary_classifier"}, "must be whole numbers from 0 to 1"),
        ({"predictor_type": "regressor", "feature_dim": "9"}, "'feature_dim' hyperparameter (9)"),
    ],
)
def test_a_wrong_hyperparameter_fails_the_job_with_the_reason(
    tmp_path: Path, settings: dict[str, str], reason: str
) -> None:
    job = Job(tmp_path, PROGRAM, settings)
    job.write(train=to_csv(FLOWERS))

    code, _ = job.run()

    assert code == 2
    assert job.failure.startswith("ClientError: ")
    assert reason in job.failure


def test_a_job_without_a_train_channel_fails(tmp_path: Path) -> None:
    job = Job(tmp_path, PROGRAM, {"predictor_type": "regressor"})
    job.write(test=to_csv(FLOWERS))

    assert job.run()[0] == 2
    assert "Failed to validate input data configuration" in job.failure
    assert "'train' is a required property" in job.failure


def test_a_server_without_a_model_does_not_start(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()

    code, log = serve_in_vain(PROGRAM, tmp_path)

    assert code == 1
    assert "Unable to load model: expected one model file" in log
