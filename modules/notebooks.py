"""Building the notebooks: each lab is written as a .py file and committed as .ipynb, too.

The .py (Jupytext's percent format) is what people edit and review; the .ipynb is what Jupyter
opens, generated from it and free of outputs, so that a difference is always a change of text.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from pathlib import Path
from typing import Any

from modules.declarations import MODULES_FOLDER, load_modules

# The folder of the cells that labs share, beside theirs.
CELLS = "cells"

_INCLUDE = re.compile(r"^# %% include=(?P<name>\w+)[ \t]*$", re.MULTILINE)
_KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}


def render_notebooks(root: Path = MODULES_FOLDER) -> dict[Path, str]:
    """The content every module's .ipynb must have, by its path.

    Two calls give the same text: cell ids come from content, there are no outputs, and of the
    metadata only the kernel and the cells' tags remain.
    """
    return {
        module.notebook: render_notebook(source_of(module.notebook))
        for module in load_modules(root).values()
    }


def source_of(notebook: Path) -> Path:
    """The .py a notebook is built from: iris-xgboost.ipynb from iris_xgboost.py."""
    return notebook.with_name(notebook.stem.replace("-", "_") + ".py")


def with_includes(source: Path) -> str:
    """The text of one percent-format file, with the shared cells where it includes them.

    A line `# %% include=setup` stands for the cells of `cells/setup.py` beside the labs'
    folders, so that every built notebook is complete in itself. Raises ValueError for cells
    that are not there.
    """
    cells = source.parents[1] / CELLS

    def included(line: re.Match[str]) -> str:
        shared = cells / f"{line['name']}.py"
        if not shared.is_file():
            known = ", ".join(sorted(path.stem for path in cells.glob("*.py"))) or "none"
            raise ValueError(f"{source}: no cells {line['name']!r} to include; there are: {known}")
        return shared.read_text(encoding="utf-8").rstrip("\n")

    return _INCLUDE.sub(included, source.read_text(encoding="utf-8"))


def render_notebook(source: Path) -> str:
    """The .ipynb of one percent-format file, as text that ends with a newline."""
    # Imported here: listing modules needs neither.
    import jupytext
    import nbformat

    read = jupytext.reads(with_includes(source), fmt="py:percent")
    read.metadata = {"kernelspec": _KERNEL, "language_info": {"name": "python"}}
    read.nbformat, read.nbformat_minor = 4, 5
    seen: Counter[str] = Counter()
    for cell in read.cells:
        _strip(cell, seen)
    nbformat.validate(read)
    return str(nbformat.writes(read)).rstrip("\n") + "\n"  # type: ignore[no-untyped-call]


def _strip(cell: Any, seen: Counter[str]) -> None:
    """Leave a cell its text and its tags, and give it an id that stays the same.

    The id comes from the text alone, so that a new cell does not change those after it; a text
    that occurs twice is counted.
    """
    seen[cell.source] += 1
    digest = hashlib.sha256(f"{seen[cell.source]}:{cell.source}".encode()).hexdigest()
    cell["id"] = digest[:8]
    tags = cell.metadata.get("tags", [])
    cell["metadata"] = {"tags": tags} if tags else {}
