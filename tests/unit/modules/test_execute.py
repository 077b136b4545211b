"""Running a notebook headless: what is kept, judged and explained. Starts real kernels."""

from __future__ import annotations

import json
import os
import signal
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jupytext
import nbformat as untyped_nbformat
import pytest

from modules.declarations import MODULES_FOLDER, Expected, Module
from modules.execute import Removal, Result, Run, execute_module, explain, headings_of, judge
from modules.kernel import CellFailed
from modules.notebooks import CELLS
from workshop.errors import UsageError

# Without annotations of its own: mypy would refuse every call.
nbformat: Any = untyped_nbformat
WHO = {"workshop": "ml101", "attendee": "ann"}


def lab(root: Path, *cells: str) -> Module:
    """A module of Markdown ("# ...") and code cells, behind its parameters."""
    folder = root / "lab"
    folder.mkdir()
    made = [
        nbformat.v4.new_code_cell(
            'workshop = ""\nattendee = ""\nclean_up = False', metadata={"tags": ["parameters"]}
        ),
        *(
            nbformat.v4.new_markdown_cell(text)
            if text.startswith("#")
            else nbformat.v4.new_code_cell(text)
            for text in cells
        ),
    ]
    (folder / "data.txt").write_text("42", encoding="utf-8")
    path = folder / "lab.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=made), path)
    return Module("lab", "A lab", "things", 1, (), Expected("accuracy", 0.9), folder, path)


def execute(module: Module, output: Path) -> Run:
    return execute_module(
        module, WHO, output=output, now=lambda: datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
    )


WRITE = 'import json; json.dump({"metric": "accuracy", "value": 0.95}, open("result.json", "w"))'


def test_a_run_keeps_the_executed_copy_and_reads_the_result(tmp_path: Path) -> None:
    module = lab(tmp_path, "print(workshop, attendee, open('data.txt').read())", WRITE)

    run = execute(module, tmp_path / "runs")

    assert (run.ok, run.reason, run.result) == (True, "", Result("accuracy", 0.95))
    assert run.notebook == tmp_path / "runs" / "lab-ann-20300102T030405Z.ipynb"
    assert nbformat.read(run.notebook, 4).cells[2].outputs[0].text == "ml101 ann 42\n"
    assert "ml101 ann 42" in run.page.read_text(encoding="utf-8")


def test_a_run_leaves_the_modules_folder_as_it_was(tmp_path: Path) -> None:
    module = lab(tmp_path, WRITE)

    execute(module, tmp_path / "runs")

    assert sorted(path.name for path in module.folder.iterdir()) == ["data.txt", "lab.ipynb"]


def test_a_failing_cell_is_explained_and_its_copy_is_kept(tmp_path: Path) -> None:
    module = lab(
        tmp_path,
        "# Lab",
        "## Train",
        'print("training job ml101-ann-iris-7")\nraise ValueError("first\\nno capacity")',
        "raise SystemError('never reached')",
    )

    run = execute(module, tmp_path / "runs")

    assert not run.ok
    assert run.reason == "Train: ml101-ann-iris-7: no capacity"
    assert "no capacity" in run.notebook.read_text(encoding="utf-8")


def test_a_kernel_that_dies_is_a_failed_run(tmp_path: Path) -> None:
    run = execute(lab(tmp_path, "# Lab", "import os; os._exit(1)"), tmp_path / "runs")

    assert not run.ok
    assert run.reason.startswith("Lab: ")
    assert run.notebook.exists()


def test_a_cell_that_takes_too_long_is_a_failed_run(tmp_path: Path) -> None:
    module = lab(tmp_path, "# Wait", "import time; time.sleep(600)")

    run = execute_module(module, WHO, output=tmp_path / "runs", cell_seconds=1)

    assert (run.ok, run.reason) == (False, "Wait: the cell took longer than 1 s")


CLEAN_UP = (MODULES_FOLDER / CELLS / "cleanup.py").read_text(encoding="utf-8")


