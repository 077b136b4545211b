"""`workshop modules`: the labs there are."""

from __future__ import annotations

import click

from workshop.cli.options import json_option
from workshop.cli.output import print_json, print_table


@click.command()
@json_option
def command(as_json: bool) -> None:
    """List the labs: title, minutes, and the instances each attendee needs.

    Example: workshop modules --json
    """
    from modules.declarations import load_modules

    modules = load_modules()
    if as_json:
        print_json(
            [
                {
                    "name": module.name,
                    "title": module.title,
                    "teaches": module.teaches,
                    "minutes": module.minutes,
                    "needs": [
                        {"use": n.use, "instance_type": n.instance_type, "count": n.count}
                        for n in module.needs
                    ],
                    "expected": {
                        "metric": module.expected.metric,
                        "at_least": module.expected.at_least,
                    },
                }
                for module in modules.values()
            ]
        )
        return
    print_table(
        ("module", "title", "minutes", "needs per attendee"),
        (
            (
                module.name,
                module.title,
                module.minutes,
                ", ".join(f"{n.use} {n.count} x {n.instance_type}" for n in module.needs),
            )
            for module in modules.values()
        ),
    )
