"""Pictures: found in channels, decoded, and turned into numbers that a linear model can use.

Channels as "Input/Output Interface for the Image Classification Algorithm" describes them
(https://docs.aws.amazon.com/sagemaker/latest/dg/image-classification.html).
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from rehearsal.containers.contract.files import CustomerError, data_files
from rehearsal.containers.contract.instances import media_type
from rehearsal.containers.contract.recordio import (
    LabelledImage,
    parse_image_record,
    read_records,
)

RECORDIO = "application/x-recordio"
IMAGES = ("application/x-image", "image/jpeg", "image/png")
# The side of the small picture that is looked at, and of the grid of edge histograms.
_SIDE, _CELLS, _DIRECTIONS = 16, 4, 8


def read_pictures(
    folder: Path, name: str, channels: Mapping[str, Mapping[str, Any]]
) -> list[LabelledImage]:
    """The labelled pictures of a channel: of its .rec files, or of its list in NAME_lst.

    Raises:
        CustomerError: there are none, or a file is not what the content type says.
    """
    kind, _ = media_type(channels[name].get("ContentType") or RECORDIO)
    if kind == RECORDIO:
        return _read_recordio(folder / name)
    if kind not in IMAGES:
        accepted = ", ".join((RECORDIO, *IMAGES))
        raise CustomerError(f"Content type {kind!r} of channel {name!r} is none of {accepted}")
    if f"{name}_lst" not in channels:
        raise CustomerError(f"Channel {name}_lst is required when the content type is {kind}")
    return _read_listed(folder / name, folder / f"{name}_lst")


def _read_recordio(folder: Path) -> list[LabelledImage]:
    files = data_files(folder)
    if not files:
        raise CustomerError(f"No data in channel {folder.name!r}: its S3 prefix has no files")
    try:
        return [parse_image_record(r) for path in files for r in read_records(path.read_bytes())]
    except ValueError as error:
        raise CustomerError(f"Channel {folder.name!r} is not {RECORDIO}: {error}") from None


def _read_listed(folder: Path, lists: Path) -> list[LabelledImage]:
    files = data_files(lists)
    if len(files) != 1:
        raise CustomerError(f"Channel {lists.name!r} must have one .lst file, it has {len(files)}")
    pictures = []
    lines = files[0].read_text(encoding="utf-8-sig").splitlines()
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        columns = line.split("\t")
        try:
            _, label, relative = columns
            path = (folder / relative.strip()).resolve()
            if not path.is_relative_to(folder.resolve()):
                raise ValueError(f"{relative} is outside of the channel")
            pictures.append(LabelledImage(int(float(label)), path.read_bytes()))
        except (ValueError, OSError) as error:
            raise CustomerError(f"{files[0].name}, line {number}: {error}") from None
    return pictures


def features_of(pictures: Sequence[bytes], *, colours: int) -> np.ndarray:
    """A row of numbers for every picture; `colours` is 3, or 1 for grey.

    Raises:
        ValueError: one is no picture.
    """
    return np.stack([_features(picture, colours) for picture in pictures])


def _features(picture: bytes, colours: int) -> np.ndarray:
    small = _decode(picture, colours)
    pixels = np.asarray(small, np.float32).reshape(_SIDE, _SIDE, colours) / 255
    return np.concatenate([pixels.ravel(), _edges(pixels.mean(2))])


def _decode(picture: bytes, colours: int) -> Image.Image:
    try:
        with warnings.catch_warnings():
            # A picture of a size that Pillow takes for an attack is refused, not decoded.
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(picture), formats=("JPEG", "PNG")) as image:
                converted = image.convert("RGB" if colours == 3 else "L")
    except (OSError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise ValueError("the picture is neither JPEG nor PNG, or it is damaged") from None
    return converted.resize((_SIDE, _SIDE), Image.Resampling.BOX)


def _edges(grey: np.ndarray) -> np.ndarray:
    """How strong the edges of each direction are in each cell of a grid."""
    down, across = np.gradient(grey)
    strength = np.hypot(down, across)
    turned = np.arctan2(down, across) % np.pi
    direction = np.minimum((turned / np.pi * _DIRECTIONS).astype(int), _DIRECTIONS - 1)
    cell = np.arange(_SIDE) * _CELLS // _SIDE
    bucket = (cell[:, None] * _CELLS + cell) * _DIRECTIONS + direction
    sums = np.bincount(bucket.ravel(), strength.ravel(), minlength=_CELLS**2 * _DIRECTIONS)
    return sums.astype(np.float32)
