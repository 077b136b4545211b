"""Where the prices are that commands show: beside the configuration, then those shipped."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit

from costs.price_file import read_prices, write_prices
from costs.prices import Cell, Prices, shipped
from workshop.aws import Clients


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


def read_elsewhere(prices: Prices, cells: Iterable[Cell], clients: Clients) -> list[str]:
    """The endpoints, other than the one that answers now, that prices of some cells came from.

    Prices of a test must not be taken for AWS's, nor the other way round.
    """
    sources = [price.source for cell in cells if (price := prices.find(cell)) is not None]
    hosts = {source.partition(",")[0] for source in sources if source.startswith("http")}
    if not hosts:
        return []
    here = str(clients("pricing", _ANY_ENDPOINT).meta.endpoint_url)
    return sorted(host for host in hosts if _place(host) != _place(here))


# The regions of the Price List have the same prices.
_ANY_ENDPOINT = "us-east-1"


def _place(host: str) -> str:
    """An endpoint without its region, where it is one of AWS's."""
    return "aws" if urlsplit(host).netloc.endswith((".amazonaws.com", ".api.aws")) else host


def bring_prices(config: Path, derived: Path) -> None:
    """Copy what stands beside a configuration beside another one that was made from it."""
    path = prices_path(config)
    if path.exists():
        shutil.copyfile(path, prices_path(derived))
