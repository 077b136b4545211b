"""What `workshop cost` shows of an estimate."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import click

from costs import budget
from costs.estimate import ASSUMPTIONS, Estimate, Line, Span, Sum, add_up
from costs.prices import Cell, Prices
from workshop.cli.output import print_table
from workshop.model import Workshop


def show(found: Estimate, prices: Prices, cells: Iterable[Cell]) -> None:
    """Print an estimate: its lines, its sums, its prices, and what was assumed."""
    print_table(
        ("region", "what", "on", "each", "attendees", "hours", "low", "expected", "worst"),
        (_row(line) for line in found.lines),
    )
    click.echo("")
    print_table(
        ("USD for", "low", "expected", "worst"),
        ((name, *_figures(total)) for name, total in _sums(found)),
    )
    click.echo("")
    print_table(
        ("region", "price of", "on", "USD", "per", "as of", "source"),
        (_price(cell, prices) for cell in cells),
    )
    click.echo("")
    for text in (*_remarks(found), *ASSUMPTIONS):
        click.echo(f"- {text}")


def as_json(
    workshop: Workshop, found: Estimate, prices: Prices, cells: Iterable[Cell]
) -> dict[str, Any]:
    """An estimate as JSON; amounts in USD, None where a price is not known."""
    above = budget.warnings(workshop.budget, found)
    refused = budget.refusal(workshop.budget, found)
    return {
        "verified": not found.total.unknown,
        "lines": [
            {
                "region": line.cell.region,
                "what": line.subject,
                "usage": line.cell.usage,
                "instance_type": line.cell.instance_type,
                "units_each": line.units,
                "attendees": line.attendees,
                "hours": _span(line.hours),
                "usd_per_unit": line.usd_per_unit,
                "unit": line.cell.unit,
                "usd": None if line.usd is None else _span(line.usd),
            }
            for line in found.lines
        ],
        "sums": {name: _sum(total) for name, total in _sums(found)},
        "idle_shutdown_saves": _sum(found.idle_saves)["expected"],
        "forgotten_usd_a_day": [
            {"usage": c.usage, "instance_type": c.instance_type, "region": c.region, "usd": usd}
            for c, usd in found.forgotten
        ],
        "prices": [dict(zip(_PRICE_KEYS, _price(cell, prices), strict=True)) for cell in cells],
        "unknown": [str(cell) for cell in sorted(found.total.unknown)],
        "budget": {
            "total": workshop.budget.total,
            "per_attendee": workshop.budget.per_attendee,
            "above": above,
            "deploys": refused is None,
        },
        "assumptions": list(ASSUMPTIONS),
    }


_PRICE_KEYS = ("region", "usage", "instance_type", "usd", "unit", "as_of", "source")


def _row(line: Line) -> tuple[object, ...]:
    hours = " / ".join(f"{h:.2f}" for h in (line.hours.low, line.hours.expected, line.hours.worst))
    unit = " GB" if line.cell.unit == "GB-month" else ""
    return (
        line.cell.region,
        line.subject,
        f"{line.cell.usage} {line.cell.instance_type}",
        f"{line.units}{unit}",
        line.attendees,
        hours,
        *(("unknown",) * 3 if line.usd is None else map(_money, _values(line.usd))),
    )


def _sums(found: Estimate) -> Iterator[tuple[str, Sum]]:
    """(what, sum): workspaces, homes and each lab, each region, an attendee, everything."""
    for subject in dict.fromkeys(line.subject for line in found.lines):
        yield subject, add_up(line for line in found.lines if line.subject == subject)
    for region in dict.fromkeys(line.cell.region for line in found.lines):
        yield region, add_up(line for line in found.lines if line.cell.region == region)
    several = len(found.attendees) > 1
    yield ("dearest attendee" if several else "each attendee"), found.dearest_attendee
    yield "total", found.total


def _figures(total: Sum) -> tuple[str, ...]:
    return tuple(f"{total.least}{_money(value)}" for value in _values(total.usd))


def _price(cell: Cell, prices: Prices) -> tuple[object, ...]:
    found = prices.find(cell)
    if found is None:
        return (cell.region, cell.usage, cell.instance_type, "unknown", cell.unit, "-", "-")
    usd = "unknown" if found.usd is None else f"{found.usd:g}"
    return (
        *(cell.region, cell.usage, cell.instance_type, usd, cell.unit, found.as_of, found.source),
    )


def _remarks(found: Estimate) -> Iterator[str]:
    saved = found.idle_saves
    yield (
        f"idle shutdown saves {saved.least}{_money(saved.usd.expected)} USD where everybody "
        "leaves after the labs"
    )
    for cell, usd in found.forgotten:
        costs = "unknown" if usd is None else f"{_money(usd)} USD"
        yield f"one that is forgotten costs, a day: {cell}: {costs}"


def _values(span: Span) -> tuple[float, float, float]:
    return span.low, span.expected, span.worst


def _money(usd: float) -> str:
    return f"{usd:.2f}" if usd >= 0.005 or not usd else "<0.01"


def _span(span: Span) -> dict[str, float]:
    names = ("low", "expected", "worst")
    return {k: round(v, 6) for k, v in zip(names, _values(span), strict=True)}


def _sum(total: Sum) -> dict[str, Any]:
    return {**_span(total.usd), "at_least": bool(total.unknown)}
