"""Prices in a file that people may edit."""

from __future__ import annotations

from pathlib import Path

import pytest

from costs.price_file import read_prices, write_prices
from costs.prices import Cell, Price, Prices
from workshop.errors import ConfigError, UsageError

HEADER = "region,usage,instance_type,usd,as_of,source\n"
GOOD = "us-east-1,hosting,ml.m5.large,0.115,2026-11-21,the price list\n"
CELL = Cell("us-east-1", "hosting", "ml.m5.large")


def write(folder: Path, text: str) -> Path:
    path = folder / "workshop.prices.csv"
    path.write_bytes(text.encode())
    return path


def problem(folder: Path, text: str) -> tuple[str, str]:
    """(line and column, what) of the only problem."""
    with pytest.raises(ConfigError) as caught:
        read_prices(write(folder, text))
    (found,) = caught.value.problems
    assert found.fix
    return found.where.partition("workshop.prices.csv:")[2], found.what


def test_what_was_written_is_read_again_and_written_the_same(tmp_path: Path) -> None:
    prices = Prices(
        {
            CELL: Price(0.115, "2026-11-21", 'a, "quoted" source'),
            Cell("us-east-1", "studio-volume", "gp3"): Price(0.112, "2026-11", "b"),
            Cell("eu-west-1", "training", "ml.p5.48xlarge"): Price(None, "2026-11-21", "not sold"),
        }
    )
    path, again = tmp_path / "a.csv", tmp_path / "b.csv"

    write_prices(path, prices)
    write_prices(again, read_prices(path))

    assert read_prices(path) == prices
    assert again.read_bytes() == path.read_bytes()
    assert path.read_text().splitlines()[1].startswith("eu-west-1")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.csv", "b.csv"]


def test_a_file_from_a_spreadsheet_is_read_too(tmp_path: Path) -> None:
    text = "\ufeffusage,usd,region,instance_type,as_of,source\r\n\r\n"
    row = 'hosting, 0.115 ,us-east-1,ml.m5.large,2026-11,"two\r\nlines"\r\n'

    found = read_prices(write(tmp_path, text + row))

    assert found.usd(CELL) == 0.115


def test_an_empty_price_is_unknown_with_its_reason(tmp_path: Path) -> None:
    found = read_prices(write(tmp_path, HEADER + GOOD.replace("0.115", "")))

    assert found.usd(CELL) is None
    assert found.find(CELL) == Price(None, "2026-11-21", "the price list")


@pytest.mark.parametrize(
    ("old", "new", "column", "said"),
    [
        ("0.115", "zero", "usd", "'zero' is not an amount above 0"),
        ("0.115", "0", "usd", "'0'"),
        ("0.115", "-1", "usd", "'-1'"),
        ("0.115", "nan", "usd", "'nan'"),
        ("0.115", "inf", "usd", "'inf'"),
        ("0.115", "1e999", "usd", "'1e999'"),
        ("us-east-1", "virginia", "region", "'virginia' is not a region"),
        ("hosting", "endpoint", "usage", "'endpoint' is not a use"),
        ("ml.m5.large", "m5.large", "instance_type", "'m5.large' is not an instance type"),
        ("2026-11-21", "21.11.2026", "as_of", "'21.11.2026' is not a day"),
        ("2026-11-21", "2026-02-31", "as_of", "'2026-02-31' is not a day"),
        ("the price list", "", "source", "it is empty"),
    ],
)
def test_what_is_wrong_is_told_with_line_and_column(
    tmp_path: Path, old: str, new: str, column: str, said: str
) -> None:
    other = GOOD.replace("hosting", "training")

    where, what = problem(tmp_path, HEADER + other + GOOD.replace(old, new))

    assert where == f"3: {column}"
    assert said in what


def test_a_volume_has_one_type(tmp_path: Path) -> None:
    row = "us-east-1,studio-volume,ml.m5.large,0.1,2026-11,x\n"

    assert problem(tmp_path, HEADER + row)[0] == "2: instance_type"


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    bad = GOOD.replace("0.115", "x").replace("hosting", "y")

    with pytest.raises(ConfigError) as caught:
        read_prices(write(tmp_path, HEADER + bad + bad))

    assert len(caught.value.problems) == 4


@pytest.mark.parametrize(
    ("text", "where", "said"),
    [
        ("", "1", "its columns are missing"),
        ("a,b\n", "1", "its columns are a, b"),
        (HEADER + "us-east-1,hosting\n", "2", "2 values for 6 columns"),
        (HEADER + GOOD + GOOD, "3: region", "has a row already"),
        (HEADER + 'us-east-1,"hosting\n', "2", "not CSV"),
    ],
)
def test_what_is_no_table_of_prices_is_told(
    tmp_path: Path, text: str, where: str, said: str
) -> None:
    found, what = problem(tmp_path, text)

    assert found == where
    assert said in what


def test_a_file_that_is_not_utf8_or_no_file_is_told(tmp_path: Path) -> None:
    path = tmp_path / "workshop.prices.csv"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="problem"):
        read_prices(path)
    with pytest.raises(UsageError):
        read_prices(tmp_path)
