"""An executed notebook as one HTML page: everybody can open it, without Jupyter."""

from __future__ import annotations

from typing import Any

# nbconvert's own page, without the scripts it would fetch from other hosts when it is opened.
_TEMPLATE = """\
{%- extends 'lab/index.html.j2' -%}
{%- block html_head_js -%}{%- endblock -%}
{%- block html_head_js_mathjax -%}{%- endblock -%}
{%- block html_head_js_mermaidjs -%}{%- endblock -%}
"""


def render_page(notebook: Any, title: str) -> str:
    """The page of a notebook (nbformat 4), complete in itself: styles and plots are inside."""
    # Imported here: takes most of a second.
    from nbconvert import HTMLExporter

    exporter = HTMLExporter(raw_template=_TEMPLATE)  # type: ignore[no-untyped-call]
    page, _ = exporter.from_notebook_node(notebook, resources={"metadata": {"name": title}})
    return str(page)
