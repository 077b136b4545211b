"""How the lab xgboost-script reads the log of a job."""

from __future__ import annotations

import ast
import re
from types import SimpleNamespace
from typing import Any

from modules.declarations import load_module
from tests.unit.modules.lab_rules import code_cells

LAST = 40
JOB = SimpleNamespace(training_job_name="a-job")


class Logs:
    """CloudWatch Logs with pages of three lines, which gets the end of a log late.

    GetLogEvents returns the token that it was given once there is no more.
    """

    def __init__(self, lines: list[str], late: int = 0) -> None:
        self.lines, self.late = lines, late

    def client(self, _: str) -> Logs:
        return self

    def describe_log_streams(self, **asked: str) -> dict[str, Any]:
        return {"logStreams": [{"logStreamName": asked["logStreamNamePrefix"] + "algo-1"}]}

    def get_log_events(self, **asked: Any) -> dict[str, Any]:
        there = self.lines[:-5] if self.late else self.lines
        start = int(asked.get("nextToken", "0"))
        page = there[start : start + 3]
        return {
            "events": [{"message": line} for line in page],
            "nextForwardToken": str(start + len(page)),
        }

    def sleep(self, _: float) -> None:
        self.late -= 1


def of_the_lab(logs: Logs) -> dict[str, Any]:
    """The functions of the notebook that read a log, with what they use."""
    tree = ast.parse("\n".join(code_cells(load_module("xgboost-script").notebook)))
    named = {"log_of", "losses_in", "losses_of"}
    functions: list[ast.stmt] = [
        n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name in named
    ]
    notebook: dict[str, Any] = {
        **{"boto_session": logs, "time": logs, "re": re},
        **{"number": "([0-9.eE+-]+)", "poll_seconds": 1},
    }
    exec(compile(ast.Module(functions, []), "xgboost_script.py", "exec"), notebook)
    return notebook


LOG = [
    "starting",
    *(f"round={n} train-mlogloss={1 / n} validation-mlogloss={2 / n}" for n in range(1, LAST + 1)),
    "done",
]


def test_a_log_is_read_to_the_end_of_its_last_page() -> None:
    assert of_the_lab(Logs(LOG))["log_of"](JOB) == LOG


def test_the_last_rounds_are_waited_for() -> None:
    losses = of_the_lab(Logs(LOG, late=2))["losses_of"](JOB, LAST)

    assert [row[0] for row in losses] == list(range(1, LAST + 1))
    assert losses[-1] == [LAST, 1 / LAST, 2 / LAST]


def test_a_log_that_never_gets_complete_is_not_waited_for_for_ever() -> None:
    losses = of_the_lab(Logs(LOG, late=99))["losses_of"](JOB, LAST)

    assert 0 < len(losses) < LAST
