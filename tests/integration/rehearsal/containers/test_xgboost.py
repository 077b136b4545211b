"""The stand-in for the built-in XGBoost image: real processes under the container contract."""

from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from rehearsal.containers.contract.recordio import write_records
from rehearsal.containers.contract.records import write_record
from rehearsal.containers.registry import XGBOOST_VERSIONS, Program, resolve
from tests.integration.rehearsal.containers import programs
from tests.integration.rehearsal.containers.programs import (
    SOFTPROB,
    Served,
    flowers,
    program_of,
    serve_in_vain,
    to_csv,
)

IMAGE = "492215442770.dkr.ecr.eu-central-1.amazonaws.com/sagemaker-xgboost:1.7-1"


def program() -> Program:
    return program_of(IMAGE)


def new_job(
    base: Path, hyperparameters: dict[str, str] | None = None, content_type: str = "text/csv"
) -> programs.Job:
    return programs.Job(base, program(), hyperparameters or dict(SOFTPROB), content_type)


def to_libsvm(rows: list[list[float]]) -> str:
    return "".join(
        f"{row[0]} " + " ".join(f"{i}:{value}" for i, value in enumerate(row[1:])) + "\n"
        for row in rows
    )


def to_records(rows: list[list[float]]) -> bytes:
    return write_records(write_record({"values": r[1:]}, {"values": r[:1]}) for r in rows)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> programs.Job:
    job = new_job(tmp_path_factory.mktemp("trained"))
    rows = flowers()
    job.write(train=to_csv(rows[:90]), validation=to_csv(rows[90:120]))
    code, output = job.run()
    assert code == 0, output
    return job


@pytest.fixture(scope="module")
def served(trained: programs.Job) -> Iterator[Served]:
    server = Served(program(), trained.base)
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
    job = new_job(tmp_path)
    job.write(train=to_csv(flowers()[:90]), validation=to_csv(flowers()[90:]))

    code, output = job.run()

    assert code == 0
    assert job.models == ["xgboost-model"]
    rounds = re.findall(
        r"^\[\d+\]\ttrain-mlogloss:[\d.]+\tvalidation-mlogloss:[\d.]+$", output, re.M
    )
    assert len(rounds) == 10


def test_libsvm_is_what_a_channel_without_a_content_type_holds(tmp_path: Path) -> None:
    job = new_job(tmp_path, content_type="")
    job.write(train=to_libsvm(flowers()[:90]))

    code, output = job.run()

    assert (code, job.failure) == (0, ""), output


def test_weights_in_the_second_column_change_the_model(tmp_path: Path) -> None:
    models = []
    for weight in (1.0, 5.0):
        job = new_job(tmp_path / str(weight), {**SOFTPROB, "csv_weights": "1"})
        rows = [[r[0], weight if r[0] == 1 else 1.0, *r[1:]] for r in flowers()[:90]]
        job.write(train=to_csv(rows))
        assert job.run()[0] == 0
        models.append((job.base / "model" / "xgboost-model").read_bytes())

    assert models[0] != models[1]


def test_recordio_protobuf_trains_the_same_model_as_csv(tmp_path: Path) -> None:
    models: list[bytes] = []
    for content_type, data in (
        ("text/csv", to_csv(flowers()[:90]).encode()),
        ("application/x-recordio-protobuf", to_records(flowers()[:90])),
    ):
        job = new_job(tmp_path / str(len(models)), content_type=content_type)
        job.train(train=data)
        models.append((job.base / "model" / "xgboost-model").read_bytes())

    assert models[0] == models[1]


def test_weights_behind_a_libsvm_label_change_the_model(tmp_path: Path) -> None:
    models = []
    for weight in ("1", "5"):
        job = new_job(tmp_path / weight, content_type="text/libsvm")
        job.train(train=to_libsvm(flowers()[:90]).replace("1.0 0:", f"1.0:{weight} 0:"))
        models.append((job.base / "model" / "xgboost-model").read_bytes())

    assert models[0] != models[1]


