"""Running a lab without a browser: parameters in, the executed notebook and its result out."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from modules.declarations import DECLARATION, Module
from modules.kernel import CellFailed, run_cells
from modules.parameters import Value, inject, read_defaults
from workshop.names import attendee_prefix

# What a lab's last check writes into its working directory: {"metric": ..., "value": ...}.
RESULT_FILE = "result.json"

# What the clean-up cell raises where the lab failed before it could make anything: the list
# of what it has made is begun by the shared cells at its top.
_NOTHING_MADE = "NameError: name 'made' is not defined"

# (number of the code cell from 1, how many there are, the heading above it)
Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class Result:
    """What the lab measured."""

    metric: str
    value: float


@dataclass(frozen=True, slots=True)
class Removal:
    """What became of the things that a failed run had made.

    `deleted` names those whose deletion the lab has shown. Where `failure` says why its
    clean-up did not get to its end, some may still bill.
    """

    deleted: tuple[str, ...] = ()
    failure: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """One execution. `reason` says why it is not `ok`; `seconds` is wall time.

    `removal` is None where it is `ok` or no clean-up was wanted.
    """

    module: Module
    attendee: str
    result: Result | None
    ok: bool
    reason: str
    notebook: Path
    seconds: float
    removal: Removal | None = None

    @property
    def page(self) -> Path:
        """The executed notebook as HTML."""
        return self.notebook.with_suffix(".html")


def open_notebook(module: Module) -> Any:
    """The module's notebook, as nbformat 4."""
    import nbformat

    return nbformat.read(module.notebook, as_version=4)  # type: ignore[no-untyped-call]


def parameters_of(module: Module) -> dict[str, Value]:
    """The parameters the module's notebook knows, with their defaults."""
    return read_defaults(open_notebook(module))


def execute_module(
    module: Module,
    parameters: Mapping[str, Value],
    *,
    output: Path,
    progress: Progress = lambda *_: None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    environment: Mapping[str, str] | None = None,
    cell_seconds: float = 3600.0,
) -> Run:
    """Execute a module's notebook from top to bottom, in a fresh kernel of this interpreter.

    The notebook works in a temporary copy of the module's folder, so that runs side by side do
    not meet. The executed copy is kept in `output`, also when a cell fails or the run is
    interrupted: MODULE-ATTENDEE-UTCTIME.ipynb, and the same as .html. A cell fails after
    `cell_seconds`. With the parameter `clean_up`, the last code cell, in which every lab deletes
    what it made, is executed also when another has failed, but not after an interrupt.

    Args:
        parameters: override the cell tagged `parameters`; must name `workshop`, `attendee`.
        environment: variables for the kernel beside those of this process.

    Raises:
        UsageError: the lab does not know one of the parameters.
    """
    notebook = open_notebook(module)
    inject(notebook, parameters)
    attendee = str(parameters["attendee"])
    kept = output / f"{module.name}-{attendee}-{now():%Y%m%dT%H%M%SZ}.ipynb"
    started = time.monotonic()
    failure: CellFailed | None = None
    with tempfile.TemporaryDirectory(prefix="workshop-run-") as temporary:
        folder = Path(temporary) / module.name
        shutil.copytree(
            module.folder,
            folder,
            ignore=shutil.ignore_patterns("*.ipynb", DECLARATION, "__pycache__", RESULT_FILE),
        )
        try:
            run_cells(
                notebook,
                folder,
                headings_of(notebook),
                progress,
                environment or {},
                cell_seconds=cell_seconds,
                clean_up_at=last_code_cell(notebook) if parameters.get("clean_up") else None,
            )
        except CellFailed as error:
            failure = error
        finally:
            _keep(notebook, kept, module.title)
        result = read_result(folder / RESULT_FILE)
    prefix = attendee_prefix(str(parameters["workshop"]), attendee)
    reason = explain(failure, prefix) if failure else judge(module, result)
    return Run(
        module=module,
        attendee=attendee,
        result=result,
        ok=not reason,
        reason=reason,
        notebook=kept,
        seconds=round(time.monotonic() - started, 3),
        removal=removal_after(failure, prefix) if reason and parameters.get("clean_up") else None,
    )


def last_code_cell(notebook: Any) -> int:
    """The index of the cell in which a lab deletes what it made."""
    return max(i for i, cell in enumerate(notebook.cells) if cell.cell_type == "code")


def removal_after(failure: CellFailed | None, prefix: str) -> Removal:
    """What the clean-up of a failed run did about things whose names begin with `prefix`.

    Without a `failure` all cells ran, the clean-up among them, and the result is the reason.
    """
    ended = failure.clean_up if failure else None
    if ended is None or ended.failure == _NOTHING_MADE:
        return Removal()
    if ended.failure:
        return Removal(failure=ended.failure)
    return Removal(deleted=tuple(dict.fromkeys(_names(prefix, ended.output))))


def headings_of(notebook: Any) -> list[str]:
    """For each cell the last Markdown heading at or above it, "" before the first."""
    headings = []
    current = ""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            found = re.search(r"^#+\s+(.+)$", cell.source, re.MULTILINE)
            current = found.group(1).strip() if found else current
        headings.append(current)
    return headings


def read_result(path: Path) -> Result | None:
    """What the lab wrote, or None if it wrote nothing that can be read."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return Result(str(content["metric"]), float(content["value"]))
    except (OSError, ValueError, TypeError, KeyError):
        return None


def judge(module: Module, result: Result | None) -> str:
    """Why a result is not the expected one, "" if it is."""
    expected = module.expected
    if result is None:
        return f"the notebook wrote no {RESULT_FILE}"
    if result.metric != expected.metric:
        return f"the notebook measured {result.metric}, {expected.metric} was expected"
    if not expected.admits(result.value):
        return f"{expected.metric} is {result.value:g}, expected {expected.bound}"
    return ""


def explain(failure: CellFailed, prefix: str) -> str:
    """One line about a failed cell: where, which job or endpoint, and what it said last.

    All that a lab makes has a name that begins with `prefix`, so the last such name the cell
    printed is what it was waiting for.
    """
    names = _names(prefix, failure.output)
    lines = [line.strip() for line in failure.message.splitlines() if line.strip()]
    said = lines[-1] if lines else failure.kind
    if names and names[-1] not in said:
        said = f"{names[-1]}: {said}"
    return f"{failure.heading}: {said}" if failure.heading else said


def _names(prefix: str, text: str) -> list[str]:
    return re.findall(rf"\b{re.escape(prefix)}[A-Za-z0-9-]*[A-Za-z0-9]", text)


def _keep(notebook: Any, path: Path, title: str) -> None:
    """Write the notebook, and beside it the same as a page."""
    import nbformat

    from modules.page import render_page

    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)  # type: ignore[no-untyped-call]
    path.with_suffix(".html").write_text(render_page(notebook, title), encoding="utf-8")
