"""`workshop modules`: the labs there are, and what each of them takes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from workshop.cli.lab_views import needs_in_words
from workshop.cli.options import json_option
from workshop.cli.output import print_json, print_table
from workshop.cli.place import CONTEXT_FILE, read_context
from workshop.errors import EXIT_OK

if TYPE_CHECKING:
    from costs.estimate import Line, Sum
    from modules.declarations import Module, Need

_REGION_ELSEWHERE = "us-east-1"


@click.command()
@click.argument("module", required=False)
@click.option(
    "--region",
    metavar="NAME",
    help="Where the costs are looked up, in the prices shipped with the toolkit; default: the "
    "region of the attendee's environment, elsewhere us-east-1.",
)
@json_option
def command(module: str | None, region: str | None, as_json: bool) -> int:
    """List the labs, or tell all about one: what it teaches, needs and costs.

    The cost is one attendee's, in USD, where everything a lab starts runs for all of its
    minutes; the workspace is not part of it. An endpoint goes on at its price per hour until it
    is deleted. A price that is not shipped is unknown.

    Example: workshop modules iris-xgboost
    """
    from modules.declarations import load_module, load_modules

    labs = [load_module(module)] if module else list(load_modules().values())
    region = region or region_of_here(Path.home() / CONTEXT_FILE)
    lines = {lab.name: _lines(lab, region) for lab in labs}
    costs = {name: _sum(of_lab) for name, of_lab in lines.items()}
    if as_json:
        print_json([_as_json(lab, lines[lab.name], region) for lab in labs])
    elif module:
        _show(labs[0], lines[module], region)
    else:
        print_table(
            ("module", "title", "minutes", "after", "needs per attendee", "USD per attendee"),
            (
                (
                    lab.name,
                    lab.title,
                    lab.minutes,
                    ", ".join(lab.prerequisites) or "-",
                    needs_in_words(lab.needs),
                    _usd(costs[lab.name]),
                )
                for lab in labs
            ),
        )
    return EXIT_OK


def region_of_here(context_file: Path) -> str:
    """The region that an attendee's environment is in; us-east-1 outside of one.

    Raises UsageError when the file, which a boot script wrote, cannot be understood.
    """
    context = read_context(context_file)
    return (context.region if context else "") or _REGION_ELSEWHERE


def _lines(lab: Module, region: str) -> tuple[Line, ...]:
    """What one attendee's lab costs, a line for each of its needs and in their order."""
    from costs.estimate import lab_lines
    from costs.prices import shipped

    return tuple(lab_lines(lab, shipped(), region, 1, lab.minutes / 60))


def _sum(lines: tuple[Line, ...]) -> Sum:
    from costs.estimate import add_up

    return add_up(lines, each=True)


def _usd_per_hour(line: Line) -> float | None:
    """USD an hour of all the instances of a need together; None when the price is not known."""
    return None if line.usd_per_unit is None else round(line.usd_per_unit * line.units, 4)


def _usd(cost: Sum) -> str:
    if cost.unknown and not cost.usd.expected:
        return "unknown"
    return f"{cost.least}{cost.usd.expected:.2f}"


def _as_json(lab: Module, lines: tuple[Line, ...], region: str) -> dict[str, Any]:
    cost = _sum(lines)
    return {
        "name": lab.name,
        "title": lab.title,
        "teaches": lab.teaches,
        "minutes": lab.minutes,
        "needs": [
            {
                "use": need.use,
                "instance_type": need.instance_type,
                "count": need.count,
                "usd_per_hour": _usd_per_hour(line),
            }
            for need, line in zip(lab.needs, lines, strict=True)
        ],
        "prerequisites": list(lab.prerequisites),
        "environment": list(lab.environment),
        "expected": lab.expected.as_json(),
        "cost": {
            "region": region,
            "usd_per_attendee": round(cost.usd.expected, 4),
            "unknown": [str(cell) for cell in sorted(cost.unknown)],
        },
    }


def _show(lab: Module, lines: tuple[Line, ...], region: str) -> None:
    cost = _sum(lines)
    rows = [
        ("teaches", lab.teaches),
        ("minutes", str(lab.minutes)),
        ("needs per attendee", needs_in_words(lab.needs)),
        ("after", ", ".join(lab.prerequisites) or "nothing: a lab to begin with"),
        ("environment", " or ".join(lab.environment)),
        ("expected", f"{lab.expected.metric} {lab.expected.bound}"),
        *(
            (
                f"USD an hour in {region}",
                f"{_rate(line)} for {needs_in_words([need])}{_until(need)}",
            )
            for need, line in zip(lab.needs, lines, strict=True)
        ),
        (f"USD per attendee in {region}", f"{_usd(cost)}, the workspace not counted"),
        *(("price unknown", str(cell)) for cell in sorted(cost.unknown)),
        ("run it", f"workshop run {lab.name}"),
    ]
    print_table((lab.name, lab.title), rows)


def _rate(line: Line) -> str:
    usd = _usd_per_hour(line)
    return "unknown" if usd is None else f"{usd:g}"


def _until(need: Need) -> str:
    """Jobs end by themselves; an endpoint does not."""
    return ", until you delete it" if need.use == "endpoint" else ""