def test_metrics_of_the_container_are_logged_beside_xgboosts_own(tmp_path: Path) -> None:
    job = new_job(tmp_path, {**SOFTPROB, "eval_metric": "merror,accuracy,f1"})

    log = job.train(train=to_csv(flowers()[:90]), validation=to_csv(flowers()[90:]))

    last = [line for line in log.splitlines() if line.startswith("[9]")][-1]
    values = dict(part.split(":") for part in last.split("\t")[1:])
    assert float(values["train-accuracy"]) == pytest.approx(1 - float(values["train-merror"]))
    assert float(values["validation-f1"]) > 0.85


def test_a_metric_that_should_rise_ends_the_training_when_it_does_not(tmp_path: Path) -> None:
    settings = {"eval_metric": "accuracy", "num_round": "500", "early_stopping_rounds": "5"}
    job = new_job(tmp_path, {**SOFTPROB, **settings})

    log = job.train(train=to_csv(flowers()[:60]), validation=to_csv(flowers()[60:120]))

    rounds = [float(value) for value in re.findall(r"validation-accuracy:([\d.]+)", log)]
    best = rounds.index(max(rounds))
    assert len(rounds) == best + 1 + 5
    assert "mlogloss" not in log  # only what was asked for


def test_scale_pos_weight_moves_predictions_towards_one(tmp_path: Path) -> None:
    rows = [[float(r[0] == 2), *r[1:]] for r in flowers()]
    means = []
    for weight in ("1", "20"):
        settings = {
            "objective": "binary:logistic",
            "num_round": "3",
            "eval_metric": "auc",
            "scale_pos_weight": weight,
        }
        job = new_job(tmp_path / weight, settings)
        job.train(train=to_csv(rows))
        server = Served(program(), job.base)
        scores = [float(line) for line in server.ask(to_csv([r[1:] for r in rows])).text.split()]
        server.stop()
        means.append(sum(scores) / len(scores))

    assert means[1] > means[0] + 0.05


def test_the_log_names_the_version_that_was_asked_for_and_the_one_that_runs(
    tmp_path: Path,
) -> None:
    log = new_job(tmp_path).train(train=to_csv(flowers()[:90]))

    assert re.search(r"SageMaker XGBoost 1\.7-1, locally by xgboost \d+\.\d+\.\d+", log)


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
        ({"eval_metric": "happiness"}, "Metric 'happiness' is not supported"),
        ({"_kfold": "5"}, "does not run locally"),
        ({"num_class": "2"}, "label must be discrete values in the range of [0, num_class)"),
        ({"tree_method": "gpu_hist"}, "Invalid Input: 'gpu_hist'"),
    ],
)
def test_a_wrong_hyperparameter_fails_the_job_with_the_reason(
    tmp_path: Path, changes: dict[str, str | None], reason: str
) -> None:
    settings = {k: v for k, v in {**SOFTPROB, **changes}.items() if v is not None}
    job = new_job(tmp_path, settings)
    job.write(train=to_csv(flowers()[:90]))

    code, _ = job.run()

    assert code == 1
    assert job.failure.startswith("ClientError: ")
    assert reason in job.failure
    assert not job.models


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
    job = new_job(tmp_path, content_type=content_type)
    job.write(train=text)

    code, _ = job.run()

    assert code == 1
    assert reason in job.failure


def test_a_job_without_a_train_channel_fails(tmp_path: Path) -> None:
    job = new_job(tmp_path)
    job.write(validation=to_csv(flowers()))

    assert job.run()[0] == 1
    assert job.failure == "ClientError: Missing required channel: train"


@pytest.mark.parametrize("save", [True, False])
def test_a_stopped_job_saves_its_model_only_when_told_to(tmp_path: Path, save: bool) -> None:
    settings = {**SOFTPROB, "num_round": "1000000", "save_model_on_termination": str(save).lower()}
    job = new_job(tmp_path, settings)
    job.write(train=to_csv(flowers()))
    process = job.start()
    assert process.stdout is not None
    while not process.stdout.readline().startswith("[0]"):
        pass

    process.send_signal(signal.SIGTERM)
    process.communicate()

    assert process.returncode == 0
    assert bool(job.models) == save


def test_early_stopping_ends_before_the_last_round_and_serves_the_best(tmp_path: Path) -> None:
    job = new_job(tmp_path, {**SOFTPROB, "num_round": "500", "early_stopping_rounds": "5"})
    job.write(train=to_csv(flowers()[:60]), validation=to_csv(flowers()[60:120]))

    _, output = job.run()

    assert output.count("train-mlogloss") < 500
    server = Served(program(), tmp_path)
    answer = server.ask(FEATURES)
    server.stop()
    assert answer.status == 200


