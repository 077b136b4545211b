#!/usr/bin/env python3
"""Make up a table of video games and what they sold, with the columns of a well-known one.

Nothing in it is real. What sells is decided by a game's quality, its publisher, its platform
and its genre, and by luck; critics and users see the quality through noise of their own, and
small games are often not reviewed at all. The same seed gives the same table, on every machine.

    python make_games.py --output games.csv
"""

from __future__ import annotations

import argparse
import csv
import math
import random
from collections.abc import Iterator
from pathlib import Path

COLUMNS = (
    "Name",
    "Platform",
    "Year_of_Release",
    "Genre",
    "Publisher",
    "NA_Sales",  # sales are in millions of copies
    "EU_Sales",
    "JP_Sales",
    "Other_Sales",
    "Global_Sales",
    "Critic_Score",  # of 100
    "Critic_Count",
    "User_Score",  # of 10, or "tbd" when there are too few
    "User_Count",
    "Developer",
    "Rating",
)
ROWS = 16_719
SEED = 17

# Name: (how common it is, what it adds to the logarithm of a game's sales).
PLATFORMS = {
    "Orbit": (16, 0.55),
    "Orbit 2": (20, 0.35),
    "Orbit Go": (9, -0.35),
    "Hexa": (9, 0.2),
    "Hexa 360": (12, 0.5),
    "Lumen": (12, 0.35),
    "Lumen Pocket": (14, -0.15),
    "Desk": (10, -0.9),
}
GENRES = {
    "Action": (20, 0.1),
    "Sports": (14, 0.1),
    "Shooter": (9, 0.45),
    "Role-Playing": (9, 0.15),
    "Racing": (8, 0.05),
    "Platform": (7, 0.35),
    "Fighting": (6, 0.1),
    "Simulation": (6, -0.05),
    "Misc": (10, 0.0),
    "Adventure": (6, -0.6),
    "Strategy": (5, -0.6),
    "Puzzle": (4, -0.45),
}
RATINGS = {"E": 40, "T": 30, "M": 18, "E10+": 12}
MARKETS = {"NA_Sales": 0.5, "EU_Sales": 0.28, "JP_Sales": 0.12, "Other_Sales": 0.1}

PUBLISHERS = 60
# The share of luck: with 0.7 a good model is wrong about one reviewed game in seven.
LUCK = 0.7
_SYLLABLES = ("ar", "bel", "cor", "dun", "el", "far", "gal", "hol", "ix", "jor", "kel", "lum")
_HOUSES = ("Games", "Interactive", "Entertainment", "Soft", "Works")
_FIRST = ("Silent", "Iron", "Last", "Hidden", "Golden", "Broken", "Crimson", "Wild", "Lost")
_SECOND = ("Harbour", "Kingdom", "Circuit", "Garden", "Frontier", "Machine", "Legend", "Arena")


def make_games(rows: int = ROWS, seed: int = SEED) -> Iterator[dict[str, str]]:
    """Yield games as rows of text; an empty text stands for what nobody knows.

    Args:
        rows: how many games, at least 0.
        seed: another one makes another table with the same rules.
    """
    chance = random.Random(seed)
    publishers = _make_publishers(chance)
    for number in range(1, rows + 1):
        yield _make_game(number, chance, publishers)


def _make_publishers(chance: random.Random) -> dict[str, tuple[float, float]]:
    """Publishers as (how common, what they add): a few big ones, and many small ones."""
    publishers: dict[str, tuple[float, float]] = {}
    while len(publishers) < PUBLISHERS:
        word = "".join(chance.choices(_SYLLABLES, k=2)).capitalize()
        rank = len(publishers)
        strength = 1.05 - 0.045 * rank + chance.gauss(0, 0.25)
        publishers.setdefault(f"{word} {chance.choice(_HOUSES)}", (1 / (rank + 3), strength))
    return publishers


def _make_game(
    number: int, chance: random.Random, publishers: dict[str, tuple[float, float]]
) -> dict[str, str]:
    platform, genre, publisher = (
        _choose(table, chance) for table in (PLATFORMS, GENRES, publishers)
    )
    rating = chance.choices(list(RATINGS), list(RATINGS.values()))[0]
    quality = chance.gauss(0, 1)
    pull = PLATFORMS[platform][1] + GENRES[genre][1] + publishers[publisher][1]
    # Only good games become hits: quality counts for more above the average.
    merit = 0.55 * quality + 0.45 * max(quality, 0) ** 2
    sold = min(40.0, math.exp(-1.95 + 0.9 * pull + merit + chance.gauss(0, LUCK)))
    return {
        "Name": f"{chance.choice(_FIRST)} {chance.choice(_SECOND)} {number}",
        "Platform": platform,
        "Year_of_Release": str(chance.randint(1998, 2016)),
        "Genre": genre,
        "Publisher": publisher,
        **_sales(sold, chance),
        **_reviews(quality, sold, chance),
        "Developer": publisher if chance.random() < 0.4 else f"Studio {chance.randint(1, 900)}",
        "Rating": rating if chance.random() < 0.9 else "",
    }


def _choose(table: dict[str, tuple[float, float]], chance: random.Random) -> str:
    return chance.choices(list(table), [common for common, _ in table.values()])[0]


def _sales(sold: float, chance: random.Random) -> dict[str, str]:
    """The copies sold in all, and by market, in millions with two digits."""
    weights = {name: share * chance.uniform(0.4, 1.6) for name, share in MARKETS.items()}
    whole = sum(weights.values())
    parts = {name: f"{sold * weight / whole:.2f}" for name, weight in weights.items()}
    return {**parts, "Global_Sales": f"{sold:.2f}"}


def _reviews(quality: float, sold: float, chance: random.Random) -> dict[str, str]:
    """Scores and how many gave them; a game that few bought is seldom reviewed."""
    reviewed = chance.random() < min(0.9, 0.35 + 0.6 * sold**0.5)
    critics = min(98, max(13, round(69 + 12 * quality + chance.gauss(0, 3))))
    users = min(9.7, max(0.4, 7.1 + 1.1 * quality + chance.gauss(0, 0.9)))
    count = max(4, round(30 * sold**0.5 + chance.uniform(0, 20)))
    few = chance.random() < 0.12
    by_users = ("tbd", "") if few else (f"{users:.1f}", str(count * 6))
    by_critics = (str(critics), str(count))
    if not reviewed:
        by_critics = ("", "")
        by_users = by_users if chance.random() < 0.4 else ("", "")
    names = ("Critic_Score", "Critic_Count", "User_Score", "User_Count")
    return dict(zip(names, by_critics + by_users, strict=True))


def write_games(path: Path, rows: int = ROWS, seed: int = SEED) -> None:
    """Write a table as CSV with a header."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(make_games(rows, seed))


def main() -> None:
    """Write the table where the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path("games.csv"), help="where to write")
    parser.add_argument("--rows", type=int, default=ROWS, help="how many games (%(default)s)")
    parser.add_argument("--seed", type=int, default=SEED, help="of the chance (%(default)s)")
    options = parser.parse_args()
    write_games(options.output, options.rows, options.seed)
    print(f"{options.rows} games in {options.output}")


if __name__ == "__main__":
    main()
