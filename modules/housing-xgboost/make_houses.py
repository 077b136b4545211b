#!/usr/bin/env python3
"""Make up a table of houses and their prices: a regression problem that is not a straight line.

Nothing in it is real. Prices rise with the area and with the rooms, fall with the distance to the
centre (fast at first) and with the crime rate, and a place at the river is worth more the nearer
the centre is; old houses lose value until they are old enough to be liked. What remains is
noise. The same seed gives the same table, on every machine.

    python make_houses.py --output houses.csv
"""

from __future__ import annotations

import argparse
import csv
import math
import random
from collections.abc import Iterator
from pathlib import Path

# The price, in thousands, is the target; the others are what it is predicted from.
COLUMNS = (
    "price",
    "area",  # square metres
    "rooms",
    "age",  # years
    "distance",  # kilometres to the centre
    "crime",  # offences in the district, by year and 1,000 people
    "pupils",  # by teacher, in the district's schools
    "tax",  # on property, of 10,000
    "river",  # 1 at the river, else 0
    "noise",  # decibels of traffic
)
ROWS = 2_000
SEED = 11
# The standard deviation of what no column tells, in thousands: no model's error is smaller.
NOISE = 14.0


def make_houses(rows: int = ROWS, seed: int = SEED) -> Iterator[tuple[float, ...]]:
    """Yield houses as rows of numbers, in the order of COLUMNS.

    Args:
        rows: how many houses, at least 0.
        seed: another one makes another table with the same rules.
    """
    chance = random.Random(seed)
    for _ in range(rows):
        yield _make_house(chance)


def _make_house(chance: random.Random) -> tuple[float, ...]:
    distance = round(chance.uniform(0.5, 30), 1)
    area = round(min(320.0, max(28.0, chance.lognormvariate(4.6 + distance / 120, 0.35))))
    rooms = max(1, round(area / 26 + chance.gauss(0, 0.8)))
    age = round(chance.triangular(0, 140, 35))
    crime = round(chance.lognormvariate(3.4 - distance / 25, 0.5), 1)
    pupils = round(min(28.0, max(10.0, chance.gauss(17 + crime / 25, 2))), 1)
    tax = round(chance.uniform(30, 90))
    river = int(chance.random() < 0.12)
    noise = round(min(80.0, max(35.0, chance.gauss(66 - distance * 0.7, 6))), 1)
    price = (
        30
        + 1.15 * area
        + 5 * min(rooms, 7)
        + 150 * math.exp(-distance / 7)
        + river * (15 + 90 * math.exp(-distance / 6))
        - 22 * math.log1p(crime / 10)
        - 2.2 * (pupils - 14)
        - 0.25 * tax
        - (0.6 * min(age, 60) - 0.5 * max(age - 90, 0))
        - max(noise - 60, 0) * 1.4
        + chance.gauss(0, NOISE)
    )
    return (
        round(max(15.0, price), 1),
        area,
        rooms,
        age,
        distance,
        crime,
        pupils,
        tax,
        river,
        noise,
    )


def write_houses(path: Path, rows: int = ROWS, seed: int = SEED) -> None:
    """Write a table as CSV with a header."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(make_houses(rows, seed))


def main() -> None:
    """Write the table where the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path("houses.csv"), help="where to write")
    parser.add_argument("--rows", type=int, default=ROWS, help="how many houses (%(default)s)")
    parser.add_argument("--seed", type=int, default=SEED, help="of the chance (%(default)s)")
    options = parser.parse_args()
    write_houses(options.output, options.rows, options.seed)
    print(f"{options.rows} houses in {options.output}")


if __name__ == "__main__":
    main()
