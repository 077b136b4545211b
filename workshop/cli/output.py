"""What commands print: data on stdout, progress and questions on stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.console import Console

# Wide enough that a table never wraps in a pipe, where no terminal says how wide it is.
_PIPE_WIDTH = 1000


def print_json(data: Any) -> None:
    """Print `data` as JSON on stdout, keys sorted, so that two runs can be compared.

    Values JSON does not know (datetimes, paths) are printed as their text.
    """
    click.echo(json.dumps(data, indent=2, sort_keys=True, default=str, ensure_ascii=False))


def progress_console() -> Console:
    """A rich console on stderr, for progress; rich is imported when it is first needed."""
    from rich.console import Console

    return Console(stderr=True, highlight=False)


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]], title: str = "") -> None:
    """Print a table on stdout: as wide as the terminal, never wrapped in a pipe."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(
        title=title or None,
        title_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        show_edge=False,
    )
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        # Text, because a cell such as "[studio]" would else be read as markup.
        table.add_row(*(Text(printable(str(cell))) for cell in row))
    width = None if sys.stdout.isatty() else _PIPE_WIDTH
    Console(width=width, highlight=False, file=sys.stdout).print(table)


def note(text: str) -> None:
    """Print a line of progress on stderr."""
    click.echo(printable(text, keep="\n"), err=True)


def printable(text: str, *, keep: str = "") -> str:
    """The text without control characters but those to `keep`: what attendees or services wrote
    must not steer the terminal of whoever reads it."""
    return "".join(c if c in keep or c.isprintable() else "\ufffd" for c in text)


def decide(yes: bool, dry_run: bool, summary: str, *, name: str = "") -> bool:
    """Whether to execute a plan that has just been shown.

    `summary` is the plan in a few words ("delete 3 endpoints"). A dry run never executes,
    `--yes` always does; else a terminal is asked, and without one nothing is changed. Where
    files are lost, `name` must be typed there.
    """
    if dry_run:
        note(f"dry run, nothing was changed: {summary}")
        return False
    if yes:
        return True
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        note(f"no terminal to ask, nothing was changed: {summary} (add --yes to execute)")
        return False
    if not name:
        return click.confirm(f"{summary}. Continue?", default=False, err=True)
    typed = click.prompt(f"{summary}. Type {name} to continue", err=True, default="")
    if typed.strip() == name:
        return True
    note(f"that is not {name}: nothing was changed")
    return False
