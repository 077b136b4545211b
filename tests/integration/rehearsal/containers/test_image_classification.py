"""The stand-in for built-in image classification: real processes, real handwritten digits."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from rehearsal.containers.contract.recordio import (
    LabelledImage,
    pack_image_record,
    write_records,
)
from tests.integration.rehearsal.containers.programs import (
    Job,
    Served,
    program_of,
    serve_in_vain,
)

PROGRAM = program_of("811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1")
RECORDIO = "application/x-recordio"


def digits(count: int) -> list[LabelledImage]:
    """The first of scikit-learn's handwritten digits, as PNG files of 32 x 32."""
    bunch = load_digits()
    pictures = []
    for pixels, label in zip(bunch.images[:count], bunch.target[:count], strict=True):
        image = Image.fromarray((pixels * 15).astype(np.uint8)).resize((32, 32))
        file = io.BytesIO()
        image.save(file, "PNG")
        pictures.append(LabelledImage(int(label), file.getvalue()))
    return pictures


DIGITS = digits(500)
TRAIN, VALIDATION = DIGITS[:400], DIGITS[400:]
SETTINGS = {
    "num_classes": "10",
    "num_training_samples": str(len(TRAIN)),
    "image_shape": "3,32,32",
    "num_layers": "18",
    "use_pretrained_model": "1",
    "epochs": "10",
}


def rec(pictures: list[LabelledImage]) -> bytes:
    return write_records(pack_image_record(it, number) for number, it in enumerate(pictures))


def listed(pictures: list[LabelledImage]) -> tuple[dict[str, bytes], bytes]:
    """A folder of files and the .lst that names them."""
    files = {f"digits/{number}.png": it.picture for number, it in enumerate(pictures)}
    lines = [f"{n}\t{it.label}\tdigits/{n}.png\n" for n, it in enumerate(pictures)]
    return files, "".join(lines).encode()


@pytest.fixture(scope="module")
def log_and_job(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Job]:
    job = Job(tmp_path_factory.mktemp("images"), PROGRAM, SETTINGS, RECORDIO)
    return job.train(train=rec(TRAIN), validation=rec(VALIDATION)), job


@pytest.fixture(scope="module")
def served(log_and_job: tuple[str, Job]) -> Iterator[Served]:
    server = Served(PROGRAM, log_and_job[1].base)
    yield server
    server.stop()


def test_training_logs_the_accuracy_of_epochs_and_says_what_it_is(
    log_and_job: tuple[str, Job],
) -> None:
    log, _ = log_and_job

    assert "stands in for the ResNet" in log
    assert "Epoch[0] Train-accuracy=" in log
    last = [line for line in log.splitlines() if "Validation-accuracy=" in line][-1]
    assert float(last.rpartition("=")[2]) >= 0.9


@pytest.mark.parametrize("content_type", ["application/x-image", "image/png", "image/jpeg"])
def test_a_picture_is_answered_with_the_probability_of_every_class(
    served: Served, content_type: str
) -> None:
    hits = 0
    for digit in VALIDATION[:30]:
        answer = served.ask(digit.picture, content_type)
        probabilities = json.loads(answer.text)
        assert (answer.status, answer.content_type) == (200, "application/json")
        assert len(probabilities) == 10
        assert sum(probabilities) == pytest.approx(1)
        hits += probabilities.index(max(probabilities)) == digit.label

    assert hits >= 27


def test_a_batch_transform_is_told_to_send_one_picture_at_a_time(served: Served) -> None:
    parameters = json.loads(served.get("/execution-parameters").text)

    assert parameters["BatchStrategy"] == "SINGLE_RECORD"


def test_json_lines_are_answered_to_who_accepts_them(served: Served) -> None:
    picture = VALIDATION[0].picture
    expected = json.loads(served.ask(picture, "application/x-image").text)

    answer = served.ask(picture, "application/x-image", accept="application/jsonlines")

    assert json.loads(answer.text) == {"prediction": expected}
    assert answer.text.endswith("}\n")


