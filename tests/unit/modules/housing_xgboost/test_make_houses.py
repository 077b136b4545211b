"""The made-up houses: what their prices depend on, and that a line does not say it."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from tests.unit.modules.lab_scripts import load_script, run_script

LAB = "housing-xgboost"
SCRIPT = load_script(LAB, "make_houses.py")


@pytest.fixture(scope="module")
def houses() -> dict[str, np.ndarray]:
    table = np.array(list(SCRIPT.make_houses()))
    return dict(zip(SCRIPT.COLUMNS, table.T, strict=True))


def test_the_same_seed_makes_the_same_houses_and_another_seed_others() -> None:
    assert list(SCRIPT.make_houses(50, 1)) == list(SCRIPT.make_houses(50, 1))
    assert list(SCRIPT.make_houses(50, 1)) != list(SCRIPT.make_houses(50, 2))


def test_more_houses_begin_with_the_same_ones() -> None:
    assert list(SCRIPT.make_houses(20))[:10] == list(SCRIPT.make_houses(10))


def test_values_are_what_houses_can_have(houses: dict[str, np.ndarray]) -> None:
    assert houses["price"].min() >= 15
    assert houses["rooms"].min() >= 1
    assert set(houses["river"]) == {0.0, 1.0}
    assert (houses["distance"] > 0).all()
    # A floor under many prices would be learnt instead of the rules.
    assert np.mean(houses["price"] == 15) < 0.02


def test_a_kilometre_costs_most_near_the_centre(houses: dict[str, np.ndarray]) -> None:
    by_area, distance = houses["price"] / houses["area"], houses["distance"]

    def mean(begin: float, end: float) -> float:
        return float(by_area[(distance >= begin) & (distance < end)].mean())

    assert mean(0, 5) - mean(5, 10) > 2 * (mean(10, 20) - mean(20, 30))


def test_a_straight_line_is_wrong_by_more_than_the_noise(houses: dict[str, np.ndarray]) -> None:
    inputs = [houses[name] for name in SCRIPT.COLUMNS[1:]]
    table = np.column_stack([*inputs, np.ones(len(houses["price"]))])
    weights, *_ = np.linalg.lstsq(table, houses["price"], rcond=None)
    error = np.sqrt(np.mean((table @ weights - houses["price"]) ** 2))

    assert error > 1.5 * SCRIPT.NOISE


def test_the_script_writes_a_table_with_a_header(tmp_path: Path) -> None:
    run_script(LAB, "make_houses.py", "--rows", "3", "--output", "few.csv", folder=tmp_path)

    with (tmp_path / "few.csv").open(newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    assert tuple(header) == SCRIPT.COLUMNS
    assert [tuple(map(float, row)) for row in rows] == list(SCRIPT.make_houses(3))


def test_the_script_says_how_it_is_called(tmp_path: Path) -> None:
    assert "--seed" in run_script(LAB, "make_houses.py", "--help", folder=tmp_path)
