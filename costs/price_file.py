"""Prices in a CSV file: the shipped snapshot, and what stands beside a configuration.

People may edit it; what does not parse is told with its line, and nothing of it is used.
"""

from __future__ import annotations

import csv
import io
import math
import os
import re
from collections.abc import Iterator
from pathlib import Path

from costs.prices import VOLUME_TYPES, Cell, Price, Prices, first_day
from workshop.errors import ConfigError, Problem, UsageError

COLUMNS = ("region", "usage", "instance_type", "usd", "as_of", "source")
_TYPE = re.compile(r"ml\.[a-z0-9-]+\.[a-z0-9-]+")
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")
_DAY = re.compile(r"20\d\d-\d\d(-\d\d)?")
USAGES = (
    *("hosting", "training", "training-warm-pool", "processing", "transform", "notebook"),
    *("studio-jupyterlab", "studio-codeeditor", "studio-classic-notebook", "cluster"),
    *VOLUME_TYPES,
)


def read_prices(path: Path) -> Prices:
    """Read a file of prices; its columns are COLUMNS, in any order.

    `usd` is per hour of an instance, or per GB and month of a volume; empty: unknown, and
    `source` says why.

    Raises:
        UsageError: it cannot be read.
        ConfigError: it does not parse; everything that is wrong is reported, each with its line.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UsageError(
            f"{path} cannot be read", error.strerror or str(error), "check the path and its rights"
        ) from None
    except UnicodeDecodeError as error:
        raise ConfigError([Problem(f"{path}:1", f"not UTF-8: {error.reason}", _ANEW)]) from None
    problems: list[Problem] = []
    found: dict[Cell, Price] = {}
    for line, row in _rows(path, text):
        wrong = list(_problems(row))
        cell = Cell(row["region"], row["usage"], row["instance_type"])
        if not wrong and cell in found:
            wrong = [("region", f"{cell} has a row already", "remove one of the two")]
        problems += [Problem(f"{path}:{line}: {key}", what, fix) for key, what, fix in wrong]
        if not wrong:
            usd = float(row["usd"]) if row["usd"] else None
            found[cell] = Price(usd, row["as_of"], row["source"])
    if problems:
        raise ConfigError(problems)
    return Prices(found)


def write_prices(path: Path, prices: Prices) -> None:
    """Write prices, sorted by region, use and type; a reader sees the old file or the new one."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for cell, price in sorted(prices.by_cell.items()):
        usd = "" if price.usd is None else repr(price.usd)
        writer.writerow(
            (cell.region, cell.usage, cell.instance_type, usd, price.as_of, price.source)
        )
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.write_text(out.getvalue(), encoding="utf-8")
    beside.replace(path)


_ANEW = "correct it, or delete the file and run: workshop cost --refresh"


def _rows(path: Path, text: str) -> Iterator[tuple[int, dict[str, str]]]:
    """(1-based line, row) of every row, once the columns are right."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
        if sorted(header) != sorted(COLUMNS):
            raise ConfigError(
                [
                    Problem(
                        f"{path}:1",
                        f"its columns are {', '.join(header) or 'missing'}",
                        f"the first line must name {','.join(COLUMNS)}; {_ANEW}",
                    )
                ]
            )
        for values in reader:
            if not any(values):
                continue
            if len(values) != len(header):
                what = f"{len(values)} values for {len(header)} columns"
                raise ConfigError([Problem(f"{path}:{reader.line_num}", what, _ANEW)])
            yield (
                reader.line_num,
                {k: v.strip() for k, v in zip(header, values, strict=True)},
            )
    except csv.Error as error:
        where = f"{path}:{reader.line_num}"
        raise ConfigError([Problem(where, f"not CSV: {error}", _ANEW)]) from None


def _problems(row: dict[str, str]) -> Iterator[tuple[str, str, str]]:
    """(column, what is wrong, what would be right) of one row."""
    if not _REGION.fullmatch(row["region"]):
        yield "region", f"{row['region']!r} is not a region", "write one such as us-east-1"
    usage, name = row["usage"], row["instance_type"]
    if usage not in USAGES:
        yield "usage", f"{usage!r} is not a use", f"write one of {', '.join(USAGES)}"
    elif usage in VOLUME_TYPES and name != VOLUME_TYPES[usage]:
        yield "instance_type", f"{name!r} is not a volume type of it", VOLUME_TYPES[usage]
    elif usage not in VOLUME_TYPES and not _TYPE.fullmatch(name):
        yield "instance_type", f"{name!r} is not an instance type", "write one such as ml.m5.large"
    if row["usd"] and not _is_amount(row["usd"]):
        yield (
            "usd",
            f"{row['usd']!r} is not an amount above 0",
            "write USD such as 0.115, or leave it empty for unknown",
        )
    if not _is_day(row["as_of"]):
        yield "as_of", f"{row['as_of']!r} is not a day", "write when it was read: 2026-09-24"
    if not row["source"]:
        yield "source", "it is empty", "write where the price was read"


def _is_day(text: str) -> bool:
    """Whether it is a day, or a month."""
    if not _DAY.fullmatch(text):
        return False
    try:
        first_day(text)
    except ValueError:
        return False
    return True


def _is_amount(text: str) -> bool:
    try:
        value = float(text)
    except ValueError:
        return False
    return math.isfinite(value) and value > 0
