"""How quotas are shown: on a terminal, as JSON, and as Markdown for a ticket."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from quotas.fit import Line, RegionFit
from quotas.increases import OPEN_PER_REGION_AT_WORST, Ask
from workshop.cli.quota_survey import at_most

STATES = {"ok": "ok", "problem": "PROBLEM", "unknown": "UNKNOWN"}
VERDICTS = {
    "ask": "to be asked for",
    "pending": "asked for already",
    "pending too low": "less is asked for; AWS takes one request at a time",
    "not adjustable": "cannot be raised",
    "in vain": "not asked for: another quota cannot be raised",
    "unknown": "unknown by how much: its use could not be counted",
    "later": "later: an account may have 20 open requests",
}
_ORDER = {"problem": 0, "unknown": 1, "ok": 2}

Row = tuple[str, ...]


class Table:
    """Columns and rows, as text."""

    def __init__(self, columns: Row, rows: Iterable[Row]) -> None:
        self.columns = columns
        self.rows = list(rows)


def region_table(fits: Sequence[RegionFit]) -> Table:
    """What each region carries, and what binds there."""
    return Table(
        ("region", "attendees", "carries", "binding quota"),
        (
            (fit.region, str(fit.attendees), at_most(fit), "; ".join(_binding(fit)) or "none")
            for fit in fits
        ),
    )


def _binding(fit: RegionFit) -> list[str]:
    sold = [f"{name} is not sold there" for name in fit.not_sold]
    return sold + [f"{line.name} ({line.code})" for line in fit.binding]


def quota_table(fits: Sequence[RegionFit], *, every: bool) -> Table:
    """The quotas that matter: short ones, unknown ones, and those that bind; or `every` one."""
    rows = []
    for fit in fits:
        lines = sorted(fit.lines, key=lambda line: (_ORDER[line.state], _carries_key(line)))
        for line in lines:
            if every or line.state != "ok" or line in fit.binding:
                rows.append(_line(line))
    return Table(("region", "code", "quota", "need", "applied", "in use", "carries", "state"), rows)


def _carries_key(line: Line) -> tuple[float, str]:
    return (float("inf") if line.capacity is None else line.capacity, line.name)


def _line(line: Line) -> Row:
    state = STATES[line.state]
    if line.sold is False:
        state += ", not sold here"
    if line.requested is not None:
        state += f", {line.requested} asked for ({line.status})"
    return (
        line.region,
        line.code or "?",
        line.name,
        str(line.need),
        _applied(line),
        "?" if line.in_use is None else str(line.in_use),
        _carries(line),
        state,
    )


def _applied(line: Line) -> str:
    if line.applied is not None:
        return str(line.applied)
    if line.default is None:
        return "?"
    return f"? (AWS's default: {line.default}, {line.default_as_of})"


def _carries(line: Line) -> str:
    if line.capacity is not None:
        return str(line.capacity)
    return "?" if line.applied is None or line.in_use is None else "any"


def increase_table(asks: Sequence[Ask]) -> Table:
    """The increases that are needed, the most useful first."""
    return Table(
        ("#", "region", "code", "quota", "applied", "ask for", "then carries", ""),
        (
            (
                str(number),
                ask.region,
                ask.code,
                ask.name,
                "?" if ask.applied is None else str(ask.applied),
                str(ask.desired),
                str(ask.unlocks),
                VERDICTS[ask.verdict],
            )
            for number, ask in enumerate(asks, 1)
        ),
    )


def caution(asks: Sequence[Ask]) -> str:
    """What AWS may refuse although each request is right, or ""."""
    by_region: dict[str, int] = {}
    for ask in asks:
        if ask.verdict == "ask":
            by_region[ask.region] = by_region.get(ask.region, 0) + 1
    many = [region for region, count in by_region.items() if count > OPEN_PER_REGION_AT_WORST]
    if not many:
        return ""
    return (
        f"AWS may take only {OPEN_PER_REGION_AT_WORST} open requests a region from some accounts "
        f"({', '.join(many)} needs more): run this again for what is refused"
    )


def to_markdown(title: str, tables: Iterable[tuple[str, Table]]) -> str:
    """Tables below their headings, for a ticket."""
    parts = [f"# {title}\n"]
    for heading, table in tables:
        if not table.rows:
            continue
        rule = tuple("---" for _ in table.columns)
        rows = [table.columns, rule, *table.rows]
        body = "\n".join(f"| {' | '.join(_escaped(cell) for cell in row)} |" for row in rows)
        parts.append(f"## {heading}\n\n{body}\n")
    return "\n".join(parts)


def _escaped(cell: str) -> str:
    return " ".join(cell.replace("|", "\\|").split())


def to_json(fits: Sequence[RegionFit], asks: Sequence[Ask]) -> dict[str, Any]:
    """The same for programs: `quotas` line by line, `regions`, and the `increases` needed."""
    return {
        "quotas": [asdict(line) for fit in fits for line in fit.lines],
        "regions": [
            {
                "region": fit.region,
                "attendees": fit.attendees,
                "capacity": fit.capacity,
                "at_most": fit.at_most,
                "state": fit.state,
                "binding": [line.code for line in fit.binding],
                "not_sold": list(fit.not_sold),
            }
            for fit in fits
        ],
        "increases": [asdict(ask) for ask in asks],
    }
