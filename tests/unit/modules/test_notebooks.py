"""Notebooks are generated from their .py and committed."""

from __future__ import annotations

import json
from pathlib import Path

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
