"""The stand-in for the built-in k-means image: real processes under the container contract."""

from __future__ import annotations

import json
from collections import Counter
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

PROGRAM = program_of("382416733822.dkr.ecr.us-east-1.amazonaws.com/kmeans:1")
RECORDS = "application/x-recordio-protobuf"
SETTINGS = {"k": "3", "feature_dim": "4"}
FLOWERS = flowers()
FEATURES = [row[1:] for row in FLOWERS]


def to_records(rows: list[list[float]]) -> bytes:
    return write_records(write_record({"values": row}, {}) for row in rows)


def purity(clusters: list[float]) -> float:
    """The share of flowers that are of their cluster's most frequent species."""
    together = Counter(zip(clusters, [row[0] for row in FLOWERS], strict=True))
    most = Counter[float]()
    for (cluster, _), count in together.items():
        most[cluster] = max(most[cluster], count)
    return sum(most.values()) / len(FLOWERS)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Job:
    job = Job(tmp_path_factory.mktemp("kmeans"), PROGRAM, SETTINGS, RECORDS)
    job.train(train=to_records(FEATURES))
    return job


@pytest.fixture(scope="module")
def served(trained: Job) -> Iterator[Served]:
    server = Served(PROGRAM, trained.base)
    yield server
    server.stop()


def test_the_model_has_the_name_that_aws_gives_it(trained: Job) -> None:
    assert trained.models == ["model_algo-1"]


def test_three_clusters_of_flowers_are_nearly_the_three_species(served: Served) -> None:
    answer = served.ask(to_csv(FEATURES))

    clusters = [row["closest_cluster"] for row in json.loads(answer.text)["predictions"]]
    assert (answer.status, answer.content_type) == (200, "application/json")
    assert set(clusters) == {0.0, 1.0, 2.0}
    assert purity(clusters) > 0.85


def test_csv_with_a_label_is_clustered_without_it(tmp_path: Path) -> None:
    job = Job(tmp_path, PROGRAM, SETTINGS, "text/csv; label_size=1")

    log = job.train(train=to_csv(FLOWERS), test=to_csv(FLOWERS))

    assert "train has 150 rows and 4 features" in log
    assert "#quality_metric: host=algo-1, test msd <loss>=" in log


def test_metrics_that_were_asked_for_are_logged(tmp_path: Path) -> None:
    job = Job(tmp_path, PROGRAM, {**SETTINGS, "eval_metrics": '["msd","ssd"]'}, "text/csv")

    log = job.train(train=to_csv(FEATURES))

    values = {
        words[-2]: float(words[-1].partition("=")[2])
        for line in log.splitlines()
        if "train" in line and len(words := line.split()) > 3 and "<loss>" in line
    }
    assert values["ssd"] == pytest.approx(values["msd"] * 150, rel=1e-4)
    assert 75 < values["ssd"] < 100  # the known optimum of iris with k=3 is 78.85


def test_every_format_of_a_reply_says_the_same(served: Served) -> None:
    rows = to_csv(FEATURES[:2])
    predictions = json.loads(served.ask(rows).text)["predictions"]

    lines = served.ask(rows, accept="application/jsonlines")
    table = served.ask(rows, accept="text/csv")
    records = served.ask(rows, accept=RECORDS)

    assert list(predictions[0]) == ["closest_cluster", "distance_to_cluster"]
    assert [json.loads(line) for line in lines.text.splitlines()] == predictions
    assert [[float(cell) for cell in line.split(",")] for line in table.text.splitlines()] == [
        list(row.values()) for row in predictions
    ]
    answered = [parse_record(record).label for record in read_records(records.body)]
    assert [float(it["closest_cluster"].values[0]) for it in answered] == [
        row["closest_cluster"] for row in predictions
    ]
    assert [float(it["distance_to_cluster"].values[0]) for it in answered] == pytest.approx(
        [row["distance_to_cluster"] for row in predictions]
    )


