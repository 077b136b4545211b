"""The made-up games: their columns, their gaps, and that reviews say something about sales."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tests.unit.modules.lab_scripts import load_script, run_script

LAB = "videogame-sales"
Games = list[dict[str, str]]


@pytest.fixture(scope="module")
def games() -> Games:
    return list(load_script(LAB, "make_games.py").make_games(4000))


def share_of_hits(games: Games) -> float:
    return sum(float(game["Global_Sales"]) > 1 for game in games) / len(games)


def with_everything(games: Games) -> Games:
    kept = ("Platform", "Genre", "Publisher", "Rating", "Critic_Score", "User_Score")
    return [game for game in games if all(game[column] for column in kept)]


def test_the_same_seed_makes_the_same_games_and_another_seed_others() -> None:
    make_games = load_script(LAB, "make_games.py").make_games

    assert list(make_games(50, 1)) == list(make_games(50, 1))
    assert list(make_games(50, 1)) != list(make_games(50, 2))


def test_more_games_begin_with_the_same_ones(games: Games) -> None:
    assert list(load_script(LAB, "make_games.py").make_games(10)) == games[:10]


def test_markets_add_up_to_the_sales_of_the_world(games: Games) -> None:
    markets = ("NA_Sales", "EU_Sales", "JP_Sales", "Other_Sales")
    for game in games:
        # Five figures with two digits each.
        apart = sum(float(game[market]) for market in markets) - float(game["Global_Sales"])
        assert abs(apart) < 0.03, game


def test_a_part_of_the_games_has_gaps_and_some_users_have_not_voted(games: Games) -> None:
    whole = with_everything(games)

    assert 0.5 < len(whole) / len(games) < 0.75
    assert 0.05 < sum(game["User_Score"] == "tbd" for game in whole) / len(whole) < 0.2


def test_a_fifth_of_the_reviewed_games_are_hits_so_that_a_constant_guess_fails(
    games: Games,
) -> None:
    assert 0.18 < share_of_hits(with_everything(games)) < 0.27


def test_what_critics_praise_sells(games: Games) -> None:
    reviewed = with_everything(games)
    praised = [game for game in reviewed if int(game["Critic_Score"]) >= 85]
    panned = [game for game in reviewed if int(game["Critic_Score"]) < 60]

    assert share_of_hits(praised) > 0.5
    assert share_of_hits(panned) < 0.1


def test_the_script_writes_a_table_with_a_header(tmp_path: Path) -> None:
    run_script(LAB, "make_games.py", "--rows", "3", "--output", "few.csv", folder=tmp_path)

    with (tmp_path / "few.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    script = load_script(LAB, "make_games.py")
    assert tuple(rows[0]) == script.COLUMNS
    assert rows == list(script.make_games(3))


def test_the_script_says_how_it_is_called(tmp_path: Path) -> None:
    said = run_script(LAB, "make_games.py", "--help", folder=tmp_path)

    assert "--seed" in said
