"""A sweep that is killed is simply run again."""

from __future__ import annotations

from pathlib import Path

from tests.integration.cleanup.killing import kill_again_and_again
from tests.integration.cleanup.terminal import Terminal


def test_after_any_kill_the_next_sweep_ends_clean_and_the_logs_name_all_that_went(
    terminal: Terminal, config: Path
) -> None:
    assert kill_again_and_again(terminal, config, kills=5, seed=4) == []