def lab_that_makes(root: Path, *cells: str) -> tuple[Module, Path]:
    """A lab that makes files, whose last cell is the real one, and the folder of the files."""
    things = root / "things"
    things.mkdir()
    make = f"""
import pathlib
made = []
def make(name):
    thing = pathlib.Path({str(things)!r}, name)
    thing.touch()
    def delete():
        print("Deleting Thing -", name)
        thing.unlink()
    made.append(delete)
make("ml101-ann-lab-1")
make("ml101-ann-lab-2")
"""
    clean_up = jupytext.reads(CLEAN_UP, fmt="py:percent").cells[-1].source
    return lab(root, "# Make", make, "## Work", *cells, "## Clean up", clean_up), things


def execute_and_clean_up(module: Module, output: Path, cell_seconds: float = 60.0) -> Run:
    return execute_module(
        module, {**WHO, "clean_up": True}, output=output, cell_seconds=cell_seconds
    )


@pytest.mark.parametrize(
    ("cell", "seconds", "reason"),
    [
        ("assert 0.5 >= 0.9, 'accuracy 0.5 is below 0.9'", 60.0, "accuracy 0.5 is below 0.9"),
        ("import time; time.sleep(600)", 3.0, "the cell took longer than 3 s"),
    ],
    ids=["a failed check", "a time-out"],
)
def test_what_a_failed_lab_has_made_is_deleted(
    tmp_path: Path, cell: str, seconds: float, reason: str
) -> None:
    module, things = lab_that_makes(tmp_path, cell, "raise SystemError('never reached')")

    run = execute_and_clean_up(module, tmp_path / "runs", seconds)

    assert (run.ok, run.reason) == (False, f"Work: {reason}")
    assert list(things.iterdir()) == []
    assert run.removal == Removal(("ml101-ann-lab-2", "ml101-ann-lab-1"))
    assert "Deleting Thing" in nbformat.read(run.notebook, 4).cells[-1].outputs[0].text


def test_a_lab_with_the_wrong_result_has_cleaned_up_by_itself(tmp_path: Path) -> None:
    module, things = lab_that_makes(tmp_path, WRITE.replace("0.95", "0.5"))

    run = execute_and_clean_up(module, tmp_path / "runs")

    assert run.reason == "accuracy is 0.5, expected at least 0.9"
    assert list(things.iterdir()) == []
    assert run.removal == Removal()


def test_without_clean_up_a_failed_lab_keeps_what_it_has_made(tmp_path: Path) -> None:
    module, things = lab_that_makes(tmp_path, "raise ValueError('no')")

    run = execute(module, tmp_path / "runs")

    assert len(list(things.iterdir())) == 2
    assert run.removal is None


@pytest.mark.parametrize(
    ("cell", "failure"),
    [
        ("made.insert(0, lambda: 1 / 0); raise ValueError('no')", "ZeroDivisionError: "),
        ("import os; os._exit(1)", "the kernel died"),
    ],
    ids=["a deletion fails", "the kernel dies"],
)
def test_a_clean_up_that_does_not_get_to_its_end_is_told(
    tmp_path: Path, cell: str, failure: str
) -> None:
    module, _ = lab_that_makes(tmp_path, cell)

    run = execute_and_clean_up(module, tmp_path / "runs")

    assert run.reason.startswith("Work: ")
    assert run.removal is not None
    assert run.removal.deleted == ()
    assert run.removal.failure.startswith(failure)


def test_a_clean_up_that_fails_at_the_end_of_a_lab_is_told(tmp_path: Path) -> None:
    module, _ = lab_that_makes(tmp_path, "made.append(lambda: 1 / 0)")

    run = execute_and_clean_up(module, tmp_path / "runs")

    assert run.removal is not None
    assert run.reason.startswith("Clean up: ")
    assert run.removal.failure.startswith("ZeroDivisionError: ")


def test_a_lab_that_fails_before_it_makes_anything_leaves_nothing(tmp_path: Path) -> None:
    clean_up = jupytext.reads(CLEAN_UP, fmt="py:percent").cells[-1].source

    run = execute_and_clean_up(
        lab(tmp_path, "raise ImportError('no SDK')", "made = []", clean_up), tmp_path / "runs"
    )

    assert (run.ok, run.removal) == (False, Removal())