def test_files_and_lists_train_the_same_model_as_recordio(tmp_path: Path, served: Served) -> None:
    job = Job(tmp_path, PROGRAM, SETTINGS, "application/x-image")
    (train, train_lst), (validation, validation_lst) = listed(TRAIN), listed(VALIDATION)
    job.train(
        train=train,
        validation=validation,
        train_lst={"train.lst": train_lst},
        validation_lst={"validation.lst": validation_lst},
    )
    server = Served(PROGRAM, tmp_path)

    answer = server.ask(VALIDATION[0].picture, "application/x-image")

    server.stop()
    expected = json.loads(served.ask(VALIDATION[0].picture, "application/x-image").text)
    assert json.loads(answer.text) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"num_classes": None}, "No value(s) were specified for 'num_classes'"),
        ({"num_classes": "9"}, "has label 9, num_classes is 9"),
        ({"augmentation type": "crop"}, "Additional hyperparameters are not allowed"),
        ({"num_layers": "19"}, "The value '19' is not valid for the 'num_layers'"),
        ({"num_layers": "20"}, "num_layers must be one of 18, 34"),
        ({"image_shape": "32,32"}, "The value '32,32' is not valid for the 'image_shape'"),
        ({"multi_label": "1"}, "does not run locally"),
    ],
)
def test_a_wrong_hyperparameter_fails_the_job_with_the_reason(
    tmp_path: Path, changes: dict[str, str | None], reason: str
) -> None:
    settings = {k: v for k, v in {**SETTINGS, **changes}.items() if v is not None}
    job = Job(tmp_path, PROGRAM, settings, RECORDIO)
    job.write(train=rec(DIGITS[:20]), validation=rec(DIGITS[:20]))

    code, _ = job.run()

    assert code == 2
    assert job.failure.startswith("ClientError: ")
    assert reason in job.failure


@pytest.mark.parametrize(
    ("channels", "content_type", "reason"),
    [
        ({"train": b"not RecordIO"}, RECORDIO, "Channel 'train' is not application/x-recordio"),
        ({"train": b""}, RECORDIO, "No data in channel 'train'"),
        ({"train": rec([LabelledImage(0, b"gif")])}, RECORDIO, "neither JPEG nor PNG"),
        ({"train": b"x"}, "image/png", "Channel train_lst is required"),
        ({"train": b"x"}, "text/csv", "Content type 'text/csv' of channel 'train'"),
        (
            {"train": b"x", "train_lst": b"0\t1\tmissing.png\n", "validation_lst": b""},
            "image/png",
            "data, line 1: ",
        ),
        (
            {"train": b"x", "train_lst": b"0\t1\t../../config/hyperparameters.json\n"},
            "image/png",
            "is outside of the channel",
        ),
    ],
)
def test_pictures_that_cannot_be_read_fail_the_job_with_the_reason(
    tmp_path: Path, channels: dict[str, bytes], content_type: str, reason: str
) -> None:
    job = Job(tmp_path, PROGRAM, SETTINGS, content_type)
    job.write(validation=rec(DIGITS[:10]), **channels)

    code, _ = job.run()

    assert code == 2
    assert reason in job.failure


@pytest.mark.parametrize(
    ("content_type", "accept", "status", "reason"),
    [
        ("text/csv", "", 415, "Content-type text/csv not supported"),
        ("image/png", "text/csv", 406, "Accept type text/csv is not supported"),
    ],
)
def test_a_request_in_another_format_says_which_there_are(
    served: Served, content_type: str, accept: str, status: int, reason: str
) -> None:
    answer = served.ask(VALIDATION[0].picture, content_type, accept)

    assert answer.status == status
    assert reason in answer.text


def test_bytes_that_are_no_picture_are_refused(served: Served) -> None:
    answer = served.ask(VALIDATION[0].picture[:100], "image/png")

    assert answer.status == 400
    assert "unable to evaluate payload provided" in answer.text


def test_a_server_without_a_model_does_not_start(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()

    code, log = serve_in_vain(PROGRAM, tmp_path)

    assert code == 1
    assert "Unable to load model: expected one model file" in log
