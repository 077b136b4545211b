"""Pictures as numbers."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from rehearsal.containers.image_classification.pictures import features_of


def encoded(pixels: np.ndarray, kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels.astype(np.uint8)).save(file, kind)
    return file.getvalue()


GREY = np.add.outer(np.arange(40), np.arange(60)) * 2
STRIPES = np.tile(np.arange(64) // 8 % 2 * 255, (64, 1))


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_pictures_of_any_size_have_rows_of_one_length(kind: str) -> None:
    table = features_of([encoded(GREY, kind), encoded(STRIPES, kind)], colours=3)

    assert table.shape[0] == 2
    assert np.isfinite(table).all()


def test_a_png_with_transparency_is_a_picture() -> None:
    clear = np.zeros((8, 8, 4), np.uint8)

    assert features_of([encoded(clear)], colours=3).shape[0] == 1


def test_colours_are_seen_only_when_the_picture_has_three_channels() -> None:
    red, blue = (np.zeros((16, 16, 3)) for _ in range(2))
    red[..., 0], blue[..., 2] = 100, 262  # nearly the same grey
    pictures = [encoded(red), encoded(np.minimum(blue, 255))]

    coloured = features_of(pictures, colours=3)
    grey = features_of(pictures, colours=1)

    assert np.abs(coloured[0] - coloured[1]).max() > 0.3
    assert np.abs(grey[0] - grey[1]).max() < 0.05


def test_the_direction_of_stripes_is_seen() -> None:
    upright, lying = features_of([encoded(STRIPES), encoded(STRIPES.T)], colours=1)

    edges_upright, edges_lying = upright[256:], lying[256:]
    assert edges_upright.max() > 1
    assert edges_upright @ edges_lying < 0.01 * (edges_upright @ edges_upright)


@pytest.mark.parametrize("data", [b"", b"GIF89a", encoded(GREY)[:60], encoded(GREY, "GIF")])
def test_what_is_neither_jpeg_nor_png_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="neither JPEG nor PNG"):
        features_of([data], colours=3)