def test_every_format_of_a_request_is_answered_alike(served: Served) -> None:
    rows = FEATURES[:3]
    instances: list[dict[str, Any]] = [
        {"features": rows[0]},
        {"data": {"features": {"values": rows[1]}}},
    ]
    sparse = {"keys": [0, 1, 2, 3], "shape": [4], "values": rows[2]}
    instances.append({"data": {"features": sparse}})

    answers = [
        served.ask(to_csv(rows), "text/csv;label_size=0"),
        served.ask(to_records(rows), RECORDS),
        served.ask(json.dumps({"instances": instances}), "application/json"),
        served.ask("\n".join(map(json.dumps, instances)), "application/jsonlines"),
    ]

    assert [answer.status for answer in answers] == [200] * 4
    assert len({answer.body for answer in answers}) == 1


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"k": None, "feature_dim": None}, "No value(s) were specified for 'k', 'feature_dim'"),
        ({"silent": "1"}, "Additional hyperparameters are not allowed ('silent' was unexpected)"),
        ({"k": "three"}, "The value 'three' is not valid for the 'k' hyperparameter"),
        ({"eval_metrics": "msd,ssd"}, "Hyperparameter must be valid json, but found eval_metrics"),
        ({"feature_dim": "5"}, "has 4 features, which is not the 'feature_dim' hyperparameter (5)"),
        ({"k": "151"}, "150 rows are too few for 151 clusters"),
    ],
)
def test_a_wrong_hyperparameter_fails_the_job_with_the_reason(
    tmp_path: Path, changes: dict[str, str | None], reason: str
) -> None:
    settings = {k: v for k, v in {**SETTINGS, **changes}.items() if v is not None}
    job = Job(tmp_path, PROGRAM, settings)
    job.write(train=to_csv(FEATURES))

    code, _ = job.run()

    assert code == 2
    assert job.failure.startswith("ClientError: ")
    assert reason in job.failure
    assert job.models == []


@pytest.mark.parametrize(
    ("content", "content_type", "reason"),
    [
        (b"a,b\n", "text/csv", "Unable to read data channel 'train'"),
        (b"1,2,3,4\n", RECORDS, "Unable to read data channel 'train'. Requested content-type is"),
        (b"", "text/csv", "No data in channel 'train'"),
        (b"1,2,3,4\n", "image/png", "Content type 'image/png' of channel 'train'"),
    ],
)
def test_data_that_cannot_be_read_fail_the_job_with_the_reason(
    tmp_path: Path, content: bytes, content_type: str, reason: str
) -> None:
    job = Job(tmp_path, PROGRAM, SETTINGS, content_type)
    job.write(train=content)

    code, _ = job.run()

    assert code == 2
    assert reason in job.failure


@pytest.mark.parametrize(
    ("body", "content_type", "accept", "status", "reason"),
    [
        ("1,2,3,4", "image/png", "", 415, "Content-type image/png not supported"),
        ("1,2,3", "text/csv", "", 400, "unable to evaluate payload provided"),
        ("a,b,c,d", "text/csv", "", 400, "unable to evaluate payload provided"),
        ("{", "application/json", "", 400, "unable to evaluate payload provided"),
        ('{"instances": [1]}', "application/json", "", 400, "unable to evaluate payload"),
        ("1,2,3,4,5", RECORDS, "", 400, "no RecordIO"),
        ("1,2,3,4", "text/csv", "image/png", 406, "Accept type image/png is not supported"),
    ],
)
def test_a_request_that_cannot_be_answered_says_why(
    served: Served, body: str, content_type: str, accept: str, status: int, reason: str
) -> None:
    answer = served.ask(body, content_type, accept)

    assert answer.status == status
    assert reason in answer.text


def test_a_server_with_another_algorithms_model_does_not_start(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "xgboost-model").write_bytes(b"{}")

    code, log = serve_in_vain(PROGRAM, tmp_path)

    assert code == 1
    assert "Unable to load model: xgboost-model is no model of this algorithm" in log
