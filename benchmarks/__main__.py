"""Measure what the toolkit promises.

A figure that does not hold says so ("holds": false); the exit code stays 0, because the
measurement succeeded. With --strict it is 1.

Example: python -m benchmarks help
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from benchmarks.capacity import CAPACITY_FIGURES
from benchmarks.control_plane import CONTROL_PLANE_CALLS
from benchmarks.deploy import DEPLOY_FIGURES
from benchmarks.figure import Figure, measure
from benchmarks.guard import GUARD_FIGURES
from benchmarks.help import HELP
from benchmarks.jobs import JOB_FIGURES
from benchmarks.rehearse import REHEARSE_FEW, REHEARSE_GROWTH, REHEARSE_LABS, REHEARSE_MANY
from benchmarks.resources import LIST_GROWTH, MEMORY_PER_RESOURCE
from benchmarks.safety import SAFETY_FIGURES
from benchmarks.setup import SECOND_SETUP
from benchmarks.sweep import SWEEP_FIGURES
from benchmarks.synth import SYNTH_RATIO
from workshop.cli.output import note, print_json, print_table
from workshop.errors import EXIT_FAILED, EXIT_OK

# Quick ones first.
FIGURES: dict[str, Figure] = {
    figure.name: figure
    for figure in (
        HELP,
        SECOND_SETUP,
        SYNTH_RATIO,
        *CAPACITY_FIGURES,
        LIST_GROWTH,
        MEMORY_PER_RESOURCE,
        CONTROL_PLANE_CALLS,
        *JOB_FIGURES,
        *GUARD_FIGURES,
        *SWEEP_FIGURES,
        *DEPLOY_FIGURES,
        REHEARSE_FEW,
        REHEARSE_LABS,
        REHEARSE_GROWTH,
        REHEARSE_MANY,
        *SAFETY_FIGURES,
    )
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.list:
        print("\n".join(FIGURES))
        return EXIT_OK
    if not options.name and not options.all:
        parser.error("give a figure's NAME, --all or --list")
    results = []
    for figure in FIGURES.values() if options.all else (FIGURES[options.name],):
        note(f"{figure.name}: {figure.what} ...")
        results.append(measure(figure))
    if options.table:
        _show(results)
    else:
        print_json(results if options.all else results[0])
    held = all(result["holds"] for result in results)
    return EXIT_FAILED if options.strict and not held else EXIT_OK


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument("name", nargs="?", choices=list(FIGURES), metavar="NAME", help="one figure")
    what.add_argument("--all", action="store_true", help="measure every figure: a JSON array")
    what.add_argument("--list", action="store_true", help="print the figures' names")
    parser.add_argument("--table", action="store_true", help="print a table instead of JSON")
    parser.add_argument(
        "--strict", action="store_true", help="exit code 1 when a figure does not hold"
    )
    return parser


def _show(results: Sequence[dict[str, Any]]) -> None:
    print_table(
        ("figure", "value", "bar", "holds", "detail"),
        (
            (
                result["name"],
                "unknown" if result["value"] is None else f"{result['value']} {result['unit']}",
                FIGURES[result["name"]].bound,
                "yes" if result["holds"] else "NO",
                result["detail"],
            )
            for result in results
        ),
    )


if __name__ == "__main__":
    sys.exit(main())