def test_an_unknown_parameter_is_refused_before_anything_runs(tmp_path: Path) -> None:
    module = lab(tmp_path, WRITE)

    with pytest.raises(UsageError, match="no parameter 'colour'"):
        execute_module(module, {**WHO, "colour": "red"}, output=tmp_path / "runs")

    assert not (tmp_path / "runs").exists()


def test_an_interrupt_ends_the_kernel_and_keeps_the_copy(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    module = lab(
        tmp_path,
        f"import os; open({str(pid_file)!r}, 'w').write(str(os.getpid()))",
        "import threading; threading.Event().wait()",
    )

    def interrupt_third_cell(number: int, count: int, heading: str) -> None:  # noqa: ARG001
        if number == 4:  # parameters, injected, pid, wait
            main = threading.main_thread().ident
            assert main is not None
            signal.pthread_kill(main, signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        execute_module(module, WHO, output=tmp_path / "runs", progress=interrupt_third_cell)

    with pytest.raises(ProcessLookupError):
        os.kill(int(pid_file.read_text()), 0)
    assert len(list((tmp_path / "runs").glob("*.ipynb"))) == 1


def test_progress_counts_code_cells_and_names_the_heading_above(tmp_path: Path) -> None:
    module = lab(tmp_path, "# First", "1", "text = 1", "## Second", WRITE)
    seen: list[tuple[int, int, str]] = []

    execute_module(module, WHO, output=tmp_path / "runs", progress=lambda *step: seen.append(step))

    assert seen[0] == (1, 5, "")
    assert seen[2:] == [(3, 5, "First"), (4, 5, "First"), (5, 5, "Second")]


def test_a_heading_inside_a_paragraph_counts_and_text_does_not() -> None:
    cells = [
        nbformat.v4.new_markdown_cell("some text\n\n## Train\n\nmore"),
        nbformat.v4.new_markdown_cell("only text, #1 of it"),
        nbformat.v4.new_code_cell("# a comment"),
    ]

    headings = headings_of(nbformat.v4.new_notebook(cells=cells))

    assert headings == ["Train", "Train", "Train"]


@pytest.mark.parametrize(
    ("result", "reason"),
    [
        (Result("accuracy", 0.9), ""),
        (Result("accuracy", 0.89), "accuracy is 0.89, expected at least 0.9"),
        (Result("accuracy", float("nan")), "accuracy is nan, expected at least 0.9"),
        (Result("rmse", 1.0), "the notebook measured rmse, accuracy was expected"),
        (None, "the notebook wrote no result.json"),
    ],
)
def test_a_result_is_judged_by_what_the_module_expects(
    tmp_path: Path, result: Result | None, reason: str
) -> None:
    assert judge(lab(tmp_path), result) == reason


@pytest.mark.parametrize("content", ["", "[]", json.dumps({"metric": "accuracy"}), '{"value": []}'])
def test_a_result_that_cannot_be_read_is_none(tmp_path: Path, content: str) -> None:
    run = execute(lab(tmp_path, f"open('result.json', 'w').write({content!r})"), tmp_path / "runs")

    assert run.result is None
    assert not run.ok


def test_a_neighbours_name_in_the_output_is_not_taken_for_the_attendees() -> None:
    failure = CellFailed("Train", "ValueError", "denied", "ml101-bob-iris-1 and xml101-ann-iris-1")

    # The second one does not begin with the prefix as a word does.
    assert explain(failure, "ml101-ann-") == "Train: denied"


def test_a_name_that_the_message_has_already_is_not_said_twice() -> None:
    failure = CellFailed("", "ValueError", "ml101-ann-iris-1 failed", "ml101-ann-iris-1")

    assert explain(failure, "ml101-ann-") == "ml101-ann-iris-1 failed"


def test_an_exception_without_a_message_is_named_by_its_class() -> None:
    assert explain(CellFailed("Train", "AssertionError", ""), "ml101-ann-") == (
        "Train: AssertionError"
    )
