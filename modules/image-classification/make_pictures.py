#!/usr/bin/env python3
"""Draw pictures of discs, squares and triangles, and pack them as image RecordIO (.rec).

Size, place, turn and colours are random, so that neither colour nor a single pixel tells what a
picture shows. The same seed draws the same pictures with the same version of Pillow.

A .rec file is a row of records: a magic number, the length, then a header (flag, label, two
numbers) and the JPEG, padded to four bytes. It is what MXNet's im2rec writes
(https://mxnet.apache.org/versions/1.9.1/api/architecture/note_data_loading).

    python make_pictures.py --count 600 --output train.rec
"""

from __future__ import annotations

import argparse
import io
import math
import random
import struct
from collections.abc import Iterable, Iterator
from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter

CLASSES = ("disc", "square", "triangle")
SIDE = 224  # pixels; what networks that were trained on ImageNet look at
SEED = 5

_CORNERS = {"square": 4, "triangle": 3}
_MAGIC = 0xCED7230A
_ALIGNMENT = 4
_LEAST_CONTRAST = 90


def make_pictures(count: int, seed: int = SEED) -> Iterator[tuple[int, bytes]]:
    """Yield (the number of the class, a JPEG), all classes in turn.

    Args:
        count: how many pictures, at least 0.
        seed: another one draws other pictures.
    """
    chance = random.Random(seed)
    for number in range(count):
        label = number % len(CLASSES)
        yield label, _encode(_draw(CLASSES[label], chance))


def _draw(kind: str, chance: random.Random) -> Image.Image:
    ground, ink = _colours(chance)
    picture = Image.new("RGB", (SIDE, SIDE), ground)
    radius = chance.uniform(0.28, 0.4) * SIDE
    centre = [SIDE / 2 + chance.uniform(-0.08, 0.08) * SIDE for _ in "xy"]
    draw = ImageDraw.Draw(picture)
    if kind == "disc":
        draw.ellipse(
            [(c - 0.85 * radius) for c in centre] + [c + 0.85 * radius for c in centre], ink
        )
    else:
        draw.polygon(_corners(_CORNERS[kind], centre, radius, chance.uniform(-12, 12)), ink)
    return picture.filter(ImageFilter.GaussianBlur(chance.uniform(0, 2)))


def _corners(
    count: int, centre: list[float], radius: float, turn: float
) -> list[tuple[float, float]]:
    """The corners of a regular shape that stands on a side, turned by so many degrees."""
    start = math.radians(90 + 180 / count + turn)
    return [
        (
            centre[0] + radius * math.cos(start + 2 * math.pi * corner / count),
            centre[1] + radius * math.sin(start + 2 * math.pi * corner / count),
        )
        for corner in range(count)
    ]


def _colours(chance: random.Random) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Two colours that can be told apart, either of them the lighter."""
    while True:
        first, second = (tuple(chance.randrange(256) for _ in "rgb") for _ in range(2))
        if abs(sum(first) - sum(second)) / 3 >= _LEAST_CONTRAST:
            return first, second


def _encode(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=85)
    return buffer.getvalue()


def pack(pictures: Iterable[tuple[int, bytes]]) -> bytes:
    """Labelled JPEGs as image RecordIO.

    Raises:
        ValueError: one holds the format's magic number, which hardly ever happens.
    """
    return b"".join(_record(number, *picture) for number, picture in enumerate(pictures))


def _record(number: int, label: int, jpeg: bytes) -> bytes:
    content = struct.pack("<IfQQ", 0, float(label), number, 0) + jpeg
    if struct.pack("<I", _MAGIC) in content:
        # Readers look for it to find the next record; im2rec splits such a record in parts.
        raise ValueError(f"picture {number} holds the magic number of RecordIO")
    padding = -len(content) % _ALIGNMENT
    return struct.pack("<II", _MAGIC, len(content)) + content + bytes(padding)


def main() -> None:
    """Draw what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path("pictures.rec"), help="(%(default)s)")
    parser.add_argument("--count", type=int, default=60, help="how many (%(default)s)")
    parser.add_argument("--seed", type=int, default=SEED, help="of the chance (%(default)s)")
    options = parser.parse_args()
    packed = pack(make_pictures(options.count, options.seed))
    options.output.write_bytes(packed)
    print(f"{options.count} pictures, {len(packed)} bytes in {options.output}")


if __name__ == "__main__":
    main()
