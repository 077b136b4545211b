"""The generated parts of the documents: help texts, tables of what there is.

A document marks where a part goes; what stands between the marks is written by
`make generate` and held current by `make lint`:

    <!-- generated: help cleanup -->
    <!-- /generated -->
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from tools import guard_lines, local_aws, yaml_reference

ROOT = Path(__file__).resolve().parents[1]
_MARKED = re.compile(
    r"(?P<begin><!-- generated: (?P<part>[a-z -]+) -->\n).*?(?P<end><!-- /generated -->)", re.DOTALL
)


def _help(*command: str) -> str:
    """A command's help, as it prints it to a pipe."""
    import click

    from workshop.cli.main import cli

    # As wide as click makes it in a pipe, whatever terminal this runs in.
    context = click.Context(cli, info_name="workshop", terminal_width=78, **cli.context_settings)
    found: click.Command | None = cli
    for name in command:
        found = cli.get_command(context, name)
        if found is None:
            raise LookupError(f"there is no command {name}")
        context = click.Context(found, info_name=name, parent=context)
    assert found is not None
    words = " ".join(("workshop", *command, "--help"))
    return f"```console\n$ {words}\n{found.get_help(context).rstrip()}\n```\n"


def _figures() -> str:
    from benchmarks.__main__ import FIGURES

    rows = [f"| `{f.name}` | {f.what} | {f.bound} |" for f in FIGURES.values()]
    return "\n".join(["| figure | what | bar |", "|---|---|---|", *rows]) + "\n"


# The first word of a mark -> what writes that part; further words are its arguments.
PARTS: dict[str, Callable[..., str]] = {
    "help": _help,
    "figures": _figures,
    "guard-stops": guard_lines.stops,
    "guard-leaves": guard_lines.leaves,
    "sagemaker-operations": local_aws.sagemaker_operations,
    "cloudformation-operations": local_aws.cloudformation_operations,
    "cloudformation-types": local_aws.cloudformation_types,
    "yaml-keys": yaml_reference.key_table,
}


def render(path: Path) -> str:
    """The text a document below the root must have: its own, with current generated parts.

    Raises KeyError for a mark that names no part.
    """
    return _MARKED.sub(_fill, (ROOT / path).read_text(encoding="utf-8"))


def _fill(found: re.Match[str]) -> str:
    name, *arguments = found["part"].split()
    return found["begin"] + PARTS[name](*arguments) + found["end"]
