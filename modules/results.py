"""What the labs measured when they were last rehearsed: the figures that the documents show."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from pathlib import Path

from modules.declarations import MODULES_FOLDER
from modules.execute import Result

RESULTS = MODULES_FOLDER / "results.json"

# As many digits as stay the same from one machine to the next.
_DIGITS = 3


def read_results(path: Path = RESULTS) -> dict[str, Result]:
    """The results by module, sorted; empty where there is no file."""
    if not path.exists():
        return {}
    rows = json.loads(path.read_text(encoding="utf-8"))
    return {
        name: Result(str(row["metric"]), float(row["value"])) for name, row in sorted(rows.items())
    }


def keep_results(path: Path, found: Mapping[str, Result], modules: Collection[str]) -> None:
    """Write results over those of the file; what is not among `modules` any more goes."""
    results = {**read_results(path), **found}
    rows = [
        f"  {json.dumps(name)}: "
        + json.dumps({"metric": result.metric, "value": round(result.value, _DIGITS)})
        for name, result in sorted(results.items())
        if name in modules
    ]
    path.write_text("{\n" + ",\n".join(rows) + "\n}\n", encoding="utf-8")
