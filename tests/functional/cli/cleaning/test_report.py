"""`workshop cleanup --report`: the file that is forwarded to whoever pays."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.functional.cli.cleaning.account import (
    ACCOUNT,
    add_model,
    add_notebook,
    break_things,
    say,
)

# One local AWS serves all tests of this folder, so they share a worker.
pytestmark = pytest.mark.xdist_group("cleaning-commands")

Capture = pytest.CaptureFixture[str]


def test_a_report_of_a_clean_sweep_says_who_did_what_and_what_it_saves(
    config: Path, capsys: Capture
) -> None:
    add_notebook("ml101-ann")
    add_model("ml101-ann-m")

    code, _, err = say(capsys, "cleanup", "--config", config, "--yes", "--report", "told/report.md")

    assert code == 0
    assert "report: told/report.md" in err
    text = Path("told/report.md").read_text(encoding="utf-8")
    assert "**Clean: nothing of the attendees is left that bills by the hour.**" in text
    assert f"- Account {ACCOUNT}, us-east-1" in text
    assert "2 complete looks in a row found nothing more to do; 2 changes made" in text
    assert "## What no longer runs: 0.05 USD/h" in text
    assert "1.20 USD a day, 36.50 USD a month" in text
    assert "| notebook-instance | stopped | 1 |" in text


def test_a_report_names_what_could_not_go_and_what_could_not_be_seen(
    config: Path, capsys: Capture
) -> None:
    add_notebook("ml101-ann")
    break_things(
        {"fault": "stick", "kind": "notebook-instance", "resource": "ml101-ann"},
        {"fault": "refuse", "operation": "ListApps"},
    )

    code, _, _ = say(
        capsys,
        *("cleanup", "--config", config, "--yes", "--give-up-after", "1s", "--report", "r.md"),
    )

    assert code == 1
    text = Path("r.md").read_text(encoding="utf-8")
    assert "**Not clean: 1 resource could not go, which costs 0.05 USD/h; there may be more" in text
    assert "| notebook-instance | ml101-ann | us-east-1 | ann | Stopping | 0.050 | still" in text
    assert "## What could not be seen" in text
    assert "What no longer runs" not in text


def test_a_dry_run_writes_no_report_and_says_so(config: Path, capsys: Capture) -> None:
    add_model("ml101-ann-m")

    _, _, err = say(capsys, "cleanup", "--config", config, "--dry-run", "--report", "r.md")

    assert "no report is written" in err
    assert not Path("r.md").exists()
