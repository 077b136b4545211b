"""The drawn pictures, and their packing, read by the container's own reader."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rehearsal.containers.contract.recordio import (
    LabelledImage,
    parse_image_record,
    read_records,
)
from tests.unit.modules.lab_scripts import load_script, run_script

LAB = "image-classification"
SCRIPT = load_script(LAB, "make_pictures.py")


def decoded(jpeg: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(jpeg), formats=("JPEG",)) as picture:
        return np.asarray(picture, float)


@pytest.fixture(scope="module")
def pictures() -> list[tuple[int, np.ndarray]]:
    return [(label, decoded(jpeg)) for label, jpeg in SCRIPT.make_pictures(60)]


def test_the_same_seed_draws_the_same_pictures_and_another_seed_others() -> None:
    assert list(SCRIPT.make_pictures(3, 1)) == list(SCRIPT.make_pictures(3, 1))
    assert list(SCRIPT.make_pictures(3, 1)) != list(SCRIPT.make_pictures(3, 2))


def test_every_class_is_drawn_equally_often_and_at_the_networks_size(
    pictures: list[tuple[int, np.ndarray]],
) -> None:
    assert np.bincount([label for label, _ in pictures]).tolist() == [20, 20, 20]
    assert {picture.shape for _, picture in pictures} == {(SCRIPT.SIDE, SCRIPT.SIDE, 3)}


def test_what_is_drawn_stands_out_from_its_ground(
    pictures: list[tuple[int, np.ndarray]],
) -> None:
    middle = SCRIPT.SIDE // 2
    for _, picture in pictures:
        assert abs(picture[middle, middle].mean() - picture[2, 2].mean()) > 60


def test_brightness_does_not_tell_the_class(pictures: list[tuple[int, np.ndarray]]) -> None:
    """Either of the two colours is the lighter one, in every class."""
    middle = SCRIPT.SIDE // 2
    for label in range(3):
        lighter = [
            p[middle, middle].mean() > p[2, 2].mean() for kind, p in pictures if kind == label
        ]
        assert 0.2 < np.mean(lighter) < 0.8


def test_a_triangle_covers_less_than_a_square_around_the_same_circle() -> None:
    corners = {
        kind: SCRIPT._corners(count, [0, 0], 1.0, 0.0)
        for kind, count in (("square", 4), ("triangle", 3))
    }

    assert [round(max(y for _, y in points), 6) for points in corners.values()] == [0.707107, 0.5]


def test_packed_pictures_are_read_again() -> None:
    made = list(SCRIPT.make_pictures(4))

    read = [parse_image_record(record) for record in read_records(SCRIPT.pack(made))]

    assert read == [LabelledImage(label, jpeg) for label, jpeg in made]


def test_a_picture_that_would_break_the_format_is_refused() -> None:
    with pytest.raises(ValueError, match="picture 1 holds the magic number"):
        SCRIPT.pack([(0, b"\xff\xd8"), (0, b"\xff\xd8\x0a\x23\xd7\xce")])


def test_the_script_writes_a_file(tmp_path: Path) -> None:
    said = run_script(LAB, "make_pictures.py", "--count", "2", "--output", "a.rec", folder=tmp_path)

    assert said.startswith("2 pictures")
    assert len(list(read_records((tmp_path / "a.rec").read_bytes()))) == 2
    assert "--seed" in run_script(LAB, "make_pictures.py", "--help", folder=tmp_path)
