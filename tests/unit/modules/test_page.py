"""The page that an executed notebook is kept as."""

from __future__ import annotations

import re
from typing import Any

import nbformat as untyped_nbformat

from modules.page import render_page

nbformat: Any = untyped_nbformat


def page() -> str:
    cell = nbformat.v4.new_code_cell("1 < 2")
    cell.outputs = [nbformat.v4.new_output("stream", text="accuracy 0.967 <b>")]
    return render_page(nbformat.v4.new_notebook(cells=[cell]), "Iris & others")


def test_a_page_shows_title_and_outputs_as_text() -> None:
    assert "<title>Iris &amp; others</title>" in page()
    assert "accuracy 0.967 &lt;b&gt;" in page()


def test_a_page_fetches_nothing_when_it_is_opened() -> None:
    fetched = re.findall(
        r"""(?:src=|<link[^>]*href=|import |url\()["']?(https?:[^"')>\s]+)""", page()
    )

    assert fetched == []
