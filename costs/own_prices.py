"""The prices for a workshop: those beside its configuration, then those shipped."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit

from costs.price_file import read_prices, write_prices
from costs.prices import Cell, Price, Prices, shipped
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


def load_prices_of_here(config: Path, clients: Clients) -> Prices:
    """The prices for a workshop, as load_prices, without those that were read at another place
    than the one that answers now: a test's prices must not decide what AWS is given to do.

    Raises ConfigError when the file beside it does not parse.
    """
    path = prices_path(config)
    if not path.exists():
        return shipped()
    kept = read_prices(path)
    elsewhere = set(read_elsewhere(kept, kept.by_cell, clients))
    here = {cell: p for cell, p in kept.by_cell.items() if _host(p) not in elsewhere}
    return Prices(here).over(shipped())


def keep_prices(config: Path, found: Prices) -> Path:
    """Write what was read beside the configuration, over what stood there; returns the path.

    Where nothing could be told, a price that is known stays, however old: somebody may have
    written it, and one that is shipped would be hidden.

    Raises OSError when the file cannot be written.
    """
    path = prices_path(config)
    older = read_prices(path) if path.exists() else Prices()
    write_prices(path, with_better(older, older.over(shipped()), found))
    return path


def with_better(prices: Prices, known: Prices, found: Prices) -> Prices:
    """Prices with what was found, but where nothing could be told of a price that is known."""
    better = {
        cell: price
        for cell, price in found.by_cell.items()
        if price.usd is not None or known.usd(cell) is None
    }
    return Prices(better).over(prices)


def read_elsewhere(prices: Prices, cells: Iterable[Cell], clients: Clients) -> list[str]:
    """The endpoints, other than the one that answers now, that prices of some cells came from.

    Prices of a test must not be taken for AWS's, nor the other way round.
    """
    hosts = {_host(price) for cell in cells if (price := prices.find(cell)) is not None} - {""}
    if not hosts:
        return []
    here = str(clients("pricing", _ANY_ENDPOINT).meta.endpoint_url)
    return sorted(host for host in hosts if _place(host) != _place(here))


# The regions of the Price List have the same prices.
_ANY_ENDPOINT = "us-east-1"


def _host(price: Price) -> str:
    """The endpoint that a price was read at; "" where it was not read at one.

    The source of a price that is not known goes on after a space, others after a comma.
    """
    words = price.source.split(maxsplit=1)
    return words[0].removesuffix(",") if price.source.startswith("http") else ""


def _place(host: str) -> str:
    """An endpoint without its region, where it is one of AWS's."""
    return "aws" if urlsplit(host).netloc.endswith((".amazonaws.com", ".api.aws")) else host


def bring_prices(config: Path, derived: Path) -> None:
    """Copy what stands beside a configuration beside another one that was made from it."""
    path = prices_path(config)
    if path.exists():
        shutil.copyfile(path, prices_path(derived))
