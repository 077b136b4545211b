"""Where the prices are that commands show: beside the configuration, then those shipped."""

from __future__ import annotations

import shutil
from pathlib import Path

from costs.price_file import read_prices, write_prices
from costs.prices import Prices, shipped


def prices_path(config: Path) -> Path:
    """Where `workshop cost --refresh` keeps what it has read: workshop.prices.csv."""
    return config.with_suffix(".prices.csv")


def load_prices(config: Path) -> Prices:
    """The prices for a workshop: those beside its file, else those shipped with the toolkit.

    Raises ConfigError when the file beside it does not parse.
    """
    path = prices_path(config)
    return read_prices(path).over(shipped()) if path.exists() else shipped()


def keep_prices(config: Path, found: Prices) -> Path:
    """Write what was read beside the configuration, over what stood there; returns the path.

    Where nothing could be told, a price that stood there stays: somebody may have written it.
    """
    path = prices_path(config)
    older = read_prices(path) if path.exists() else Prices()
    better = {
        cell: price
        for cell, price in found.by_cell.items()
        if price.usd is not None or older.usd(cell) is None
    }
    write_prices(path, Prices(better).over(older))
    return path


def bring_prices(config: Path, derived: Path) -> None:
    """Copy what stands beside a configuration beside another one that was made from it."""
    path = prices_path(config)
    if path.exists():
        shutil.copyfile(path, prices_path(derived))
