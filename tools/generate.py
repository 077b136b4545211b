"""Write every generated file, or check that what is committed is current.

Example: python -m tools.generate --check
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tools import tables
from tools.deploy_actions import deploy_actions
from workshop.errors import EXIT_FAILED, EXIT_OK

ROOT = Path(__file__).resolve().parents[1]
DATA = Path("workshop/data")


def _json(data: Any) -> str:
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def _lines(table: dict[str, Any]) -> str:
    """JSON with one line per key: a diff then names what changed."""
    rows = ",\n".join(f"  {json.dumps(key)}: {json.dumps(table[key])}" for key in table)
    return f"{{\n{rows}\n}}\n"


def _rows(table: dict[str, dict[str, Any]]) -> str:
    """JSON of tables by use, with one line per row of the longest."""
    parts = []
    for use, found in table.items():
        rows = [f"      {json.dumps(k)}: {json.dumps(v)}" for k, v in found["not_sold_in"].items()]
        regions = json.dumps(found["regions"])
        body = ",\n".join(rows)
        parts.append(
            f'  "{use}": {{\n    "regions": {regions},\n    "not_sold_in": {{\n{body}\n    }}\n  }}'
        )
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _schema() -> str:
    from workshop.config.schema import json_schema

    return _json(json_schema())


def _document(name: str) -> Callable[[], str]:
    def text() -> str:
        from tools.documents import render

        return render(Path(name))

    return text


def _kinds() -> str:
    from tools.kinds_page import page

    return page()


def _labs() -> str:
    from tools.labs_page import page

    return page()


def _example() -> str:
    from workshop.config.example import EXAMPLE

    return EXAMPLE


# Path below the root -> what its text must be. The schema is built from the tables in
# workshop/data, so those come first.
GENERATED: dict[Path, Callable[[], str]] = {
    DATA / "regions.json": lambda: _lines(tables.region_table()),
    DATA / "instance_types.json": lambda: _lines(tables.instance_type_table()),
    Path("quotas/data/instance_offers.json"): lambda: _rows(tables.offer_table()),
    DATA / "deploy_actions.json": lambda: _lines(deploy_actions()),
    DATA / "modules.json": lambda: _lines(tables.module_table()),
    DATA / "prerequisites.json": lambda: _lines(tables.prerequisite_table()),
    DATA / "image_builds.json": lambda: _lines(tables.image_build_table()),
    Path("workshop.schema.json"): _schema,
    Path("workshop.yaml"): _example,
    Path("docs/guard.md"): _document("docs/guard.md"),
    Path("docs/kinds.md"): _kinds,
    Path("docs/labs.md"): _labs,
    # Written by hand, but for the parts between marks.
    Path("README.md"): _document("README.md"),
    Path("CONTRIBUTING.md"): _document("CONTRIBUTING.md"),
    Path("docs/rehearsal.md"): _document("docs/rehearsal.md"),
    Path("docs/workshop-yaml.md"): _document("docs/workshop-yaml.md"),
}


def stale_files(*, write: bool) -> list[Path]:
    """Return the generated files that are not current, below the root; write them if asked."""
    stale = []
    for path, text in _texts():
        target = ROOT / path
        if target.is_file() and target.read_text(encoding="utf-8") == text:
            continue
        stale.append(path)
        if write:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8", newline="\n")
    return stale


def _texts() -> Iterator[tuple[Path, str]]:
    for path, render in GENERATED.items():
        yield path, render()
    from modules.notebooks import render_notebooks

    for notebook, text in render_notebooks().items():
        yield (notebook.relative_to(ROOT) if notebook.is_absolute() else notebook), text


def main() -> int:
    """Run the command and return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.generate", description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    check = parser.parse_args().check
    stale = stale_files(write=not check)
    for path in stale:
        sys.stderr.write(f"{'not current' if check else 'written'}: {path}\n")
    if check and stale:
        sys.stderr.write("error: generated files are not current\n  fix: make generate\n")
        return EXIT_FAILED
    return EXIT_OK


if __name__ == "__main__":
    sys.exit(main())
