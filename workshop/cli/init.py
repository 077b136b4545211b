"""`workshop init`: write the commented example."""

from __future__ import annotations

import os
from pathlib import Path

import click

from workshop.cli.options import config_option
from workshop.cli.output import note
from workshop.errors import UsageError


@click.command()
@config_option
def command(config: Path) -> None:
    """Write a commented workshop.yaml with every key; an existing file is never touched.

    Example: workshop init --config workshop.yaml
    """
    from workshop.config.example import EXAMPLE

    write_new(config, EXAMPLE)
    note(f"wrote {config}; edit it, then run: workshop check --config {config}")


def write_new(path: Path, text: str) -> None:
    """Write a file that does not exist yet, whole or not at all.

    Raises:
        UsageError: it exists, or the folder does not.
    """
    if not path.parent.is_dir():
        raise UsageError(
            f"cannot write {path}", f"there is no folder {path.parent}", "make the folder first"
        )
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_text(text, encoding="utf-8", newline="\n")
        # Unlike rename, link refuses to replace a file that appeared in the meantime.
        os.link(temporary, path)
    except FileExistsError:
        raise UsageError(
            f"{path} exists already",
            "init never overwrites a file",
            f"edit it, or name another: workshop init --config {path.with_stem(path.stem + '-2')}",
        ) from None
    finally:
        temporary.unlink(missing_ok=True)
