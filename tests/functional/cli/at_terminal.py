"""A command at a terminal, and somebody who answers its question."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import time
from pathlib import Path

_PATIENCE_SECONDS = 60


def at_a_terminal(prompt: str, answer: str, *arguments: str | Path) -> tuple[int, str]:
    """Run a command at a terminal and type an answer when it asks: its exit code, and what the
    terminal shows."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "workshop.cli.main", *map(str, arguments)],
        stdin=theirs,
        stdout=subprocess.DEVNULL,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    shown, deadline = b"", time.monotonic() + _PATIENCE_SECONDS
    answered = False
    while select.select([ours], [], [], max(0.0, deadline - time.monotonic()))[0]:
        try:
            read = os.read(ours, 4096)
        except OSError:  # Linux: the other side is closed
            break
        shown += read
        if not read:
            break
        if prompt.encode() in shown and not answered:
            os.write(ours, f"{answer}\n".encode())
            answered = True
    os.close(ours)
    return process.wait(_PATIENCE_SECONDS), shown.decode()
