"""Options that several commands share, so that they are spelt and explained once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

Function = TypeVar("Function", bound=Callable[..., Any])

DEFAULT_CONFIG = Path("workshop.yaml")


def config_option(function: Function) -> Function:
    """Add `--config FILE`, passed as `config: Path`."""
    return click.option(
        "--config",
        type=click.Path(dir_okay=False, path_type=Path),
        default=DEFAULT_CONFIG,
        show_default=True,
        envvar="WORKSHOP_CONFIG",
        metavar="FILE",
        help="The file that describes the workshop.",
    )(function)


def json_option(function: Function) -> Function:
    """Add `--json`, passed as `as_json: bool`."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON on stdout.")(function)


def plan_options(function: Function) -> Function:
    """Add `--yes` and `--dry-run`, passed as `yes: bool` and `dry_run: bool`."""
    function = click.option(
        "--dry-run", is_flag=True, help="Show the plan and change nothing, even with --yes."
    )(function)
    return click.option("--yes", is_flag=True, help="Execute the plan without asking.")(function)


def region_option(function: Function) -> Function:
    """Add `--region REGION`, repeatable, passed as `regions: tuple[str, ...]`; () means all."""
    return click.option(
        "--region",
        "regions",
        multiple=True,
        metavar="REGION",
        help="Only this region of the workshop; may be given several times.",
    )(function)
