"""`workshop modules`: the labs there are, and what each of them takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from workshop.cli.lab_views import needs_in_words
from workshop.cli.options import json_option
from workshop.cli.output import print_json, print_table
from workshop.errors import EXIT_OK

if TYPE_CHECKING:
    from costs.estimate import Sum
    from modules.declarations import Module


@click.command()
@click.argument("module", required=False)
@click.option(
    "--region",
    default="us-east-1",
    show_default=True,
    metavar="NAME",
    help="Where the costs are looked up, in the prices shipped with the toolkit.",
)
@json_option
def command(module: str | None, region: str, as_json: bool) -> int:
    """List the labs, or tell all about one: what it teaches, needs and costs.

    The cost is one attendee's, in USD, where everything a lab starts runs for all of its
    minutes; the workspace is not part of it. A price that is not shipped is unknown.

    Example: workshop modules iris-xgboost
    """
    from modules.declarations import load_module, load_modules

    labs = [load_module(module)] if module else list(load_modules().values())
    costs = {lab.name: _cost(lab, region) for lab in labs}
    if as_json:
        print_json([_as_json(lab, costs[lab.name], region) for lab in labs])
    elif module:
        _show(labs[0], costs[module], region)
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


def _cost(lab: Module, region: str) -> Sum:
    from costs.estimate import add_up, lab_lines
    from costs.prices import shipped

    return add_up(lab_lines(lab, shipped(), region, 1, lab.minutes / 60), each=True)


def _usd(cost: Sum) -> str:
    if cost.unknown and not cost.usd.expected:
        return "unknown"
    return f"{cost.least}{cost.usd.expected:.2f}"


def _as_json(lab: Module, cost: Sum, region: str) -> dict[str, Any]:
    return {
        "name": lab.name,
        "title": lab.title,
        "teaches": lab.teaches,
        "minutes": lab.minutes,
        "needs": [
            {"use": n.use, "instance_type": n.instance_type, "count": n.count} for n in lab.needs
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


def _show(lab: Module, cost: Sum, region: str) -> None:
    rows = [
        ("teaches", lab.teaches),
        ("minutes", str(lab.minutes)),
        ("needs per attendee", needs_in_words(lab.needs)),
        ("after", ", ".join(lab.prerequisites) or "nothing: a lab to begin with"),
        ("environment", " or ".join(lab.environment)),
        ("expected", f"{lab.expected.metric} {lab.expected.bound}"),
        (f"USD per attendee in {region}", f"{_usd(cost)}, the workspace not counted"),
        *(("price unknown", str(cell)) for cell in sorted(cost.unknown)),
        ("run it", f"workshop run {lab.name}"),
    ]
    print_table((lab.name, lab.title), rows)
