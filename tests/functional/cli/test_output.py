"""Data on stdout, questions and progress on stderr; a plan is executed only when asked."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys

import pytest

from workshop.cli.output import decide, print_json, print_table


@pytest.mark.parametrize(
    ("yes", "dry_run", "execute"),
    [(True, False, True), (False, True, False), (True, True, False), (False, False, False)],
)
def test_without_a_terminal_only_yes_executes(
    yes: bool, dry_run: bool, execute: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    assert decide(yes, dry_run, "delete 3 endpoints") is execute

    shown = capsys.readouterr()
    assert shown.out == ""
    assert ("nothing was changed" in shown.err) is not execute


@pytest.mark.parametrize(("answer", "execute"), [("y", True), ("n", False), ("", False)])
def test_on_a_terminal_the_plan_is_executed_only_after_a_yes(answer: str, execute: bool) -> None:
    code = (
        "import sys; from workshop.cli.output import decide\n"
        "sys.exit(10 if decide(False, False, 'delete 3 endpoints') else 20)"
    )
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdin=theirs, stdout=subprocess.PIPE, stderr=theirs
    )
    os.close(theirs)
    os.write(ours, f"{answer}\n".encode())
    out, _ = process.communicate()
    os.close(ours)

    assert process.returncode == (10 if execute else 20)
    assert out == b""


def test_json_is_sorted_and_keeps_other_scripts(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"b": "Ō", "a": 1})

    text = capsys.readouterr().out
    assert text == '{\n  "a": 1,\n  "b": "Ō"\n}\n'
    assert json.loads(text) == {"a": 1, "b": "Ō"}


def test_a_table_in_a_pipe_never_wraps_and_takes_brackets_as_they_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_table(("name", "what"), [("x" * 120, "[red]y"), ("z", "w" * 120)])

    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4
    assert lines[2].rstrip().endswith("[red]y")