# Serving


def test_a_server_answers_ping_once_its_model_is_loaded(served: Served) -> None:
    answer = served.get("/ping")

    assert (answer.status, answer.body) == (200, b"")


def test_execution_parameters_tell_batch_transform_how_to_send(served: Served) -> None:
    answer = served.get("/execution-parameters")

    assert answer.status == 200
    assert json.loads(answer.text)["BatchStrategy"] == "MULTI_RECORD"
    assert json.loads(answer.text)["MaxPayloadInMB"] == 6


def test_csv_rows_are_answered_in_order_with_a_probability_per_class(served: Served) -> None:
    answer = served.ask(FEATURES)

    scores = [json.loads(line) for line in answer.text.splitlines()]
    assert answer.status == 200
    assert [round(sum(row), 4) for row in scores] == [1.0] * len(TEST)
    assert hits(predicted(scores)) >= 0.9


def test_json_is_answered_to_who_accepts_it(served: Served) -> None:
    answer = served.ask(FEATURES, accept="application/json")

    scores = [row["score"] for row in json.loads(answer.text)["predictions"]]
    assert answer.status == 200
    assert hits(predicted(scores)) >= 0.9


@pytest.mark.parametrize("labelled", [True, False])
def test_libsvm_rows_get_the_same_answer_with_and_without_label(
    served: Served, labelled: bool
) -> None:
    rows = to_libsvm(TEST)
    if not labelled:
        rows = "\n".join(line.split(" ", 1)[1] for line in rows.splitlines())

    assert served.ask(rows, "text/libsvm") == served.ask(FEATURES)


def test_recordio_rows_get_the_same_answer_as_csv(served: Served) -> None:
    answer = served.ask(to_records(TEST), "application/x-recordio-protobuf")

    assert answer == served.ask(FEATURES)


def test_a_missing_value_is_an_empty_cell(served: Served) -> None:
    answer = served.ask("5.1,,1.4,0.2\n5.1,3.5,1.4,\n")

    assert answer.status == 200
    assert len(answer.text.splitlines()) == 2


def test_a_body_in_chunks_is_read(served: Served) -> None:
    lines = FEATURES.encode().splitlines(keepends=True)
    served.connection.request(
        "POST", "/invocations", iter(lines), {"Content-Type": "text/csv"}, encode_chunked=True
    )
    reply = served.connection.getresponse()

    assert reply.status == 200
    assert reply.read() == served.ask(FEATURES).body


def test_a_linear_booster_is_served_too(tmp_path: Path) -> None:
    job = new_job(tmp_path, {**SOFTPROB, "booster": "gblinear", "num_round": "50"})
    job.train(train=to_csv(flowers()[:120]))
    server = Served(program(), tmp_path)

    answer = server.ask(FEATURES)

    server.stop()
    assert hits(predicted([json.loads(line) for line in answer.text.splitlines()])) >= 0.8


def test_a_batch_transform_gets_a_line_per_row_that_ends_in_a_newline(
    trained: programs.Job,
) -> None:
    server = Served(program(), trained.base, SAGEMAKER_BATCH="true")

    answer = server.ask(FEATURES, accept="application/json")

    server.stop()
    assert answer.status == 200
    assert answer.text.endswith("]\n")
    assert len(answer.text.splitlines()) == len(TEST)


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
    answer = served.ask(body, content_type, accept)

    assert answer.status == status
    assert reason in answer.text


def test_an_unknown_route_is_not_found(served: Served) -> None:
    assert served.get("/").status == 404
    assert served.ask("1,2,3,4", path="/models").status == 404


def test_a_server_ends_at_sigterm(trained: programs.Job) -> None:
    assert Served(program(), trained.base).stop() == 0


def test_a_server_without_a_model_does_not_start(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()

    code, log = serve_in_vain(program(), tmp_path)

    assert code == 1
    assert "Unable to load model: expected one model file" in log


def test_a_server_whose_model_is_none_of_xgboosts_does_not_start(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "model.joblib").write_bytes(b"a pickle")

    code, log = serve_in_vain(program(), tmp_path)

    assert code == 1
    assert "Unable to load model: " in log


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
