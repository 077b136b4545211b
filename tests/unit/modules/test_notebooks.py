"""Notebooks are generated from their .py and committed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from modules.notebooks import render_notebook, render_notebooks

SOURCE = """\
# %% [markdown]
# # Title

# %% tags=["parameters"]
x = 1

# %%
print(x)

# %%
print(x)
"""


def render(tmp_path: Path, source: str) -> list[dict[str, object]]:
    path = tmp_path / "lab.py"
    path.write_text(source, encoding="utf-8")
    cells: list[dict[str, object]] = json.loads(render_notebook(path))["cells"]
    return cells


def test_committed_notebooks_are_what_their_sources_say() -> None:
    stale = [
        path.name
        for path, text in render_notebooks().items()
        if path.read_text(encoding="utf-8") != text
    ]

    assert stale == []


def test_rendering_twice_gives_the_same_text(tmp_path: Path) -> None:
    assert render(tmp_path, SOURCE) == render(tmp_path, SOURCE)


def test_cells_keep_their_tags_and_nothing_else(tmp_path: Path) -> None:
    cells = render(tmp_path, SOURCE)

    assert [cell["metadata"] for cell in cells] == [{}, {"tags": ["parameters"]}, {}, {}]
    assert all(cell.get("outputs", []) == [] for cell in cells)


def test_a_new_cell_changes_no_other_cells_id(tmp_path: Path) -> None:
    before = {cell["id"] for cell in render(tmp_path, SOURCE)}
    after = {cell["id"] for cell in render(tmp_path, "# %%\nimport os\n\n" + SOURCE)}

    assert before < after


def test_cells_with_the_same_text_have_ids_of_their_own(tmp_path: Path) -> None:
    ids = [cell["id"] for cell in render(tmp_path, SOURCE)]

    assert len(set(ids)) == len(ids) == 4


def shared(root: Path, name: str, text: str) -> None:
    (root / "cells").mkdir(exist_ok=True)
    (root / "cells" / f"{name}.py").write_text(text, encoding="utf-8")


def test_an_include_stands_for_the_shared_cells_with_their_tags(tmp_path: Path) -> None:
    shared(tmp_path, "setup", '# %% tags=["parameters"]\nx = 1\n\n# %%\ny = 2\n')
    (tmp_path / "a-lab").mkdir()

    cells = render(tmp_path / "a-lab", "# %%\nz = 0\n\n# %% include=setup\n\n# %%\nprint(x)\n")

    assert [cell["source"] for cell in cells] == [["z = 0"], ["x = 1"], ["y = 2"], ["print(x)"]]
    assert cells[1]["metadata"] == {"tags": ["parameters"]}


def test_cells_that_are_not_there_are_refused_with_those_that_are(tmp_path: Path) -> None:
    shared(tmp_path, "setup", "# %%\n")
    (tmp_path / "a-lab").mkdir()

    with pytest.raises(ValueError, match="no cells 'setip' to include; there are: setup"):
        render(tmp_path / "a-lab", "# %% include=setip\n")
